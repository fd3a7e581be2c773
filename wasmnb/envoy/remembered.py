"""Requests of the user's that are remembered, because what a filter does may show on one of them alone."""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING

from wasmnb.envoy.exchange import PLAIN, Probe

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from wasmnb.traffic import Request

__all__ = ["Remembered"]

_MOST = 3  # requests of each


class Remembered:
    """The last requests to each pod or service that may be sent again as they were, and those meant for it.

    Several threads send, and look.
    """

    def __init__(self) -> None:
        self._sent: dict[str, deque[Probe]] = {}
        self._meant: dict[str, tuple[Probe, ...]] = {}
        self._lock = threading.Lock()

    def add(self, whose: str, request: Request) -> None:
        """Remember a request, unless it might change something or is the plain one."""
        if request.method != "GET" or request.body:
            return
        probe = Probe(request.method, request.path, tuple(request.headers))
        with self._lock:
            known = self._sent.setdefault(whose, deque(maxlen=_MOST))
            if probe not in known and probe != PLAIN:
                known.append(probe)

    def mean(self, whose: str, probes: Iterable[Probe]) -> None:
        """Take requests that the user wants sent, in place of those before."""
        with self._lock:
            self._meant[whose] = _meant(probes)

    def spare(self) -> None:
        """Forget those meant that may change something: they were allowed for the deployment before."""
        with self._lock:
            self._meant = {whose: _spared(probes) for whose, probes in self._meant.items()}

    def keep(self, whose: Collection[str]) -> None:
        """Forget all but those of these pods."""
        with self._lock:
            self._sent = {name: probes for name, probes in self._sent.items() if name in whose}
            self._meant = {name: probes for name, probes in self._meant.items() if name in whose}

    def of(self, whose: str) -> tuple[Probe, ...]:
        """Give them: those meant, then those sent, oldest first."""
        with self._lock:
            return tuple(dict.fromkeys((*self._meant.get(whose, ()), *self._sent.get(whose, ()))))

    def foreseen(self, whose: str, probes: Iterable[Probe] | None) -> tuple[Probe, ...]:
        """Give what `of` gives after `spare`, and after `mean` where there are some."""
        with self._lock:
            meant = _spared(self._meant.get(whose, ())) if probes is None else _meant(probes)
            return tuple(dict.fromkeys((*meant, *self._sent.get(whose, ()))))


def _meant(probes: Iterable[Probe]) -> tuple[Probe, ...]:
    return tuple(probe for probe in probes if probe != PLAIN)


def _spared(probes: Iterable[Probe]) -> tuple[Probe, ...]:
    return tuple(probe for probe in probes if not probe.changes)
