"""One VM: a module with its memory, which is called and calls back, and what it did in each callback."""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING, Any

from wasmnb.emulator.engine import compiled, engine, wasmtime_package
from wasmnb.emulator.records import Record
from wasmnb.module.envoy_abi import ALLOCATORS

if TYPE_CHECKING:
    from collections.abc import Callable

    from wasmnb.emulator.codes import LogLevel
    from wasmnb.emulator.records import Reply
    from wasmnb.emulator.world import World
    from wasmnb.module import Module

__all__ = ["ExitError", "Machine", "MemoryFault"]

_FUEL = 500_000_000
"""Instructions after which a callback is taken for one that does not come back."""


class MemoryFault(Exception):  # noqa: N818 - what the ABI calls it
    """A filter named an address outside of its memory."""


class ExitError(Exception):
    """A filter ended its program."""


class Machine:
    """A VM.

    Parameters
    ----------
    module : Module
    name : str
        Of the plugin.
    world : World
    variables : tuple of (str, str)
        The environment.
    records : list of Record
        Where each callback is noted, shared with the other VMs.
    """

    def __init__(
        self, module: Module, name: str, world: World, variables: tuple[tuple[str, str], ...], records: list[Record]
    ) -> None:
        from wasmnb.emulator.imports import linker  # noqa: PLC0415 - imports this module

        package = wasmtime_package()
        self.name = name
        self.abi = module.facts.abi
        self.world = world
        self.variables = variables
        self.records = records
        self.failed = False
        self.handler: Any = None
        self.after: list[Callable[[], None]] = []
        self._open: list[Record] = []
        self._store = package.Store(engine())
        self._trap = package.Trap
        self._wrong = package.WasmtimeError
        self._store.set_fuel(_FUEL)
        made = linker(self.abi).instantiate(self._store, compiled(module))
        self._exports: dict[str, Any] = dict(made.exports(self._store).items())
        self._memory = self._exports["memory"]
        self._allocate = next((self._exports[one] for one in ALLOCATORS if one in self._exports), None)

    def close(self) -> None:
        """Free it; what it did stays noted."""
        self._exports.clear()
        self._store.close()

    def has(self, export: str) -> bool:
        """Whether the module exports something."""
        return export in self._exports

    @property
    def memory_bytes(self) -> int:
        """How large its memory has become."""
        return int(self._memory.data_len(self._store))

    def call(self, export: str, *arguments: int) -> int | None:
        """Call an export, if there is one and the VM has not failed; None when nothing came back."""
        if self.failed or export not in self._exports:
            return None
        record = Record(self.name, export, arguments)
        self.records.append(record)
        self._open.append(record)
        self._store.set_fuel(_FUEL)
        try:
            with _running(self):
                returned = self._exports[export](self._store, *arguments)
            record.returned = returned if isinstance(returned, int) else None
        except self._trap as trap:
            self._fail(record, str(trap.message).partition("wasm trap: ")[2].strip() or trap.message.splitlines()[0])
            record.offsets = tuple(frame.module_offset for frame in trap.frames)
        except (self._wrong, ExitError) as error:
            self._fail(record, str(error).strip().splitlines()[-1].strip())
        finally:
            self._open.pop()
            record.instructions = _FUEL - self._store.get_fuel()
        self._finish()
        return record.returned

    def _fail(self, record: Record, why: str) -> None:
        hung = "all fuel consumed" in why
        record.trap = f"it did not return within {_FUEL:,} instructions" if hung else why
        self.failed = True
        self.after.clear()

    def _finish(self) -> None:
        """Do what the filter asked for while it ran and what comes after it, as Envoy does."""
        while self.after and not self._open:
            self.after.pop(0)()

    def note(self, call: str, returned: object) -> None:
        """Note a host call."""
        if self._open:
            self._open[-1].calls.append(f"{call} = {returned}" if returned is not None else call)

    def say(self, level: LogLevel, text: bytes) -> None:
        """Note what the filter logs."""
        if self._open and level >= self.world.level:
            self._open[-1].log.append((level.name.lower(), text.decode("utf-8", "replace")))

    def reply(self, reply: Reply) -> None:
        """Note an answer that the filter gives."""
        if self._open:
            self._open[-1].reply = reply

    def read(self, address: int, size: int) -> bytes:
        """Read memory.

        Raises
        ------
        MemoryFault
            There is none.
        """
        address, size = address & 0xFFFFFFFF, size & 0xFFFFFFFF
        if address + size > self._memory.data_len(self._store):
            raise MemoryFault
        return ctypes.string_at(self._base() + address, size)

    def write(self, address: int, data: bytes) -> None:
        """Write memory.

        Raises
        ------
        MemoryFault
            There is none.
        """
        address &= 0xFFFFFFFF
        if address + len(data) > self._memory.data_len(self._store):
            raise MemoryFault
        ctypes.memmove(self._base() + address, data, len(data))

    def write_word(self, address: int, value: int, size: int = 4) -> None:
        """Write a number."""
        self.write(address, (value & ((1 << 8 * size) - 1)).to_bytes(size, "little"))

    def hand_over(self, data: bytes, pointer: int, length: int) -> None:
        """Have the filter allocate memory for data, and write where it is and how long.

        Raises
        ------
        MemoryFault
            The filter gives none.
        """
        address = 0
        if data:
            if self._allocate is None:
                raise MemoryFault
            address = self._allocate(self._store, len(data))
            if not address:
                raise MemoryFault
            self.write(address, data)
        self.write_word(pointer, address)
        self.write_word(length, len(data))

    def _base(self) -> int:
        return ctypes.addressof(self._memory.data_ptr(self._store).contents)


_stack: list[Machine] = []


class _running:  # noqa: N801 - a with statement's word
    """Makes a VM the one whose host calls these are."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine

    def __enter__(self) -> None:
        _stack.append(self._machine)

    def __exit__(self, *_: object) -> None:
        _stack.pop()


def current() -> Machine:
    """Give the VM that runs."""
    return _stack[-1]
