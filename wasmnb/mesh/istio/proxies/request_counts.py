"""What a pod's proxy counts: its requests, by Istio's own metric or Envoy's statistics, and what filters define."""

from __future__ import annotations

import re
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from wasmnb.envoy.own_requests import between_own
from wasmnb.errors import MeshError
from wasmnb.mesh.durations import BUCKETS, durations
from wasmnb.mesh.istio.proxies.pods import has_proxy, name_of, proxy_started
from wasmnb.mesh.metrics import ALL, GAUGES, read, silent
from wasmnb.mesh.protocol import Count

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from wasmnb.envoy.own_requests import OwnRequests
    from wasmnb.mesh.istio.proxies.admin import Admin
    from wasmnb.mesh.metrics import Metric

__all__ = ["counts", "metrics"]

_AT_ONCE = 16
_SERVER_ERROR = "5"
_PATH = "/stats?filter=" + quote(
    r"istio_requests_total|istio_request_duration_milliseconds"
    r"|^http\.inbound.*downstream_rq_(completed|[1-5]xx|active|rx_reset|tx_reset|time)$"
)
_PATH += BUCKETS
_CLASS = re.compile(r"downstream_rq_(?P<kind>[1-5])xx$")
_RESETS = ("downstream_rq_rx_reset", "downstream_rq_tx_reset")
_TIMES = re.compile(r"istio_request_duration_milliseconds\..*\breporter\.=\.destination\b")
# Istio's metric carries its labels in its name: ``...;.response_code.=.200.;...`` (``istio_stats``, Envoy contrib).
_ISTIO = re.compile(r"istio_requests_total\..*\breporter\.=\.destination\b.*\bresponse_code\.=\.(?P<code>\d+)")
_WHY = (
    "the proxy keeps no count of requests: switch Istio's metrics on, or annotate the pods"
    " sidecar.istio.io/statsInclusionPrefixes=http.inbound"
)


def counts(
    admin: Admin, items: Sequence[Mapping[str, Any]], own: Callable[[Mapping[str, Any]], OwnRequests]
) -> list[Count]:
    """Count the requests that came in to each pod, and those answered with a 5xx.

    Parameters
    ----------
    admin : Admin
    items : sequence of mapping
        The pods.
    own : callable
        Gives the requests of our own to a pod, which are not counted.
    """

    def count(item: Mapping[str, Any]) -> Count:
        mine = own(item)
        (found,) = between_own([mine], lambda _: [_count(admin, item, mine)])
        return found

    with ThreadPoolExecutor(max(1, min(len(items), _AT_ONCE))) as threads:
        return list(threads.map(count, items))


def metrics(admin: Admin, items: Sequence[Mapping[str, Any]]) -> list[Metric]:
    """Give the metrics that filters define, of each pod that has a proxy."""
    with ThreadPoolExecutor(max(1, min(len(items), _AT_ONCE))) as threads:
        told = threads.map(lambda item: _metrics(admin, item), [item for item in items if has_proxy(item)])
        return [metric for metrics in told for metric in metrics]


def _metrics(admin: Admin, item: Mapping[str, Any]) -> list[Metric]:
    name, now = name_of(item), datetime.now(timezone.utc)
    try:
        return read(name, admin.get(name, ALL), admin.get(name, GAUGES), now)
    except (TimeoutError, ValueError):
        return silent(name, "the proxy does not answer", now)
    except MeshError as error:
        return silent(name, error.what, now)


def _count(admin: Admin, item: Mapping[str, Any], own: OwnRequests) -> Count:
    name, now = name_of(item), datetime.now(timezone.utc)
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
    mine = own.of(proxy_started(item))
    requests, errors = max(0, found[0] - sum(mine.values())), max(0, found[1] - mine.get(_SERVER_ERROR, 0))
    more = _more(text)
    return replace(more, pod=name, requests=requests, errors=errors, at=now)


def _more(text: str) -> Count:
    """Read what else there is to know of a pod's requests: status classes, resets, those that wait, and times."""
    istio: Counter[str] = Counter()
    envoy: Counter[str] = Counter()
    resets = waiting = 0
    istio_times, envoy_times = [], []
    for line in text.splitlines():
        name, _, value = line.partition(": ")
        if _TIMES.search(name):
            istio_times.append(value)
        elif name.endswith("downstream_rq_time"):
            envoy_times.append(value)
        elif (match := _ISTIO.search(name)) and value.isdigit():
            istio[f"{match['code'][0]}xx"] += int(value)
        elif (match := _CLASS.search(name)) and value.isdigit():
            envoy[f"{match['kind']}xx"] += int(value)
        elif name.endswith(_RESETS):
            resets += int(value)
        elif name.endswith("downstream_rq_active"):
            waiting += int(value)
    times = durations(istio_times or envoy_times)
    at = datetime.now(timezone.utc)
    return Count("", None, None, "", at, dict(istio or envoy), resets, waiting, times)


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
