"""HTTP/2 on one connection, for both ends of a test: headers, pieces of a body and trailers as they come and go."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.exceptions
import h2.settings

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from wasmnb.cases.model import Lines

__all__ = ["Connection", "Message"]

_WINDOW = 1 << 24


@dataclass
class Message:
    """A request or a response as it comes in.

    Parameters
    ----------
    stream : int
    headers, trailers : tuple of (str, str)
    pieces : list of bytes
        The body's, as the frames had them.
    ended : asyncio.Event
        Nothing more comes.
    reset : str
        Why the other end gave it up; empty when it did not.
    """

    stream: int
    headers: Lines = ()
    pieces: list[bytes] = field(default_factory=list)
    trailers: Lines = ()
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    reset: str = ""

    @property
    def body(self) -> bytes:
        """The whole body."""
        return b"".join(self.pieces)


class Connection:
    """One end of an HTTP/2 connection.

    Parameters
    ----------
    reader, writer : asyncio.StreamReader, asyncio.StreamWriter
    client : bool
    began : callable, optional
        Is given each message whose headers have come.
    """

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        client: bool,
        began: Callable[[Message], None] | None = None,
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._began = began
        self._messages: dict[int, Message] = {}
        # What a filter did is to be seen as it is, also where it is no good HTTP.
        config = h2.config.H2Configuration(
            client_side=client,
            header_encoding=None,
            validate_inbound_headers=False,
            normalize_inbound_headers=False,
            validate_outbound_headers=False,
        )
        self._h2 = h2.connection.H2Connection(config)
        self._h2.local_settings = h2.settings.Settings(
            client=client,
            initial_values={
                h2.settings.SettingCodes.INITIAL_WINDOW_SIZE: _WINDOW,
                h2.settings.SettingCodes.ENABLE_PUSH: 0,
            },
        )
        self._h2.initiate_connection()
        self._h2.increment_flow_control_window(_WINDOW)
        self._flush()

    def expect(self, stream: int) -> Message:
        """Give the message that will come on a stream."""
        return self._messages.setdefault(stream, Message(stream))

    def next_stream(self) -> int:
        """Give a free stream."""
        return int(self._h2.get_next_available_stream_id())

    def headers(self, stream: int, lines: Lines, *, last: bool) -> None:
        """Send headers, or trailers."""
        encoded = [(name.lower().encode(), value.encode("utf-8", "surrogateescape")) for name, value in lines]
        self._h2.send_headers(stream, encoded, end_stream=last)
        self._flush()

    def data(self, stream: int, piece: bytes, *, last: bool) -> None:
        """Send a piece of a body; in one frame, unless it is longer than a frame may be."""
        longest = self._h2.max_outbound_frame_size
        parts = [piece[start : start + longest] for start in range(0, len(piece), longest)] or [b""]
        for part in parts[:-1]:
            self._h2.send_data(stream, part)
        self._h2.send_data(stream, parts[-1], end_stream=last)
        self._flush()

    def reset(self, stream: int, *, refused: bool) -> None:
        """Give a stream up."""
        code = h2.errors.ErrorCodes.REFUSED_STREAM if refused else h2.errors.ErrorCodes.INTERNAL_ERROR
        self._h2.reset_stream(stream, code)
        self._flush()

    async def serve(self) -> None:
        """Take what comes until the connection ends."""
        try:
            while data := await self._reader.read(1 << 16):
                for event in self._h2.receive_data(data):
                    self._take(event)
                self._flush()
        except (ConnectionError, h2.exceptions.ProtocolError):
            pass
        finally:
            for message in self._messages.values():
                if not message.ended.is_set():
                    message.reset = "the connection was closed"
                    message.ended.set()
            self._writer.close()

    def close(self) -> None:
        """Close the connection."""
        self._writer.close()

    def _take(self, event: h2.events.Event) -> None:
        if isinstance(event, h2.events.RequestReceived | h2.events.ResponseReceived):
            message = self.expect(event.stream_id)
            message.headers = _lines(event.headers)
            if self._began is not None:
                self._began(message)
        elif isinstance(event, h2.events.DataReceived):
            if event.data:
                self.expect(event.stream_id).pieces.append(event.data)
            self._h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        elif isinstance(event, h2.events.TrailersReceived):
            self.expect(event.stream_id).trailers = _lines(event.headers)
        elif isinstance(event, h2.events.StreamEnded):
            self.expect(event.stream_id).ended.set()
        elif isinstance(event, h2.events.StreamReset):
            message = self.expect(event.stream_id)
            message.reset = f"the stream was reset ({event.error_code!r})"
            message.ended.set()

    def _flush(self) -> None:
        data = self._h2.data_to_send()
        if data and not self._writer.is_closing():
            self._writer.write(data)


def _lines(headers: Sequence[tuple[bytes, bytes]]) -> Lines:
    return tuple(
        (name.decode("utf-8", "surrogateescape"), value.decode("utf-8", "surrogateescape")) for name, value in headers
    )
