"""A request and its response on their way through filters, as Envoy's HTTP connection manager takes them along.

Source: Envoy 1.40, ``filter_manager.cc``: an answer that a filter gives passes the filters that have seen the request,
unless the service's answer has come already.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from wasmnb.emulator.codes import StreamType, grpc_of_http
from wasmnb.emulator.header_map import HeaderMap
from wasmnb.emulator.records import Reply
from wasmnb.emulator.stream import Context, Flow

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wasmnb.emulator.plugin import Plugin

__all__ = ["Exchange"]

_FAILED = Reply(503, None, "wasm_fail_stream", (), b"")


class Exchange:
    """A request and its response.

    Parameters
    ----------
    plugins : sequence of Plugin
        In the order in which a request meets them.
    """

    def __init__(self, plugins: Sequence[Plugin]) -> None:
        self.request = Flow(StreamType.REQUEST)
        self.response = Flow(StreamType.RESPONSE)
        self._plugins = plugins
        self._contexts: list[Context | None] = [None] * len(plugins)
        self._replied = False
        self._failed = False
        self.was_reset = False
        self.status: int | None = None

    def flow(self, kind: StreamType) -> Flow:
        """Give a direction."""
        return self.request if kind is StreamType.REQUEST else self.response

    def over(self, flow: Flow) -> bool:
        """Whether nothing more of a direction is wanted."""
        return self.was_reset or (flow is self.request and self._replied) or flow.ended

    def send_headers(self, flow: Flow, headers: HeaderMap, *, end: bool) -> None:
        """Let headers in."""
        flow.headers = headers
        self.offer(flow, None, "headers", b"", end=end)

    def send_data(self, flow: Flow, data: bytes, *, end: bool) -> None:
        """Let a piece of a body in."""
        self.offer(flow, None, "data", data, end=end)

    def send_trailers(self, flow: Flow, trailers: HeaderMap) -> None:
        """Let trailers in."""
        flow.trailers = trailers
        self.offer(flow, None, "trailers", b"", end=True)

    def offer(self, flow: Flow, after: Context | None, what: str, data: bytes, *, end: bool) -> None:
        """Show something to a filter again that has gone on, or to the first one."""
        if self.over(flow):
            return
        if after is not None:
            self._show(flow, after, what, data, end=end)
        else:
            self._pass(flow, None, what, data, end=end)

    def pass_headers(self, flow: Flow, context: Context, *, end: bool) -> None:
        """Let headers go on behind a filter."""
        self._pass(flow, context, "headers", b"", end=end)

    def pass_data(self, flow: Flow, context: Context, data: bytes, *, end: bool) -> None:
        """Let a piece of a body go on behind a filter."""
        self._pass(flow, context, "data", data, end=end)

    def pass_trailers(self, flow: Flow, context: Context) -> None:
        """Let trailers go on behind a filter."""
        self._pass(flow, context, "trailers", b"", end=True)

    def _pass(self, flow: Flow, context: Context | None, what: str, data: bytes, *, end: bool) -> None:
        following = self._following(flow, context)
        if following is None:
            _arrive(flow, what, data, end=end)
        else:
            self._show(flow, following, what, data, end=end)

    def _show(self, flow: Flow, context: Context, what: str, data: bytes, *, end: bool) -> None:
        if what == "headers":
            context.on_headers(flow, end=end)
        elif what == "data":
            context.on_data(flow, data, end=end)
        else:
            context.on_trailers(flow)

    def _following(self, flow: Flow, context: Context | None) -> Context | None:
        if flow is self.request:
            index = 0 if context is None else context.index + 1
            return self._context(index) if index < len(self._plugins) else None
        known = [one for one in self._contexts if one is not None and (context is None or one.index < context.index)]
        return known[-1] if known else None

    def _context(self, index: int) -> Context | None:
        found = self._contexts[index]
        if found is None:
            plugin = self._plugins[index]
            found = self._contexts[index] = Context(plugin, self, index)
        return found

    def failed(self, context: Context) -> bool:
        """Whether a filter's VM has failed; the request is answered with 503 then, as ``FAIL_CLOSED`` has it."""
        if not context.plugin.machine.failed:
            return False
        if not self._failed:
            self._failed = True
            self.answer(_FAILED)
        return True

    def refuse(self) -> None:
        """Answer a request that comes after a VM has failed."""
        self._failed = True
        self.answer(_FAILED)

    def answer(self, reply: Reply) -> None:
        """Answer the request in place of the service."""
        if self._replied or self.was_reset:
            return
        grpc = self._asked_by_grpc()
        headers = _grpc_headers(reply) if grpc else _headers(reply)
        body = b"" if grpc else reply.body
        if self.response.headers is None:
            self._replied = True
            self.status = reply.status
            self.send_headers(self.response, headers, end=not body)
            if body:
                self.send_data(self.response, body, end=True)
        elif self.response.arrived is None:
            # The service has answered, and nothing of it has gone out: past all filters.
            self._replied = True
            self.response.arrived = headers
            self.response.body = [body] if body else []
            self.response.ended = True
        else:
            self.reset()

    def _asked_by_grpc(self) -> bool:
        kind = None if self.request.headers is None else self.request.headers.get(b"content-type")
        return kind is not None and kind.startswith(b"application/grpc")

    def reset(self) -> None:
        """Give the exchange up."""
        self.was_reset = True

    def end(self) -> None:
        """Let every filter take leave of the exchange."""
        for context in self._contexts:
            if context is not None:
                context.end()


def _arrive(flow: Flow, what: str, data: bytes, *, end: bool) -> None:
    if what == "headers":
        assert flow.headers is not None  # noqa: S101 - they were let in
        flow.arrived = HeaderMap(flow.headers.lines)
    elif what == "data":
        flow.body.append(data)
    else:
        flow.tail = None if flow.trailers is None else HeaderMap(flow.trailers.lines)
    flow.ended = flow.ended or end


def _own(reply: Reply) -> HeaderMap:
    return HeaderMap.of(((":status", str(reply.status)), *reply.headers))


def _headers(reply: Reply) -> HeaderMap:
    headers = _own(reply)
    if reply.body:
        headers.replace(b"content-length", str(len(reply.body)).encode())
        if headers.get(b"content-type") is None:
            headers.add(b"content-type", b"text/plain")
    return headers


def _grpc_headers(reply: Reply) -> HeaderMap:
    """Say the same as a gRPC server does: 200, and what went wrong in headers."""
    status = grpc_of_http(reply.status) if reply.grpc_status is None else reply.grpc_status
    headers = _own(reply)
    headers.replace(b":status", b"200")
    headers.replace(b"content-type", b"application/grpc")
    headers.add(b"grpc-status", str(status).encode())
    if reply.body:
        headers.add(b"grpc-message", reply.body)
    return headers
