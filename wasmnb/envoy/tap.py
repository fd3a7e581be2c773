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
    connection = stack.enter_context(contextlib.closing(socket.socket(socket.AF_UNIX)))
    connection.settimeout(timeout)
    connection.connect(str(path))
    connection.sendall(f"POST /tap HTTP/1.1\r\nhost: admin\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body)
    answer = stack.enter_context(contextlib.closing(http.client.HTTPResponse(connection, method="POST")))
    try:
        answer.begin()
    except http.client.HTTPException as error:
        raise ConnectionError(str(error)) from error
    if answer.status != _OK:
        raise ConnectionError(f"the proxy cannot tell of a request: {answer.read().decode('utf-8', 'replace').strip()}")
    return connection, answer


def _first(answers: Sequence[_Answer], seconds: float) -> Received | None:
    told = [b""] * len(answers)
    deadline = time.monotonic() + seconds
    while True:
        for index, (connection, answer) in enumerate(answers):
            left = max(0.001, deadline - time.monotonic()) / len(answers)
            connection.settimeout(min(left, 0.02) if len(answers) > 1 else left)
            with contextlib.suppress(TimeoutError):
                told[index] += answer.read1(_BODY)
            with contextlib.suppress(ValueError):
                return _received(json.loads(told[index]))
        if time.monotonic() >= deadline:
            return None


def _received(trace: dict[str, Any]) -> Received:
    from wasmnb.traffic import Headers, Received, Request  # noqa: PLC0415 - not needed to start a mesh

    request = trace["http_buffered_trace"]["request"]
    # Envoy writes a value that is no UTF-8 as ``raw_value`` (API 1.40, ``config.core.v3.HeaderValue``).
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
