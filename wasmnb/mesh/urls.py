"""URLs as a user writes them into a mesh, and what is said of those that lead nowhere."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from wasmnb.errors import Place, TrafficError

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Wanted", "did_you_mean", "no_port", "no_service", "read"]

_HTTP_PORT = 80


@dataclass(frozen=True)
class Wanted:
    """A URL, read.

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


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Give a hint for a word that is none of the known ones."""
    choices = list(dict.fromkeys(known))
    close = difflib.get_close_matches(word, choices, n=1)
    listed = ", ".join(choices) or "nothing"
    return f"did you mean {close[0]}? there is: {listed}" if close else f"there is: {listed}"


def read(url: str) -> Wanted:
    """Read ``host:port/path``; a leading ``http://`` is allowed.

    Raises
    ------
    TrafficError
        It is no URL.
    """
    place = Place("the URL", quote=url)
    try:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise TrafficError(f"{url!r} is no URL: {error}.", where=place, hint="write host:port/path") from error
    if parts.scheme != "http" or not host:
        raise TrafficError(f"{url!r} is no URL of the mesh.", where=place, hint="write host:port/path")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Wanted(url, host, port or _HTTP_PORT, bool(port), parts.netloc.rpartition("@")[2], path)


def no_service(wanted: Wanted, name: str, known: Iterable[str]) -> TrafficError:
    """Make the error for a host that is no service; ``known`` are ``name:port``."""
    return TrafficError(
        f"There is no service {wanted.host!r} in this mesh.",
        where=wanted.place,
        hint=did_you_mean(f"{name}:{wanted.port}", known),
    )


def no_port(wanted: Wanted, name: str, ports: Iterable[int]) -> TrafficError:
    """Make the error for a port that the service does not have."""
    said = f"port {wanted.port}" if wanted.given else "port 80 (none is given)"
    listed = ", ".join(f"{name}:{number}" for number in ports)
    return TrafficError(
        f"The service {name!r} has no {said}.",
        where=wanted.place,
        hint=f"write {listed}" if listed else "it has no port at all",
    )
