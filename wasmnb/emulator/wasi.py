"""WASI (preview 1) as Envoy has it: output is logged; there are a clock, random numbers, an environment, no files."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from wasmnb.emulator.codes import LogLevel
from wasmnb.emulator.machine import ExitError, MemoryFault, current

if TYPE_CHECKING:
    from collections.abc import Callable

    from wasmnb.emulator.machine import Machine

__all__ = ["function"]

_OK, _BAD_FILE, _FAULT, _NO_SYSTEM_CALL = 0, 8, 21, 52
_OUT, _ERR = 1, 2
_CHARACTER_DEVICE = 2


def _fd_write(machine: Machine, handle: int, vectors: int, count: int, written: int) -> int:
    if handle not in (_OUT, _ERR):
        return _BAD_FILE
    text = b""
    for index in range(count):
        address, size = (int.from_bytes(machine.read(vectors + 8 * index + at, 4), "little") for at in (0, 4))
        text += machine.read(address, size)
    if text:
        machine.say(LogLevel.INFO if handle == _OUT else LogLevel.ERROR, text.removesuffix(b"\n"))
    machine.write_word(written, len(text))
    return _OK


def _clock_time_get(machine: Machine, clock: int, precision: int, result: int) -> int:
    del clock, precision
    machine.write_word(result, machine.world.now, 8)
    return _OK


def _random_get(machine: Machine, address: int, size: int) -> int:
    # The same numbers in each run: what a case sees does not change.
    data = b"".join(hashlib.sha256(f"{index}".encode()).digest() for index in range(size // 32 + 1))
    machine.write(address, data[:size])
    return _OK


def _texts(machine: Machine) -> list[bytes]:
    return [f"{name}={value}\0".encode() for name, value in machine.variables]


def _environ_sizes_get(machine: Machine, count: int, size: int) -> int:
    machine.write_word(count, len(_texts(machine)))
    machine.write_word(size, sum(map(len, _texts(machine))))
    return _OK


def _environ_get(machine: Machine, pointers: int, address: int) -> int:
    for index, text in enumerate(_texts(machine)):
        machine.write_word(pointers + 4 * index, address)
        machine.write(address, text)
        address += len(text)
    return _OK


def _args_sizes_get(machine: Machine, count: int, size: int) -> int:
    machine.write_word(count, 0)
    machine.write_word(size, 0)
    return _OK


def _fd_fdstat_get(machine: Machine, handle: int, result: int) -> int:
    if handle > _ERR:
        return _BAD_FILE
    machine.write(result, bytes([_CHARACTER_DEVICE]) + b"\0" * 23)
    return _OK


def _fd_prestat_get(machine: Machine, handle: int, result: int) -> int:
    del machine, handle, result
    return _BAD_FILE


def _proc_exit(machine: Machine, code: int) -> int:
    del machine
    raise ExitError(f"the filter ended its program (proc_exit {code})")


def _nothing(machine: Machine, *_: int) -> int:
    del machine
    return _OK


_FUNCTIONS: dict[str, Callable[..., int]] = {
    "args_get": _nothing,
    "args_sizes_get": _args_sizes_get,
    "clock_time_get": _clock_time_get,
    "environ_get": _environ_get,
    "environ_sizes_get": _environ_sizes_get,
    "fd_close": _nothing,
    "fd_fdstat_get": _fd_fdstat_get,
    "fd_fdstat_set_flags": _nothing,
    "fd_prestat_dir_name": _fd_prestat_get,
    "fd_prestat_get": _fd_prestat_get,
    "fd_write": _fd_write,
    "proc_exit": _proc_exit,
    "random_get": _random_get,
    "sched_yield": _nothing,
}


def function(name: str) -> Callable[..., int | None]:
    """Give a function of WASI; of those for files, one that gives an error number."""
    known = _FUNCTIONS.get(name)
    if known is None:
        return lambda *_: _NO_SYSTEM_CALL

    def call(*arguments: int) -> int | None:
        try:
            found = known(current(), *arguments)
        except MemoryFault:
            return _FAULT
        return None if name == "proc_exit" else found

    return call
