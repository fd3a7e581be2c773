"""From a filter's source to a module."""

from wasmnb.build.filter import Filter

__all__ = ["Filter"]
