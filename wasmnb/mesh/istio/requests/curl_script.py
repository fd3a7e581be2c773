"""A request carried out by a program that a container has: what it is told through its stdin, what it brings back.

Nothing of a request stands on a command line, which everybody who sees the processes of a node can read.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, NoReturn

from wasmnb.errors import TrafficError
from wasmnb.mesh.istio.api.api_errors import NoProgramError
from wasmnb.traffic.http_client import NotReadyError, encode
from wasmnb.traffic.http_parser import OTHER, Reader, decode, read_response
from wasmnb.wording import Option, Wording

if TYPE_CHECKING:
    from wasmnb.mesh.istio.api.cluster import Executed
    from wasmnb.traffic import Request, Response

__all__ = ["Carrier", "Errand"]

# stdin is curl's options, the request's head, and its body, one behind the other; their sizes are $1, $2 and $3. An
# exec's stdin has no end before version 5 of the websocket protocol, so that each is read by its size; dd takes not a
# byte more than that. python3 and nc read from the connection until whoever asked has seen the whole response and hangs
# up; nc would close the connection at the end of its stdin, which for once is good not to have.
_SCRIPT = """
c=$(dd bs=1 count="$1" 2>/dev/null)
say() { echo "wasmnb-carrier $1" >&2; }
if command -v curl >/dev/null 2>&1; then
  say curl; dd bs=1 count="$2" >/dev/null 2>&1
  head -c "$3" | { exec 4<&0; printf %s "$c" | curl -q -K -; }
elif command -v python3 >/dev/null 2>&1; then
  say python3; exec python3 -c "$7" "$4" "$5" "$6" "$(($2 + $3))"
elif command -v nc >/dev/null 2>&1; then
  say nc; exec nc -w "$6" "$4" "$5"
else
  exit 127
