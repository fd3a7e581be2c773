"""The magics: the notebook's front of the commands; each line is parsed, calls one function, and its result shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wasmnb.commands import COMMANDS

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

__all__ = ["load", "unload"]


def load(shell: InteractiveShell) -> None:
    """Register the magics and their completion with a shell."""
    from wasmnb.magics._shell import attach  # noqa: PLC0415 - needs IPython

    attach(shell, COMMANDS)


def unload(shell: InteractiveShell) -> None:
    """Stop the session's mesh, and take the magics and their completion away."""
    from wasmnb.magics._shell import detach  # noqa: PLC0415
    from wasmnb.session import close_default  # noqa: PLC0415

    detach(shell, COMMANDS)
    close_default()
