"""Ports of a pod over one websocket, read by whoever asks: no thread pumps between it and us.

Sources: Kubernetes, ``k8s.io/kubelet/pkg/cri/streaming/portforward/websocket.go``: in ``v4.channel.k8s.io`` each port
has two channels, for data and for errors, in the order in which the ports are asked for; the first frame of each holds
the port's number, and a frame's first byte is its channel.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from websocket import ABNF, WebSocketException, WebSocketTimeoutException

from wasmnb.mesh.istio.api.transport import ClosedPortError
from wasmnb.mesh.istio.api.websockets import UnopenedError, connected

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Forward", "forwarded"]

_PROTOCOL = "v4.channel.k8s.io"


class Forward:
    """Connections to some ports of a pod, for one thread at a time.

    Parameters
    ----------
    websocket : websocket.WebSocket
    ports : sequence of int
        In the order in which they were asked for.
    """

    def __init__(self, websocket: Any, ports: Sequence[int]) -> None:
        self._websocket = websocket
        self._channels = {port: 2 * index for index, port in enumerate(ports)}
        self._waiting = {channel: bytearray() for channel in self._channels.values()}
        self._failed: dict[int, str] = {}
        self._begun: set[int] = set()

    def settimeout(self, seconds: float) -> None:
        """Wait so long for each piece of what is sent or read."""
        self._websocket.settimeout(seconds)

    def send(self, said: Mapping[int, bytes]) -> None:
        """Send to ports, to all of them at once.

        Raises
        ------
        OSError
            The websocket is gone; a `TimeoutError` when nobody takes it.
        """
        try:
            self._websocket.send_all([bytes((self._channels[port],)) + data for port, data in said.items()])
        except WebSocketException as error:
            raise _plain(error) from error

    def receive(self, port: int) -> bytes:
        """Wait for what a port says.

        Raises
        ------
        OSError
            The port or the websocket is gone; a `TimeoutError` when nothing comes.
        """
        channel = self._channels[port]
        waiting = self._waiting[channel]
        while not waiting:
            if channel in self._failed:
                raise ClosedPortError(self._failed[channel])
            try:
                self._frame(*self._websocket.recv_data_frame(control_frame=True))
            except WebSocketException as error:
                raise _plain(error) from error
        found = bytes(waiting)
        waiting.clear()
        return found

    def _frame(self, opcode: int, frame: Any) -> None:
        if opcode == ABNF.OPCODE_CLOSE:
            raise ConnectionError("the other end closed the websocket")
        if opcode != ABNF.OPCODE_BINARY or not frame.data:
            return  # the websocket has answered a ping
        channel, data = frame.data[0], frame.data[1:]
        if channel not in self._begun:
            self._begun.add(channel)  # the port's number
        elif channel in self._waiting:
            self._waiting[channel] += data
        else:
            about = channel - 1
            self._failed[about] = self._failed.get(about, "") + data.decode("utf-8", "replace")

    def close(self) -> None:
        """Close the ports, without waiting for the other end."""
        with suppress(OSError, WebSocketException):
            self._websocket.send_close()
        with suppress(OSError, WebSocketException):
            self._websocket.shutdown()


def forwarded(configuration: Any, url: str, ports: Sequence[int], headers: dict[str, str]) -> Forward:
    """Open forwarded ports of a pod.

    Raises
    ------
    UnopenedError
        It was refused, or nobody answers.
    """
    # http becomes ws, and https wss.
    address = "ws" + url.removeprefix("http") + "?" + urlencode({"ports": ",".join(map(str, ports))})
    try:
        websocket = connected(configuration, address, headers, _PROTOCOL)
    except Exception as error:  # the websocket client has a family of its own
        raise UnopenedError(str(error)) from error
    return Forward(websocket, ports)


def _plain(error: WebSocketException) -> OSError:
    words = str(error) or type(error).__name__
    return TimeoutError(words) if isinstance(error, WebSocketTimeoutException) else ConnectionError(words)
