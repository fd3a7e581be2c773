"""The gRPC streams that a filter has open: what it sends ends one side, and then the other side answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wasmnb.emulator.codes import BufferType, MapType, Status, grpc_of_http
from wasmnb.emulator.header_map import HeaderMap

if TYPE_CHECKING:
    from wasmnb.emulator.plugin import Plugin
    from wasmnb.emulator.world import Call, Response

__all__ = ["GrpcStreams"]

Lines = tuple[tuple[str, str], ...]
_CONTENT = ("content-type", "application/grpc")


class GrpcStreams:
    """The streams of one plugin, by their numbers.

    Parameters
    ----------
    plugin : Plugin
        Whose callbacks are called.
    """

    def __init__(self, plugin: Plugin) -> None:
        self._plugin = plugin
        self._open: dict[int, Response] = {}
        self._ended: set[int] = set()

    def open(self, call: Call) -> int | None:
        """Open a stream; give its number, None where there is no such service."""
        begun = self._plugin.loop.begin(call)
        if begun is None:
            return None
        token, response = begun
        self._open[token] = response
        return token

    def send(self, token: int, *, last: bool) -> Status:
        """Send a message; with the last the service answers."""
        if token not in self._open:
            return Status.NOT_FOUND
        if last:
            self.close(token)
        return Status.OK

    def close(self, token: int) -> Status:
        """End the filter's side, so that the service answers."""
        response = self._open.get(token)
        if response is None:
            return Status.NOT_FOUND
        if token not in self._ended and not response.never:
            self._ended.add(token)
            self._plugin.loop.later(response.delay, lambda: self._answered(token))
        return Status.OK

    def cancel(self, token: int) -> Status:
        """Give a stream up: nothing is heard of it any more."""
        return Status.NOT_FOUND if self._open.pop(token, None) is None else Status.OK

    def _answered(self, token: int) -> None:
        response = self._open.get(token)
        if response is None:
            return
        status = _status(response)
        text = dict(response.trailers).get("grpc-message", "")
        first, last = (HeaderMap.of(lines) for lines in _metadata(response, status))
        hear = self._plugin.hear
        hear("proxy_on_grpc_receive_initial_metadata", token, len(first), {MapType.GRPC_INITIAL_METADATA: first})
        for message in response.messages:
            if token not in self._open:
                return  # the filter gave it up meanwhile
            buffers = {BufferType.GRPC_MESSAGE: bytearray(message)}
            hear("proxy_on_grpc_receive", token, len(message), buffers=buffers)
        if token in self._open:
            hear("proxy_on_grpc_receive_trailing_metadata", token, len(last), {MapType.GRPC_TRAILING_METADATA: last})
        if self._open.pop(token, None) is not None:
            self._plugin.call_status = (status, text.encode())
            hear("proxy_on_grpc_close", token, status)


def _status(response: Response) -> int:
    if response.grpc_status is not None:
        return response.grpc_status
    return grpc_of_http(int(dict(response.headers)[":status"]))


def _metadata(response: Response, status: int) -> tuple[Lines, Lines]:
    """Give what comes first and last; as Envoy 1.40 does, also of an answer that is not gRPC's."""
    tail = (("grpc-status", str(status)), *response.trailers)
    if response.grpc_status is not None:
        return (*response.headers, _CONTENT), tail
    return (), tail if response.body else response.headers
