"""Host calls about the plugin and what is around it: log, clock, properties, shared data, queues, metrics."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wasmnb.emulator.codes import LogLevel, MetricType, Status

if TYPE_CHECKING:
    from collections.abc import Callable

    from wasmnb.emulator.machine import Machine

__all__ = ["CALLS", "quoted"]

_SHOWN = 200


def quoted(data: bytes) -> str:
    """Give bytes as a text to read."""
    text = data.decode("utf-8", "backslashreplace")
    return repr(text if len(text) <= _SHOWN else text[:_SHOWN] + "...")


def _log(machine: Machine, level: int, address: int, size: int) -> Status:
    text = machine.read(address, size)
    if level not in LogLevel.__members__.values():
        return Status.BAD_ARGUMENT
    machine.note(f"proxy_log({LogLevel(level).name.lower()}, {quoted(text)})", None)
    machine.say(LogLevel(level), text)
    return Status.OK


def _get_log_level(machine: Machine, result: int) -> Status:
    machine.write_word(result, machine.world.level)
    machine.note("proxy_get_log_level()", machine.world.level.name.lower())
    return Status.OK


def _get_current_time_nanoseconds(machine: Machine, result: int) -> Status:
    machine.write_word(result, machine.world.now, 8)
    machine.note("proxy_get_current_time_nanoseconds()", machine.world.now)
    return Status.OK


def _get_property(machine: Machine, address: int, size: int, pointer: int, length: int) -> Status:
    path = ".".join(part for part in machine.read(address, size).decode("utf-8", "replace").split("\0") if part)
    value = machine.handler.property(path)
    call = f"proxy_get_property({path!r})"
    if value is None:
        machine.note(call, Status.NOT_FOUND.name)
        return Status.NOT_FOUND
    machine.note(call, quoted(value))
    machine.hand_over(value, pointer, length)
    return Status.OK


def _set_property(machine: Machine, address: int, size: int, value: int, length: int) -> Status:
    path = ".".join(part for part in machine.read(address, size).decode("utf-8", "replace").split("\0") if part)
    data = machine.read(value, length)
    machine.handler.set_property(path, data)
    machine.note(f"proxy_set_property({path!r}, {quoted(data)})", Status.OK.name)
    return Status.OK


def _get_shared_data(machine: Machine, key: int, size: int, pointer: int, length: int, cas: int) -> Status:
    name = machine.read(key, size).decode("utf-8", "surrogateescape")
    found = machine.world.shared.get(name)
    if found is None:
        machine.note(f"proxy_get_shared_data({name!r})", Status.NOT_FOUND.name)
        return Status.NOT_FOUND
    machine.note(f"proxy_get_shared_data({name!r})", f"{quoted(found[0])}, cas {found[1]}")
    machine.hand_over(found[0], pointer, length)
    machine.write_word(cas, found[1])
    return Status.OK


def _set_shared_data(machine: Machine, key: int, size: int, value: int, length: int, cas: int) -> Status:
    name = machine.read(key, size).decode("utf-8", "surrogateescape")
    data = machine.read(value, length)
    known = machine.world.shared.get(name)
    fits = not cas or known is None or known[1] == cas
    status = Status.OK if fits else Status.CAS_MISMATCH
    if fits:
        machine.world.share(name, data)
    machine.note(f"proxy_set_shared_data({name!r}, {quoted(data)}, cas {cas})", status.name)
    return status


def _register_shared_queue(machine: Machine, address: int, size: int, result: int) -> Status:
    name = machine.read(address, size).decode("utf-8", "surrogateescape")
    token = machine.handler.register_queue(name)
    machine.write_word(result, token)
    machine.note(f"proxy_register_shared_queue({name!r})", token)
    return Status.OK


def _resolve_shared_queue(machine: Machine, vm: int, vm_size: int, address: int, size: int, result: int) -> Status:
    machine.read(vm, vm_size)
    name = machine.read(address, size).decode("utf-8", "surrogateescape")
    token = machine.handler.resolve_queue(name)
    if token is None:
        machine.note(f"proxy_resolve_shared_queue({name!r})", Status.NOT_FOUND.name)
        return Status.NOT_FOUND
    machine.write_word(result, token)
    machine.note(f"proxy_resolve_shared_queue({name!r})", token)
    return Status.OK


def _enqueue_shared_queue(machine: Machine, token: int, address: int, size: int) -> Status:
    data = machine.read(address, size)
    status = Status.OK if machine.handler.enqueue(token, data) else Status.NOT_FOUND
    machine.note(f"proxy_enqueue_shared_queue({token}, {quoted(data)})", status.name)
    return status


def _dequeue_shared_queue(machine: Machine, token: int, pointer: int, length: int) -> Status:
    found = machine.handler.dequeue(token)
    if isinstance(found, Status):
        machine.note(f"proxy_dequeue_shared_queue({token})", found.name)
        return found
    machine.note(f"proxy_dequeue_shared_queue({token})", quoted(found))
    machine.hand_over(found, pointer, length)
    return Status.OK


def _define_metric(machine: Machine, kind: int, address: int, size: int, result: int) -> Status:
    name = machine.read(address, size).decode("utf-8", "replace")
    if kind not in MetricType.__members__.values():
        return Status.BAD_ARGUMENT
    number = machine.world.define(MetricType(kind), name)
    machine.write_word(result, number)
    machine.note(f"proxy_define_metric({MetricType(kind).name.lower()}, {name!r})", number)
    return Status.OK


def _metric(machine: Machine, number: int, call: str, change: Callable[[int], int]) -> Status:
    if not 0 < number <= len(machine.world.metrics):
        machine.note(f"{call} of metric {number}", Status.NOT_FOUND.name)
        return Status.NOT_FOUND
    metric = machine.world.metrics[number - 1]
    metric.value = change(metric.value)
    machine.note(f"{call}({metric.name!r})", metric.value)
    return Status.OK


def _increment_metric(machine: Machine, number: int, offset: int) -> Status:
    return _metric(machine, number, f"proxy_increment_metric by {offset}", lambda value: value + offset)


def _record_metric(machine: Machine, number: int, value: int) -> Status:
    status = _metric(machine, number, "proxy_record_metric", lambda _: value)
    if status is Status.OK:
        machine.world.metrics[number - 1].count += 1
    return status


def _get_metric(machine: Machine, number: int, result: int) -> Status:
    status = _metric(machine, number, "proxy_get_metric", lambda value: value)
    if status is Status.OK:
        machine.write_word(result, machine.world.metrics[number - 1].value, 8)
    return status


def _get_configuration(machine: Machine, pointer: int, length: int) -> Status:
    data = machine.handler.configuration
    machine.note("proxy_get_configuration()", quoted(data))
    machine.hand_over(data, pointer, length)
    return Status.OK


def _get_status(machine: Machine, code: int, pointer: int, length: int) -> Status:
    number, text = machine.handler.call_status
    machine.write_word(code, number)
    machine.hand_over(text, pointer, length)
    machine.note("proxy_get_status()", number)
    return Status.OK


def _set_tick_period_milliseconds(machine: Machine, period: int) -> Status:
    machine.handler.period = period
    machine.note(f"proxy_set_tick_period_milliseconds({period})", Status.OK.name)
    return Status.OK


def _call_foreign_function(machine: Machine, name: int, size: int, data: int, length: int, *_: int) -> Status:
    text = machine.read(name, size).decode("utf-8", "replace")
    machine.read(data, length)
    # Envoy's own functions are not emulated, but for the one that changes nothing that a case can see.
    status = Status.OK if text == "clear_route_cache" else Status.NOT_FOUND
    machine.note(f"proxy_call_foreign_function({text!r})", status.name)
    return status


CALLS: dict[str, Callable[..., Status]] = {
    "proxy_log": _log,
    "proxy_get_log_level": _get_log_level,
    "proxy_get_current_time_nanoseconds": _get_current_time_nanoseconds,
    "proxy_get_property": _get_property,
    "proxy_set_property": _set_property,
    "proxy_get_shared_data": _get_shared_data,
    "proxy_set_shared_data": _set_shared_data,
    "proxy_register_shared_queue": _register_shared_queue,
    "proxy_resolve_shared_queue": _resolve_shared_queue,
    "proxy_enqueue_shared_queue": _enqueue_shared_queue,
    "proxy_dequeue_shared_queue": _dequeue_shared_queue,
    "proxy_define_metric": _define_metric,
    "proxy_increment_metric": _increment_metric,
    "proxy_record_metric": _record_metric,
    "proxy_get_metric": _get_metric,
    "proxy_get_configuration": _get_configuration,
    "proxy_get_status": _get_status,
    "proxy_set_tick_period_milliseconds": _set_tick_period_milliseconds,
    "proxy_call_foreign_function": _call_foreign_function,
}
