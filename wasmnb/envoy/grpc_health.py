"""A gRPC service's own word on its health, asked through the proxy beside it.

Sources: gRPC's health checking protocol (``grpc.health.v1``), gRPC over HTTP/2 (the frame around a message), Envoy's
``grpc_http1_bridge`` filter (which gives an HTTP/1.1 client the status as a header).
"""

from __future__ import annotations

import contextlib
import http.client
from typing import TYPE_CHECKING

from wasmnb.envoy.sockets import connected

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["unhealthy"]

_PATH = "/grpc.health.v1.Health/Check"
_NOBODYS = "/wasmnb.Nobody/Nothing"
_EMPTY = bytes(5)  # a message without fields: neither compressed, nor longer than 0
_OK, _UNAVAILABLE = "0", "14"
_SERVING = 1
_STATES = {0: "UNKNOWN", 2: "NOT_SERVING", 3: "SERVICE_UNKNOWN"}
_STATUS_FIELD = 0x08


def unhealthy(path: Path, *, timeout: float) -> str:
    """Ask whether a service is healthy.

    Parameters
    ----------
    path : pathlib.Path
        The Unix socket of the proxy's listener that makes gRPC of HTTP/1.1.
    timeout : float
        Seconds.

    Returns
    -------
    str
        Why it is not; empty when it says that it serves, has no such method (it need not have one), or answers each
        method alike.
    """
    try:
        status, message = _call(path, _PATH, timeout)
        if status == _UNAVAILABLE:
            return "the connection is refused"
        state = _state(message) if status == _OK else _SERVING
        # A server that answers any call, one that nobody has too, says nothing of its health by an answer.
        if state == _SERVING or _call(path, _NOBODYS, timeout)[0] == _OK:
            return ""
    except TimeoutError:
        return "no answer to gRPC's health check in time"
    except (OSError, http.client.HTTPException) as error:
        return f"gRPC's health check: {error}"
    return f"gRPC's health check says {_STATES.get(state, state)}"


def _call(path: Path, method: str, timeout: float) -> tuple[str, bytes]:
    """Call a method without a word, and give the status and the message of the answer."""
    with contextlib.closing(connected(path, timeout=timeout)) as connection:
        connection.request("POST", method, _EMPTY, {"content-type": "application/grpc", "te": "trailers"})
        answer = connection.getresponse()
        return answer.getheader("grpc-status", ""), answer.read()


def _state(message: bytes) -> int:
    fields = message[len(_EMPTY) :]
    return fields[1] if len(fields) > 1 and fields[0] == _STATUS_FIELD else 0
