"""The terminal, where there is one: how wide it is, and whether it has colours; a pipe has neither."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from wasmnb.display import Tone

__all__ = ["coloured", "columns", "prepare", "say", "silence", "tinted"]

_NARROWEST = 20
_COLOURS = {"good": "32", "warn": "33", "bad": "31", "quiet": "2"}


def prepare() -> None:
    """Have both outputs write what their encoding has no sign for as an escape, in place of ending with an error."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")


def columns(stream: TextIO) -> int:
    """Give the width of a terminal; 0 for what is none, where nothing is cut."""
    if not stream.isatty():
        return 0
    import shutil  # noqa: PLC0415 - for terminals

    return max(shutil.get_terminal_size().columns, _NARROWEST)


def coloured(stream: TextIO) -> bool:
    """Say whether colours are wanted (https://no-color.org)."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def tinted(text: str, tone: Tone, *, colours: bool) -> str:
    """Give a text in the colour of a tone, where colours are wanted."""
    return f"\x1b[{_COLOURS[tone]}m{text}\x1b[0m" if colours and text and tone in _COLOURS else text


def say(text: str, stream: TextIO) -> None:
    """Write lines; where their reader has gone, nothing, and nothing more: the command and its code are the same."""
    try:
        stream.write(f"{text}\n")
        stream.flush()
    except BrokenPipeError:
        silence(stream)


def silence(stream: TextIO) -> None:
    """Write nothing more to an output whose reader has gone."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, stream.fileno())
    os.close(null)
