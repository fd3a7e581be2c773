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

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Hashable, Mapping, Sequence

    from wasmnb.mesh.istio.proxies.evidence import Evidence
    from wasmnb.mesh.istio.proxies.istiod import Ack
    from wasmnb.plugin.verdict import PodVerdict

__all__ = ["EACH", "KeptEvidence", "aged"]

EACH = 100
"""So many proxies are asked at each look, at least."""
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
        self._acks: tuple[Mapping[str, Ack], str] | None = None
        self._acks_at = float("-inf")

    def acks(self, ask: Callable[[], tuple[Mapping[str, Ack], str]], count: int) -> tuple[Mapping[str, Ack], str]:
        """Give what proxies acknowledged: asked anew, unless it is recent and there are many to look at."""
        known = self._acks
        if known is None or count <= EACH or self._clock() - self._acks_at > _ACKS:
            known, self._acks_at = ask(), self._clock()
            settled = not known[1] and all(one.settled or not one.sent for one in known[0].values())
            self._acks = known if settled else None
        return known

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
            if seen is None or seen.evidence.ack != acks(str(item["metadata"]["name"])):
                continue
            if now - seen.at < OLDEST:
                known[str(item["metadata"]["name"])] = (seen.at, replace(seen.evidence, item=item))
        share = max(EACH, math.ceil(len(items) * elapsed / OLDEST)) - (len(items) - len(known))
        oldest = sorted(known, key=lambda name: known[name][0])[: max(0, share)]
        return {name: evidence for name, (_, evidence) in known.items() if name not in oldest}

    def keep(self, asked: Collection[Evidence], of: Hashable, well: Collection[str]) -> None:
        """Keep what was seen just now of the pods that are well; forget those that are not, and what is too old."""
        now = self._looked = self._clock()
        fresh = {(_key(one.item), of): _Seen(one, now) if one.name in well else None for one in asked}
        with self._lock:
            kept = {key: seen for key, seen in self._seen.items() if key not in fresh and now - seen.at < OLDEST}
            self._seen = kept | {key: seen for key, seen in fresh.items() if seen is not None}


def aged(verdict: PodVerdict) -> PodVerdict:
    """Give a verdict that stands on what was seen before with its age."""
    age = (datetime.now(timezone.utc) - verdict.at).total_seconds()
    return verdict.noted(f"seen {age:.0f} s ago")


def _key(item: Mapping[str, Any]) -> str:
    """Name a pod in the state that it is in."""
    metadata = item["metadata"]
    return f"{metadata['uid']} {metadata.get('resourceVersion', '')}"
