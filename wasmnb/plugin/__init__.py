"""What to run where."""

from wasmnb.plugin.plugin import Plugin
from wasmnb.plugin.scope import Match, TargetRef
from wasmnb.plugin.words import FailPolicy, Kind, Mode, Phase, PluginType, PullPolicy

__all__ = ["FailPolicy", "Kind", "Match", "Mode", "Phase", "Plugin", "PluginType", "PullPolicy", "TargetRef"]
