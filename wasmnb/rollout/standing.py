"""How far a deployment has come, pod by pod, told to whoever follows it while it goes on."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from contextvars import copy_context
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from wasmnb.live.board import Board
from wasmnb.progress import Following

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from wasmnb.live.feed import Freshness
    from wasmnb.live.row import Row
    from wasmnb.mesh import Mesh
    from wasmnb.plugin import Plugin
    from wasmnb.progress import Progress

__all__ = ["Standing", "followed"]


@dataclass(frozen=True)
class Standing:
    """How far a plugin has come on its way to every pod at once, as a watch of the mesh tells it.

    Parameters
    ----------
    plugin : Plugin
    rows : sequence of Row
        All pods of the mesh.
    freshness : Freshness
        How much the rows can be believed.
    """

    plugin: Plugin = field(repr=False)
    rows: Sequence[Row]
    freshness: Freshness


@contextmanager
def followed(progress: Progress | None, mesh: Mesh, plugin: Plugin, mask: Callable[[str], str] = str) -> Iterator[None]:
    """Tell a progress that follows deployments how far this one has come, as long as it goes on.

    The mesh is watched only once it takes longer than a moment, and only where somebody sees it.

    Parameters
    ----------
    progress : Progress, optional
    mesh : Mesh
    plugin : Plugin
    mask : callable
        Takes secrets out of a text.
    """
    if not isinstance(progress, Following) or not progress.room:
        yield
        return
    board, ended = Board(mesh, mask=mask, rates=False), threading.Event()

    def tell() -> None:
        progress.advance(Standing(plugin, board.rows(), board.freshness))

    def run() -> None:
        if ended.wait(progress.after):
            return
        board.start()
        tell()
        while not ended.wait(progress.every):
            tell()
        board.close()
        tell()  # what it says from now on is of this moment

    thread = threading.Thread(target=copy_context().run, args=(run,), name="wasmnb-follow", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
