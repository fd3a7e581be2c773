"""The functions that a module imports, made of the host calls for each version of the ABI."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from wasmnb.emulator import calls, grpc_calls, header_calls, stream_calls, wasi
from wasmnb.emulator.codes import Status
from wasmnb.emulator.engine import engine, kept, wasmtime_package
from wasmnb.emulator.machine import MemoryFault, current
from wasmnb.module.envoy_abi import functions

if TYPE_CHECKING:
    from collections.abc import Callable

    import wasmtime

__all__ = ["linker"]

_CALLS: dict[str, Callable[..., Any]] = {
    **calls.CALLS,
    **header_calls.CALLS,
    **stream_calls.CALLS,
    **grpc_calls.CALLS,
}


@cache
def linker(abi: str) -> wasmtime.Linker:
    """Give what modules of an ABI version import."""
    package = wasmtime_package()
    kinds = {"i32": package.ValType.i32(), "i64": package.ValType.i64()}
    made: wasmtime.Linker = kept(package.Linker(engine()))
    for name, type_ in functions(abi).items():
        module, _, function = name.partition(".")
        shape = package.FuncType([kinds[one] for one in type_.params], [kinds[one] for one in type_.results])
        made.define_func(module, function, shape, _function(module, function))
    return made


def _function(module: str, name: str) -> Callable[..., Any]:
    if module != "env":
        return wasi.function(name)
    known = _CALLS.get(name)
    if known is None:
        return lambda *_: _refused(name)

    def call(*arguments: int) -> int:
        machine = current()
        try:
            return int(known(machine, *arguments))
        except MemoryFault:
            machine.note(f"{name}(outside of the memory)", Status.INVALID_MEMORY_ACCESS.name)
            return Status.INVALID_MEMORY_ACCESS

    return call


def _refused(name: str) -> int:
    current().note(f"{name}()", Status.UNIMPLEMENTED.name)
    return Status.UNIMPLEMENTED
