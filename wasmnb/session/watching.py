"""What a session measures: the latency of requests, and how long its builds took."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING

from wasmnb import redact
from wasmnb.errors import Interrupted, UsageError
from wasmnb.plugin.identity import plugin_key
from wasmnb.progress import Silent
from wasmnb.session.defaults import choice, number
from wasmnb.session.inspect_mesh import Looking
from wasmnb.session.results import BuildTimes

if TYPE_CHECKING:
    from wasmnb.progress import Progress
    from wasmnb.traffic.measure import Comparison

__all__ = ["Watching"]

_MOST_REQUESTS = 10_000


class Watching(Looking):
    """How a session measures."""

    def compare(
        self,
        source: str,
        url: str,
        *,
        requests: int = 200,
        via: str = "proxy",
        timeout: float = 5.0,
        progress: Progress | None = None,
    ) -> Comparison:
        """Measure a request's latency and errors, beside the last measurement while other plugins were in force.

        Parameters
        ----------
        source, url, via, timeout
            As for `headers`.
        requests : int
            How many GETs are sent, one after the other; at most 10,000.

        Raises
        ------
        NoMeshError, UsageError, TrafficError
        Interrupted
        """
        from wasmnb.traffic.measure import Comparison, measure  # noqa: PLC0415

        if not 0 < requests <= _MOST_REQUESTS:
            raise UsageError(f"{requests} requests cannot be sent.", hint=f"give a number from 1 to {_MOST_REQUESTS}")
        with self._guard():
            mesh, seconds = self.current, number("timeout", timeout)
            via = choice("via", via, ("proxy", "app"))
            state = tuple(plugin_key(plugin) for plugin in mesh.plugins())
            try:
                taken = measure(
                    lambda: mesh.send(source, url, via=via, timeout=seconds),
                    requests=requests,
                    what=f"{source} → {redact.url(url)}",
                    plugins=tuple(f"{plugin.id} {plugin.image.digest[:19]}" for plugin in mesh.plugins()),
                    at=datetime.now(timezone.utc),
                    progress=progress or Silent(),
                )
            except KeyboardInterrupt:
                raise Interrupted("Measuring was stopped; what was sent so far has arrived.") from None
            known = self._measured.setdefault((source, url, via), {})
            known.pop(state, None)
            before = next(reversed(known.values()), None)
            known[state] = taken
            return Comparison(taken, before)

    def times(self) -> BuildTimes:
        """List how long each build of this session took, oldest first."""
        return BuildTimes(tuple(self._filters.times))
