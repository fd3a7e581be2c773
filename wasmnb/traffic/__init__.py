"""Requests and responses as they were on the wire, and what a filter did to them."""

from wasmnb.traffic.exchange import Exchange, Headers, Received, Request, Response
from wasmnb.traffic.header_diff import Capture, Captures, diff
from wasmnb.traffic.pod_diff import PodCaptures

__all__ = ["Capture", "Captures", "Exchange", "Headers", "PodCaptures", "Received", "Request", "Response", "diff"]
