"""A request sent until a proxy is ready for it, and what a reader of the answer must know."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING
from urllib.parse import quote

from wasmnb.display.text import several
from wasmnb.errors import TrafficError
from wasmnb.traffic.exchange import Exchange, Headers, Request, Response
from wasmnb.traffic.http_client import NotReadyError, roundtrip
from wasmnb.wording import Option, Wording

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Answer", "is_token", "persist", "send"]

PATIENCE = 2.0
"""Seconds that a proxy gets to become ready; one that takes longer is down, and the user wants to know."""

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_IDEMPOTENT = {"GET", "HEAD"}
_UNAVAILABLE = 503
_BAD_REQUEST = 400
_BAD_GATEWAY = 502
_RESERVED = "/?#[]@!$&'()*+,;=:%~"
_FIRST_PAUSE, _LONGEST_PAUSE = 0.02, 0.25


def is_token(name: str) -> bool:
    """Say whether a header name is a token (RFC 9110, 5.6.2), as every HTTP implementation takes it."""
    return _TOKEN.fullmatch(name) is not None


@dataclass(frozen=True)
class Answer:
    """What one attempt gave.

    Parameters
    ----------
    response : Response
    pod : str
        The pod whose proxy answered.
    seconds : float
        From the first byte sent to the last one received.
    notes : tuple of str
        What a reader must know of the way that the request took.
    """

    response: Response
    pod: str
    seconds: float
    notes: tuple[str, ...] = ()


def send(
    address: tuple[str, int],
    request: Request,
    *,
    source: str,
    pod: str,
    via: str,
    timeout: float,
    patience: float = PATIENCE,
) -> Exchange:
    """Send a request over a socket, as often as `persist` does.

    Parameters
    ----------
    address : (str, int)
        Host and port to connect to.
    request : Request
    source, pod, via : str
        See `Exchange`.
    timeout : float
        Seconds for everything, waiting between attempts included.
    patience : float
        Seconds of ``timeout`` after which no further attempt is begun.

    Raises
    ------
    TrafficError
        As `roundtrip`; for a proxy that did not become ready, with the number of attempts.
    """

    def attempt(left: float) -> Answer:
        begin = time.perf_counter()
        response = roundtrip(address, request, timeout=left)
        return Answer(response, pod, time.perf_counter() - begin)

    return persist(attempt, request, source=source, via=via, timeout=timeout, patience=patience)


def persist(
    attempt: Callable[[float], Answer],
    request: Request,
    *,
    source: str,
    via: str,
    timeout: float,
    patience: float = PATIENCE,
) -> Exchange:
    """Send a request, again and again only while a proxy is not ready yet.

    A refused connection is tried again for every method: nobody has seen the request. A connection closed before the
    first byte of a response, and Envoy's own 503 for an upstream it could not reach, only for GET and HEAD.

    Parameters
    ----------
    attempt : callable
        Sends it once, in at most so many seconds; raises `NotReadyError` where it is worth another try.
    request : Request
    source, via : str
        See `Exchange`.
    timeout, patience : float
        As for `send`.

    Returns
    -------
    Exchange
        ``notes`` say how often it was tried and why, which header names are no token, and what a 502 means.

    Raises
    ------
    TrafficError
        As ``attempt``; for a proxy that did not become ready, with the number of attempts.
    """
    retry = _Retry(request.method, timeout, min(patience, timeout))
    while True:
        at = datetime.now(timezone.utc)
        try:
            answer = attempt(retry.left())
        except NotReadyError as error:
            if not retry.again(error.why[0], safe=not error.sent):
                raise retry.give_up(error) from None
            continue
        reason = _not_ready(answer.response)
        if reason and retry.again(reason, safe=False):
            continue
        notes = (*answer.notes, *retry.notes(still=reason), *_notes(request, answer.response, via))
        notes += (answer.response.flaw,) if answer.response.flaw else ()
        return Exchange(request, answer.response, source, answer.pod, via, answer.seconds, at, notes)


@dataclass
class _Retry:
    """How often and how long a request has been tried."""

    method: str
    timeout: float
    patience: float
    attempts: int = 1
    reason: str = ""
    pause: float = _FIRST_PAUSE

    def __post_init__(self) -> None:
        self.begin = time.monotonic()

    def left(self) -> float:
        return max(self.timeout - self.spent(), 0.001)

    def spent(self) -> float:
        return time.monotonic() - self.begin

    def again(self, reason: str, *, safe: bool) -> bool:
        """Wait a moment and say yes, or say no when it must not or need not be tried again."""
        if not (safe or self.method in _IDEMPOTENT) or self.spent() + self.pause >= self.patience:
            return False
        time.sleep(self.pause)
        self.reason = reason
        self.pause = min(self.pause * 2, _LONGEST_PAUSE)
        self.attempts += 1
        return True

    def notes(self, *, still: str) -> tuple[str, ...]:
        if self.attempts == 1:
            return ()
        if still:
            return (f"still not ready after {several(self.attempts, 'attempt')} in {self.spent():.1f} s: {still}",)
        when = f"answered at attempt {self.attempts}, after {self.spent() * 1000:.0f} ms"
        return (f"a proxy was not ready yet ({self.reason}): {when}",)

    def give_up(self, error: NotReadyError) -> TrafficError:
        tried = [f"tried {self.attempts} times in {self.spent():.1f} s"] if self.attempts > 1 else []
        return TrafficError(error.what, why=[*error.why, *tried], hint=error.hint)


def _not_ready(response: Response) -> str:
    """Give Envoy's own words when it could not reach its upstream; a service's own 503 gives nothing."""
    if response.status != _UNAVAILABLE:
        return ""
    text = response.text[:400]
    if text.startswith("no healthy upstream"):
        return "503 no healthy upstream"
    if text.startswith("upstream connect error") and "connection failure" in text:
        return "503 upstream connection failure"
    return ""


def _notes(request: Request, response: Response, via: str) -> list[str]:
    notes = []
    odd = _odd(request.headers)
    if odd:
        notes.append(
            f"request header name {odd} is not an HTTP token (RFC 9110, 5.1): "
            "an Envoy in the path may answer 400 or drop the connection"
        )
    odd = _odd(response.headers)
    if odd:
        notes.append(
            f"response header name {odd} is not an HTTP token (RFC 9110, 5.1): it shows here, "
            "but the next Envoy in the path answers 502 when its upstream sends it"
        )
    if response.status == _BAD_REQUEST and not request.path.isascii():
        # Envoy takes no byte above 0x7E in a path (RFC 3986, 2).
        notes.append(f"the path has letters that no URL has; write them as {quote(request.path, safe=_RESERVED)}")
    if response.status == _BAD_GATEWAY and "protocol error" in response.text[:400]:
        past = str(Wording("; send past the caller's proxy ({}) to see the response itself", Option("via", "proxy")))
        notes.append(
            "502 protocol error: a proxy refused the response of the next one, as Envoy does "
            f"when a header name is not an HTTP token (such as 你好){past if via == 'app' else ''}"
        )
    return notes


def _odd(headers: Headers) -> str:
    return ", ".join(dict.fromkeys(repr(name) for name, _ in headers if not is_token(name)))
