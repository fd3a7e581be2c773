"""Requests and responses as they were on the wire."""

from wasmnb.traffic.exchange import Exchange, Headers, Request, Response

__all__ = ["Exchange", "Headers", "Request", "Response"]
