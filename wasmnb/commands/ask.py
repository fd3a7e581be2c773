"""Asking the user in the midst of a command, where there is one who can answer."""

from __future__ import annotations

import shutil
import sys
import textwrap
from contextlib import contextmanager
from functools import wraps
from typing import TYPE_CHECKING, Any

from wasmnb.interrupts import await_line
from wasmnb.notebook import attended, in_kernel, noninteractive
from wasmnb.wording import Front, front

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from wasmnb.session import Session
    from wasmnb.session.probes import UserProbe

__all__ = ["ask", "ask_about_step", "asking"]

_CHANGING = "{what} may change something. Each pod gets it once before the filter comes, and once after. Is that meant?"

_YES, _NO = ("y", "yes"), ("n", "no", "")


def ask(question: str, *, yes: str = "Yes", no: str = "No") -> bool | None:
    """Ask a question that is answered by yes or no; None where nobody can be asked.

    A front end says with each request whether its user can answer (``allow_stdin``); papermill, nbclient and nbmake say
    no, and ``input`` raises then.

    Parameters
    ----------
    question : str
    yes, no : str
        What the answers mean, for the buttons that a notebook has.
    """
    if noninteractive() or not (attended() if in_kernel() else sys.stdin is not None and sys.stdin.isatty()):
        return None
    try:
        with _shown(question, (("y", yes), ("n", no))):
            while (answer := _answer("[y/N] ")) not in (*_YES, *_NO):
                pass
    except (EOFError, NotImplementedError):
        return None
    return answer in _YES


def ask_about_step(question: str) -> bool | None:
    """Ask whether a rollout goes on from a step that cannot be judged."""
    return ask(question, yes="Go on", no="Go back on every pod")


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


@contextmanager
def _shown(question: str, answers: Sequence[tuple[str, str]]) -> Iterator[None]:
    """Show the question while it is answered: in a notebook with buttons, in a terminal above the prompt."""
    if in_kernel():
        from wasmnb.dashboards.question import asked  # noqa: PLC0415 - for a question only

        with asked(question, answers):
            yield
    else:
        sys.stderr.write(f"{textwrap.fill(question, shutil.get_terminal_size().columns - 1)}\n")
        yield


def _answer(prompt: str) -> str:
    if front() is Front.SHELL:
        # What `input` asks stands on the standard output, which has the answer of the command and nothing else.
        sys.stderr.write(prompt)
        sys.stderr.flush()
        prompt = ""
        await_line(sys.stdin)
    return input(prompt).strip().lower()
