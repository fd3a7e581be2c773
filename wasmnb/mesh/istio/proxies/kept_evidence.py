"""What was seen of many proxies, used again for a while: a look asks a share of them, and so all within a minute.

Of a few proxies every one is asked at each look. Of many, those are that have changed, that were not well, or that were
asked longest ago; what is used again says its age.
"""

from __future__ import annotations

import math
import threading
import time
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from wasmnb.mesh.istio.proxies.pods import name_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Hashable, Mapping, Sequence

    from wasmnb.mesh.istio.proxies.evidence import Evidence
    from wasmnb.mesh.istio.proxies.istiod import Ack
    from wasmnb.plugin.verdict import PodVerdict

__all__ = ["EACH", "SHARE", "KeptEvidence", "aged"]

EACH = 100
"""So many proxies are all asked at each look."""
SHARE = 50
"""Of more, so many are asked at each look, at least: what a look sends is to stay small, too."""
OLDEST = 60.0
"""Seconds for which what was seen may be used again."""
_ACKS = 10.0
"""Seconds for which acknowledgements may be, of which istiod gives those of the whole mesh at once."""


@dataclass(frozen=True)
class _Seen:
    evidence: Evidence
    at: float


class KeptEvidence:
    """What was seen of proxies whose plugins were well.

    Parameters
    ----------
    clock : callable
        Gives seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        # By the pod in its state, and the objects that were looked at.
        self._seen: dict[tuple[str, Hashable], _Seen] = {}
        self._lock = threading.Lock()
        self._looked = clock()
        self._since = float("-inf")
        self._acks: tuple[Mapping[str, Ack], str] | None = None
        self._acks_at = float("-inf")
        self._acks_of: Hashable = None
        self._acks_of_since = float("-inf")

    def acks(
        self, ask: Callable[[], tuple[Mapping[str, Ack], str]], items: Sequence[Mapping[str, Any]], of: Hashable
    ) -> tuple[Mapping[str, Ack], str]:
        """Give what proxies acknowledged: asked anew, unless it is recent and there are many to look at.

        What was acknowledged before a pod or an object changed, or while istiod may not have sent the change yet, says
        nothing of what came with it.

        Parameters
        ----------
        ask : callable
        items : sequence of mapping
            The pods to look at.
        of : hashable
            The state of the objects that are looked at.
        """
        if len(items) <= EACH:
            return ask()
        state = (of, frozenset(map(_key, items)))
        if state != self._acks_of:
            self._acks, self._acks_of, self._acks_of_since = None, state, self._clock()
        known, begun = self._acks, self._clock()
        if known is None or begun - self._acks_at > _ACKS:
            known = ask()
            settled = not known[1] and all(one.settled or not one.sent for one in known[0].values())
            lasts = settled and begun - self._acks_of_since > _ACKS
            self._acks, self._acks_at = known if lasts else None, begun
        return known

    def forget(self) -> None:
        """Have the next look ask every proxy, whatever was seen until now."""
        with self._lock:
            self._since, self._seen, self._acks = self._clock(), {}, None

    def usable(
        self, items: Sequence[Mapping[str, Any]], of: Hashable, acks: Callable[[str], Ack | None]
    ) -> dict[str, Evidence]:
        """Give what may be used again, by pod; the proxies of the others are to be asked.

        Parameters
        ----------
        items : sequence of mapping
            The pods to look at.
        of : hashable
            The state of the objects that are looked at: what was seen of others is not used.
        acks : callable
            Gives what a pod's proxy acknowledged.
        """
        now = self._clock()
        elapsed = now - self._looked
        if len(items) <= EACH:
            return {}
        known = {}
        for item in items:
            seen = self._seen.get((_key(item), of))
            if seen is None or seen.at < self._since or seen.evidence.ack != acks(name_of(item)):
                continue
            if now - seen.at < OLDEST:
                same = seen.evidence.item is item
                evidence = seen.evidence if same else replace(seen.evidence, item=item)
                known[name_of(item)] = (seen.at, evidence)
        share = max(SHARE, math.ceil(len(items) * elapsed / OLDEST)) - (len(items) - len(known))
        oldest = sorted(known, key=lambda name: known[name][0])[: max(0, share)]
        return {name: evidence for name, (_, evidence) in known.items() if name not in oldest}

    def keep(self, asked: Collection[Evidence], of: Hashable, well: Collection[str]) -> None:
        """Keep what was seen just now of the pods that are well; forget those that are not, and what is too old."""
        now, moment = self._clock(), datetime.now(timezone.utc)
        self._looked = now
        # As old as it is: of many, some were asked long before the last.
        fresh = {
            (_key(one.item), of): _Seen(one, now - max(0.0, (moment - one.at).total_seconds()))
            if one.name in well
            else None
            for one in asked
        }
        with self._lock:
            kept = {key: seen for key, seen in self._seen.items() if key not in fresh and now - seen.at < OLDEST}
            self._seen = kept | {key: seen for key, seen in fresh.items() if seen is not None}


def aged(verdict: PodVerdict, begun: datetime, *, exact: bool = True) -> PodVerdict:
    """Give a verdict that stands on what was seen before a look began with its age.

    Parameters
    ----------
    verdict : PodVerdict
    begun : datetime
    exact : bool
        In seconds; else in words that are the same at each look, so that a stream has nothing new to tell.
    """
    if verdict.at >= begun:
        return verdict
    age = (datetime.now(timezone.utc) - verdict.at).total_seconds()
    return verdict.noted(f"seen {age:.0f} s ago" if exact else "seen within the last minute")


def _key(item: Mapping[str, Any]) -> str:
    """Name a pod in the state that it is in."""
    metadata = item["metadata"]
    return f"{metadata['uid']} {metadata.get('resourceVersion', '')}"
