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

        Parameters
        ----------
        stored : sequence of Stored
            The objects of one plugin.
        seconds : float
            Afterwards the verdicts are given as they are.
        progress : Progress
        """
        deadline, pause = time.monotonic() + seconds, _STEP
        while True:
            items = self._reader.concerned(stored)
            stored = self._with_status(stored)
            found = self._reader.judged(items, stored, whole=False)
            if all(one.verdict is not Verdict.WARMING for one in found) or time.monotonic() > deadline:
                found = self._reader.judged(items, stored)
            live = sum(one.verdict is Verdict.LIVE for one in found)
            progress.update(f"waiting for {stored[0].id}" if stored else "waiting", live, len(found))
            if all(_lasts(one) for one in found) or time.monotonic() > deadline:
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
        items = self._reader.concerned(stored)
        deadline = time.monotonic() + REMOVAL
        while True:
            found = self._reader.removed(items, stored)
            if all(one.cause is not Cause.STILL_IN_FORCE for one in found) or time.monotonic() > deadline:
                return found
            time.sleep(_STEP)

    def _with_status(self, stored: Sequence[Stored]) -> list[Stored]:
        """Read objects again whose status their controller writes."""
        if all(one.kind.ours for one in stored):
            return list(stored)
        names = {(one.kind, one.name) for one in stored}
        return [one for one in self._objects.all(stored[0].id) if (one.kind, one.name) in names]


def _lasts(one: PodVerdict) -> bool:
    if one.verdict is Verdict.WARMING:
        return one.cause is Cause.POD_STUCK
    return one.verdict is not Verdict.OLD
