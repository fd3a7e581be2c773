"""Whether a new version fails more requests than the one before: counts of two moments, and what chance explains."""

from __future__ import annotations

import time
from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from wasmnb.mesh import Count, Mesh

__all__ = ["Seen", "counts_of", "risen", "usual_of", "watched"]

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
    """

    requests: int = 0
    errors: int = 0
    unknown: tuple[str, ...] = ()
    restarted: tuple[str, ...] = ()

    @classmethod
    def between(cls, before: Iterable[Count], after: Iterable[Count], pods: Iterable[str]) -> Seen:
        """Subtract the counts of two moments; a pod that is in only one of them is left out."""
        old, new = ({one.pod: one for one in counts} for counts in (before, after))
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
        return cls(requests, errors, tuple(unknown), tuple(restarted))

    def __str__(self) -> str:
        return f"{self.errors} of {self.requests} requests"

    def to_dict(self) -> dict[str, Any]:
        """Give plain JSON values."""
        return {
            "requests": self.requests,
            "errors": self.errors,
            "unknown": list(self.unknown),
            "restarted": list(self.restarted),
        }


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
