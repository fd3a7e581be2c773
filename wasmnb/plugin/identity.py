"""A plugin's id, what makes two plugins the very same, and what of a plugin may be shown."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from wasmnb import redact
from wasmnb.errors import BadNameError, Place

if TYPE_CHECKING:
    from collections.abc import Hashable

    from wasmnb.plugin.plugin import Plugin

__all__ = ["build_key", "check_id", "plugin_dict", "plugin_key", "plugin_secrets", "same_values", "short_secrets"]

_OPEN = ("config", "env", "vm_config")
"""What of a plugin may hold secrets."""
_PLACED = ("id", "selector", "targets", "phase", "priority", "fail_policy", "pull_policy", "pull_secret")
"""What of a plugin says where it is and how it comes there, and nothing of what it does to a request."""
_ID = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,251}[A-Za-z0-9])?")


def check_id(plugin: object) -> None:
    """Refuse an id that could not stand in a proxy's configuration and statistics."""
    if not (isinstance(plugin, str) and _ID.fullmatch(plugin)):
        raise BadNameError(
            f"{plugin!r} cannot be the id of a plugin.",
            where=Place("the plugin's id", quote=str(plugin)),
            hint="use letters, digits, '.', '_' and '-'",
        )


def plugin_key(plugin: Plugin) -> Hashable:
    """Give what two plugins must have in common to be the very same: all but the name that the image goes by."""
    return _key(plugin, "reference")


def build_key(plugin: Plugin) -> Hashable:
    """Give what two plugins must have in common to do the same to a request, wherever they are put in force.

    Their image, root id, configuration and environment.
    """
    return _key(plugin, "reference", *_PLACED)


def _key(plugin: Plugin, *without: str) -> Hashable:
    config = None if plugin.config is None else plugin.config_text
    machine = None if plugin.vm_config is None else plugin.vm_config_text
    said = {**plugin.to_dict(), "config": config, "vm_config": machine}
    return json.dumps({name: value for name, value in said.items() if name not in without}, sort_keys=True)


def same_values(one: Any, other: Any) -> bool:
    """Say whether two JSON values are the same: Python takes 1 for true, which no filter does."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same_values(value, other[key]) for key, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same_values, one, other))
    return bool(one == other)


def plugin_dict(plugin: Plugin) -> dict[str, Any]:
    """Give a plugin as plain JSON values, secrets of its configuration and its environment masked."""
    return {**plugin.to_dict(), **{name: redact.config(getattr(plugin, name)) for name in _OPEN}}


def short_secrets(plugin: Plugin) -> set[tuple[str, str]]:
    """Give the secrets of a plugin that are masked behind their keys alone: they are words elsewhere."""
    return set().union(*(redact.short_secrets_in(getattr(plugin, name)) for name in _OPEN))


def plugin_secrets(plugin: Plugin) -> set[str]:
    """Give what of a plugin must not be shown."""
    return set().union(*(redact.secrets_in(getattr(plugin, name)) for name in _OPEN))
