"""What makes two plugins the very same, and what of a plugin may be shown."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from wasmnb import redact

if TYPE_CHECKING:
    from collections.abc import Hashable

    from wasmnb.plugin.plugin import Plugin

__all__ = ["plugin_dict", "plugin_key"]


def plugin_key(plugin: Plugin) -> Hashable:
    """Give what two plugins must have in common to be the very same: all but the name that the image goes by."""
    said = {**plugin.to_dict(), "config": None if plugin.config is None else plugin.config_text}
    del said["reference"]
    return json.dumps(said, sort_keys=True)


def plugin_dict(plugin: Plugin) -> dict[str, Any]:
    """Give a plugin as plain JSON values, secrets of its configuration and its environment masked."""
    return {**plugin.to_dict(), "config": redact.config(plugin.config), "env": redact.config(plugin.env)}
