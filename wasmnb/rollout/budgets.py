"""What the traffic of a step may become, beside its 5xx: status classes, latency, volume, resets, what hangs."""

from __future__ import annotations

from math import ceil, sqrt
from typing import TYPE_CHECKING

from wasmnb.budget import Budget
from wasmnb.display.text import several

if TYPE_CHECKING:
    from wasmnb.rollout.traffic import Seen

__all__ = ["FALLING", "USUAL", "WHATS", "exceeded", "lacking"]

_TIMES = {"p50": (0.5, 20), "p99": (0.99, 100)}  # the part of the responses, and how many it takes to tell
FALLING = ("volume",)
"""What is bad when it shrinks."""
WHATS = ("3xx", "4xx", "5xx", "resets", "waiting", *_TIMES, *FALLING)
"""What there are budgets of; the first five are shares of the requests."""
USUAL = (
    *(Budget(what, 20.0) for what in ("3xx", "4xx", "resets", "waiting")),
    Budget("p50", 1900.0),
    Budget("volume", 90.0, falls=True),
)
"""What holds for every step, where there are requests enough: a filter that refuses everybody does not go on."""
_CHANCE = 2.0  # standard deviations that are let pass
_LEAST = 20  # requests before, to tell by how much they have become fewer


def exceeded(budget: Budget, usual: Seen, seen: Seen) -> str:
    """Say how traffic exceeds a budget; empty when it does not, or when there is not enough to tell."""
    if budget.what in _TIMES:
        part, least = _TIMES[budget.what]
        was, now = usual.quantile(part), seen.quantile(part)
        enough = min(usual.timed, seen.timed) >= least
        over = enough and now > was * (1 + budget.percent / 100)
        return f"{budget.what} is {now:.3g} ms; before, {was:.3g} ms ({budget})" if over else ""
    if budget.falls:
        expected = usual.requests * seen.seconds / usual.seconds if usual.seconds else 0.0
        left = expected * (1 - budget.percent / 100)
        over = expected >= _LEAST and seen.requests < left - _CHANCE * sqrt(left)
        return (
            f"{several(seen.requests, 'request')} came; before, {expected:.0f} in that time ({budget})" if over else ""
        )
    was, now = usual.share(budget.what), seen.share(budget.what)
    expected = seen.requests * (was + budget.percent / 100)
    over = now * seen.requests > expected + _CHANCE * sqrt(expected)
    return f"{budget.what} is {now:.0%} of {seen.requests} requests; before, {was:.0%} ({budget})" if over else ""


def lacking(budget: Budget, usual: Seen, seen: Seen) -> str:
    """Say how many requests it takes to judge a budget; empty when there were enough."""
    if budget.what in _TIMES:
        least, there = _TIMES[budget.what][1], min(usual.timed, seen.timed)
        what = "with their times, before and now"
    elif budget.falls:
        least, there, what = _LEAST, usual.requests if usual.seconds else 0, "before"
    else:
        # So many that twice what is allowed is told from chance.
        least = ceil(_CHANCE**2 * 100 / budget.percent) if budget.percent else 1
        there, what = seen.requests, "on its pods"
    return f"{budget} needs {least} requests {what}, and there were {there}" if there < least else ""
