"""URLs as a user writes them into a mesh, and what is said of those that lead nowhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from wasmnb.errors import Place, TrafficError
from wasmnb.mesh.suggestion import suggestion

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["MeshUrl", "no_port", "no_service", "read"]

_HTTP_PORT = 80


@dataclass(frozen=True)
class MeshUrl:
    """A URL of the mesh, read.

    Parameters
    ----------
    text : str
        As it was written.
    host : str
    port : int
        80 when none is given.
    given : bool
        Whether one is given.
    authority : str
        What a ``host`` header says.
    path : str
        With the query.
    """

    text: str
    host: str
    port: int
    given: bool
    authority: str
    path: str

    @property
    def place(self) -> Place:
        """Where an error points at."""
        return Place("the URL", quote=self.text)


def read(url: str) -> MeshUrl:
    """Read ``host:port/path``; a leading ``http://`` is allowed.

    Raises
    ------
    TrafficError
        It is not a URL.
    """
    place = Place("the URL", quote=url)
    try:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise TrafficError(f"{url!r} is not a URL: {error}.", where=place, hint="write host:port/path") from error
    if parts.scheme != "http" or not host:
        raise TrafficError(f"{url!r} is not a URL of the mesh.", where=place, hint="write host:port/path")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return MeshUrl(url, host, port or _HTTP_PORT, bool(port), parts.netloc.rpartition("@")[2], path)


def no_service(wanted: MeshUrl, name: str, known: Iterable[str]) -> TrafficError:
    """Make the error for a host that is no service; ``known`` are ``name:port``."""
    return TrafficError(
        f"There is no service {wanted.host!r} in this mesh.",
        where=wanted.place,
        hint=suggestion(f"{name}:{wanted.port}", known),
        code="WNB4052",
    )


def no_port(wanted: MeshUrl, name: str, ports: Iterable[int]) -> TrafficError:
    """Make the error for a port that the service does not have."""
    said = f"port {wanted.port}" if wanted.given else "port 80 (none is given)"
    listed = ", ".join(f"{name}:{number}" for number in ports)
    return TrafficError(
        f"The service {name!r} has no {said}.",
        where=wanted.place,
        hint=f"write {listed}" if listed else "it has no port at all",
        code="WNB4052",
    )
