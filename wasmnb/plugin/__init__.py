"""What to run where.

Names are imported when first used: the words that a plugin is described with are known without the rest.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wasmnb.plugin.enums import FailPolicy, Kind, Mode, Phase, PluginType, PullPolicy
    from wasmnb.plugin.plugin import Plugin
    from wasmnb.plugin.scope import Match, TargetRef
    from wasmnb.plugin.verdict import Cause, PodVerdict, Proof, Verdict

_HOMES = {
    "enums": ("FailPolicy", "Kind", "Mode", "Phase", "PluginType", "PullPolicy"),
    "plugin": ("Plugin",),
    "scope": ("Match", "TargetRef"),
    "verdict": ("Cause", "PodVerdict", "Proof", "Verdict"),
}

__all__ = [
    "Cause",
    "FailPolicy",
    "Kind",
    "Match",
    "Mode",
    "Phase",
    "Plugin",
    "PluginType",
    "PodVerdict",
    "Proof",
    "PullPolicy",
    "TargetRef",
    "Verdict",
]


def __getattr__(name: str) -> Any:
    for module, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
