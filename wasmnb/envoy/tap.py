"""What leaves a proxy's filters towards its service, told by Envoy's tap filter for one request.

Sources: Envoy 1.40 ``envoy.extensions.filters.http.tap.v3`` (the filter), ``config.tap.v3`` (what is asked of
``/tap``), ``data.tap.v3.HttpBufferedTrace`` (the answer).
"""

from __future__ import annotations

import base64
import contextlib
import http.client
import json
import socket
import time
from typing import TYPE_CHECKING, Any

from wasmnb.envoy.sockets import connected

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from wasmnb.traffic import Received

__all__ = ["MARK", "TAP", "tapped"]

MARK = "x-request-id"
"""The header by which one request is recognised; Envoy gives each request one that has none."""

_CONFIG = "received"
_TYPE = "type.googleapis.com/envoy.extensions.filters.http.tap.v3.Tap"
TAP = {
    "name": "tap",
    "typed_config": {"@type": _TYPE, "common_config": {"admin_config": {"config_id": _CONFIG}}},
}
"""The filter that stands last in a chain; it does nothing while nobody asks."""

_BODY = 64 * 1024
_OK = 200
_TURN = 0.02  # seconds to wait for one of several proxies
_Answer = tuple[socket.socket, http.client.HTTPResponse]


@contextlib.contextmanager
def tapped(sockets: Sequence[Path], mark: str, *, timeout: float) -> Iterator[Callable[[float], Received | None]]:
    """Have proxies tell of the request that carries a mark.

    Parameters
    ----------
    sockets : sequence of pathlib.Path
        The admin interfaces of the proxies that the request may come through.
    mark : str
        The value of `MARK`.
    timeout : float
        Seconds for each proxy to listen.

    Yields
    ------
    callable
        Waits so many seconds for what one of them tells; None when none did: the request did not come to the end of
        its filters.

    Raises
    ------
    OSError
        A proxy cannot be asked.
    """
    with contextlib.ExitStack() as stack:
        answers = [_ask(stack, path, mark, timeout) for path in sockets]
        yield lambda seconds: _first(answers, seconds)


def _ask(
    stack: contextlib.ExitStack, path: Path, mark: str, timeout: float
) -> tuple[socket.socket, http.client.HTTPResponse]:
    match = {"http_request_headers_match": {"headers": [{"name": MARK, "string_match": {"exact": mark}}]}}
    sinks = [{"format": "JSON_BODY_AS_BYTES", "streaming_admin": {}}]
    output = {"sinks": sinks, "max_buffered_rx_bytes": _BODY, "max_buffered_tx_bytes": 0}
    body = json.dumps({"config_id": _CONFIG, "tap_config": {"match": match, "output_config": output}}).encode()
    connection = stack.enter_context(contextlib.closing(connected(path, timeout=timeout)))
    wire: socket.socket = connection.sock
    try:
        connection.request("POST", "/tap", body)
        answer = stack.enter_context(contextlib.closing(connection.getresponse()))
    except http.client.HTTPException as error:
        raise ConnectionError(str(error)) from error
    if answer.status != _OK:
        raise ConnectionError(f"the proxy cannot report a request: {answer.read().decode('utf-8', 'replace').strip()}")
    return wire, answer


def _first(answers: Sequence[_Answer], seconds: float) -> Received | None:
    told, open_ = [b""] * len(answers), dict(enumerate(answers))
    deadline = time.monotonic() + seconds
    while open_ and (left := deadline - time.monotonic()) > 0:
        for index, (connection, answer) in list(open_.items()):
            connection.settimeout(min(left, _TURN) if len(open_) > 1 else left)
            with contextlib.suppress(TimeoutError):
                part = answer.read1(_BODY)
                told[index] += part
                if not part:
                    del open_[index]  # the proxy ended
            with contextlib.suppress(ValueError):
                return _received(json.loads(told[index]))
    return None


def _received(trace: dict[str, Any]) -> Received:
    from wasmnb.traffic import Headers, Received, Request  # noqa: PLC0415 - not needed to start a mesh

    request = trace["http_buffered_trace"]["request"]
    # Envoy writes a value that is not UTF-8 as ``raw_value`` (API 1.40, ``config.core.v3.HeaderValue``).
    lines = [(line["key"], _value(line)) for line in request["headers"]]
    pseudo = {name: value for name, value in lines if name.startswith(":")}
    body = request.get("body") or {}
    return Received(
        Request(
            pseudo.get(":method", ""),
            pseudo.get(":authority", ""),
            pseudo.get(":path", ""),
            Headers(tuple(line for line in lines if not line[0].startswith(":"))),
            base64.b64decode(body.get("as_bytes", "")),
        ),
        whole=not body.get("truncated", False),
    )


def _value(line: dict[str, Any]) -> str:
    raw = line.get("raw_value")
    return base64.b64decode(raw).decode("utf-8", "replace") if raw else str(line.get("value", ""))
