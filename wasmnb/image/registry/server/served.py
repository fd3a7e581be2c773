"""What a notebook is told of the registry that it serves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from wasmnb.display import Column, Table
from wasmnb.display.result import Dated, Tabled
from wasmnb.image.registry.server.server import default_path
from wasmnb.image.store import Store

if TYPE_CHECKING:
    from typing_extensions import Self

    from wasmnb.image.registry.server.server import RegistryServer

__all__ = ["ServedRegistry"]


@dataclass(frozen=True)
class ServedRegistry(Dated, Tabled):
    """The registry on this machine's loopback interface, and whether it is served.

    Parameters
    ----------
    host : str
        What references begin with, such as ``127.0.0.1:5000``; empty when none is served.
    path : str
        The folder that keeps its images, also when none is served.
    images : int
        How many names there are in it.
    """

    host: str
    path: str
    images: int

    def __str__(self) -> str:
        if not self.host:
            return "no registry is served here"
        return f"{self.host} is served, to this machine alone, as long as this kernel runs"

    @classmethod
    def of(cls, server: RegistryServer | None) -> Self:
        """Look at a server; without one, at the folder that the next one serves."""
        store = server.store if server is not None else Store(default_path())
        return cls(server.host if server is not None else "", str(store.path), len(store.list()))

    @property
    def table(self) -> Table:
        """One row: ``host``, ``images`` and ``path``."""
        columns = Column("host"), Column("images", "Int64"), Column("path")
        return Table(columns, ((self.host, self.images, self.path),))

    def to_dict(self) -> dict[str, Any]:
        """Give plain JSON values."""
        return {"host": self.host, "path": self.path, "images": self.images, "at": self.at.isoformat()}
