"""The requests of a case through an Envoy, piece by piece: the next goes when the filter has had the one before."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from contextlib import suppress
from typing import TYPE_CHECKING

from wasmnb.cases.hosts.http2 import Connection, Message
from wasmnb.cases.hosts.trace_log import callbacks_in
from wasmnb.cases.http_text import AUTHORITY
from wasmnb.cases.model import Phase
from wasmnb.cases.observation import Exchange, Part
from wasmnb.envoy.traps import told
from wasmnb.errors import MeshError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from wasmnb.cases.hosts.playback import Playback
    from wasmnb.cases.model import Case, Lines, Stream
    from wasmnb.cases.observation import Callback
    from wasmnb.envoy.patience import Patience
    from wasmnb.envoy.proxy import Proxy
    from wasmnb.module import Module

__all__ = ["HUNG", "PATIENCE", "Run", "timed"]

PATIENCE = 10.0
"""Seconds that an exchange may take."""

HUNG = f"the filter does not return within {PATIENCE:.0f} s"

_STEP = 0.002
_STARTS = ("proxy_on_configure", "proxy_on_vm_start", "proxy_on_context_create")
_SETTLED = 0.25  # seconds after which a callback that does not come is not waited for
# What Envoy adds where nobody said it, and what came without it is shown without.
_OWN_REQUEST = {"x-forwarded-proto"}
_OWN_RESPONSE = {"date"}


class Run:
    """One case under way in an Envoy whose chain has its filters.

    Parameters
    ----------
    proxy : Proxy
    case : Case
    modules : sequence of Module
    begin : int
        Where in the Envoy's log the case begins.
    patience : callable
        Gives how long the Envoy is waited for, of seconds.
    """

    def __init__(
        self, proxy: Proxy, case: Case, modules: Sequence[Module], begin: int, patience: Callable[[float], Patience]
    ) -> None:
        self._proxy = proxy
        self._case = case
        self._modules = modules
        self._begin = begin
        self._patience = patience
        self._exports = [{one.name for one in module.facts.exports} for module in modules]
        self._count: Counter[str] = Counter()
        self._known: tuple[int, tuple[Callback, ...]] = (-1, ())

    def callbacks(self) -> tuple[Callback, ...]:
        """Give all callbacks until now."""
        size = self._proxy.log.size()
        if size == self._known[0]:
            return self._known[1]
        lines = self._proxy.log.since(self._begin)
        tell = (lambda trap: told(self._modules[0], trap)) if len(self._modules) == 1 else None
        self._known = (size, tuple(callbacks_in(lines, level=self._case.log_level, told=tell)))
        return self._known[1]

    async def exchanges(self, playback: Playback) -> tuple[Exchange, ...]:
        """Send the case's requests, one after the other; the last one may be one that did not come back."""
        found: list[Exchange] = []
        reader, writer = await asyncio.open_unix_connection(str(self._proxy.folder / "inbound.sock"))
        connection = Connection(reader, writer, client=True)
        serving = asyncio.ensure_future(connection.serve())
        try:
            done = len(self.callbacks())
            for stream in self._case.streams:
                await self._ticked(stream.ticks)
                found.append(await self._exchange(connection, playback, stream, done))
                done += len(found[-1].callbacks)
                if found[-1].failure == HUNG:
                    break
        finally:
            connection.close()
            await serving
        return tuple(found)

    async def started(self) -> tuple[Callback, ...]:
        """Wait until the worker has started the plugins, and give the callbacks of that."""
        exports = self._exports
        lasts = Counter(next(name for name in _STARTS if name in own) for own in exports if own & set(_STARTS))
        # It has started on the main thread already, so that it does come.
        patience = self._patience(PATIENCE)
        while patience.left() > 0:
            found = self.callbacks()
            done = Counter(one.name for one in found if one.returned)
            if all(done[name] >= count for name, count in lasts.items()) or any(one.trap for one in found):
                break
            await asyncio.sleep(_STEP)
        return self.callbacks()

    async def _ticked(self, count: int) -> None:
        """Wait until the timer has gone off so often."""
        wanted = self._ticks() + count
        patience = self._patience(PATIENCE)
        while count and patience.left() > 0:
            if self._ticks() >= wanted:
                return
            await asyncio.sleep(_STEP)

    def _ticks(self) -> int:
        return sum(one.name == "proxy_on_tick" for one in self.callbacks())

    async def _exchange(self, connection: Connection, playback: Playback, stream: Stream, done: int) -> Exchange:
        if not stream.phases:
            return Exchange()
        playback.script(stream, self._settle)
        message = await self._send(connection, stream)
        patience = self._patience(PATIENCE)
        while not message.ended.is_set():
            left = patience.left()
            if left <= 0:
                return Exchange({}, {}, self.callbacks()[done:], HUNG)
            with suppress(asyncio.TimeoutError):
                await asyncio.wait_for(message.ended.wait(), left)
        await self._ended(done)
        request = _seen_request(stream, playback.arrived)
        return Exchange(request, _seen_response(stream, message), self.callbacks()[done:], message.reset)

    async def _send(self, connection: Connection, stream: Stream) -> Message:
        headers = _complete(stream.headers(Phase.REQUEST_HEADERS))
        pieces, trailers = stream.chunks(Phase.REQUEST_BODY), stream.headers(Phase.REQUEST_TRAILERS)
        number = connection.next_stream()
        message = connection.expect(number)
        self._count = Counter(one.name for one in self.callbacks())
        connection.headers(number, headers, last=not pieces and not trailers)
        if pieces or trailers:
            await self._settle(Phase.REQUEST_HEADERS)
        for index, piece in enumerate(pieces):
            if message.ended.is_set():
                return message
            last = index == len(pieces) - 1
            connection.data(number, piece, last=last and not trailers)
            if not last or trailers:
                await self._settle(Phase.REQUEST_BODY)
        if trailers and not message.ended.is_set():
            connection.headers(number, trailers, last=True)
        return message

    async def _settle(self, phase: Phase) -> None:
        """Wait until the callback of a phase has come back once more, or the stream stands still."""
        name = f"proxy_on_{phase.value}"
        known = self._count[name]
        patience = self._patience(_SETTLED)
        while any(name in own for own in self._exports) and patience.left() > 0:
            found = self.callbacks()
            if sum(one.name == name and bool(one.returned) for one in found) > known:
                break
            headers = [one for one in found if one.name == name.replace("_body", "_headers")]
            if headers and headers[-1].returned not in ("0", ""):
                break
            await asyncio.sleep(_STEP)
        self._count = Counter(one.name for one in self.callbacks())

    async def _ended(self, done: int) -> None:
        """Wait for what a stream's end calls, where the filter has it."""
        exports = set().union(*self._exports)
        last = next((name for name in ("proxy_on_delete", "proxy_on_log", "proxy_on_done") if name in exports), None)
        patience = self._patience(_SETTLED)
        while last is not None and patience.left() > 0:
            found = self.callbacks()[done:]
            made = sum(one.name == "proxy_on_context_create" for one in found)
            if sum(one.name == last for one in found) >= made or any(one.trap for one in found):
                return
            await asyncio.sleep(_STEP)


