"""Requests of the user's that are remembered, because what a filter does may show on one of them alone."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from wasmnb.envoy.canary import PLAIN
from wasmnb.envoy.exchange import Probe

if TYPE_CHECKING:
    from wasmnb.traffic import Request

__all__ = ["Remembered"]

_MOST = 3  # requests of each


class Remembered:
    """The last requests to each pod or service; only those that may be sent again as they were."""

    def __init__(self) -> None:
        self._sent: dict[str, deque[Probe]] = {}

    def add(self, whose: str, request: Request) -> None:
        """Remember a request, unless it might change something or is the plain one."""
        if request.method != "GET" or request.body:
            return
        known = self._sent.setdefault(whose, deque(maxlen=_MOST))
        probe = Probe(request.method, request.path, tuple(request.headers))
        if probe not in known and probe != PLAIN:
            known.append(probe)

    def of(self, whose: str) -> tuple[Probe, ...]:
        """Give them, oldest first."""
        return tuple(self._sent.get(whose, ()))
