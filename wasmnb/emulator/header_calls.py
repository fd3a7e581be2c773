"""Host calls about header maps and buffers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wasmnb.emulator.calls import quoted
from wasmnb.emulator.codes import BufferType, MapType, Status
from wasmnb.emulator.header_map import pack, unpack

if TYPE_CHECKING:
    from collections.abc import Callable

    from wasmnb.emulator.header_map import HeaderMap
    from wasmnb.emulator.machine import Machine

__all__ = ["CALLS"]

_OLDEST = "0.1.0"
_MAX = 0xFFFFFFFF


def _name(kind: int) -> str:
    return MapType(kind).name.lower() if kind in MapType.__members__.values() else str(kind)


def _map(machine: Machine, kind: int, *, change: bool = False) -> HeaderMap | None:
    if kind not in MapType.__members__.values():
        return None
    found: HeaderMap | None = machine.handler.headers(MapType(kind), change=change)
    return found


def _get_size(machine: Machine, kind: int, result: int) -> Status:
    found = _map(machine, kind)
    call = f"proxy_get_header_map_size({_name(kind)})"
    if found is None:
        machine.note(call, Status.BAD_ARGUMENT.name)
        return Status.BAD_ARGUMENT
    machine.write_word(result, found.size)
    machine.note(call, found.size)
    return Status.OK


def _get_pairs(machine: Machine, kind: int, pointer: int, length: int) -> Status:
    found = _map(machine, kind)
    machine.note(f"proxy_get_header_map_pairs({_name(kind)})", f"{0 if found is None else len(found)} lines")
    # Where there is no such map, Envoy gives an empty one.
    machine.hand_over(b"" if found is None else pack(found.lines), pointer, length)
    return Status.OK


def _get_value(machine: Machine, kind: int, name: int, size: int, pointer: int, length: int) -> Status:
    key = machine.read(name, size)
    found = _map(machine, kind)
    value = None if found is None else found.get(key)
    call = f"proxy_get_header_map_value({_name(kind)}, {quoted(key)})"
    if found is None:
        machine.note(call, Status.BAD_ARGUMENT.name)
        return Status.BAD_ARGUMENT
    if value is None and machine.abi != _OLDEST:
        machine.note(call, Status.NOT_FOUND.name)
        return Status.NOT_FOUND
    machine.note(call, quoted(value or b""))
    machine.hand_over(value or b"", pointer, length)
    return Status.OK


def _changed(machine: Machine, kind: int, what: str, *texts: bytes) -> Status:
    found = _map(machine, kind, change=True)
    call = f"proxy_{what}({', '.join([_name(kind), *map(quoted, texts)])})"
    if found is None:
        machine.note(call, Status.BAD_ARGUMENT.name)
        return Status.BAD_ARGUMENT
    {
        "add_header_map_value": found.add,
        "replace_header_map_value": found.replace,
        "remove_header_map_value": found.remove,
    }[what](*texts)  # type: ignore[operator]
    machine.note(call, Status.OK.name)
    return Status.OK


def _add(machine: Machine, kind: int, name: int, size: int, value: int, length: int) -> Status:
    return _changed(machine, kind, "add_header_map_value", machine.read(name, size), machine.read(value, length))


def _replace(machine: Machine, kind: int, name: int, size: int, value: int, length: int) -> Status:
    return _changed(machine, kind, "replace_header_map_value", machine.read(name, size), machine.read(value, length))


def _remove(machine: Machine, kind: int, name: int, size: int) -> Status:
    return _changed(machine, kind, "remove_header_map_value", machine.read(name, size))


def _set_pairs(machine: Machine, kind: int, address: int, size: int) -> Status:
    try:
        lines = unpack(machine.read(address, size))
    except ValueError:
        return Status.PARSE_FAILURE
    found = _map(machine, kind, change=True)
    call = f"proxy_set_header_map_pairs({_name(kind)}, {len(lines)} lines)"
    if found is None:
        machine.note(call, Status.BAD_ARGUMENT.name)
        return Status.BAD_ARGUMENT
    found.lines = [(name.lower(), value) for name, value in lines]
    machine.note(call, Status.OK.name)
    return Status.OK


def _buffer_name(kind: int) -> str:
    return BufferType(kind).name.lower() if kind in BufferType.__members__.values() else str(kind)


def _buffer(machine: Machine, kind: int) -> bytearray | None:
    if kind not in BufferType.__members__.values():
        return None
    found: bytearray | None = machine.handler.buffer(BufferType(kind))
    return found


def _get_bytes(machine: Machine, kind: int, start: int, most: int, pointer: int, length: int) -> Status:
    found = _buffer(machine, kind)
    start, most = start & _MAX, most & _MAX
    call = f"proxy_get_buffer_bytes({_buffer_name(kind)}, {start}, {most})"
    if found is None:
        machine.note(call, Status.NOT_FOUND.name)
        return Status.NOT_FOUND
    if start + most > _MAX:
        machine.note(call, Status.BAD_ARGUMENT.name)
        return Status.BAD_ARGUMENT
    data = bytes(found[start : start + most])
    machine.note(call, quoted(data))
    machine.hand_over(data, pointer, length)
    return Status.OK


def _get_status(machine: Machine, kind: int, length: int, flags: int) -> Status:
    found = _buffer(machine, kind)
    call = f"proxy_get_buffer_status({_buffer_name(kind)})"
    if found is None and kind > BufferType.RESPONSE_BODY:
        machine.note(call, Status.NOT_FOUND.name)
        return Status.NOT_FOUND
    # Where there is no body now, Envoy says that it is empty.
    size = 0 if found is None else len(found)
    machine.write_word(length, size)
    machine.write_word(flags, 0)
    machine.note(call, size)
    return Status.OK


def _set_bytes(machine: Machine, kind: int, start: int, size: int, address: int, length: int) -> Status:
    data = machine.read(address, length)
    found = _buffer(machine, kind)
    start, size = start & _MAX, size & _MAX
    call = f"proxy_set_buffer_bytes({_buffer_name(kind)}, {start}, {size}, {quoted(data)})"
    if found is None or kind >= BufferType.VM_CONFIGURATION:
        status = Status.NOT_FOUND if found is None else Status.BAD_ARGUMENT
        machine.note(call, status.name)
        return status
    # Envoy puts data behind a buffer, before it, or in the place of its beginning; nothing else.
    status = Status.OK
    if start == 0:
        found[:size] = data
    elif start >= len(found):
        found += data
    else:
        status = Status.BAD_ARGUMENT
    machine.note(call, status.name)
    return status


CALLS: dict[str, Callable[..., Status]] = {
    "proxy_get_header_map_size": _get_size,
    "proxy_get_header_map_pairs": _get_pairs,
    "proxy_get_header_map_value": _get_value,
    "proxy_add_header_map_value": _add,
    "proxy_replace_header_map_value": _replace,
    "proxy_remove_header_map_value": _remove,
    "proxy_set_header_map_pairs": _set_pairs,
    "proxy_get_buffer_bytes": _get_bytes,
    "proxy_get_buffer_status": _get_status,
    "proxy_set_buffer_bytes": _set_bytes,
}
