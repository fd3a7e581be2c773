"""The ways into a pod: to its proxy's admin interface, or for a request of ours out of it."""

from __future__ import annotations

from enum import Enum

__all__ = ["ClosedPortError", "Transport"]


class Transport(str, Enum):
    """A way into a pod."""

    PORT_FORWARD = "PORT_FORWARD"
    """A port of the pod, forwarded by the API server."""
    EXEC = "EXEC"
    """A program that the pod's container has, run in it."""
    DEBUG_CONTAINER = "DEBUG_CONTAINER"
    """A container of ours, added to the pod."""
    PROBE_POD = "PROBE_POD"
    """A pod of ours, beside it."""


class ClosedPortError(ConnectionError):
    """Nobody listens on a port in the pod; the way to the pod is there."""
