"""A request and its response as they were on the wire."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

__all__ = ["Exchange", "Headers", "Received", "Request", "Response"]


@dataclass(frozen=True)
class Headers:
    """Header lines in wire order, with duplicates, case and UTF-8 names kept."""

    lines: tuple[tuple[str, str], ...] = ()

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self.lines)

    def __len__(self) -> int:
        return len(self.lines)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and bool(self.all(name))

    def __getitem__(self, name: str) -> str:
        values = self.all(name)
        if not values:
            raise KeyError(name)
        return values[0]

    def get(self, name: str, default: str | None = None) -> str | None:
        """Give the first value of a name, compared without case."""
        values = self.all(name)
        return values[0] if values else default

    def all(self, name: str) -> list[str]:
        """Give every value of a name in wire order, compared without case."""
        return [value for key, value in self.lines if key.lower() == name.lower()]


@dataclass(frozen=True)
class Request:
    """What was sent."""

    method: str
    authority: str
    path: str
    headers: Headers = field(default_factory=Headers)
    body: bytes = field(default=b"", repr=False)

    @property
    def url(self) -> str:
        """``host:port/path``, as the user writes it."""
        return self.authority + self.path


@dataclass(frozen=True)
class Response:
    """What came back: ``headers`` and ``trailers`` exactly as on the wire, ``body`` with its chunks joined.

    ``surplus`` is how many bytes came behind its end, which nobody can tell what they belong to.
    """

    status: int
    reason: str
    headers: Headers
    body: bytes = field(default=b"", repr=False)
    version: str = "HTTP/1.1"
    trailers: Headers = field(default_factory=Headers)
    surplus: int = 0

    @property
    def flaw(self) -> str:
        """What is wrong with how it was written down; empty for nothing."""
        if not self.surplus:
            return ""
        said = self.headers.get("content-length")
        why = f"its content-length says {said}" if said is not None else "it has no body by its status"
        return f"{self.surplus} bytes came behind the end of the response: {why}"

    @property
    def text(self) -> str:
        """The body as UTF-8, undecodable bytes replaced."""
        return self.body.decode("utf-8", "replace")


@dataclass(frozen=True)
class Received:
    """A request as it left the filters of the last proxy, towards the service.

    Parameters
    ----------
    request : Request
        Its header names are in lower case, as HTTP/2 has them; the proxies' own are among them.
    whole : bool
        Whether ``request`` has the whole body.
    body : bool
        Whether the body is known at all, or its beginning; else the headers alone.
    """

    request: Request
    whole: bool = True
    body: bool = True

    @property
    def flaw(self) -> str:
        """What is wrong with how it was written down; empty for nothing, or where that is not known."""
        said, size = self.request.headers.get("content-length"), len(self.request.body)
        if not (self.body and self.whole) or said is None or said == str(size):
            return ""
        return f"the request's content-length says {said}, and the service received a body of {size} bytes"


@dataclass(frozen=True)
class Exchange:
    """One request with its response.

    Parameters
    ----------
    source, pod : str
        Workload that sent, and the pod whose proxy answered.
    via : str
        ``proxy`` or ``app``; see ``Mesh.send``.
    seconds : float
        From the first byte sent to the last one received, of the attempt that succeeded.
    notes : tuple of str
        What a reader must know: retries while a proxy was not ready, header names that are no token.
    at : datetime
        When it was sent (aware, UTC).
    received : Received or None
        The request as the service received it; None where that was not looked at, or is not known.
    unseen : str
        Why that is not known; empty when it is, or was not looked at.
    in_force : tuple of str or None
        The plugins that were in force, such as ``greeter@99397533``; None where that is not known.
    dropped : str
        What the service's proxy dropped of what the service answered; empty for nothing, or where that is not known.
    """

    request: Request
    response: Response
    source: str
    pod: str
    via: str
    seconds: float
    at: datetime
    notes: tuple[str, ...] = ()
    received: Received | None = None
    unseen: str = ""
    in_force: tuple[str, ...] | None = None
    dropped: str = ""

    @property
    def flaw(self) -> str:
        """What is wrong with how the response, or the request as it was received, was written down."""
        return self.response.flaw or self.dropped or (self.received.flaw if self.received is not None else "")

    def to_dict(self) -> dict[str, Any]:
        """Give the exchange as plain JSON values; the body as text."""
        return {
            "source": self.source,
            "pod": self.pod,
            "via": self.via,
            "seconds": self.seconds,
            "at": self.at.isoformat(),
            "notes": list(self.notes),
            "request": _request(self.request),
            "received": self.received and {**_request(self.received.request), "whole": self.received.whole},
            "unseen": self.unseen,
            "dropped": self.dropped,
            "in_force": self.in_force and list(self.in_force),
            "response": {
                "status": self.response.status,
                "reason": self.response.reason,
                "headers": [list(line) for line in self.response.headers],
                "trailers": [list(line) for line in self.response.trailers],
                "body": self.response.text,
                "surplus": self.response.surplus,
            },
        }


def _request(of: Request) -> dict[str, Any]:
    return {"method": of.method, "url": of.url, "headers": [list(line) for line in of.headers]}
