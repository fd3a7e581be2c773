"""Every verb once: its options, its help, its values for Tab and its parser; it knows no IPython."""

from __future__ import annotations

from wasmnb.commands import cases, deploy, explain, filter, image, login, mesh, project, session, traffic, views  # noqa: A004
from wasmnb.commands.command import Argument, Command, Option, Parsed

__all__ = ["COMMANDS", "Argument", "Command", "Option", "Parsed", "reference"]

COMMANDS: dict[str, Command] = {
    command.name: command
    for command in (
        *mesh.COMMANDS,
        *traffic.COMMANDS,
        *filter.COMMANDS,
        *cases.COMMANDS,
        *deploy.COMMANDS,
        *project.COMMANDS,
        *image.COMMANDS,
        *login.COMMANDS,
        *session.COMMANDS,
        *explain.COMMANDS,
        *views.COMMANDS,
    )
}
"""Every command by its name."""


def reference() -> list[tuple[str, str, str]]:
    """List every word that the commands take: command, option or argument, help."""
    found: list[tuple[str, str, str]] = []
    for command in COMMANDS.values():
        name = command.prefix + command.name
        found += [(name, argument.label, argument.help) for argument in command.arguments]
        found += [(name, option.label, option.help) for option in command.options]
    return found
