"""What a pod's proxy counts: its requests, by Istio's own metric or Envoy's statistics, and what filters define."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from wasmnb.errors import MeshError
from wasmnb.mesh.istio.proxies.pods import has_proxy
from wasmnb.mesh.metrics import ALL, GAUGES, read, silent
from wasmnb.mesh.protocol import Count

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from wasmnb.mesh.istio.proxies.admin import Admin
    from wasmnb.mesh.metrics import Metric

__all__ = ["counts", "metrics"]

_AT_ONCE = 16
_PATH = "/stats?filter=" + quote(r"istio_requests_total|^http\.inbound.*downstream_rq_(completed|5xx)$")
# Istio's metric carries its labels in its name: ``...;.response_code.=.200.;...`` (``istio_stats``, Envoy contrib).
_ISTIO = re.compile(r"istio_requests_total\..*\breporter\.=\.destination\b.*\bresponse_code\.=\.(?P<code>\d+)")
_WHY = (
    "the proxy keeps no count of requests: switch Istio's metrics on, or annotate the pods"
    " sidecar.istio.io/statsInclusionPrefixes=http.inbound"
)


def counts(
    admin: Admin, items: Sequence[Mapping[str, Any]], own: Callable[[Mapping[str, Any]], tuple[int, int]]
) -> list[Count]:
    """Count the requests that came in to each pod, and those answered with a 5xx.

    Parameters
    ----------
    admin : Admin
    items : sequence of mapping
        The pods.
    own : callable
        Gives how many of both were requests of our own, which are not counted.
    """
    with ThreadPoolExecutor(max(1, min(len(items), _AT_ONCE))) as threads:
        return list(threads.map(lambda item: _count(admin, item, own(item)), items))


def metrics(admin: Admin, items: Sequence[Mapping[str, Any]]) -> list[Metric]:
    """Give the metrics that filters define, of each pod that has a proxy."""
    with ThreadPoolExecutor(max(1, min(len(items), _AT_ONCE))) as threads:
        told = threads.map(lambda item: _metrics(admin, item), [item for item in items if has_proxy(item)])
        return [metric for metrics in told for metric in metrics]


def _metrics(admin: Admin, item: Mapping[str, Any]) -> list[Metric]:
    name, now = str(item["metadata"]["name"]), datetime.now(timezone.utc)
    try:
        return read(name, admin.get(name, ALL), admin.get(name, GAUGES), now)
    except (TimeoutError, ValueError):
        return silent(name, "the proxy does not answer", now)
    except MeshError as error:
        return silent(name, error.what, now)


def _count(admin: Admin, item: Mapping[str, Any], own: tuple[int, int]) -> Count:
    name, now = str(item["metadata"]["name"]), datetime.now(timezone.utc)
    if not has_proxy(item):
        return Count(name, None, None, "the pod has no sidecar", now)
    try:
        text = admin.get(name, _PATH)
    except TimeoutError:
        return Count(name, None, None, "the proxy does not answer", now)
    except MeshError as error:
        return Count(name, None, None, error.what, now)
    found = _read(text)
    if found is None:
        return Count(name, None, None, _WHY, now)
    return Count(name, max(0, found[0] - own[0]), max(0, found[1] - own[1]), "", now)


def _read(text: str) -> tuple[int, int] | None:
    """Add up requests and errors: Istio's metric where there is one, else those of all inbound listeners."""
    istio: list[int] | None = None
    envoy: list[int] | None = None
    for line in text.splitlines():
        name, _, value = line.rpartition(": ")
        if not value.isdigit():
            continue
        match = _ISTIO.search(name)
        if match is not None:
            istio = istio or [0, 0]
            istio[0] += int(value)
            istio[1] += int(value) if match["code"].startswith("5") else 0
        elif name.endswith(("downstream_rq_completed", "downstream_rq_5xx")):
            envoy = envoy or [0, 0]
            envoy[name.endswith("_5xx")] += int(value)
    best = istio or envoy
    return (best[0], best[1]) if best is not None else None
