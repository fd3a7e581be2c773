"""A command in a container: over the websocket that the ``kubernetes`` package opens, to the last byte."""

from __future__ import annotations

import json
import re
import time
from typing import TYPE_CHECKING, Any

from wasmnb.errors import MeshError
from wasmnb.mesh.istio.api.api_errors import NoProgramError, UnstartedError
from wasmnb.mesh.istio.api.cluster import Executed

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["run"]

# Channels of the protocol v4.channel.k8s.io (Kubernetes ``remotecommand``).
_STDOUT, _STDERR, _STATUS = 1, 2, 3
# As runc and crun say it.
_NO_PROGRAM = re.compile(r"executable file.* not found|no such file or directory", re.IGNORECASE)
_STEP = 0.2  # seconds between two looks at the clock


def run(
    open_: Callable[[Any], Any],
    stdin: bytes,
    timeout: float,
    pod: str,
    over: Callable[[bytes, str], bool] | None = None,
) -> Executed:
    """Run what ``open_`` starts, and collect what it says.

    Parameters
    ----------
    open_ : callable
        Given the library's call, opens the websocket.
    stdin : bytes
    timeout : float
        Seconds.
    pod : str
        For the message.
    over : callable, optional
        Given what came on stdout and stderr so far, says whether that is all; then the command is left alone, and
        ends when it finds that nobody listens.

    Raises
    ------
    NoProgramError
        The container does not have it.
    UnstartedError
        It was not started for another reason.
    MeshError
        Time is up, the connection broke off, or the command could not be started.
    """
    from kubernetes.stream import ws_client  # noqa: PLC0415 - for users of a cluster only
    from websocket import WebSocketException  # noqa: PLC0415

    stream = open_(ws_client.websocket_call)
    deadline = time.monotonic() + timeout
    out, err = bytearray(), bytearray()
    try:
        if stdin:
            stream.write_stdin(stdin)
        while stream.is_open():
            if time.monotonic() > deadline:
                raise MeshError(f"A command in {pod} did not end within {timeout:g} s.") from TimeoutError()
            stream.update(timeout=_STEP)
            if _drain(stream, out, err) and over is not None and over(bytes(out), err.decode("utf-8", "replace")):
                return Executed(bytes(out), err.decode("utf-8", "replace"), 0)
        _drain(stream, out, err)
        status = stream.read_channel(_STATUS)
    except (OSError, WebSocketException) as error:
        raise MeshError(
            f"The connection to a command in {pod} broke off; whether it ran to its end is not known.",
            why=[str(error) or type(error).__name__],
        ) from error
    finally:
        stream.close()
        stream.sock.shutdown()  # which the library forgets where the other end has closed first
    text = status.decode() if isinstance(status, bytes) else str(status)
    return Executed(bytes(out), err.decode("utf-8", "replace"), _code(text, pod))


def _drain(stream: Any, out: bytearray, err: bytearray) -> bool:
    before = len(out)
    out += _bytes(stream.read_channel(_STDOUT, timeout=0))
    err += _bytes(stream.read_channel(_STDERR, timeout=0))
    return len(out) > before


def _bytes(data: bytes | str) -> bytes:
    return data if isinstance(data, bytes) else data.encode()


def _code(text: str, pod: str) -> int:
    try:
        status = json.loads(text)
    except ValueError:
        raise MeshError(f"A command in {pod} ended without saying how.", why=[text[:200]]) from None
    if status.get("status") == "Success":
        return 0
    causes = (status.get("details") or {}).get("causes") or []
    for cause in causes:
        if cause.get("reason") == "ExitCode":
            return int(cause["message"])
    said = str(status.get("message", text))
    kind = NoProgramError if _NO_PROGRAM.search(said) else UnstartedError
    # The end of the message is the reason; what is before it tells who passed it on.
    raise kind(f"A command could not be run in {pod}.", why=[said[-300:]])
