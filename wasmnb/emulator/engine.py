"""wasmtime, set up so that it counts instructions, with each module compiled once."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from wasmnb.errors import ModuleError

if TYPE_CHECKING:
    import wasmtime

    from wasmnb.module import Module

__all__ = ["compiled", "engine", "wasmtime_package"]

_MOST = 64  # compiled modules that are kept
_modules: dict[str, wasmtime.Module] = {}


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
            hint="pip install 'wasmnb[emulator]', or use an Envoy",
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
    return made


def compiled(module: Module) -> wasmtime.Module:
    """Compile a module, unless it was compiled before.

    Raises
    ------
    ModuleError
        It is no module that wasmtime takes.
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
