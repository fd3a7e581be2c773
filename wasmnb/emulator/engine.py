"""wasmtime, set up so that it counts instructions, with each module compiled once."""

from __future__ import annotations

import atexit
from contextlib import ExitStack
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

from wasmnb.errors import ModuleError
from wasmnb.wording import Option, Wording, installing

if TYPE_CHECKING:
    import wasmtime

    from wasmnb.module import Module

__all__ = ["compiled", "engine", "kept", "wasmtime_package"]

_MOST = 64  # compiled modules that are kept
_modules: dict[str, wasmtime.Module] = {}
_T = TypeVar("_T")
# wasmtime's objects free themselves through functions that are gone when the interpreter takes modules apart.
_until_exit = ExitStack()
atexit.register(_until_exit.close)


def kept(made: _T) -> _T:
    """Give one of wasmtime's objects back, which is closed when the program ends."""
    _until_exit.callback(made.close)  # type: ignore[attr-defined]
    return made


@cache
def wasmtime_package() -> Any:
    """Give the package ``wasmtime``.

    Raises
    ------
    ModuleError
        It is not installed.
    """
    try:
        import wasmtime  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise ModuleError(
            "The emulator needs wasmtime, which is not installed.",
            hint=Wording("{}; cases run with {}, too", installing("'wasmnb[emulator]'"), Option("host", "envoy")),
        ) from error
    return wasmtime


@cache
def engine() -> wasmtime.Engine:
    """Give the one engine of this process."""
    package = wasmtime_package()
    config = package.Config()
    config.consume_fuel = True
    config.wasm_exceptions = True
    # What was compiled is kept on disk: for Go's modules that is seconds.
    config.cache = True
    made: wasmtime.Engine = package.Engine(config)
    kept(made)
    _until_exit.callback(_forget)
    return made


def compiled(module: Module) -> wasmtime.Module:
    """Compile a module, unless it was compiled before.

    Raises
    ------
    ModuleError
        It is not a module that wasmtime takes.
    """
    package = wasmtime_package()
    found: wasmtime.Module | None = _modules.get(module.digest)
    if found is None:
        try:
            made: wasmtime.Module = package.Module(engine(), module.wasm)
        except package.WasmtimeError as error:
            reason = str(error).strip().splitlines()
            raise ModuleError(f"wasmtime does not compile {module.name}.", why=reason[:3]) from error
        if len(_modules) >= _MOST:
            _modules.clear()
        found = _modules[module.digest] = made
    return found


def _forget() -> None:
    while _modules:
        _modules.popitem()[1].close()
