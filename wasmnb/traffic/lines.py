"""Lines of two messages side by side: which belongs to which, what varies by itself, and where bodies differ."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["CHANGES", "VARYING", "excerpts", "partners"]

CHANGES = ("added", "changed", "removed", "same", "varies", "")
"""What can become of a line; ``varies`` changes with every request, filter or not; empty is not compared."""

VARYING = frozenset(
    {
        # Clocks (RFC 9110, RFC 9111; Server-Timing)
        *("date", "age", "expires", "server-timing", "x-response-time", "x-runtime"),
        # Envoy's measure of its upstream
        "x-envoy-upstream-service-time",
        # Identity of one request or one trace (Envoy, W3C Trace Context, Zipkin B3, clouds)
        *("x-request-id", "request-id", "x-correlation-id", "x-client-trace-id"),
        *("traceparent", "tracestate", "b3", "x-b3-traceid", "x-b3-spanid", "x-b3-parentspanid"),
        *(
            "uber-trace-id",
            "x-amzn-trace-id",
            "x-amzn-requestid",
            "x-amz-request-id",
            "x-cloud-trace-context",
            "cf-ray",
        ),
    }
)
"""Header names, lower case, whose values differ from one request to the next without anybody's doing."""

_EXCERPT = 60
_Lines = tuple[tuple[str, str], ...]


def partners(old: _Lines, new: _Lines) -> dict[int, int]:
    """Pair indices of ``new`` with indices of ``old``: lines of one name, by equal value first, then in order."""
    partner: dict[int, int] = {}
    for name in {name.lower() for name, _ in new}:
        mine = [index for index, line in enumerate(new) if line[0].lower() == name]
        theirs = [index for index, line in enumerate(old) if line[0].lower() == name]
        for index in mine:
            equal = next((other for other in theirs if old[other][1] == new[index][1]), None)
            if equal is not None:
                partner[index] = equal
                theirs.remove(equal)
        rest = [index for index in mine if index not in partner]
        partner.update(zip(rest, theirs, strict=False))
    return partner


def excerpts(bodies: Sequence[bytes]) -> list[str]:
    """Give of each body, which are not all the same, its size and the text around the first difference."""
    at = min(_first_difference(bodies[0], body) for body in bodies if body != bodies[0])
    return [_excerpt(body, at) for body in bodies]


def _first_difference(one: bytes, other: bytes) -> int:
    """Find the first byte that differs, by halves: comparing slices is far quicker than comparing bytes."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _excerpt(body: bytes, at: int) -> str:
    start = max(at - 20, 0)
    text = body[start : start + _EXCERPT].decode("utf-8", "replace")
    shown = ("…" if start else "") + text + ("…" if start + _EXCERPT < len(body) else "")
    return f"{len(body)} bytes" + (f": {shown}" if body else "")
