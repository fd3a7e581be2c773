"""A port of a pod as a socket: the library's pump between a websocket and us, quiet when either end goes."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from kubernetes.client import ApiException
from kubernetes.stream.ws_client import PortForward, create_websocket, get_websocket_url

if TYPE_CHECKING:
    import socket

__all__ = ["forwarded"]


class _Quiet(PortForward):  # type: ignore[misc]  # the library has no types
    """The library's thread dies of an end that it meets, with a traceback that a notebook would show."""

    def _proxy(self) -> None:
        try:
            with suppress(OSError, ValueError, RuntimeError):
                super()._proxy()
        finally:
            self.websocket.close()


def forwarded(configuration: Any, url: str, port: int, headers: dict[str, str]) -> socket.socket:
    """Open a forwarded port.

    Raises
    ------
    ApiException
        It was refused, or nobody answers.
    """
    address = get_websocket_url(url + "?" + urlencode({"ports": port}))
    try:
        websocket = create_websocket(configuration, address, headers)
    except Exception as error:  # the websocket client has a family of its own
        raise ApiException(status=0, reason=str(error)) from error
    found: socket.socket = _Quiet(websocket, [port]).socket(port)
    return found
