"""The meshes that run on this machine, as a result."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from wasmnb.display import Column, Table
from wasmnb.display.result import Dated, Plural

if TYPE_CHECKING:
    from collections.abc import Iterable

    from wasmnb.mesh.running.registration import Registration

__all__ = ["RunningMesh", "RunningMeshes"]


@dataclass(frozen=True)
class RunningMesh:
    """A mesh that lives in a process of this user.

    Parameters
    ----------
    name : str
    kind : str
    gateway : str
        ``host:port``.
    program : str
        ``notebook``, ``shell`` or ``python``.
    pid : int
    folder : str
        Where that was started.
    started : datetime
    """

    name: str
    kind: str
    gateway: str
    program: str
    pid: int
    folder: str
    started: datetime

    def to_dict(self) -> dict[str, Any]:
        """Give plain JSON values."""
        return {**vars(self), "started": self.started.isoformat()}


@dataclass(frozen=True)
class RunningMeshes(Dated, Plural[RunningMesh]):
    """The meshes that run on this machine, by name."""

    @classmethod
    def of(cls, found: Iterable[Registration]) -> RunningMeshes:
        """Make it of what files say; nobody is shown the key."""
        return cls(
            tuple(
                RunningMesh(
                    *(one.name, one.kind, one.gateway, one.program, one.pid, one.folder),
                    datetime.fromisoformat(one.started),
                )
                for one in found
            )
        )

    @property
    def table(self) -> Table:
        """The meshes in rows.

        The columns are ``name``, ``kind``, ``gateway``, ``program``, ``pid`` (``Int64``), ``folder`` and ``started``
        (``datetime64[us, UTC]``).
        """
        words = (Column("name"), Column("kind"), Column("gateway"), Column("program"))
        columns = (*words, Column("pid", "Int64"), Column("folder"), Column("started", "datetime64[us, UTC]"))
        return Table(columns, tuple(tuple(vars(one).values()) for one in self.items))

    def to_dict(self) -> dict[str, Any]:
        """Give plain JSON values."""
        return {"meshes": [one.to_dict() for one in self.items], "at": self.at.isoformat()}
