"""Connections to an API server that are kept for what is asked often: the logs of many pods."""

from __future__ import annotations

import time
import weakref
from collections import deque
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote, urlencode, urlsplit

from wasmnb.errors import TrafficError
from wasmnb.mesh.istio.api.api_sockets import RECORD, connected_socket, proxied
from wasmnb.traffic.http_parser import Reader, read_response

if TYPE_CHECKING:
    import socket
    from collections.abc import Mapping

    from wasmnb.traffic.exchange import Response

__all__ = ["KeptConnections"]

_IDLE = 30.0
"""Seconds for which a connection is trusted that nobody used: what lies between may drop one unseen within minutes."""
_MULTIPLE, _BAD = 300, 400
"""Between them are answers that lead elsewhere (RFC 9110, 15.4)."""
_SAFE = "/:@!$&'()*+,;=~%"
"""What a path may have beside letters, digits and what `quote` leaves anyway (RFC 3986, 3.3)."""


class _Kept(NamedTuple):
    wire: socket.socket
    used: float


class KeptConnections:
    """Connections each of which is one thread's at a time.

    A library for HTTP makes hundreds of calls for a question, which is as much as all else that a log costs here. What
    it does beyond asking is its own still: where this way leads nowhere, it is asked.

    Parameters
    ----------
    configuration : kubernetes.client.Configuration or PlainConfiguration
    most : int
        How many are kept.
    connect : float
        Seconds for each step of connecting.
    """

    def __init__(self, configuration: Any, most: int, connect: float) -> None:
        self._configuration = configuration
        self._url = urlsplit(configuration.host)
        self._most = most
        self._connect = connect
        self._kept: deque[_Kept] = deque()
        weakref.finalize(self, _close, self._kept)

    def close(self) -> None:
        """Close those that nobody uses."""
        _close(self._kept)

    @property
    def usual(self) -> bool:
        """Whether the API server can be asked this way: no proxy, and authorities that are named."""
        names = self._configuration
        trusted = self._url.scheme == "http" or names.ssl_ca_cert or not names.verify_ssl
        return bool(trusted and names.assert_hostname in (None, False) and not proxied(names))

    def get(
        self, path: str, query: Mapping[str, Any] | None, headers: Mapping[str, str], timeout: float
    ) -> Response | None:
        """Ask for a resource; None where this way leads nowhere, or elsewhere.

        Parameters
        ----------
        path : str
        query : mapping, optional
        headers : mapping of str to str
        timeout : float
            Seconds between two pieces of the answer.

        Raises
        ------
        TimeoutError
            Nobody answers in time.
        """
        target = quote(self._url.path + path, safe=_SAFE) + (f"?{urlencode(query, doseq=True)}" if query else "")
        fields = {"host": self._url.netloc, "accept-encoding": "identity", **headers}
        lines = [f"GET {target} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items()), "", ""]
        try:
            wire = self._taken() or connected_socket(self._configuration, self._url, self._connect)
            answer = self._asked(wire, "\r\n".join(lines).encode("latin-1"), timeout)
        except TimeoutError:
            raise
        except (OSError, TrafficError, UnicodeError):
            return None
        return answer if not _MULTIPLE <= answer.status < _BAD else None

    def _taken(self) -> socket.socket | None:
        """Take the one that was used last; those on which something comes unasked have ended."""
        from urllib3.util import wait_for_read  # noqa: PLC0415 - for users of a cluster only

        while True:
            try:
                wire, used = self._kept.pop()
            except IndexError:
                return None
            if time.monotonic() - used < _IDLE and not wait_for_read(wire, 0.0):
                return wire
            wire.close()

    def _asked(self, wire: socket.socket, question: bytes, timeout: float) -> Response:
        try:
            wire.settimeout(timeout)
            wire.sendall(question)
            answer = read_response(Reader(partial(wire.recv, RECORD), self._url.netloc), "GET")
        except BaseException:
            # What was not read to its end must not be taken for the next answer; an interrupt is such a case.
            wire.close()
            raise
        ends = answer.version != "HTTP/1.1" or "close" in (one.lower() for one in answer.headers.all("connection"))
        if ends or answer.surplus or len(self._kept) >= self._most:
            wire.close()
        else:
            self._kept.append(_Kept(wire, time.monotonic()))
        return answer


def _close(kept: deque[_Kept]) -> None:
    while kept:
        kept.pop().wire.close()
