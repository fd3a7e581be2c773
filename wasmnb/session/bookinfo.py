"""The article's application, for a mesh to have something to run."""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Any

from wasmnb.display.result import Dated, Tabled
from wasmnb.errors import Interrupted, UsageError
from wasmnb.mesh.protocol import MeshWithBookinfo
from wasmnb.mesh.results import Pods
from wasmnb.session.defaults import choice, number
from wasmnb.session.state import State
from wasmnb.wording import Verb, Wording

if TYPE_CHECKING:
    from collections.abc import Mapping

    from wasmnb.display import Table
    from wasmnb.mesh import Pod
    from wasmnb.progress import Progress

__all__ = ["Bookinfo", "Sampling"]


@dataclass(frozen=True)
class Bookinfo(Dated, Tabled):
    """What became of bookinfo.

    Parameters
    ----------
    action : str
        ``apply`` or ``delete``.
    pods : tuple of Pod
        The mesh's pods afterwards.
    seconds : float
    notes : tuple of str
        What a reader should know of what was done.
    """

    action: str
    pods: tuple[Pod, ...]
    seconds: float
    notes: tuple[str, ...] = ()

    @property
    def table(self) -> Table:
        """The pods in rows; see `wasmnb.mesh.results.Pods`."""
        return Pods(self.pods).table

    def to_dict(self) -> dict[str, Any]:
        """Give plain JSON values."""
        return {
            "action": self.action,
            "pods": [pod.to_dict() for pod in self.pods],
            "seconds": self.seconds,
            "notes": list(self.notes),
            "at": self.at.isoformat(),
        }


class Sampling(State):
    """What a session can put into its mesh to try filters on."""

    def bookinfo(
        self,
        action: str,
        *,
        images: str | Mapping[str, str] = "",
        timeout: float = 300.0,
        progress: Progress | None = None,
    ) -> Bookinfo:
        """Apply bookinfo to the mesh and wait until its pods are READY, or delete what applying it made.

        Parameters
        ----------
        action : str
            ``apply`` or ``delete``.
        images : str or mapping
            Where its images come from: ``PREFIX[:TAG]``, or one for each deployment; upstream's when left out.
        timeout : float
            Seconds to wait for READY, image pulls included.
        progress : Progress, optional

        Raises
        ------
        NoMeshError, UsageError, ForbiddenError
        MeshError
            A pod cannot become ready, or gets no proxy.
        Interrupted
        """
        with self._guard():
            action = choice("the action", action, ("apply", "delete"))
            mesh, seconds = self.current, number("timeout", timeout)
            if not isinstance(mesh, MeshWithBookinfo):
                raise UsageError(f"Bookinfo cannot be put into the mesh {mesh.name!r}.")
            start = perf_counter()
            try:
                notes = mesh.bookinfo(action, images=images, timeout=seconds, progress=progress)
            except KeyboardInterrupt:
                done = "Applying" if action == "apply" else "Deleting"
                raise Interrupted(
                    f"{done} bookinfo was stopped; what had been done by then stays.",
                    hint=Wording(
                        "{} goes on; {} takes away what was applied",
                        Verb("bookinfo", ("apply",)),
                        Verb("bookinfo", ("delete",)),
                    ),
                ) from None
            return Bookinfo(action, tuple(mesh.pods()), perf_counter() - start, notes)
