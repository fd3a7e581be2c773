"""A blob as a stream that mends itself: after a break it goes on where it was."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import requests
from urllib3 import exceptions as urllib3_exceptions

from wasmnb.errors import RegistryError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType

    from typing_extensions import Self

    from wasmnb.image.manifest import Descriptor
    from wasmnb.image.registry.repository import Remote
    from wasmnb.image.registry.responses import Operation

__all__ = ["Download"]

_PIECE = 256 * 1024
_PARTIAL = 206
_MOST_BREAKS = 20
_SPAN = re.compile(r"bytes (\d+)-\d+/(?:\d+|\*)")


class Download:
    """A blob, read piece by piece; never more bytes than its descriptor says.

    Whoever reads it checks the digest; a break is mended here, with ``Range``, as often as the client retries without
    getting any further, and so often that a server which gives a few bytes each time comes to an end too.

    Parameters
    ----------
    remote : Remote
    item : Descriptor
    operation : Operation
    got : callable
        Told how many more bytes have come.
    """

    def __init__(self, remote: Remote, item: Descriptor, operation: Operation, got: Callable[[int], None]) -> None:
        self._remote, self._item, self._operation, self._got = remote, item, operation, got
        self._at = self._breaks = 0
        self._response: requests.Response | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._response is not None:
            self._release()

    def __iter__(self) -> Iterator[bytes]:
        """Give the pieces.

        Raises
        ------
        RegistryError
            The connection broke too often, or there are more bytes than the manifest says.
        """
        while piece := self._read():
            yield piece

    def _read(self) -> bytes:
        retry = self._remote.client.retry
        for attempt in range(1, retry.attempts + 1):
            piece = self._piece()
            if piece is not None:
                break
            self._release()
            self._breaks += 1
            if self._breaks > _MOST_BREAKS or not retry.wait(attempt):
                raise RegistryError(
                    f"The connection to {self._remote.client.host} broke during the pull of {self._operation.what}.",
                    why=[f"{self._at:,} of {self._item.size:,} bytes of {self._item.digest} had come"],
                    hint="try again",
                )
        self._at += len(piece or b"")
        if self._at > self._item.size:
            raise RegistryError(
                f"A blob of {self._operation.what} is longer than its manifest says; it is not used.",
                why=[f"{self._item.digest}: more than {self._item.size:,} bytes"],
            )
        self._got(len(piece or b""))
        return piece or b""

    def _piece(self) -> bytes | None:
        """Read once; None when the connection broke."""
        try:
            response = self._response = self._response or self._open()
            piece: bytes = response.raw.read(_PIECE, decode_content=False)
        except (requests.RequestException, urllib3_exceptions.HTTPError, OSError):
            return None
        # A body without a length ends when the connection does, whether it was all or not.
        return piece if piece or self._at >= self._item.size else None

    def _open(self) -> requests.Response:
        headers = {"Range": f"bytes={self._at}-"} if self._at else {}
        response = self._remote.client.stream(
            self._remote.blob(self._item.digest),
            self._operation,
            scopes=[self._remote.scope("pull")],
            headers=headers,
            expect=(200, _PARTIAL),
        )
        if self._at and not self._goes_on(response):
            self._skip(response)
        return response

    def _goes_on(self, response: requests.Response) -> bool:
        span = _SPAN.match(response.headers.get("Content-Range", ""))
        return response.status_code == _PARTIAL and span is not None and int(span[1]) == self._at

    def _skip(self, response: requests.Response) -> None:
        """Read what we have over again: not every storage behind a registry knows ranges."""
        left = self._at if response.status_code != _PARTIAL else 0
        while left:
            piece = response.raw.read(min(_PIECE, left), decode_content=False)
            if not piece:
                return
            left -= len(piece)

    def _release(self) -> None:
        """Give the connection back when its body was read to the end; close it otherwise."""
        response, self._response = self._response, None
        if response is not None:
            response.close()
