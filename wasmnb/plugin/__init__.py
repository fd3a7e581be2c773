"""What to run where."""

from wasmnb.plugin.plugin import FailPolicy, Phase, Plugin

__all__ = ["FailPolicy", "Phase", "Plugin"]
