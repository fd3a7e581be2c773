"""Envoy's own trace of one recognisable request: which Wasm filter of a chain was called for it.

Source: Envoy 1.40, proxy-wasm-cpp-host, ``wasm_vm.h``: the lines name neither plugin, VM nor stream, and context ids
begin anew in each VM. What they do name is how many headers a callback was given; and the filters of a chain are called
in order, each when the one before lets the request go on.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from wasmnb.envoy.exchange import Probe

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["LEAST", "MOST", "called", "marked"]

LEAST, MOST = 40, 70
"""Headers of a recognisable request: more than others have, fewer than Envoy refuses (100)."""
_ADDED = 12
"""Headers that an Envoy may add before the first filter, at most: pseudo headers and its own."""
_CALL = re.compile(r"\[host->vm\] proxy_on_request_headers\(\d+, (?P<count>\d+), [01]\)")
_RETURN = re.compile(r"\[host<-vm\] proxy_on_request_headers return: (?P<code>\d+)")
_CONTINUE = "0"


def marked(probe: Probe, count: int) -> Probe:
    """Give a request that many headers more, by which a trace knows it."""
    more = tuple((f"x-wasmnb-probe-{number}", "1") for number in range(count))
    return Probe(probe.method, probe.path, (*probe.headers, *more), probe.body)


def called(lines: Sequence[str], count: int, position: int) -> str:
    """Find the call of a filter for a recognisable request; empty when the trace has none.

    Parameters
    ----------
    lines : sequence of str
        Of one worker.
    count : int
        Headers of the request.
    position : int
        How many Wasm filters that take a request's headers stand before it in the chain.
    """
    left = None
    for line in lines:
        call, result = _CALL.search(line), _RETURN.search(line)
        if call is not None:
            mine = count < int(call["count"]) <= count + _ADDED
            if left is not None and not mine:
                # One before it answered by itself, which it need not say by what it returns: this is another request.
                return ""
            if left is None and mine:
                left = position
            if left == 0:
                return call[0]
        elif result is not None and left is not None:
            if result["code"] != _CONTINUE:
                return ""
            left -= 1
    return ""
