"""Waiting for proxies: until what is in force has a verdict that lasts, or until what was taken away has gone."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from wasmnb.plugin.verdict import Cause, PodVerdict, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wasmnb.mesh.istio.objects.objects import Objects, Stored
    from wasmnb.mesh.istio.proxies.verdicts import VerdictReader
    from wasmnb.progress import Progress

__all__ = ["REMOVAL", "Convergence"]

REMOVAL = 10.0
"""Seconds that proxies may take to give up a filter."""

_PATIENCE = 4.0
"""Seconds for which what is loaded is looked for again where an answer that would show it did not come."""
_STEP, _LONGEST_STEP = 0.02, 0.25  # seconds between two looks


class Convergence:
    """Waits for the proxies of one namespace.

    Parameters
    ----------
    reader : VerdictReader
    objects : Objects
    """

    def __init__(self, reader: VerdictReader, objects: Objects) -> None:
        self._reader = reader
        self._objects = objects

    def settled(self, stored: Sequence[Stored], seconds: float, progress: Progress) -> list[PodVerdict]:
        """Look again and again until every verdict will last, pods that have started meanwhile included.

        What is loaded lasts. Where a request that would show it to act was not answered, it is looked for a few times.

        Parameters
        ----------
        stored : sequence of Stored
            The objects of one plugin.
        seconds : float
            Afterwards the verdicts are given as they are.
        progress : Progress
        """
        deadline, pause = time.monotonic() + seconds, _STEP
        # What was seen before is no proof of how it is at the end.
        self._reader.look_anew()
        # Those to which it has come are asked again when it has come to all.
        arrived: set[str] = set()
        loaded: float | None = None
        begun = float("-inf")
        while True:
            items = self._reader.concerned(stored)
            stored = self._with_status(stored)
            waited = [item for item in items if item["metadata"]["uid"] not in arrived]
            found = self._reader.judged(waited, stored, whole=False)
            waiting = {one.pod for one in found if one.verdict is Verdict.WARMING and not _lasts(one)}
            arrived |= {item["metadata"]["uid"] for item in waited if item["metadata"]["name"] not in waiting}
            late = time.monotonic() > deadline
            if late or not waiting:
                if loaded is None:
                    begun = time.monotonic()
                found = self._reader.judged(items, stored)
                arrived.clear()
                late = time.monotonic() > deadline
            live = sum(one.verdict is Verdict.LIVE for one in found)
            progress.update(f"waiting for {stored[0].id}" if stored else "waiting", live, len(found))
            if late or not (waiting or any(not _lasts(one) for one in found)):
                loaded = loaded or time.monotonic()
                if late or time.monotonic() - loaded > _PATIENCE or not self._reader.unsure(items, found, begun):
                    return found
            time.sleep(pause)
            pause = min(pause * 1.3, _LONGEST_STEP)

    def gone(self, stored: Sequence[Stored]) -> list[PodVerdict]:
        """Wait until no listener that serves has the filters any more; one that does not answer is not waited for.

        Returns
        -------
        list of PodVerdict
            GONE for each pod of which it is proven.
        """
        stored = [one for one in stored if one.kind.ours]
        items = every = self._reader.concerned(stored)
        deadline = time.monotonic() + REMOVAL
        gone: dict[str, PodVerdict] = {}
        while True:
            gone |= {one.pod: one for one in self._reader.removed(items, stored, every)}
            items = [item for item in items if _holds(gone.get(item["metadata"]["name"]))]
            if not items or time.monotonic() > deadline:
                return list(gone.values())
            time.sleep(_STEP)

    def _with_status(self, stored: Sequence[Stored]) -> list[Stored]:
        """Read objects again whose status their controller writes."""
        if all(one.kind.ours for one in stored):
            return list(stored)
        names = {(one.kind, one.name) for one in stored}
        return [one for one in self._objects.all(stored[0].id) if (one.kind, one.name) in names]


def _holds(one: PodVerdict | None) -> bool:
    # A worker that is only busy comes back.
    return one is not None and one.cause in (Cause.STILL_IN_FORCE, Cause.WORKER_HUNG)


def _lasts(one: PodVerdict) -> bool:
    if one.verdict is Verdict.WARMING:
        return one.cause is Cause.POD_STUCK
    return one.verdict is not Verdict.OLD
