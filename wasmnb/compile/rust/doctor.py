"""What ``%wasm_doctor`` says about the Rust toolchain."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from wasmnb.check import Check
from wasmnb.compile.cache import workspace
from wasmnb.compile.process import run
from wasmnb.compile.rust import crates
from wasmnb.compile.rust.tools import TARGET, Tools, environment, find
from wasmnb.compile.zig import zig
from wasmnb.errors import ToolchainError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["checks"]

_CARGO = "install cargo, which fetches and compiles the crates; rustup brings it"
_SDK = ", ".join(f"{one.name} {one.value.strip(chr(34)).lstrip('=')}" for one in crates.SDK)


def checks() -> list[Check]:
    """Look at the compiler, cargo, the linker and the crates; nothing long is started and nothing fetched.

    Returns
    -------
    list of Check
    """
    try:
        tools = find()
    except ToolchainError as error:
        return [Check("Rust compiler", ok=False, detail=" ".join([error.what, *error.why]), hint=error.hint)]
    detail = f"{tools.short} with {TARGET}, {_short(tools.rustc)}"
    looks = (("Rust cargo", _cargo), ("Rust linker", _linker), ("Rust crates", _crates))
    return [Check("Rust compiler", ok=True, detail=detail), *(_guarded(name, look, tools) for name, look in looks)]


def _guarded(name: str, look: Callable[[Tools], Check], tools: Tools) -> Check:
    try:
        return look(tools)
    except ToolchainError as error:
        return Check(name, ok=False, detail=" ".join([error.what, *error.why]), hint=error.hint)


def _cargo(tools: Tools) -> Check:
    if not tools.cargo:
        return Check("Rust cargo", ok=False, detail="there is none", hint=_CARGO)
    with workspace() as folder:
        finished = run([tools.cargo, "--version"], folder, environment=environment())
    said = (finished.output.splitlines() or ["it does not start"])[0]
    return Check("Rust cargo", finished.code == 0, said, "" if finished.code == 0 else _CARGO)


def _linker(tools: Tools) -> Check:
    return Check("Rust linker", ok=True, detail="its own rust-lld" if tools.linker else f"ziglang {zig().version}")


def _crates(tools: Tools) -> Check:
    ready = crates.ready(tools, ())
    detail = f"{_SDK}, compiled" if ready else f"the first build downloads and compiles {_SDK}"
    return Check("Rust crates", ok=True, detail=detail, later=not ready)


def _short(path: str) -> str:
    home = str(Path.home())
    return "~" + path[len(home) :] if home != "/" and path.startswith(home + os.sep) else path
