"""Whether a new version fails more requests than the one before: counts of two moments, and what chance explains."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from math import sqrt
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from wasmnb.mesh import Count, Mesh

__all__ = ["Seen", "counts_of", "risen", "usual_of", "watched"]

K = TypeVar("K")

_LOOK = 1.0  # seconds between looks at the counts
# More errors than the rate before lets expect, plus so many standard deviations, is a rise; before the time is up, when
# it is looked at several times, it takes more of them.
_CHANCE, _EARLY = 2.0, 3.0


@dataclass(frozen=True)
class Seen:
    """What some pods answered between two moments.

    Parameters
    ----------
    requests, errors : int
        In all, and with a 5xx status.
    unknown : tuple of str
        Why there is no count of a pod.
    restarted : tuple of str
        Pods whose proxy counts from zero again.
    seconds : float
        Between the two moments; 0 where it is all since the proxies started.
    classes : mapping of str to int
        Responses by status class (``2xx`` ...).
    resets, waiting : int
        Requests that ended without a whole response, and how many more wait for theirs at the end.
    durations : mapping of float to int
        How many responses took at most so many milliseconds.
    """

    requests: int = 0
    errors: int = 0
    unknown: tuple[str, ...] = ()
    restarted: tuple[str, ...] = ()
    seconds: float = 0.0
    classes: Mapping[str, int] = field(default_factory=dict)
    resets: int = 0
    waiting: int = 0
    durations: Mapping[float, int] = field(default_factory=dict)

    @classmethod
    def between(cls, before: Iterable[Count], after: Iterable[Count], pods: Iterable[str]) -> Seen:
        """Subtract the counts of two moments; a pod that is in only one of them is left out."""
        old, new = ({one.pod: one for one in counts} for counts in (before, after))
        pods = list(pods)
        requests = errors = 0
        unknown, restarted = [], []
        for pod in pods:
            if pod not in old or pod not in new:
                continue
            was, now = old[pod], new[pod]
            if was.requests is None or now.requests is None or was.errors is None or now.errors is None:
                unknown.append(f"{pod}: {now.reason or was.reason or 'no count'}")
            elif now.requests < was.requests or now.errors < was.errors:
                restarted.append(pod)
                requests, errors = requests + now.requests, errors + now.errors
            else:
                requests, errors = requests + now.requests - was.requests, errors + now.errors - was.errors
        whole = [(old[pod], new[pod]) for pod in pods if pod in old and pod in new and pod not in restarted]
        return cls(
            requests,
            errors,
            tuple(unknown),
            tuple(restarted),
            max(((now.at - was.at).total_seconds() for was, now in whole), default=0.0),
            _grown((was.classes, now.classes) for was, now in whole),
            sum(max(0, now.resets - was.resets) for was, now in whole),
            max(0, sum(now.waiting - was.waiting for was, now in whole)),
            _grown((was.durations, now.durations) for was, now in whole),
        )

    def share(self, what: str) -> float:
        """Give the share of requests of a status class, or that were ``resets``, or that are ``waiting``."""
        known = {"resets": self.resets, "waiting": self.waiting, **self.classes}
        return known.get(what, 0) / self.requests if self.requests else 0.0

    def quantile(self, part: float) -> float:
        """Give the milliseconds within which such a part of the responses came, spread evenly within a bucket."""
        buckets = sorted(self.durations.items())
        wanted = part * (buckets[-1][1] if buckets else 0)
        low, below = 0.0, 0
        for high, count in buckets:
            if count >= wanted:
                return low + (high - low) * (wanted - below) / (count - below) if count > below else high
            low, below = high, count
        return 0.0

    @property
    def timed(self) -> int:
        """Of how many responses it is known what they took."""
        return max(self.durations.values(), default=0)

    def __str__(self) -> str:
        return f"{self.errors} of {self.requests} requests"

    def to_dict(self) -> dict[str, Any]:
        """Give plain JSON values."""
        return {
            "requests": self.requests,
            "errors": self.errors,
            "unknown": list(self.unknown),
            "restarted": list(self.restarted),
            "seconds": self.seconds,
            "classes": dict(self.classes),
            "resets": self.resets,
            "waiting": self.waiting,
            "p50_ms": self.quantile(0.5),
            "p99_ms": self.quantile(0.99),
        }


def _grown(pairs: Iterable[tuple[Mapping[K, int], Mapping[K, int]]]) -> dict[K, int]:
    """Add up by how much counters grew."""
    found: Counter[K] = Counter()
    for was, now in pairs:
        found.update({key: max(0, count - was.get(key, 0)) for key, count in now.items()})
    return dict(found)


def risen(usual: Seen, seen: Seen, *, chance: float = _CHANCE) -> bool:
    """Say whether more requests fail than before, by more than chance explains.

    With no error before, any error is a rise. Otherwise the number of errors varies by about the square root of what is
    to be expected (as in a Poisson process), and ``chance`` times that is let pass.
    """
    expected = seen.requests * usual.errors / usual.requests if usual.requests else 0.0
    return seen.errors > expected + chance * sqrt(expected)


def usual_of(before: Sequence[Count], after: Sequence[Count], pods: Sequence[str]) -> Seen:
    """Give what some pods saw between two moments; without a request in that time, what they saw since they started."""
    seen = Seen.between(before, after, pods)
    if seen.requests:
        return seen
    mine = [one for one in after if one.pod in pods]
    return Seen(sum(one.requests or 0 for one in mine), sum(one.errors or 0 for one in mine), seen.unknown)


def counts_of(mesh: Mesh, pods: Iterable[str]) -> tuple[Count, ...]:
    """Give the counts of some pods now."""
    names = set(pods)
    return tuple(one for one in mesh.counts() if one.pod in names)


def watched(
    mesh: Mesh,
    pods: Sequence[str],
    before: Sequence[Count],
    usual: Seen,
    *,
    seconds: float,
    tell: Callable[[tuple[Count, ...]], None],
) -> None:
    """Look at the counts of some pods for a while, and tell them; end early when the errors have clearly risen."""
    deadline = time.monotonic() + seconds
    while True:
        time.sleep(max(0.0, min(_LOOK, deadline - time.monotonic())))
        after = counts_of(mesh, pods)
        tell(after)
        if time.monotonic() >= deadline or risen(usual, Seen.between(before, after, pods), chance=_EARLY):
            return
