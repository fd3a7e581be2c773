"""A filter in its VM, as the emulator's host calls see it: contexts, configuration, queues, calls to other services."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wasmnb.emulator.codes import BufferType, MapType, Status
from wasmnb.emulator.grpc_streams import GrpcStreams
from wasmnb.emulator.header_map import HeaderMap
from wasmnb.emulator.machine import Machine

if TYPE_CHECKING:
    from wasmnb.emulator.codes import StreamType
    from wasmnb.emulator.loop import Loop
    from wasmnb.emulator.records import Record, Reply
    from wasmnb.emulator.stream import Context
    from wasmnb.emulator.world import Call, Response
    from wasmnb.module import Module

__all__ = ["ROOT", "Plugin"]

ROOT = 1
"""The context id of the plugin itself."""


class Plugin:
    """A filter.

    Parameters
    ----------
    module : Module
    name : str
    loop : Loop
        What is to happen later, and the world.
    records : list of Record
    root_id, config, vm_config : str
    variables : tuple of (str, str)
    """

    def __init__(
        self,
        module: Module,
        name: str,
        loop: Loop,
        records: list[Record],
        *,
        root_id: str = "",
        config: str = "",
        vm_config: str = "",
        variables: tuple[tuple[str, str], ...] = (),
    ) -> None:
        self.name = name
        self.loop = loop
        self.root_id = root_id
        self.period = 0
        self.contexts: dict[int, Context] = {}
        self.call_status = (0, b"")
        self._effective = ROOT
        self._next = ROOT + 1
        self._config = config.encode("utf-8", "surrogateescape")
        self._vm_config = vm_config.encode("utf-8", "surrogateescape")
        self._maps: dict[MapType, HeaderMap] = {}
        self._buffers: dict[BufferType, bytearray] = {}
        self._properties: dict[str, bytes] = {}
        self._queues: set[str] = set()
        self._grpc_calls: set[int] = set()
        self.grpc_streams = GrpcStreams(self)
        self.machine = Machine(module, name, loop.world, variables, records)
        self.machine.handler = self

    def start(self) -> str:
        """Start the plugin; give why it does not start, empty when it does."""
        if self.machine.has("_initialize"):
            self.call(0, "_initialize")
            self.call(
                0, "main" if self.machine.has("main") else "__main_void", *([0, 0] if self.machine.has("main") else [])
            )
        else:
            self.call(0, "_start")
        self.call(ROOT, "proxy_on_context_create", ROOT, 0)
        for export, size, what in (
            ("proxy_on_vm_start", len(self._vm_config), "onStart"),
            ("proxy_on_configure", len(self._config), "onConfigure"),
        ):
            returned = self.call(ROOT, export, ROOT, size)
            if self.machine.failed:
                return f"{what} failed"
            if self.machine.has(export) and not returned:
                return f"{what} returned false"
        return "its start failed" if self.machine.failed else ""

    def call(self, context: int, export: str, *arguments: int) -> int | None:
        """Call an export for a context."""
        before, self._effective = self._effective, context
        try:
            return self.machine.call(export, *arguments)
        finally:
            self._effective = before

    def tick(self) -> None:
        """Let the timer go off, if the filter has set one."""
        if self.period:
            self.loop.world.now += self.period * 1_000_000
            self.call(ROOT, "proxy_on_tick", ROOT)

    def new_context(self) -> int:
        """Give the number of the next context."""
        self._next += 1
        return self._next - 1

    @property
    def configuration(self) -> bytes:
        """The plugin's configuration."""
        return self._config

    def use(self, context: int) -> bool:
        """Take another context for the host calls that follow."""
        if context != ROOT and context not in self.contexts:
            return False
        self._effective = context
        return True

    def headers(self, kind: MapType, *, change: bool) -> HeaderMap | None:
        """Give a header map, where there is one now."""
        if kind in self._maps:
            return None if change else self._maps[kind]
        context = self.contexts.get(self._effective)
        return None if context is None else context.headers(kind, change=change)

    def buffer(self, kind: BufferType) -> bytearray | None:
        """Give a buffer, where there is one now."""
        if kind is BufferType.PLUGIN_CONFIGURATION:
            return bytearray(self._config)
        if kind is BufferType.VM_CONFIGURATION:
            return bytearray(self._vm_config)
        if kind in self._buffers:
            return self._buffers[kind]
        context = self.contexts.get(self._effective)
        return None if context is None else context.buffer(kind)

    def property(self, path: str) -> bytes | None:
        """Give a property."""
        own = {"plugin_name": self.name, "plugin_root_id": self.root_id, "plugin_vm_id": self.name}
        if path in self._properties:
            return self._properties[path]
        if path in self.loop.world.properties:
            return self.loop.world.properties[path]
        if path in own:
            return own[path].encode()
        context = self.contexts.get(self._effective)
        return None if context is None else context.property(path)

    def set_property(self, path: str, value: bytes) -> None:
        """Set a property."""
        self._properties[path] = value

    def go_on(self, kind: StreamType) -> Status:
        """Continue a stream, once the filter has come back."""
        context = self.contexts.get(self._effective)
        if context is None:
            return Status.BAD_ARGUMENT
        self.machine.after.append(lambda: context.go_on(kind))
        return Status.OK

    def reset(self) -> None:
        """Give the stream up, once the filter has come back."""
        context = self.contexts.get(self._effective)
        if context is not None:
            self.machine.after.append(context.exchange.reset)

    def answer(self, reply: Reply) -> Status:
        """Answer the request, once the filter has come back."""
        context = self.contexts.get(self._effective)
        if context is None:
            return Status.BAD_ARGUMENT
        context.answered = True
        self.machine.after.append(lambda: context.exchange.answer(reply))
        return Status.OK

    def call_out(self, call: Call, timeout: int) -> int | None:
        """Call another service; give the call's number, None where there is no such service."""
        return self.loop.call(call, timeout, self._answered)

    def _answered(self, token: int, response: Response) -> None:
        headers, trailers = HeaderMap.of(response.headers), HeaderMap.of(response.trailers)
        self._maps = {MapType.CALL_RESPONSE_HEADERS: headers, MapType.CALL_RESPONSE_TRAILERS: trailers}
        self._buffers = {BufferType.CALL_RESPONSE_BODY: bytearray(response.body)}
        self.call(ROOT, "proxy_on_http_call_response", ROOT, token, len(headers), len(response.body), len(trailers))
        self._maps, self._buffers = {}, {}

    def grpc(self, call: Call, timeout: int) -> int | None:
        """Make a gRPC call with one message; give its number, None where there is no such service."""
        token = self.loop.call(call, timeout, self._grpc_answered)
        self._grpc_calls |= {token} if token is not None else set()
        return token

    def cancel_grpc(self, token: int) -> Status:
        """Give a gRPC call or stream up."""
        if token in self._grpc_calls:
            self._grpc_calls.remove(token)
            return Status.OK
        return self.grpc_streams.cancel(token)

    def close_grpc(self, token: int) -> Status:
        """End the filter's side of a stream; a call has nothing more to send, and is given up."""
        return self.cancel_grpc(token) if token in self._grpc_calls else self.grpc_streams.close(token)

    def hear(
        self,
        export: str,
        token: int,
        value: int,
        maps: dict[MapType, HeaderMap] | None = None,
        buffers: dict[BufferType, bytearray] | None = None,
    ) -> None:
        """Call a callback about a gRPC call or stream, in which a filter can read some maps and buffers."""
        self._maps, self._buffers = maps or {}, buffers or {}
        self.call(ROOT, export, ROOT, token, value)
        self._maps, self._buffers = {}, {}

    def _grpc_answered(self, token: int, response: Response) -> None:
        if token not in self._grpc_calls:
            return
        self._grpc_calls.remove(token)
        status = response.grpc_status
        if status == 0 and response.messages:
            buffers = {BufferType.GRPC_MESSAGE: bytearray(response.messages[0])}
            self.hear("proxy_on_grpc_receive", token, len(response.messages[0]), buffers=buffers)
        else:
            self.call_status = (
                14 if status is None else status,
                dict(response.trailers).get("grpc-message", "").encode(),
            )
            self.hear("proxy_on_grpc_close", token, self.call_status[0])

    def register_queue(self, name: str) -> int:
        """Register a queue; give its number."""
        self._queues.add(name)
        return self.loop.register_queue(name, self)

    def resolve_queue(self, name: str) -> int | None:
        """Find a queue."""
        return self.loop.find_queue(name)

    def enqueue(self, token: int, item: bytes) -> bool:
        """Put something into a queue."""
        return self.loop.enqueue(token, item)

    def dequeue(self, token: int) -> bytes | Status:
        """Take the first out of a queue."""
        return self.loop.dequeue(token)
