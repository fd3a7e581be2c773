"""From a filter's source to a module."""

from wasmnb.compile.filter import Filter

__all__ = ["Filter"]
