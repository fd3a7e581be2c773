"""What each proxy counts: requests it answered and those with a 5xx, and the metrics that filters define."""

from __future__ import annotations

import re
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from wasmnb.envoy.admin import answers
from wasmnb.envoy.own_requests import between_own
from wasmnb.mesh.durations import BUCKETS, durations
from wasmnb.mesh.local.judge import ANSWER, ending
from wasmnb.mesh.metrics import ALL, GAUGES, read, silent
from wasmnb.mesh.protocol import Count

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wasmnb.envoy.processes import Processes
    from wasmnb.envoy.proxy import Proxy
    from wasmnb.mesh.metrics import Metric

__all__ = ["count", "metrics"]

# Envoy 1.40, "HTTP connection manager", statistics: responses of the listener that other pods reach, by status class.
# Those to connection attempts of our own ("health") have another prefix, and are not among them.
_CLASSES = "/stats?filter=^http\\.inbound\\.downstream_rq_([1-5]xx|active|rx_reset|tx_reset|time)$" + BUCKETS
_CLASS = re.compile(r"^http\.inbound\.downstream_rq_([1-5])xx: (\d+)$", re.MULTILINE)
_OTHER = re.compile(r"^http\.inbound\.downstream_rq_(active|rx_reset|tx_reset|time): (.*)$", re.MULTILINE)
_SERVER_ERROR = "5"


def count(proxies: Sequence[Proxy], processes: Processes) -> list[Count]:
    """Ask all proxies at the same time; one that does not answer cannot say, and the reason is told.

    Requests of our own, which look for what a filter does, are not counted.
    """

    def read(places: Sequence[int]) -> list[Count]:
        asked = [proxies[at] for at in places]
        pages = answers([proxy.admin for proxy in asked], _CLASSES, timeout=ANSWER)
        return [_counted(proxy, page, processes) for proxy, page in zip(asked, pages, strict=True)]

    return between_own([proxy.own for proxy in proxies], read)


def metrics(proxies: Sequence[Proxy]) -> list[Metric]:
    """Ask all proxies at the same time for what filters count."""
    admins = [proxy.admin for proxy in proxies]
    pages = zip(answers(admins, ALL, timeout=ANSWER), answers(admins, GAUGES, timeout=ANSWER), strict=True)
    return [
        metric
        for proxy, (everything, gauges) in zip(proxies, pages, strict=True)
        for metric in _metrics(proxy.name, everything, gauges)
    ]


def _metrics(pod: str, everything: str | OSError, gauges: str | OSError) -> list[Metric]:
    at = datetime.now(timezone.utc)
    if isinstance(everything, OSError) or isinstance(gauges, OSError):
        return silent(pod, "the proxy does not answer", at)
    return read(pod, everything, gauges, at)


def _counted(proxy: Proxy, page: str | OSError, processes: Processes) -> Count:
    at = datetime.now(timezone.utc)
    if isinstance(page, OSError):
        state = processes.state(proxy.name)
        why = ending(proxy, state).words if state is None or not state.pid else ""
        reason = (
            "the proxy is being restarted" if state is None or not state.pid else f"the proxy does not answer: {page}"
        )
        return Count(proxy.name, None, None, f"{reason}: {why}" if why else reason, at)
    state = processes.state(proxy.name)
    own = proxy.own.of(state.pid if state else 0)
    found = {kind: max(0, int(number) - own.get(kind, 0)) for kind, number in _CLASS.findall(page)}
    other = dict(_OTHER.findall(page))
    return Count(
        proxy.name,
        sum(found.values()),
        found.get(_SERVER_ERROR, 0),
        "",
        at,
        {f"{kind}xx": number for kind, number in found.items()},
        int(other.get("rx_reset", 0)) + int(other.get("tx_reset", 0)),
        int(other.get("active", 0)),
        durations([other.get("time", "")]),
    )