fi
"""
_PYTHON = (
    "import socket,sys\n"
    "host,port,seconds,size=sys.argv[1:]\n"
    "wire=socket.create_connection((host,int(port)),float(seconds))\n"
    "wire.sendall(sys.stdin.buffer.read(int(size)))\n"
    "while data:=wire.recv(65536): sys.stdout.buffer.write(data);sys.stdout.buffer.flush()\n"
)

_CARRIER = re.compile(r"^wasmnb-carrier (curl|python3|nc)$", re.MULTILINE)
_SECONDS = re.compile(r"^wasmnb-seconds ([0-9.]+)$", re.MULTILINE)
# Exit codes of curl (its manual, EXIT CODES); the shell's own for a program that is not there.
_LATE = 28
_MISSING = {126, 127}


class Carrier(str, Enum):
    """A program that carries a request."""

    CURL = "curl"
    PYTHON = "python3"
    NC = "nc"


class _Silence(Enum):
    """Why nothing came back."""

    LATE = "late"
    NO_HOST = "no host"
    NO_HTTP = "no HTTP"
    NO_CONNECTION = "no connection"
    CLOSED = "closed"


_CURL_CODES = {
    1: _Silence.NO_HTTP,
    6: _Silence.NO_HOST,
    7: _Silence.NO_CONNECTION,
    8: _Silence.NO_HTTP,
    _LATE: _Silence.LATE,
}
# What strerror(3) says of ETIMEDOUT, ECONNREFUSED, ENETUNREACH and EHOSTUNREACH; Python's name of a host that has no
# address, BusyBox's words for it, and netcat's.
_SYSTEM_WORDS = (
    ("timed out", _Silence.LATE),
    ("refused", _Silence.NO_CONNECTION),
    ("unreachable", _Silence.NO_CONNECTION),
    ("No route to host", _Silence.NO_CONNECTION),
    ("gaierror", _Silence.NO_HOST),
    ("bad address", _Silence.NO_HOST),
    ("getaddrinfo", _Silence.NO_HOST),
)


class _MoreError(Exception):
    """The response has not come to its end."""


@dataclass(frozen=True)
class Errand:
    """One request, and where it goes.

    Parameters
    ----------
    request : Request
    host : str
        Address, or name, to connect to.
    port : int
    seconds : float
        That the exchange may take.
    """

    request: Request
    host: str
    port: int
    seconds: float

    @property
    def peer(self) -> str:
        """Who answers, for messages."""
        where = f"{self.host}:{self.port}"
        said = self.request.authority
        return where if said == where else f"{said} (at {where})"

    @property
    def command(self) -> list[str]:
        """The program and its arguments."""
        sizes = [str(len(part)) for part in self._parts()]
        return ["sh", "-c", _SCRIPT, "sh", *sizes, self.host, str(self.port), str(math.ceil(self.seconds)), _PYTHON]

    @property
    def stdin(self) -> bytes:
        """What the program is told.

        Raises
        ------
        TrafficError
            The request cannot be written down.
        """
        return b"".join(self._parts())

    def over(self, out: bytes, err: str) -> bool:
        """Tell whether nothing more will come, although the program has not ended."""
        if _carrier(err) in (None, Carrier.CURL):
            return False
        try:
            self._response(out, more=True)
        except (_MoreError, TrafficError):
            return False
        return True

    def result(self, done: Executed) -> tuple[Response, Carrier, float | None]:
        """Read what came back: the response, the program that carried it, and its seconds where it took the time.

        Raises
        ------
        NoProgramError
            The container has no program that can carry a request.
        NotReadyError
            Nobody took the connection, or it was closed before the first byte of a response.
        TrafficError
            Time was up, or what came is not HTTP.
        """
        carrier = _carrier(done.stderr)
        if carrier is None:
            if done.code in _MISSING:
                raise NoProgramError("There is no program that could send a request.", why=[done.stderr.strip()[:200]])
            raise TrafficError("The request was not sent.", why=[done.stderr.strip()[:300]])
        if not done.stdout:
            self._nothing(carrier, done)
        if done.code == _LATE and carrier is Carrier.CURL:
            raise self._late(decode(done.stdout))
        taken = _SECONDS.search(done.stderr)
        return self._response(done.stdout), carrier, float(taken[1]) if taken else None

    def _response(self, out: bytes, *, more: bool = False) -> Response:
        reader = Reader(_wait if more else bytes, self.peer)
        reader.feed(out)
        return read_response(reader, self.request.method)

    def _nothing(self, carrier: Carrier, done: Executed) -> NoReturn:
        lines = [line for line in done.stderr.splitlines() if line and not line.startswith("wasmnb-")]
        said = lines[-1] if lines else "end of stream before the first byte"
        silence = _silence(carrier, done.code, said)
        if silence is _Silence.LATE:
            raise self._late("")
        if silence is _Silence.NO_HOST:
            raise TrafficError(f"{self.peer} has no address.", why=[said], hint="check the name of the host")
        if silence is _Silence.NO_HTTP:
            raise TrafficError(f"{self.peer} did not answer in HTTP/1.1.", why=[said], hint=OTHER)
        if silence is _Silence.NO_CONNECTION:
            raise NotReadyError(
                f"{self.peer} does not take connections.",
                why=[said],
                hint="check that the service runs and the port is right: look at the pods",
            )
        raise NotReadyError(
            f"{self.peer} closed the connection without an answer.",
            why=[said],
            hint="the proxy may be starting or stopping: look at the pods, then send again",
            sent=True,
        )

    def _late(self, seen: str) -> TrafficError:
        return TrafficError(
            f"{self.peer} did not answer within {self.seconds:.3g} s.",
            why=seen.splitlines()[:6],
            hint=Wording(
                "look at the log of the service and of its proxy, or allow more time ({})", Option("timeout", "SECONDS")
            ),
            code="WNB4053",
        )

    def _parts(self) -> tuple[bytes, bytes, bytes]:
        whole = encode(self.request)
        head, _, _ = whole.partition(b"\r\n\r\n")
        body = self.request.body
        # The other programs send the request as it is written: a chunked body is one chunk.
        sent = whole[len(head) + 4 :]
        return self._options(head.decode(), body), head + b"\r\n\r\n", sent

    def _options(self, head: str, body: bytes) -> bytes:
        """Write curl's options: every header line is the request's, none is curl's own."""
        lines = [line.partition(": ")[::2] for line in head.split("\r\n")[1:]]
        names = {name.lower() for name, _ in lines}
        chosen = [
            *(
                ("header", f"{name}: {value}" if value else f"{name};")
                for name, value in lines
                if name != "content-length"
            ),
            *(
                ("header", f"{name}:")
                for name in ("User-Agent", "Accept", "Expect", "Content-Type")
                if name.lower() not in names
            ),
            ("url", f"http://{_bracketed(self.host)}:{self.port}/"),
            ("request-target", self.request.path),
            ("noproxy", "*"),
            ("max-time", f"{self.seconds:.3f}"),
            ("write-out", r"%{stderr}\nwasmnb-seconds %{time_total}\n"),
        ]
        if self.request.method != "HEAD":
            chosen.append(("request", self.request.method))
        if body:
            chosen.append(("data-binary", "@/dev/fd/4"))
        elif "content-length" in names:
            chosen.append(("data-binary", ""))
        flags = ["silent", "show-error", "include", "raw", "http1.1", "globoff"]
        flags += ["head"] if self.request.method == "HEAD" else []
        return "\n".join([*flags, *(f"{name} = {_quoted(value)}" for name, value in chosen), ""]).encode()


def _carrier(err: str) -> Carrier | None:
    found = _CARRIER.search(err)
    return Carrier(found[1]) if found else None


def _silence(carrier: Carrier, code: int, said: str) -> _Silence:
    """Read what a program said when nothing came: curl by its code, the others by the system's words."""
    if carrier is Carrier.CURL:
        return _CURL_CODES.get(code, _Silence.CLOSED)
    return next((silence for words, silence in _SYSTEM_WORDS if words in said), _Silence.CLOSED)


def _wait() -> bytes:
    raise _MoreError


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _quoted(value: str) -> str:
    r"""Quote for curl's config file, where a backslash escapes; ``\n`` is ours, in the format of write-out."""
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
