"""What one filter sees of an exchange, and what it holds back of it.

Source: Envoy 1.40, ``filter_manager.cc`` and ``extensions/common/wasm/context.cc``. A filter that stops at the headers
gets nothing more until it goes on; one that stops at a body is shown all that was held back; what a filter asks for
while it runs happens when it has come back.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from wasmnb.emulator.codes import BufferType, DataAction, MapType, StreamType
from wasmnb.emulator.plugin import ROOT

if TYPE_CHECKING:
    from wasmnb.emulator.exchange import Exchange
    from wasmnb.emulator.header_map import HeaderMap
    from wasmnb.emulator.plugin import Plugin

__all__ = ["Context", "Flow"]


@dataclass
class Flow:
    """One direction, and what came out at its end.

    Parameters
    ----------
    kind : StreamType
    headers, trailers : HeaderMap or None
        As they went in, and as filters change them.
    arrived : HeaderMap or None
        The headers at the end.
    body : list of bytes
        What came out at the end with each piece.
    tail : HeaderMap or None
        The trailers at the end.
    """

    kind: StreamType
    headers: HeaderMap | None = None
    trailers: HeaderMap | None = None
    arrived: HeaderMap | None = None
    body: list[bytes] = field(default_factory=list)
    tail: HeaderMap | None = None
    ended: bool = False

    @property
    def word(self) -> str:
        """``request`` or ``response``."""
        return self.kind.name.lower()


@dataclass
class _Side:
    """What one filter holds back in one direction."""

    stopped: bool = False
    headers_end: bool | None = None
    unseen: list[tuple[str, bytes, bool]] = field(default_factory=list)
    buffer: bytearray | None = None
    buffering: bool = False
    buffer_end: bool = False
    trailers_held: bool = False
    passed_headers: bool = False


class Context:
    """A filter's part in one exchange.

    Parameters
    ----------
    plugin : Plugin
    exchange : Exchange
    index : int
        Which of the filters it is.
    """

    def __init__(self, plugin: Plugin, exchange: Exchange, index: int) -> None:
        self.plugin = plugin
        self.exchange = exchange
        self.index = index
        self.id = plugin.new_context()
        self.answered = False
        self.ending = False
        self.sides = {StreamType.REQUEST: _Side(), StreamType.RESPONSE: _Side()}
        plugin.contexts[self.id] = self
        plugin.call(ROOT, "proxy_on_context_create", self.id, ROOT)

    def headers(self, kind: MapType, *, change: bool) -> HeaderMap | None:
        """Give a header map, where there is one now."""
        flow = self.exchange.request if kind <= MapType.REQUEST_TRAILERS else self.exchange.response
        if kind > MapType.RESPONSE_TRAILERS:
            return None
        if kind in (MapType.REQUEST_TRAILERS, MapType.RESPONSE_TRAILERS):
            return flow.trailers
        if self.ending:
            return None if change else flow.headers
        # What has gone on is out of reach.
        return None if self.sides[flow.kind].passed_headers else flow.headers

    def buffer(self, kind: BufferType) -> bytearray | None:
        """Give a body, where there is one now."""
        if kind is BufferType.REQUEST_BODY:
            return self.sides[StreamType.REQUEST].buffer
        return self.sides[StreamType.RESPONSE].buffer if kind is BufferType.RESPONSE_BODY else None

    def property(self, path: str) -> bytes | None:
        """Give what Envoy knows of a stream under this path."""
        where, _, name = path.partition(".")
        flow = {"request": self.exchange.request, "response": self.exchange.response}.get(where)
        if flow is None or flow.headers is None:
            return None
        kind, _, header = name.partition(".")
        if kind == "headers" and header:
            return flow.headers.get(header.encode())
        if path == "response.code":
            status = self.exchange.status or int(flow.headers.get(b":status") or 0)
            return status.to_bytes(8, "little")
        if path == "request.url_path":
            return (flow.headers.get(b":path") or b"").partition(b"?")[0]
        pseudo = {"request.path": b":path", "request.method": b":method", "request.host": b":authority"}
        pseudo["request.scheme"] = b":scheme"
        return flow.headers.get(pseudo[path]) if path in pseudo else None

    def call(self, export: str, *arguments: int) -> int:
        """Call one of the stream's callbacks; one that is not there lets everything pass."""
        returned = self.plugin.call(self.id, export, self.id, *arguments)
        return returned or 0

    def go_on(self, kind: StreamType) -> None:
        """Let what was held back go on."""
        flow = self.exchange.flow(kind)
        side = self.sides[kind]
        if self.exchange.over(flow):
            return
        if side.stopped:
            side.stopped = False
            side.passed_headers = True
            self.exchange.pass_headers(flow, self, end=bool(side.headers_end))
            unseen, side.unseen = side.unseen, []
            for what, data, end in unseen:
                self.exchange.offer(flow, self, what, data, end=end)
            return
        self._flush(flow, side)
        if side.trailers_held:
            side.trailers_held = False
            self.exchange.pass_trailers(flow, self)

    def _flush(self, flow: Flow, side: _Side) -> None:
        if side.buffer is not None:
            data, side.buffer, side.buffering = bytes(side.buffer), None, False
            self.exchange.pass_data(flow, self, data, end=side.buffer_end)

    def on_headers(self, flow: Flow, *, end: bool) -> None:
        """Show the filter headers."""
        side = self.sides[flow.kind]
        if self.plugin.machine.failed:
            self.exchange.pass_headers(flow, self, end=end)
            return
        assert flow.headers is not None  # noqa: S101 - they are being shown
        arguments = [len(flow.headers)] if self.plugin.machine.abi == "0.1.0" else [len(flow.headers), int(end)]
        action = self.call(f"proxy_on_{flow.word}_headers", *arguments)
        if self.exchange.failed(self) or self.exchange.over(flow):
            return
        if action == 0 or (action == 2 and not self.answered):  # noqa: PLR2004 - ContinueAndDontEndStream
            side.passed_headers = True
            self.exchange.pass_headers(flow, self, end=end)
        else:
            side.stopped, side.headers_end = True, end

    def on_data(self, flow: Flow, data: bytes, *, end: bool) -> None:
        """Show the filter a piece of a body, with all that it holds back."""
        side = self.sides[flow.kind]
        if self.plugin.machine.failed:
            self.exchange.pass_data(flow, self, data, end=end)
            return
        if side.stopped:
            side.unseen = _joined(side.unseen, data, end=end)
            return
        side.buffer = (side.buffer or bytearray()) + data
        action = self.call(f"proxy_on_{flow.word}_body", len(side.buffer), int(end))
        if self.exchange.failed(self) or self.exchange.over(flow):
            return
        side.buffering = action in (DataAction.STOP_AND_BUFFER, DataAction.STOP_AND_WATERMARK)
        side.buffer_end = end
        if action == DataAction.CONTINUE:
            self._flush(flow, side)
        elif not side.buffering:
            side.buffer = None

    def on_trailers(self, flow: Flow) -> None:
        """Show the filter trailers."""
        side = self.sides[flow.kind]
        if self.plugin.machine.failed:
            self.exchange.pass_trailers(flow, self)
            return
        if side.stopped:
            side.unseen.append(("trailers", b"", True))
            return
        assert flow.trailers is not None  # noqa: S101 - they are being shown
        action = self.call(f"proxy_on_{flow.word}_trailers", len(flow.trailers))
        if self.exchange.failed(self) or self.exchange.over(flow):
            return
        if action == 0:
            self._flush(flow, side)
            self.exchange.pass_trailers(flow, self)
        else:
            side.trailers_held = True

    def end(self) -> None:
        """Let the filter take leave of the stream."""
        self.ending = True
        self.call("proxy_on_log")
        self.ending = False
        self.call("proxy_on_done")
        self.call("proxy_on_delete")
        self.plugin.contexts.pop(self.id, None)


def _joined(unseen: list[tuple[str, bytes, bool]], data: bytes, *, end: bool) -> list[tuple[str, bytes, bool]]:
    if unseen and unseen[-1][0] == "data":
        return [*unseen[:-1], ("data", unseen[-1][1] + data, end)]
    return [*unseen, ("data", data, end)]
