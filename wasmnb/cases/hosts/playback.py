"""The services behind and beside the Envoy under test: they note what arrives, and play the answers of a case."""

from __future__ import annotations

import asyncio
import contextlib
from functools import partial
from typing import TYPE_CHECKING

from wasmnb.cases.hosts.http2 import Connection, Message
from wasmnb.cases.model import Answer, Failure, Phase

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from wasmnb.cases.model import Lines, Stream

__all__ = ["SERVICE", "Playback"]

SERVICE = "service"
"""The cluster that requests go on to."""


class Playback:
    """One listener per cluster.

    Attributes
    ----------
    ports : dict of str to int
    arrived : list of Message
        At the service, since the last `script`.
    calls : list of str
        To the others: method, cluster and path.
    call_headers : list of (str, str)
        The header lines of these.
    """

    def __init__(self) -> None:
        self.ports: dict[str, int] = {}
        self.arrived: list[Message] = []
        self.calls: list[str] = []
        self.call_headers: list[tuple[str, str]] = []
        self._servers: list[asyncio.Server] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._stream: Stream | None = None
        self._settle: Callable[[Phase], Awaitable[None]] | None = None
        self._answers: Mapping[str, Sequence[Answer]] = {}
        self._given: dict[str, int] = {}

    async def listen(self, clusters: Sequence[str]) -> None:
        """Open a listener for the service, and for each of these."""
        for name in (SERVICE, *clusters):
            server = await asyncio.start_server(partial(self._serve, name), "127.0.0.1", 0)
            self._servers.append(server)
            self.ports[name] = server.sockets[0].getsockname()[1]

    def answers(self, callouts: Mapping[str, Sequence[Answer]]) -> None:
        """Take up the answers of the next case, from the first."""
        self._answers, self._given = callouts, {}
        self.calls, self.call_headers = [], []

    def script(self, stream: Stream, settle: Callable[[Phase], Awaitable[None]]) -> None:
        """Take up the response to the next request.

        Parameters
        ----------
        stream : Stream
        settle : callable
            Waits until the filter has had the piece of a body that was just sent.
        """
        self._stream, self._settle = stream, settle
        self.arrived = []

    async def close(self) -> None:
        """Close every listener and connection."""
        for server in self._servers:
            server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, cluster: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        def began(message: Message) -> None:
            work = (
                self._respond(connection, message) if cluster == SERVICE else self._call(cluster, connection, message)
            )
            self._keep(asyncio.ensure_future(work))

        connection = Connection(reader, writer, client=False, began=began)
        task = asyncio.ensure_future(connection.serve())
        self._keep(task)
        with contextlib.suppress(asyncio.CancelledError):
            await task

    def _keep(self, task: asyncio.Task[None]) -> None:
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _respond(self, connection: Connection, message: Message) -> None:
        stream, settle = self._stream, self._settle
        self.arrived.append(message)
        await message.ended.wait()
        if message.reset or stream is None or settle is None:
            return
        await _play(connection, message.stream, stream, settle)

    async def _call(self, cluster: str, connection: Connection, message: Message) -> None:
        names = dict(message.headers)
        self.calls.append(f"{names.get(':method', '')} {cluster}{names.get(':path', '')}")
        self.call_headers += message.headers
        await message.ended.wait()
        turns = self._answers.get(cluster, (Answer(),))
        number = self._given.get(cluster, 0)
        self._given[cluster] = number + 1
        answer = turns[min(number, len(turns) - 1)]
        if message.reset or answer.failure is Failure.TIMEOUT:
            return
        await asyncio.sleep(answer.delay)
        with contextlib.suppress(Exception):
            # The filter may have given up meanwhile, and the stream is gone then.
            _answer(connection, message.stream, answer)


async def _play(
    connection: Connection, number: int, stream: Stream, settle: Callable[[Phase], Awaitable[None]]
) -> None:
    headers = stream.headers(Phase.RESPONSE_HEADERS)
    if not any(name == ":status" for name, _ in headers):
        headers = ((":status", "200"), *headers)
    pieces, trailers = stream.chunks(Phase.RESPONSE_BODY), stream.headers(Phase.RESPONSE_TRAILERS)
    with contextlib.suppress(Exception):
        # As above: a filter that answers by itself takes the stream away.
        connection.headers(number, headers, last=not pieces and not trailers)
        await settle(Phase.RESPONSE_HEADERS)
        for index, piece in enumerate(pieces):
            connection.data(number, piece, last=index == len(pieces) - 1 and not trailers)
            await settle(Phase.RESPONSE_BODY)
        if trailers:
            connection.headers(number, trailers, last=True)


def _answer(connection: Connection, number: int, answer: Answer) -> None:
    if answer.failure is not None:
        connection.reset(number, refused=answer.failure is Failure.REFUSED)
        return
    headers: Lines = ((":status", str(answer.status)), *answer.headers)
    if answer.grpc_status is not None:
        _answer_grpc(connection, number, answer, headers)
        return
    connection.headers(number, headers, last=not answer.body and not answer.trailers)
    if answer.body:
        connection.data(number, answer.body, last=not answer.trailers)
    if answer.trailers:
        connection.headers(number, answer.trailers, last=True)


def _answer_grpc(connection: Connection, number: int, answer: Answer, headers: Lines) -> None:
    """Answer as a gRPC server does: each message behind its length, and the status in the trailers."""
    connection.headers(number, (*headers, ("content-type", "application/grpc")), last=False)
    for message in answer.messages:
        connection.data(number, b"\0" + len(message).to_bytes(4, "big") + message, last=False)
    connection.headers(number, (("grpc-status", str(answer.grpc_status)), *answer.trailers), last=True)
