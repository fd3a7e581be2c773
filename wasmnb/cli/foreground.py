"""A mesh in the foreground of a shell: it lives until Ctrl-C, a signal, or until another process ends it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wasmnb.cli.answer import remark
from wasmnb.errors import MeshError

if TYPE_CHECKING:
    from wasmnb.mesh.running import Announced
    from wasmnb.session import Session

__all__ = ["keep"]

_LOOK = 1.0  # seconds


def keep(session: Session, announced: Announced) -> None:
    """Wait for the end of a mesh, and end it.

    Raises
    ------
    MeshError
        It does not run any more, and nobody ended it.
    """
    name = announced.name
    try:
        remark(f"other shells and notebooks find it as {name!r}; Ctrl-C ends it")
        while not announced.stopped.wait(_LOOK):
            _look(session, announced)
    except KeyboardInterrupt:
        session.close()
        remark(f"the mesh {name!r} was ended; nothing of it runs")
        return
    remark(f"the mesh {name!r} was ended by another process; nothing of it runs")


def _look(session: Session, announced: Announced) -> None:
    """See whether it runs; what another process ends is first stopped, and then said to be."""
    try:
        session.current.plugins()
    except MeshError:
        if not announced.stopped.wait(_LOOK):
            raise
