"""An Envoy that Linux refuses to let watch its files, as its log tells."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wasmnb.errors import MeshError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["no_watch"]

_LIMIT = "fs.inotify.max_user_instances"
"""What an Envoy that can watch no file names before it ends (1.40, ``watcher_impl.cc``)."""


def no_watch(what: str, lines: Sequence[str]) -> MeshError | None:
    """Give the error of an Envoy that has no ``inotify`` instance; None where its log names another reason.

    Parameters
    ----------
    what : str
        What does not start, as the beginning of a sentence.
    lines : sequence of str
        The Envoy's log.
    """
    if not any(_LIMIT in line for line in lines):
        return None
    return MeshError(
        f"{what} does not start: Linux has no inotify instance left for it.",
        why=["all that a user may have are in use: a mesh takes 17, and other meshes, editors, containers take some"],
        hint=f"stop other meshes and kernels, or allow more: sudo sysctl {_LIMIT}=512",
        code="WNB4005",
    )
