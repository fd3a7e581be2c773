"""The program ``wasmnb``: the shell's front of the commands, made for pipelines and for people."""

from __future__ import annotations

import gc
import sys
from typing import TYPE_CHECKING

from wasmnb.version import __version__

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command, and give its exit code; docs/shell.md has the table of codes.

    Parameters
    ----------
    argv : sequence of str, optional
        The words behind the program's name; those of this process.
    """
    # Nearly all that a command makes is what it imports: looking through that for garbage finds none.
    gc.set_threshold(50_000)
    words = list(sys.argv[1:] if argv is None else argv)
    if words[:1] in (["--version"], ["-V"]):
        return _said(f"wasmnb {__version__}")
    if words[:1] == ["__complete"]:
        from wasmnb.cli.completion import complete  # noqa: PLC0415 - Tab has no time for more

        return _said("\n".join(complete(" ".join(words[1:]))))
    try:
        from wasmnb.cli.program import run  # noqa: PLC0415 - the commands

        return run(words)
    except KeyboardInterrupt:
        # While the commands were imported: else it is said there.
        sys.stderr.write("Interrupted. Nothing was done.\n")
        return 130


def _said(text: str) -> int:
    from wasmnb.cli.terminal import say  # noqa: PLC0415 - only when something is said

    say(text, sys.stdout)
    return 0
