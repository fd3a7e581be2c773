"""Requests per second and error rates, from counts that only ever grow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wasmnb.live.row import Rate

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from wasmnb.mesh.protocol import Count

__all__ = ["Rates"]

FIRST = "it takes two measurements"
_RESTARTED = "its counters were reset; it appears with the next measurement"


class Rates:
    """Compares each reading of ``Mesh.counts()`` with the one before."""

    def __init__(self) -> None:
        self._last: dict[str, Count] = {}

    def take(self, counts: Iterable[Count]) -> Mapping[str, Rate]:
        """Give a rate for each pod that was counted."""
        known, self._last = self._last, {count.pod: count for count in counts}
        return {pod: _rate(known.get(pod), count) for pod, count in self._last.items()}


def _rate(before: Count | None, now: Count) -> Rate:
    if now.requests is None:
        return Rate(reason=now.reason or "the mesh does not say")
    if before is None or before.requests is None:
        return Rate(reason=FIRST)
    seconds = (now.at - before.at).total_seconds()
    requests = now.requests - before.requests
    if requests < 0 or seconds <= 0:
        return Rate(reason=_RESTARTED)
    if now.errors is None or before.errors is None:
        return Rate(round(requests / seconds, 2), None, now.reason)
    errors = max(now.errors - before.errors, 0)
    return Rate(round(requests / seconds, 2), round(errors / requests, 4) if requests else 0.0)
