"""What a session keeps up to date before the user's eyes."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, cast

from wasmnb import redact
from wasmnb.errors import Interrupted, UsageError
from wasmnb.plugin.identity import plugin_key
from wasmnb.progress import Silent
from wasmnb.session.defaults import choice, number
from wasmnb.session.inspect_mesh import Looking

if TYPE_CHECKING:
    from wasmnb.dashboards.live import LiveView, Source
    from wasmnb.progress import Progress
    from wasmnb.session.results import BuildTime
    from wasmnb.traffic import Capture
    from wasmnb.traffic.measure import Comparison

__all__ = ["Watching"]

_MOST_REQUESTS = 10_000
_SAFE = ("GET", "HEAD", "OPTIONS")


class Watching(Looking):
    """Live views; each ends with the mesh."""

    def dashboard(self, *, rates: bool = True, seconds: float | None = None) -> LiveView:
        """Show the pods of the mesh, live.

        Parameters
        ----------
        rates : bool
            Read how many requests each proxy answers, where the mesh can say.
        seconds : float, optional
            Watch for so long, and end with a record; without it, until nobody looks.

        Raises
        ------
        NoMeshError, ConfigError
        """
        from wasmnb.dashboards.pods import Pods  # noqa: PLC0415
        from wasmnb.live.board import Board  # noqa: PLC0415 - for views only

        with self._guard():
            mesh = self.current
            return self._show(Pods(Board(mesh, mask=self._masked, rates=rates), mesh.name), seconds)

    def watch_headers(
        self, source: str, url: str, *, every: float | None = None, seconds: float | None = None, **request: Any
    ) -> LiveView:
        """Send a request when a plugin changes and every few seconds, and show what differs, live.

        Parameters
        ----------
        source, url, request
            As for `headers`.
        every : float, optional
            Seconds between requests; 2. A request that is not safe (RFC 9110, section 9.2.1), such as ``POST``, is
            repeated only when this is said.
        seconds : float, optional
            Watch for so long, and end with a record; without it, until nobody looks.

        Raises
        ------
        NoMeshError, UsageError, TrafficError, MeshError
        """
        from wasmnb.dashboards.headers import HeadersWatch  # noqa: PLC0415 - for views only

        method = (request.get("method") or ("POST" if request.get("data") else "GET")).upper()
        if every is None and method not in _SAFE:
            raise UsageError(
                f"A {method} would be sent again and again.", hint="say --every SECONDS if that is what you want"
            )
        with self._guard():
            pause = number("every", 2.0 if every is None else every)
            if request.get("all_pods"):
                raise UsageError("The pods are asked one by one, not watched.", hint="leave out --watch or --all-pods")
            # What is wrong with the request is an error of this call, not of a thread.
            self.headers(source, url, **request)
            watch = HeadersWatch(
                lambda: cast("Capture", self.headers(source, url, **request)),
                self.current,
                title=f"{source} → {redact.url(url)}",
                every=pause,
                mask=self._masked,
            )
            return self._show(watch, seconds)

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

    def times(self) -> list[BuildTime]:
        """List how long each build of this session took, oldest first."""
        return list(self._filters.times)

    def _show(self, source: Source, seconds: float | None) -> LiveView:
        from wasmnb.dashboards.live import LiveView  # noqa: PLC0415

        wait = None if seconds is None else number("seconds", seconds)
        view = LiveView(source, closed=self.open_views.ended)
        self.open_views.add(view)
        try:
            return view.watch(wait)
        except KeyboardInterrupt:
            raise Interrupted("Watching was stopped; what is shown is of that moment.") from None
