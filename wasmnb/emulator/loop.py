"""What happens later: answers of other services, in the order of their delays, and what is put into queues."""

from __future__ import annotations

import heapq
from itertools import count
from typing import TYPE_CHECKING

from wasmnb.emulator.codes import Status
from wasmnb.emulator.world import Response

if TYPE_CHECKING:
    from collections.abc import Callable

    from wasmnb.emulator.plugin import Plugin
    from wasmnb.emulator.world import Call, World

__all__ = ["Loop"]

_MOST = 10_000  # events of one exchange: a filter that calls in answer to each answer never ends
_SECOND = 1_000_000_000
# Envoy 1.40's own answer for a service that does not.
_LATE = Response(
    ((":status", "504"), ("content-length", "24"), ("content-type", "text/plain")), b"upstream request timeout"
)


class Loop:
    """What is due.

    Parameters
    ----------
    world : World
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self._due: list[tuple[int, int, Callable[[], None]]] = []
        self._numbers = count()
        self._tokens = count(1)
        self._queues: dict[str, Plugin | None] = dict.fromkeys(world.queues)

    def run(self, until: Callable[[], bool] = lambda: False) -> None:
        """Let everything happen that is due, and move the clock to it; nothing more when something is so."""
        done = 0
        while self._due and done < _MOST and not until():
            when, _, action = heapq.heappop(self._due)
            self.world.now = max(self.world.now, when)
            action()
            done += 1

    def run_now(self) -> None:
        """Let everything happen that needs no time."""
        while self._due and self._due[0][0] <= self.world.now:
            heapq.heappop(self._due)[2]()

    def later(self, seconds: float, action: Callable[[], None]) -> None:
        """Have something happen after some time."""
        heapq.heappush(self._due, (self.world.now + round(seconds * _SECOND), next(self._numbers), action))

    def call(self, call: Call, timeout: int, answered: Callable[[int, Response], None]) -> int | None:
        """Call a service; give the call's number, None where there is no such service."""
        begun = self.begin(call)
        if begun is None:
            return None
        token, response = begun
        patience = timeout / 1000
        if response.never or response.delay > patience:
            response = Response(_LATE.headers, _LATE.body, delay=patience)
        given = response
        self.later(given.delay, lambda: answered(token, given))
        return token

    def begin(self, call: Call) -> tuple[int, Response] | None:
        """Note a call; give its number and what the service answers, None where there is no such service."""
        response = self.world.answer(call)
        if response is None:
            return None
        self.world.calls.append(call)
        return next(self._tokens), response

    def register_queue(self, name: str, plugin: Plugin) -> int:
        """Register a queue; give its number."""
        self._queues.setdefault(name, None)
        if self._queues[name] is None:
            self._queues[name] = plugin
            for _ in self.world.queues.setdefault(name, []):
                self._ready(name)
        return self._number(name)

    def find_queue(self, name: str) -> int | None:
        """Find a queue's number."""
        return self._number(name) if name in self._queues else None

    def enqueue(self, token: int, item: bytes) -> bool:
        """Put something into a queue, and tell whoever registered it; False where there is no such queue."""
        name = self._name(token)
        if name is None:
            return False
        self.world.queues.setdefault(name, []).append(item)
        self._ready(name)
        return True

    def dequeue(self, token: int) -> bytes | Status:
        """Take the first out of a queue."""
        name = self._name(token)
        if name is None:
            return Status.NOT_FOUND
        items = self.world.queues.setdefault(name, [])
        return items.pop(0) if items else Status.EMPTY

    def _ready(self, name: str) -> None:
        plugin = self._queues[name]
        if plugin is not None:
            number = self._number(name)
            self.later(0, lambda: _ready(plugin, number))

    def _number(self, name: str) -> int:
        return list(self._queues).index(name) + 1

    def _name(self, token: int) -> str | None:
        names = list(self._queues)
        return names[token - 1] if 0 < token <= len(names) else None


def _ready(plugin: Plugin, number: int) -> None:
    plugin.call(1, "proxy_on_queue_ready", 1, number)
