"""The metrics that filters define, as a proxy counts them.

Source: Envoy 1.40, admin interface ``/stats`` (``format=json``, ``type``); a metric that a filter defines is kept as
``wasmcustom.`` and its name (``source/extensions/common/wasm/context.cc``, ``defineMetric``).
"""

from __future__ import annotations

import enum
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

__all__ = ["ALL", "GAUGES", "Metric", "MetricKind", "read", "silent"]

_PREFIX = "wasmcustom."
ALL = "/stats?filter=^wasmcustom\\.&format=json"
"""What is asked of a proxy for every metric."""
GAUGES = ALL + "&type=Gauges"
"""What is asked to tell gauges from counters."""
_P50, _P99 = 50, 99


class MetricKind(enum.Enum):
    """What a metric says."""

    COUNTER = "counter"
    """How often something happened since the proxy started."""
    GAUGE = "gauge"
    """How much of something there is."""
    HISTOGRAM = "histogram"
    """How values are distributed."""
    NONE = ""
    """Nothing: the proxy cannot tell."""


@dataclass(frozen=True)
class Metric:
    """A metric of a filter on a pod.

    Parameters
    ----------
    pod, name : str
        The name is empty where the proxy cannot tell.
    kind : MetricKind
    value : float or None
        Of a counter or a gauge, all workers together.
    p50, p99 : float or None
        Of a histogram; None until the proxy has summed it up, which it does every five seconds.
    at : datetime
        When it was read (aware, UTC).
    reason : str
        Why the proxy cannot tell; empty when it can.
    """

    pod: str
    name: str
    kind: MetricKind
    value: float | None
    p50: float | None
    p99: float | None
    at: datetime
    reason: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Give plain JSON values."""
        return {**vars(self), "kind": self.kind.value, "at": self.at.isoformat()}


def silent(pod: str, reason: str, at: datetime) -> list[Metric]:
    """Say that a pod's proxy cannot tell, and why."""
    return [Metric(pod, "", MetricKind.NONE, None, None, None, at, reason)]


def read(pod: str, everything: str, gauges: str, at: datetime) -> list[Metric]:
    """Read what a proxy answered to `ALL` and to `GAUGES`, by name.

    Raises
    ------
    ValueError
        The answer is not valid JSON of this form.
    """
    known = {one["name"] for one in json.loads(gauges)["stats"]}
    found = []
    for one in json.loads(everything)["stats"]:
        if "name" in one:
            kind = MetricKind.GAUGE if one["name"] in known else MetricKind.COUNTER
            found.append(Metric(pod, _bare(one["name"]), kind, float(one["value"]), None, None, at))
            continue
        told = one["histograms"]
        quantiles = told.get("supported_quantiles", [])
        for histogram in told.get("computed_quantiles", []):
            values = dict(zip(quantiles, histogram["values"], strict=True))
            p50, p99 = _quantile(values, _P50), _quantile(values, _P99)
            found.append(Metric(pod, _bare(histogram["name"]), MetricKind.HISTOGRAM, None, p50, p99, at))
    return sorted(found, key=lambda metric: metric.name)


def _bare(name: str) -> str:
    return name.removeprefix(_PREFIX)


def _quantile(values: Mapping[float, Mapping[str, float | None]], number: int) -> float | None:
    return values[number]["cumulative"] if number in values else None
