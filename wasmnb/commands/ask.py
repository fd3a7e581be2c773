"""Asking the user in the midst of a command, where there is one who can answer."""

from __future__ import annotations

import sys

from wasmnb.notebook import in_kernel, noninteractive
from wasmnb.wording import Front, front

__all__ = ["ask"]

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


def _answer(prompt: str) -> str:
    if front() is Front.SHELL:
        # What `input` asks stands on the standard output, which has the answer of the command and nothing else.
        sys.stderr.write(prompt)
        sys.stderr.flush()
        prompt = ""
    return input(prompt).strip().lower()
