"""Requests and responses as they were on the wire, and what a filter did to them.

Names are imported when first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from wasmnb.lazily import lazily

if TYPE_CHECKING:
    from wasmnb.traffic.exchange import Exchange, Headers, Received, Request, Response
    from wasmnb.traffic.header_diff import Capture, Captures, diff
    from wasmnb.traffic.pod_diff import PodCaptures

_HOMES = {
    "Capture": ".header_diff",
    "Captures": ".header_diff",
    "Exchange": ".exchange",
    "Headers": ".exchange",
    "PodCaptures": ".pod_diff",
    "Received": ".exchange",
    "Request": ".exchange",
    "Response": ".exchange",
    "diff": ".header_diff",
}

__all__ = [
    "Capture",
    "Captures",
    "Exchange",
    "Headers",
    "PodCaptures",
    "Received",
    "Request",
    "Response",
    "diff",
]

__getattr__ = lazily(__name__, _HOMES)
