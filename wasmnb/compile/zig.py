"""Where the compiler is: PyPI's ``ziglang`` carries a whole clang and wasm-ld in one program."""

from __future__ import annotations

import importlib.metadata
import importlib.util
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from wasmnb.errors import ToolchainError

__all__ = ["Zig", "zig"]

_HINT = "pip install ziglang==0.17.1"


@dataclass(frozen=True)
class Zig:
    """An installed ``ziglang``: its program, the folder of its libraries, and its version."""

    program: str
    library: Path
    version: str


@lru_cache(maxsize=1)
def zig() -> Zig:
    """Find the compiler beside this Python.

    Raises
    ------
    ToolchainError
        ``ziglang`` is not installed, or is damaged.
    """
    found = importlib.util.find_spec("ziglang")
    if found is None or not found.submodule_search_locations:
        raise ToolchainError(
            "The C++ compiler is not installed: there is no package 'ziglang'.", hint=_HINT, code="WNB2001"
        )
    folder = Path(found.submodule_search_locations[0]).resolve()
    program = folder / "zig"
    if not program.is_file():
        raise ToolchainError(
            "The C++ compiler is damaged: the package 'ziglang' has no program in it.",
            hint=f"{_HINT} --force-reinstall",
            code="WNB2003",
        )
    return Zig(str(program), folder / "lib", importlib.metadata.version("ziglang"))
