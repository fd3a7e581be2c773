"""Sockets to Envoys: HTTP over a Unix socket, and one for many quick exchanges at the same time."""

from __future__ import annotations

import http.client
import socket
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["connected", "plugged", "unblocked"]


def connected(path: Path, *, timeout: float) -> http.client.HTTPConnection:
    """Connect to a Unix socket.

    Parameters
    ----------
    path : pathlib.Path
    timeout : float
        Seconds for each step; the connection's ``sock`` takes another one.

    Raises
    ------
    OSError
        Nobody listens there.
    """
    connection = http.client.HTTPConnection("localhost")
    connection.auto_open = 0  # it would go to a host of that name
    connection.sock = plugged(path, timeout=timeout)
    return connection


def plugged(path: Path, *, timeout: float) -> socket.socket:
    """Connect to a Unix socket as `connected` does; give the socket itself."""
    made = socket.socket(socket.AF_UNIX)
    try:
        made.settimeout(timeout)
        made.connect(str(path))
    except BaseException:
        made.close()
        raise
    return made


def unblocked(address: str | tuple[str, int]) -> socket.socket:
    """Give a socket that does not block, to be connected to a Unix socket's path, or to host and port."""
    unix = isinstance(address, str)
    six = not unix and ":" in address[0]
    made = socket.socket(socket.AF_UNIX if unix else socket.AF_INET6 if six else socket.AF_INET)
    made.setblocking(False)
    return made
