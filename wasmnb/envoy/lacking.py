"""What a filter asked of one Envoy that it did not have, or not under that name: told by the trace of its VM.

Source: Envoy 1.40, proxy-wasm-cpp-host, ``wasm_vm.h``: each call of a host function, and what it gave back.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wasmnb.module import Module

__all__ = ["asks", "lacked", "refused"]

_ANSWERED = re.compile(r"\[vm<-host\] env\.(?P<name>\w+) return: (?P<code>\d+)")
# Envoy asks for memory within a callback, for what a host function gives back.
_CALLED = re.compile(r"\[host->vm\] (?P<name>proxy_on_(?!memory_allocate)\w+)\(")
_CALLOUTS = {"proxy_http_call": "an HTTP call", "proxy_grpc_call": "a gRPC call", "proxy_grpc_stream": "a gRPC stream"}
_PROPERTY = "proxy_get_property"
_NOT_FOUND, _BAD_ARGUMENT = "1", "2"
_FORMER = (
    *("node", "cluster_name", "cluster_metadata", "route_name", "route_metadata", "listener_direction"),
    "listener_metadata",
)
"""Properties that are below ``xds`` now."""
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


def asks(module: Module) -> bool:
    """Say whether a module may ask for a cluster, or for a property by a name that it had in earlier Envoys."""
    imports = {one.name for one in module.facts.imports}
    return bool(imports & _CALLOUTS.keys()) or (_PROPERTY in imports and bool(_former(module)))


def refused(lines: Sequence[str], module: Module) -> tuple[str, ...]:
    """Say what a filter asked for under a name that this Envoy does not know, and what it may have meant.

    Parameters
    ----------
    lines : sequence of str
        Of one worker, with the trace of its VM.
    module : Module
    """
    found, callback = [], ""
    for line in lines:
        call, answer = _CALLED.search(line), _ANSWERED.search(line)
        if call is not None:
            callback = call["name"]
        elif answer is None:
            continue
        elif answer["name"] in _CALLOUTS and answer["code"] == _BAD_ARGUMENT:
            found.append(
                f"{_CALLOUTS[answer['name']]} in {callback} got BadArgument: it names no cluster of the proxy, or lacks"
                " :method, :path or :authority"
            )
        elif answer["name"] == _PROPERTY and answer["code"] == _NOT_FOUND and _former(module):
            names = ", ".join(f"{name} is xds.{name}" for name in _former(module))
            found.append(
                f"a property was not found in {callback}, and Envoy renamed some that the module names: {names}"
            )
    return tuple(dict.fromkeys(found))


def _former(module: Module) -> tuple[str, ...]:
    """Give the former names of properties in a module that does not know the present ones."""
    data = module.wasm
    return () if b"xds" in data else tuple(name for name in _FORMER if name.encode() in data)
