"""What to run where.

Names are imported when first used: the words that a plugin is described with are known without the rest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from wasmnb.lazily import lazily

if TYPE_CHECKING:
    from wasmnb.plugin.enums import FailPolicy, Kind, Mode, Phase, PluginType, PullPolicy
    from wasmnb.plugin.plugin import Plugin
    from wasmnb.plugin.scope import Match, TargetRef
    from wasmnb.plugin.verdict import Cause, Handling, PodVerdict, Proof, Verdict

_HOMES = {
    "Cause": ".verdict",
    "FailPolicy": ".enums",
    "Kind": ".enums",
    "Match": ".scope",
    "Mode": ".enums",
    "Phase": ".enums",
    "Plugin": ".plugin",
    "PluginType": ".enums",
    "PodVerdict": ".verdict",
    "Handling": ".verdict",
    "Proof": ".verdict",
    "PullPolicy": ".enums",
    "TargetRef": ".scope",
    "Verdict": ".verdict",
}

__all__ = [
    "Cause",
    "FailPolicy",
    "Handling",
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

__getattr__ = lazily(__name__, _HOMES)
