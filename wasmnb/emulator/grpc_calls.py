"""Host calls of gRPC: calls with one message and one answer, and streams."""

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


def _call(machine: Machine, service: int, service_size: int, *rest: int, data: bytes = b"") -> Call | None:
    """Read whom a call or a stream is for; None where its metadata is none."""
    name, name_size, method, method_size, metadata, metadata_size = rest
    path = "/".join(
        machine.read(*pair).decode("utf-8", "replace") for pair in ((name, name_size), (method, method_size))
    )
    try:
        lines = HeaderMap(unpack(machine.read(metadata, metadata_size))).texts()
    except ValueError:
        return None
    to = _cluster(machine.read(service, service_size))
    return Call(to, ((":method", "POST"), (":path", f"/{path}"), *lines), data)


def _grpc_call(machine: Machine, service: int, service_size: int, *rest: int) -> Status:
    message, size, timeout, token = rest[6:]
    data = machine.read(message, size)
    call = _call(machine, service, service_size, *rest[:6], data=data)
    if call is None:
        return Status.SERIALIZATION_FAILURE
    told = f"proxy_grpc_call({str(call)!r}, {quoted(data)}, {timeout} ms)"
    number = machine.handler.grpc(call, timeout)
    if number is None:
        machine.note(told, Status.PARSE_FAILURE.name)
        return Status.PARSE_FAILURE
    machine.write_word(token, number)
    machine.note(told, number)
    return Status.OK


def _grpc_stream(machine: Machine, service: int, service_size: int, *rest: int) -> Status:
    call = _call(machine, service, service_size, *rest[:6])
    if call is None:
        return Status.SERIALIZATION_FAILURE
    number = machine.handler.grpc_streams.open(call)
    if number is None:
        machine.note(f"proxy_grpc_stream({str(call)!r})", Status.PARSE_FAILURE.name)
        return Status.PARSE_FAILURE
    machine.write_word(rest[6], number)
    machine.note(f"proxy_grpc_stream({str(call)!r})", number)
    return Status.OK


def _grpc_send(machine: Machine, token: int, message: int, size: int, last: int) -> Status:
    data = machine.read(message, size)
    status: Status = machine.handler.grpc_streams.send(token, last=bool(last))
    machine.note(f"proxy_grpc_send({token}, {quoted(data)}, last {bool(last)})", status.name)
    return status


def _grpc_cancel(machine: Machine, token: int) -> Status:
    status: Status = machine.handler.cancel_grpc(token)
    machine.note(f"proxy_grpc_cancel({token})", status.name)
    return status


def _grpc_close(machine: Machine, token: int) -> Status:
    status: Status = machine.handler.close_grpc(token)
    machine.note(f"proxy_grpc_close({token})", status.name)
    return status


CALLS: dict[str, Callable[..., Status]] = {
    "proxy_grpc_call": _grpc_call,
    "proxy_grpc_stream": _grpc_stream,
    "proxy_grpc_send": _grpc_send,
    "proxy_grpc_cancel": _grpc_cancel,
    "proxy_grpc_close": _grpc_close,
}
