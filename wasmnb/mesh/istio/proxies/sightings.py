"""What looking for plugins on pods has shown until now: when each was seen to act, or why it was not."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from wasmnb.envoy.effect import Sighting, pause
from wasmnb.mesh.istio.proxies.shared_state import forget
from wasmnb.plugin.verdict import Proof

if TYPE_CHECKING:
    from collections.abc import Collection, Container

    from wasmnb.mesh.istio.proxies.evidence import Standing

__all__ = ["Key", "Look", "Seen", "Sightings"]

_AGE = 300.0
"""Seconds that what was seen is believed; then it is looked for again, where that is allowed."""
_AGAIN = 1.0  # seconds until what was not seen is looked for again, the first time

Key = tuple[str, str]
"""A pod's uid, and the id of a plugin."""


@dataclass(frozen=True)
class Seen(Sighting):
    """A plugin that was seen to act, how requests were filtered there then, and what that does not stand for."""

    mark: str
    proof: Proof = Proof.EFFECT
    remark: str = ""


class _Tried(NamedTuple):
    """When a plugin was looked for on a pod the last time, through which filters, and how often in vain."""

    mark: str
    at: float
    times: int


@dataclass
class Look:
    """What looking for one plugin on one pod has shown.

    Parameters
    ----------
    seen : Seen or None
    tried : _Tried or None
    differing : tuple of (int, int) or None
        In how many answers of how many it showed, where not in all.
    failed : bool
        Whether an answer was an error, which tells nothing of a filter.
    behind : bool
        Whether it is a gateway, before pods that have the plugin too.
    ports : tuple of int or None
        Those of the pod at which a request could come to it: no verdict is to wait for an answer of the pod's.
    """

    seen: Seen | None = None
    tried: _Tried | None = None
    differing: tuple[int, int] | None = None
    failed: bool = False
    behind: bool = False
    ports: tuple[int, ...] | None = None

    def sighting(self, mark: str) -> Seen | None:
        """Give when it was seen, if that is not long ago and requests are filtered as they were then."""
        seen = self.seen
        return seen if seen is not None and seen.mark == mark and seen.younger(_AGE) else None

    def rests(self, mark: str) -> bool:
        """Say whether it is too early to look again."""
        tried = self.tried
        if tried is None or tried.mark != mark:
            return False
        return time.monotonic() - tried.at < pause(_AGAIN, tried.times)

    def early(self, moment: float) -> bool:
        """Say whether it was looked for once only, and before a moment: its workers may not have had it yet."""
        return self.tried is not None and self.tried.times == 1 and self.tried.at < moment

    def begin(self, standing: Standing) -> None:
        """Take in that it is looked for now, through the filters that stand there."""
        times = self.tried.times + 1 if self.tried is not None and self.tried.mark == standing.mark else 1
        self.tried = _Tried(standing.mark, time.monotonic(), times)
        self.behind, self.ports = standing.behind, standing.ports

    def saw(self, seen: Seen) -> None:
        """Take in that it was seen: should it have to be seen anew, it is looked for at once."""
        self.seen, self.tried = seen, None

    def doubt(self) -> None:
        """Take in that it has to be seen anew; a removal is still held against what had been seen."""
        if self.seen is not None:
            self.seen = replace(self.seen, moment=float("-inf"))


class Sightings:
    """What was seen of plugins on pods. Several threads look and forget."""

    def __init__(self) -> None:
        self._looks: dict[Key, Look] = {}

    def of(self, key: Key) -> Look:
        """Give what is known of a plugin on a pod."""
        return self._looks.get(key) or self._looks.setdefault(key, Look())

    def keep(self, pods: Container[str]) -> None:
        """Forget all but these pods, by their uids."""
        forget(self._looks, lambda key: key[0] not in pods)

    def forget(self, plugin: str) -> None:
        """Forget a plugin."""
        forget(self._looks, lambda key: key[1] == plugin)

    def look_anew(self, plugins: Collection[str] | None = None) -> None:
        """Have plugins, or all, looked for at the next look, however short ago that was in vain."""
        for key, look in list(self._looks.items()):
            if plugins is None or key[1] in plugins:
                look.tried = None
