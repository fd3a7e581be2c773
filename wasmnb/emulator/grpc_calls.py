"""Host calls of gRPC, as far as they are one message and one answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wasmnb.emulator.calls import quoted
from wasmnb.emulator.codes import Status
from wasmnb.emulator.header_map import HeaderMap, unpack
from wasmnb.emulator.world import Call

if TYPE_CHECKING:
    from collections.abc import Callable

    from wasmnb.emulator.machine import Machine

__all__ = ["CALLS"]

_ENVOY_GRPC = b"\x0a"  # the first field of GrpcService, and the first of EnvoyGrpc in it: texts behind a length


def _cluster(service: bytes) -> str:
    """Give the cluster that is meant: by its name, or in Envoy's ``GrpcService``."""
    inner = service
    for _ in range(2):
        if not (inner[:1] == _ENVOY_GRPC and len(inner) > 1 and inner[1] <= len(inner) - 2):
            return service.decode("utf-8", "replace")
        inner = inner[2 : 2 + inner[1]]
    return inner.decode("utf-8", "replace")


def _grpc_call(machine: Machine, service: int, service_size: int, *rest: int) -> Status:
    name, name_size, method, method_size, metadata, metadata_size, message, size, timeout, token = rest
    path = "/".join(
        machine.read(*pair).decode("utf-8", "replace") for pair in ((name, name_size), (method, method_size))
    )
    try:
        lines = HeaderMap(unpack(machine.read(metadata, metadata_size))).texts()
    except ValueError:
        return Status.SERIALIZATION_FAILURE
    data = machine.read(message, size)
    call = Call(
        _cluster(machine.read(service, service_size)), ((":method", "POST"), (":path", f"/{path}"), *lines), data
    )
    told = f"proxy_grpc_call({str(call)!r}, {quoted(data)}, {timeout} ms)"
    number = machine.handler.grpc(call, timeout)
    if number is None:
        machine.note(told, Status.PARSE_FAILURE.name)
        return Status.PARSE_FAILURE
    machine.write_word(token, number)
    machine.note(told, number)
    return Status.OK


CALLS: dict[str, Callable[..., Status]] = {"proxy_grpc_call": _grpc_call}