async def timed(path: str, playback: Playback, stream: Stream, count: int) -> list[float]:
    """Send a request so often over one connection, and give how long each took.

    Raises
    ------
    MeshError
        One is not answered.
    """
    reader, writer = await asyncio.open_unix_connection(path)
    connection = Connection(reader, writer, client=True)
    serving = asyncio.ensure_future(connection.serve())
    found = []
    try:
        for _ in range(count):
            playback.script(stream, _at_once)
            begin = time.perf_counter()
            message = _sent(connection, stream)
            try:
                await asyncio.wait_for(message.ended.wait(), PATIENCE)
            except asyncio.TimeoutError:
                raise MeshError("A request through the filter got no answer.", why=[HUNG]) from None
            found.append(time.perf_counter() - begin)
    finally:
        connection.close()
        await serving
    return found


async def _at_once(_: Phase) -> None:
    """Wait for nothing."""


def _sent(connection: Connection, stream: Stream) -> Message:
    pieces, trailers = stream.chunks(Phase.REQUEST_BODY), stream.headers(Phase.REQUEST_TRAILERS)
    number = connection.next_stream()
    message = connection.expect(number)
    connection.headers(number, _complete(stream.headers(Phase.REQUEST_HEADERS)), last=not pieces and not trailers)
    for index, piece in enumerate(pieces):
        connection.data(number, piece, last=index == len(pieces) - 1 and not trailers)
    if trailers:
        connection.headers(number, trailers, last=True)
    return message


def _complete(headers: Lines) -> Lines:
    names = {name.lower() for name, _ in headers}
    pseudo = ((":method", "GET"), (":path", "/"), (":scheme", "http"), (":authority", AUTHORITY))
    own = [line for line in headers if line[0].startswith(":")]
    # HTTP/2 wants pseudo headers first (RFC 9113, 8.3).
    return (
        *own,
        *(line for line in pseudo if line[0] not in names),
        *(line for line in headers if not line[0].startswith(":")),
    )


def _seen_request(stream: Stream, arrived: Sequence[Message]) -> dict[Phase, Part]:
    if not arrived:
        return {}
    message = arrived[-1]
    given = {name.lower() for name, _ in stream.headers(Phase.REQUEST_HEADERS)}
    lines = tuple(line for line in message.headers if line[0] not in _OWN_REQUEST - given)
    return {
        Phase.REQUEST_HEADERS: Part(lines),
        Phase.REQUEST_BODY: Part((), message.body),
        Phase.REQUEST_TRAILERS: Part(message.trailers),
    }


def _seen_response(stream: Stream, message: Message) -> dict[Phase, Part]:
    if not message.headers:
        return {}
    given = {name.lower() for name, _ in stream.headers(Phase.RESPONSE_HEADERS)}
    lines = tuple(line for line in message.headers if line[0] not in _OWN_RESPONSE - given)
    return {
        Phase.RESPONSE_HEADERS: Part(lines),
        Phase.RESPONSE_BODY: Part((), message.body),
        Phase.RESPONSE_TRAILERS: Part(message.trailers),
    }
