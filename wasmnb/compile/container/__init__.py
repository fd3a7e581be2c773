"""Building a folder in the user's own builder image, by a container daemon."""

from wasmnb.compile.container.build import build_in_container

__all__ = ["build_in_container"]
