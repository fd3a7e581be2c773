"""Every verb once: its options, its help, its values for Tab and its parser; it knows no IPython."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wasmnb.commands.command import Command

__all__ = ["COMMANDS", "Commands", "reference"]

_HOMES = {
    "mesh": ("wasm_mesh", "wasm_bookinfo", "wasm_pods", "wasm_status", "wasm_logs", "wasm_properties", "wasm_metrics"),
    "traffic": ("wasm_headers",),
    "filter": ("wasm_filter", "wasm_file"),
    "cases": ("wasm_test", "wasm_bench"),
    "deploy": ("wasm_deploy", "wasm_render", "wasm_rollback", "wasm_undeploy"),
    "project": ("wasm_init",),
    "image": ("wasm_build", "wasm_push", "wasm_pull", "wasm_tag", "wasm_rm", "wasm_list", "wasm_inspect"),
    "login": ("wasm_login", "wasm_logout", "wasm_secret", "wasm_registry"),
    "session": ("wasm_config", "wasm_doctor"),
    "explain": ("wasm_explain",),
    "exercises": ("wasm_check",),
    "views": ("wasm_panel", "wasm_compare", "wasm_times"),
}


class Commands(Mapping[str, "Command"]):
    """Every command by its name; its module, and what its options are made of, is imported when it is asked for."""

    def __init__(self) -> None:
        self._homes = {name: home for home, names in _HOMES.items() for name in names}

    def __getitem__(self, name: str) -> Command:
        commands: tuple[Command, ...] = import_module(f"{__name__}.{self._homes[name]}").COMMANDS
        return next(command for command in commands if command.name == name)

    def __contains__(self, name: object) -> bool:
        return name in self._homes

    def __iter__(self) -> Iterator[str]:
        return iter(self._homes)

    def __len__(self) -> int:
        return len(self._homes)


COMMANDS = Commands()


def reference() -> list[tuple[str, str, str]]:
    """List every word that the commands take: command, option or argument, help."""
    found: list[tuple[str, str, str]] = []
    for command in COMMANDS.values():
        name = command.prefix + command.name
        found += [(name, argument.label, argument.help) for argument in command.arguments]
        found += [(name, option.label, option.help) for option in command.options]
    return found
