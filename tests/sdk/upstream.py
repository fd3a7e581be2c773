"""What stands behind the proxy: an HTTP echo, a TCP echo and a gRPC server, in one thread."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
from collections import defaultdict
from typing import Any

import h2.config
import h2.connection
import h2.events
import h2.exceptions


class Upstream:
    """Three servers on free ports of the loopback; a context manager."""

    http: int
    tcp: int
    grpc: int

    def __enter__(self) -> Upstream:  # noqa: PYI034 - Self came with Python 3.11
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        handlers = (_http, _tcp, _Grpc.serve)
        self.http, self.tcp, self.grpc = (self._run(self._listen(handler)) for handler in handlers)
        return self

    def __exit__(self, *_: object) -> None:
        self._run(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _run(self, coroutine: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(20)

    async def _close(self) -> None:
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _listen(self, handler: Any) -> int:
        async def guarded(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
                await handler(reader, writer)
            writer.close()

        server = await asyncio.start_server(guarded, "127.0.0.1", 0)
        return server.sockets[0].getsockname()[1]


async def _tcp(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()


async def _fields(reader: asyncio.StreamReader) -> list[list[str]]:
    fields = []
    while line := (await reader.readline()).rstrip(b"\r\n"):
        name, _, value = line.decode().partition(":")
        fields.append([name, value.strip()])
    return fields


async def _http(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer each request with itself, as JSON; /slow does not answer, /trailers does so with trailers."""
    while start := await reader.readline():
        method, path, _ = start.decode().split()
        headers = await _fields(reader)
        names = {name.lower(): value for name, value in headers}
        body, trailers = b"", []
        if names.get("transfer-encoding") == "chunked":
            while size := int(await reader.readline(), 16):
                body += await reader.readexactly(size)
                await reader.readline()
            trailers = await _fields(reader)
        elif "content-length" in names:
            body = await reader.readexactly(int(names["content-length"]))
        if path == "/slow":
            await reader.read()
            return
        echo = {"method": method, "path": path, "headers": headers, "body": body.decode(), "trailers": trailers}
        data = json.dumps(echo).encode()
        if path == "/trailers":
            head = "transfer-encoding: chunked\r\ntrailer: x-up\r\n"
            data = b"%x\r\n%s\r\n0\r\nx-up: trailing\r\n\r\n" % (len(data), data)
        else:
            head = f"content-length: {len(data)}\r\n"
        writer.write(f"HTTP/1.1 200 OK\r\nx-upstream: yes\r\n{head}\r\n".encode() + data)
        await writer.drain()


class _Grpc:
    """A gRPC server by hand: message frames of bytes in, the same in upper case out.

    Method ``Fail`` ends with status 7; ``Silent`` never answers; ``Echo`` answers each message as it comes.
    """

    def __init__(self) -> None:
        settings = h2.config.H2Configuration(client_side=False, header_encoding="utf-8")
        self._connection = h2.connection.H2Connection(settings)
        self._paths: dict[int, str] = {}
        self._metadata: dict[int, str] = {}
        self._bytes: dict[int, bytes] = defaultdict(bytes)

    @classmethod
    async def serve(cls, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server = cls()
        server._connection.initiate_connection()
        writer.write(server._connection.data_to_send())
        while data := await reader.read(65536):
            for event in server._connection.receive_data(data):
                # A stream may have been reset meanwhile.
                with contextlib.suppress(h2.exceptions.ProtocolError):
                    server._on(event)
            writer.write(server._connection.data_to_send())
            await writer.drain()

    def _on(self, event: h2.events.Event) -> None:
        if isinstance(event, h2.events.RequestReceived):
            headers = dict(event.headers)
            self._paths[event.stream_id] = headers[":path"]
            self._metadata[event.stream_id] = headers.get("x-initial", "none")
            if not headers[":path"].endswith("/Fail"):
                self._begin(event.stream_id)
        elif isinstance(event, h2.events.DataReceived):
            self._connection.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            self._bytes[event.stream_id] += event.data
            self._answer(event.stream_id)
        elif isinstance(event, h2.events.StreamEnded):
            self._end(event.stream_id)

    def _begin(self, stream: int) -> None:
        headers = [(":status", "200"), ("content-type", "application/grpc")]
        self._connection.send_headers(stream, [*headers, ("x-got-initial", self._metadata[stream])])

    def _answer(self, stream: int) -> None:
        data = self._bytes[stream]
        while len(data) >= 5 and len(data) >= 5 + int.from_bytes(data[1:5], "big"):
            size = int.from_bytes(data[1:5], "big")
            message, data = data[5 : 5 + size].upper(), data[5 + size :]
            if self._paths[stream].endswith("/Echo"):
                self._connection.send_data(stream, b"\0" + len(message).to_bytes(4, "big") + message)
        self._bytes[stream] = data

    def _end(self, stream: int) -> None:
        if self._paths[stream].endswith("/Echo"):
            self._connection.send_headers(stream, [("grpc-status", "0"), ("x-trail", "behind")], end_stream=True)
        elif self._paths[stream].endswith("/Fail"):
            headers = [(":status", "200"), ("content-type", "application/grpc")]
            headers += [("grpc-status", "7"), ("grpc-message", "not you")]
            self._connection.send_headers(stream, headers, end_stream=True)
