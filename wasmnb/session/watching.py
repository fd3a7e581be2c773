"""What a session keeps up to date before the user's eyes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wasmnb import redact
from wasmnb.session.defaults import number
from wasmnb.session.state import State

if TYPE_CHECKING:
    from wasmnb.dashboards.live import LiveView

__all__ = ["Watching"]


class Watching(State):
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
        from wasmnb.dashboards.pods import dashboard  # noqa: PLC0415 - for views only

        with self._guard():
            wait = None if seconds is None else number("timeout", seconds)
            view = dashboard(self.current, rates=rates, mask=self._masked, closed=self._ended)
            self._views.append(view)
            return view.watch(wait)

    def _masked(self, text: str) -> str:
        return redact.text(text, self._secrets)

    def _ended(self, view: LiveView) -> None:
        if view in self._views:
            self._views.remove(view)
