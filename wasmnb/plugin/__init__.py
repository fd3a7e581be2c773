"""What to run where."""

from wasmnb.plugin.enums import FailPolicy, Kind, Mode, Phase, PluginType, PullPolicy
from wasmnb.plugin.plugin import Plugin
from wasmnb.plugin.scope import Match, TargetRef

__all__ = ["FailPolicy", "Kind", "Match", "Mode", "Phase", "Plugin", "PluginType", "PullPolicy", "TargetRef"]
