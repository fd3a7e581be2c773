"""Blobs on their way to a registry (OCI distribution specification v1.1, "Push").

One request starts an upload, the next ones bring the bytes: a small blob in one piece, a large one in several, so that
a broken connection costs one piece and not the whole. After a break the registry is asked how far it has come; one that
does not know any more (``distribution`` throws half a piece away, and the upload with it) gets the blob from the start.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from oras.utils.request import append_url_params

from wasmnb.errors import RegistryError

if TYPE_CHECKING:
    from collections.abc import Callable

    from wasmnb.image.registry.client import Outcome
    from wasmnb.image.registry.repository import Remote
    from wasmnb.image.registry.responses import Operation, Reply

__all__ = ["CHUNK", "Blob", "has_blob", "upload"]

#: Bytes of one piece of a large blob, and the size from which a blob counts as large.
CHUNK = 8 * 1024 * 1024

_CREATED, _ACCEPTED, _NO_CONTENT = 201, 202, 204
_BYTES = {"Content-Type": "application/octet-stream"}
_RANGE = re.compile(r"(?:bytes=)?0-(\d+)")


@dataclass(frozen=True)
class Blob:
    """Bytes with their digest."""

    digest: str
    data: bytes = field(repr=False)

    @property
    def size(self) -> int:
        """Bytes."""
        return len(self.data)


class _Counted:
    """Bytes that tell how many of them have been handed to the socket."""

    def __init__(self, data: memoryview, sent: Callable[[int], None]) -> None:
        self._data, self._at, self._sent = data, 0, sent

    def __len__(self) -> int:
        return len(self._data) - self._at

    def read(self, size: int = -1) -> memoryview:
        end = len(self._data) if size < 0 else min(len(self._data), self._at + size)
        piece, self._at = self._data[self._at : end], end
        self._sent(len(piece))
        return piece


def has_blob(remote: Remote, digest: str, operation: Operation) -> bool:
    """Ask whether a repository has a blob.

    Raises
    ------
    RegistryError
        The registry does not say.
    """
    url, scopes = remote.blob(digest), [remote.scope("pull,push")]
    return remote.client.call("HEAD", url, operation, scopes=scopes, expect=(200, 404)).status != 404  # noqa: PLR2004


def upload(
    remote: Remote,
    blob: Blob,
    operation: Operation,
    sent: Callable[[int], None],
    *,
    chunk: int = CHUNK,
    elsewhere: str = "",
) -> bool:
    """Bring a blob that is not in a repository yet.

    Parameters
    ----------
    remote : Remote
    blob : Blob
    operation : Operation
        For messages.
    sent : callable
        Told how many more bytes are there; negative when some have to be sent again.
    chunk : int
        A larger blob is sent in pieces of so many bytes.
    elsewhere : str
        A repository on the same registry that has it: the registry is asked to take it from there.

    Returns
    -------
    bool
        False when the registry took it from there, and nothing was sent.

    Raises
    ------
    RegistryError
        It did not arrive.
    """
    return _Upload(remote, blob, operation, sent, chunk).run(elsewhere)


class _Upload:
    def __init__(
        self, remote: Remote, blob: Blob, operation: Operation, sent: Callable[[int], None], chunk: int
    ) -> None:
        self._remote, self._blob, self._operation, self._chunk = remote, blob, operation, chunk
        self._client, self._report = remote.client, sent
        self._data = memoryview(blob.data)
        self._reported = 0  # bytes that have been reported
        self._at = 0  # bytes that the registry has
        self._in_pieces = blob.size > chunk

    def run(self, elsewhere: str) -> bool:
        location, attempt = self._begin(elsewhere), 1
        if not location:
            self._reached(self._blob.size)
            return False
        while location:
            before = self._at
            outcome = self._send(location)
            if outcome.error is None and outcome.result is not None:
                location = self._follow(outcome.result, location)
                continue
            if outcome.error is None or not self._client.retry.wait(attempt, outcome.asked) or not outcome.again:
                raise outcome.error or RegistryError(f"{self._client.host} gave no answer.")
            location = self._resume(location)
            attempt = 1 if self._at > before else attempt + 1
        self._reached(self._blob.size)
        return True

    def _begin(self, elsewhere: str) -> str:
        """Start an upload; empty when the blob was mounted from elsewhere, or is there already."""
        self._reached(0)
        self._at = 0
        url, scopes = self._remote.uploads(), [self._remote.scope("pull,push")]
        if elsewhere:
            url = append_url_params(url, {"mount": self._blob.digest, "from": elsewhere})
            scopes.append(f"repository:{elsewhere}:pull")
        reply = self._client.call(
            "POST", url, self._operation, scopes=scopes, expect=(_ACCEPTED, _CREATED), headers=_BYTES
        )
        if reply.status == _CREATED:
            return ""
        least = reply.headers.get("OCI-Chunk-Min-Length", "")
        if least.isdecimal():
            self._chunk = max(self._chunk, int(least))
        return self._location(reply, "")

    def _send(self, location: str) -> Outcome[Reply]:
        """Send the next piece, or after the last one what the blob's digest is."""
        if not self._in_pieces and not self._at:
            url = append_url_params(location, {"digest": self._blob.digest})
            return self._request("PUT", url, self._data, {}, (_CREATED, _NO_CONTENT))
        if self._at == self._blob.size:
            url = append_url_params(location, {"digest": self._blob.digest})
            return self._request("PUT", url, self._data[:0], {}, (_CREATED, _NO_CONTENT))
        piece = self._data[self._at : self._at + self._chunk]
        span = {"Content-Range": f"{self._at}-{self._at + len(piece) - 1}"}
        return self._request("PATCH", location, piece, span, (_ACCEPTED, _NO_CONTENT, _CREATED))

    def _request(
        self, method: str, url: str, piece: memoryview, headers: dict[str, str], expect: tuple[int, ...]
    ) -> Outcome[Reply]:
        start = self._at

        def body() -> _Counted | bytes:
            self._reached(start)
            return _Counted(piece, lambda count: self._reached(self._reported + count)) if piece else b""

        scopes = [self._remote.scope("pull,push")]
        return self._client.attempt(
            method, url, self._operation, scopes=scopes, headers={**_BYTES, **headers}, body=body, expect=expect
        )

    def _follow(self, reply: Reply, location: str) -> str:
        """Take in that a piece has arrived, and give where the next one goes; empty when it was the last."""
        if reply.url.startswith(location.partition("?")[0]) and reply.status in (_CREATED, _NO_CONTENT):
            return ""
        self._at = min(_reached_by(reply, self._reported), self._blob.size)
        self._reached(self._at)
        return self._location(reply, location)

    def _resume(self, location: str) -> str:
        """Ask how far it has come; start anew when nobody knows, and stop when it had all arrived."""
        if has_blob(self._remote, self._blob.digest, self._operation):
            return ""
        scopes = [self._remote.scope("pull,push")]
        outcome = self._client.attempt("GET", location, self._operation, scopes=scopes, expect=(_NO_CONTENT, 200))
        if outcome.result is None:
            return self._begin("")
        self._at = min(_reached_by(outcome.result, 0), self._blob.size)
        self._in_pieces = self._in_pieces or self._at > 0
        self._reached(self._at)
        return self._location(outcome.result, location)

    def _location(self, reply: Reply, otherwise: str) -> str:
        """Give where the upload goes on; a registry may give it without its own name."""
        location = reply.headers.get("Location", "")
        if not location and not otherwise:
            raise RegistryError(f"{self._client.host} started an upload, but does not say where it goes on.")
        if not location:
            return otherwise
        there, server = urlsplit(urljoin(reply.url, location)), urlsplit(self._client.server)
        if there.hostname == server.hostname and (there.scheme, server.scheme) == ("http", "https"):
            # A registry that does not know of the TLS in front of it: neither the bytes nor a token go in the clear.
            there = there._replace(scheme="https", netloc=server.netloc)
        return there.geturl()

    def _reached(self, count: int) -> None:
        self._report(count - self._reported)
        self._reported = count


def _reached_by(reply: Reply, otherwise: int) -> int:
    """Read how many bytes a registry has: ``Range: 0-<last>``; ``0-0`` means none (``distribution`` says it so)."""
    match = _RANGE.fullmatch(reply.headers.get("Range", ""))
    return (int(match[1]) + 1 if match[1] != "0" else 0) if match else otherwise
