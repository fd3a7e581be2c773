"""Host calls about streams: go on, answer, call another service."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wasmnb.display.text import several
from wasmnb.emulator.calls import quoted
from wasmnb.emulator.codes import Status, StreamType
from wasmnb.emulator.header_map import HeaderMap, unpack
from wasmnb.emulator.records import Reply
from wasmnb.emulator.world import Call

if TYPE_CHECKING:
    from collections.abc import Callable

    from wasmnb.emulator.machine import Machine

__all__ = ["CALLS"]

_NONE = -1
_NEEDED = {":method", ":path", ":authority"}


def _set_effective_context(machine: Machine, context: int) -> Status:
    status = Status.OK if machine.handler.use(context) else Status.BAD_ARGUMENT
    machine.note(f"proxy_set_effective_context({context})", status.name)
    return status


def _done(machine: Machine) -> Status:
    machine.note("proxy_done()", Status.OK.name)
    return Status.OK


def _continue_stream(machine: Machine, kind: int) -> Status:
    if kind not in (StreamType.REQUEST, StreamType.RESPONSE):
        machine.note(f"proxy_continue_stream({kind})", Status.BAD_ARGUMENT.name)
        return Status.BAD_ARGUMENT
    status: Status = machine.handler.go_on(StreamType(kind))
    machine.note(f"proxy_continue_stream({StreamType(kind).name.lower()})", status.name)
    return status


def _continue_request(machine: Machine) -> Status:
    return _continue_stream(machine, StreamType.REQUEST)


def _continue_response(machine: Machine) -> Status:
    return _continue_stream(machine, StreamType.RESPONSE)


def _close_stream(machine: Machine, kind: int) -> Status:
    machine.handler.reset()
    machine.note(f"proxy_close_stream({kind})", Status.OK.name)
    return Status.OK


def _clear_route_cache(machine: Machine) -> Status:
    machine.note("proxy_clear_route_cache()", Status.OK.name)
    return Status.OK


def _send_local_response(machine: Machine, status: int, *rest: int) -> Status:
    details, details_size, body, body_size, headers, headers_size, grpc = rest
    try:
        lines = unpack(machine.read(headers, headers_size))
    except ValueError:
        return Status.SERIALIZATION_FAILURE
    grpc = grpc - (1 << 32) if grpc >= 1 << 31 else grpc
    reply = Reply(
        status,
        None if grpc == _NONE else grpc,
        machine.read(details, details_size).decode("utf-8", "replace"),
        HeaderMap(lines).texts(),
        machine.read(body, body_size),
    )
    answered = machine.handler.answer(reply)
    sent = several(len(lines), "header")
    machine.note(
        f"proxy_send_local_response({status}, {reply.details!r}, {quoted(reply.body)}, {sent})",
        answered.name,
    )
    machine.reply(reply)
    return Status(answered)


def _http_call(machine: Machine, cluster: int, size: int, *rest: int) -> Status:
    headers, headers_size, body, body_size, trailers, trailers_size, timeout, token = rest
    try:
        lines = HeaderMap(unpack(machine.read(headers, headers_size))).texts()
        tail = HeaderMap(unpack(machine.read(trailers, trailers_size))).texts()
    except ValueError:
        return Status.SERIALIZATION_FAILURE
    call = Call(machine.read(cluster, size).decode("utf-8", "replace"), lines, machine.read(body, body_size), tail)
    told = f"proxy_http_call({str(call)!r}, {timeout} ms)"
    number = machine.handler.call_out(call, timeout) if {name for name, _ in lines} >= _NEEDED else None
    if number is None:
        machine.note(told, Status.BAD_ARGUMENT.name)
        return Status.BAD_ARGUMENT
    machine.write_word(token, number)
    machine.note(told, number)
    return Status.OK


CALLS: dict[str, Callable[..., Status]] = {
    "proxy_set_effective_context": _set_effective_context,
    "proxy_done": _done,
    "proxy_continue_stream": _continue_stream,
    "proxy_continue_request": _continue_request,
    "proxy_continue_response": _continue_response,
    "proxy_close_stream": _close_stream,
    "proxy_clear_route_cache": _clear_route_cache,
    "proxy_send_local_response": _send_local_response,
    "proxy_http_call": _http_call,
}
