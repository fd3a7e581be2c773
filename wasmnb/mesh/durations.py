"""How long requests took: Envoy's histograms, as its admin interface writes them."""

from __future__ import annotations

import re
from collections import Counter

__all__ = ["BUCKETS", "durations"]

BUCKETS = "&histogram_buckets=cumulative"
"""What the question for statistics has to end with."""
# Envoy 1.40, ``histogram_impl.cc``: how many since the last flush, and in all, took at most so long.
_BUCKET = re.compile(r"B(?P<most>[0-9.e+]+)\(\d+,(?P<count>\d+)\)")


def durations(values: list[str]) -> dict[float, int]:
    """Add histograms up: how many were at most so long, by milliseconds."""
    found: Counter[float] = Counter()
    for value in values:
        found.update({float(match["most"]): int(match["count"]) for match in _BUCKET.finditer(value)})
    return dict(found)
