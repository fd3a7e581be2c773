"""Asking the user in the midst of a command, where there is one who can answer."""

from __future__ import annotations

import sys
from functools import wraps
from typing import TYPE_CHECKING, Any

from wasmnb.notebook import in_kernel, noninteractive
from wasmnb.wording import Front, front

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from wasmnb.session import Session
    from wasmnb.session.probes import UserProbe

__all__ = ["ask", "asking"]

_CHANGING = "{what} may change something. Each pod gets it once before the filter comes, and once after. Is that meant?"

_YES, _NO = ("y", "yes"), ("n", "no", "")


def ask(question: str) -> bool | None:
    """Ask a question that is answered by yes or no; None where nobody can be asked.

    A front end says with each request whether its user can answer (``allow_stdin``); papermill, nbclient and nbmake say
    no, and ``input`` raises then.
    """
    if noninteractive() or not (in_kernel() or (sys.stdin is not None and sys.stdin.isatty())):
        return None
    try:
        while (answer := _answer(f"{question} [y/N] ")) not in (*_YES, *_NO):
            pass
    except (EOFError, NotImplementedError):
        return None
    return answer in _YES


def asking(call: Callable[..., Any], need: str = "") -> Callable[..., Any]:
    """Make a command that puts plugins in force ask first whether requests may be sent to the mesh's applications.

    Parameters
    ----------
    call : callable
        What the command calls.
    need : str
        The keyword without which it puts nothing in force.
    """

    @wraps(call)
    def asked(session: Session, **keywords: Any) -> Any:
        idle = need and keywords.get(need) is None
        if not (idle or keywords.get("prove") or keywords.get("dry_run") or keywords.get("export")):
            from wasmnb.session.permission import permit  # noqa: PLC0415 - for what deploys

            permit(session.context, ask)
        probes = [] if idle else _changing(keywords.get("probe") or ())
        if probes and not keywords.get("probe_changes"):
            what = ", ".join(map(str, probes))
            keywords["probe_changes"] = bool(ask(_CHANGING.format(what=what)))
        return call(session, **keywords)

    return asked


def _changing(probes: Sequence[str]) -> list[UserProbe]:
    from wasmnb.session.probes import read_probe  # noqa: PLC0415 - for those who have some

    return [one for one in map(read_probe, probes) if one.probe.changes]


def _answer(prompt: str) -> str:
    if front() is Front.SHELL:
        # What `input` asks stands on the standard output, which has the answer of the command and nothing else.
        sys.stderr.write(prompt)
        sys.stderr.flush()
        prompt = ""
    return input(prompt).strip().lower()
