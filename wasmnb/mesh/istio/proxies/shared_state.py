"""What several threads remember together: a cell's, a watch's, and those that look at proxies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["forget"]

_K = TypeVar("_K")


def forget(known: dict[_K, Any], gone: Callable[[_K], bool]) -> None:
    """Take keys out of a dictionary to which another thread may be adding some."""
    for key in list(known):
        if gone(key):
            known.pop(key, None)
