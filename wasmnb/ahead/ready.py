"""What is left to do of a cell once it compiles, done before the cell is run: nothing of it acts."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from wasmnb.ahead.draft import Extent
from wasmnb.errors import WasmnbError
from wasmnb.mesh import MeshLoadingAhead, MeshTryingAhead

if TYPE_CHECKING:
    from wasmnb.ahead.draft import Draft
    from wasmnb.module import Module

__all__ = ["Loaded", "Readiness", "ready"]


class Readiness(Enum):
    """How much of a cell's run is done."""

    NONE = "none"
    TRIED = "tried"
    """All but what pods take to load the module."""
    READY = "ready"
    """All that can be."""


@dataclass(frozen=True)
class Loaded:
    """A module that pods have and do not run, by who holds it."""

    mesh: MeshLoadingAhead
    holder: str

    def let_go(self) -> None:
        """Have the pods let go of it; a mesh that has ended has nothing."""
        with suppress(WasmnbError):
            self.mesh.unload(self.holder)


def ready(draft: Draft, module: Module, cell: str) -> tuple[Readiness, Loaded | None]:
    """Package a module, try it on an Envoy here and have pods load it, as far as a draft says.

    Parameters
    ----------
    draft : Draft
    module : Module
    cell : str
        Whose module it is: others may be filters of the same name.

    Raises
    ------
    StoppedError
        Nobody waits for it any more.
    WasmnbError
        What running the cell would raise before anything is put in force.
    """
    if draft.extent < Extent.BUILD:
        return Readiness.NONE, None
    foreseen = draft.foresee(module)
    if foreseen is None:
        return Readiness.READY, None
    mesh, plugin = foreseen.mesh, foreseen.plugin
    if isinstance(mesh, MeshTryingAhead):
        mesh.examine(plugin, probes=foreseen.probes, allow_trap=foreseen.allow_trap)
    if draft.extent < Extent.LOAD or not isinstance(mesh, MeshLoadingAhead):
        return Readiness.READY, None
    holder = f"cell:{cell}"
    if plugin.targets or not mesh.preload(plugin.image.module, plugin.selector, holder=holder):
        return Readiness.TRIED, None
    return Readiness.READY, Loaded(mesh, holder)
