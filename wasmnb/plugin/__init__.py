"""What to run where."""

from wasmnb.plugin.enums import FailPolicy, Kind, Mode, Phase, PluginType, PullPolicy
from wasmnb.plugin.plugin import Plugin
from wasmnb.plugin.scope import Match, TargetRef
from wasmnb.plugin.verdict import Cause, PodVerdict, Proof, Verdict

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
