"""The linkers that rustc and cargo are told of, where the compiler has none of its own: zig's."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from wasmnb.compile.cache import digest, io_errors
from wasmnb.compile.zig import zig
from wasmnb.paths import cache_dir, write_atomically

if TYPE_CHECKING:
    from pathlib import Path

    from wasmnb.compile.rust.tools import Tools

__all__ = ["host_linker", "linkers", "write_program"]


def linkers(tools: Tools) -> dict[str, str]:
    """Name the linkers for cargo: of modules, and of what runs on this machine during a build.

    Raises
    ------
    ToolchainError
        There is none, or the disk is full.
    """
    with io_errors():
        folder = cache_dir("rust-linker", "own" if tools.linker else digest(zig().program.encode())[:16])
    linker = folder / "linker"
    if not tools.linker and not linker.is_file():
        # rustc's first two words choose one of lld's faces.
        write_program(linker, "shift 2", "wasm-ld")
    return {"CARGO_TARGET_WASM32_WASIP1_LINKER": tools.linker or str(linker), **host_linker(tools, folder)}


def host_linker(tools: Tools, folder: Path) -> dict[str, str]:
    """Let zig link what runs on this machine during the build, where there is no C compiler."""
    if shutil.which("cc"):
        return {}
    program = folder / "cc"
    write_program(program, "", "cc")
    return {f"CARGO_TARGET_{tools.host.upper().replace('-', '_')}_LINKER": str(program)}


def write_program(path: Path, before: str, face: str) -> None:
    """Write a program that is one of zig's faces, for tools that call a linker by a single name."""
    with io_errors():
        program = f"#!/bin/sh\n{before}\nexec '{zig().program}' {face} \"$@\"\n"
        write_atomically(path, program.encode(), mode=0o755)
