"""The magics: one thin module per theme; each line is parsed, calls one method of the session, and its result shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wasmnb.magics import _deploy, _filter, _image, _login, _mesh, _project, _session, _traffic, _views

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from wasmnb.magics._command import Command

__all__ = ["COMMANDS", "load", "reference", "unload"]

COMMANDS: dict[str, Command] = {
    command.name: command
    for command in (
        *_mesh.COMMANDS,
        *_traffic.COMMANDS,
        *_filter.COMMANDS,
        *_deploy.COMMANDS,
        *_project.COMMANDS,
        *_image.COMMANDS,
        *_login.COMMANDS,
        *_session.COMMANDS,
        *_views.COMMANDS,
    )
}
"""Every magic by its name."""


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


def reference() -> list[tuple[str, str, str]]:
    """List every word that the magics take: magic, option or argument, help."""
    found: list[tuple[str, str, str]] = []
    for command in COMMANDS.values():
        name = command.prefix + command.name
        found += [(name, argument.label, argument.help) for argument in command.arguments]
        found += [(name, option.label, option.help) for option in command.options]
    return found
