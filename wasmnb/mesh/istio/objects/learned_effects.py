"""Learning what plugins do that others put in force: from their images, on the embedded Envoy."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from wasmnb.errors import WasmnbError
from wasmnb.plugin.identity import build_key

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from wasmnb.envoy.effect import Trial
    from wasmnb.envoy.exchange import Probe
    from wasmnb.envoy.preflight import Preflight
    from wasmnb.mesh.istio.objects.objects import Stored
    from wasmnb.mesh.istio.objects.objects_writer import ObjectsWriter
    from wasmnb.mesh.istio.proxies.known_effects import KnownEffects
    from wasmnb.plugin import Plugin

__all__ = ["LearnedEffects"]

_AGAIN = 60.0  # seconds until an image that could not be had, or not be tried, is tried once more


class LearnedEffects:
    """Tries such plugins, and what was in force before them.

    Parameters
    ----------
    preflight : callable
        Gives the embedded Envoy; None where there is none.
    writer : ObjectsWriter
    known : KnownEffects
        Is told what was learned.
    """

    def __init__(self, preflight: Callable[[], Preflight | None], writer: ObjectsWriter, known: KnownEffects) -> None:
        self._preflight = preflight
        self._writer = writer
        self._known = known
        self._tried: dict[str, tuple[object, float]] = {}
        self._lock = threading.Lock()

    def learn(self, stored: Stored, since: float) -> bool:
        """Learn what an object's plugin does, and what the build before it did; say whether that was not known then.

        Parameters
        ----------
        stored : Stored
        since : float
            Moment (`time.monotonic`). Another thread may have learned it meanwhile.
        """
        preflight, plugin = self._preflight(), self._writer.plugin(stored)
        if preflight is None or plugin is None:
            return False
        key = build_key(plugin)
        with self._lock:
            known, at = self._tried.get(plugin.id, (None, 0.0))
            if known == key and self._known.learned(plugin.id, key):
                return at > since
            if known == key and time.monotonic() - at < _AGAIN:
                return False
            # What was tried of this image before may have had another configuration.
            tried = self._known.builds(plugin.id).get(plugin.image.digest)
            probes = [one.probe for one in tried.effects] if tried is not None else []
            trial = _trial(preflight, plugin, probes)
            former = self._former(stored, plugin)
            before = _trial(preflight, former, probes) if former is not None and trial is not None else None
            self._tried[plugin.id] = (key, time.monotonic())
            if trial is None or (former is not None and before is None):
                return False
            self._known.learn(plugin.id, plugin.image.digest, key, trial, before)
            return True

    def _former(self, stored: Stored, plugin: Plugin) -> Plugin | None:
        history = self._writer.history(plugin.id, [stored]) if stored.record.get("history") else []
        return next((one for one in history if build_key(one) != build_key(plugin)), None)


def _trial(preflight: Preflight, plugin: Plugin, probes: Sequence[Probe] = ()) -> Trial | None:
    try:
        return preflight.examine(plugin, probes, allow_trap=True)
    except WasmnbError:
        return None
