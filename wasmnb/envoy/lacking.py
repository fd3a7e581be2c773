"""What a filter asked of one Envoy that it did not have, though another may: told by the trace of its VM.

Source: Envoy 1.40, proxy-wasm-cpp-host, ``wasm_vm.h``: each call of a host function, and what it gave back.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["lacked"]

_ANSWERED = re.compile(r"\[vm<-host\] env\.(?P<name>\w+) return: (?P<code>\d+)")
_FOREIGN = {
    "proxy_get_property": "a property",
    "proxy_http_call": "the service of an HTTP call",
    "proxy_grpc_call": "the service of a gRPC call",
    "proxy_grpc_stream": "the service of a gRPC stream",
}
_REPLIES = {
    "proxy_on_http_call_response": "the answer of an HTTP call",
    "proxy_on_grpc_receive": "the answer of a gRPC call",
    "proxy_on_grpc_close": "the answer of a gRPC call",
}
"""What a filter can ask of the world around its proxy, and in which callbacks the world answers."""


def lacked(lines: Sequence[str], function: str) -> tuple[str, ...]:
    """Say what a filter that crashed had asked for that this Envoy does not have, though another may.

    Parameters
    ----------
    lines : sequence of str
        Of one worker, up to the crash.
    function : str
        The callback that crashed.
    """
    missed = [_REPLIES[function]] if function in _REPLIES else []
    for line in lines:
        answer = _ANSWERED.search(line)
        if answer is not None and answer["code"] != "0" and answer["name"] in _FOREIGN:
            missed.append(_FOREIGN[answer["name"]])
    return tuple(dict.fromkeys(missed))
