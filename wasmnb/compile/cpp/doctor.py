"""What ``%wasm_doctor`` says about the C++ toolchain."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from wasmnb.check import Check
from wasmnb.compile import runtime
from wasmnb.compile.cache import Store, workspace
from wasmnb.compile.cpp import prebuilt
from wasmnb.compile.cpp.flags import Flags
from wasmnb.compile.process import run
from wasmnb.compile.zig import zig
from wasmnb.errors import ToolchainError
from wasmnb.paths import cache_dir

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["checks"]

_BUILD = "python -m wasmnb.compile.runtime"
_MIB = 1024 * 1024


def checks() -> list[Check]:
    """Look at the compiler, the runtime, the SDK and the cache; nothing long is started.

    Returns
    -------
    list of Check
    """
    return [
        _guarded("C++ compiler", _compiler),
        _guarded("C++ runtime", _runtime),
        _guarded("C++ SDK", _sdk),
        _guarded("C++ messages", _messages),
        _guarded("build cache", _cache),
    ]


class _FirstUse(NamedTuple):
    """What the first cell that needs it makes, and how long that takes."""

    detail: str


def _guarded(name: str, look: Callable[[], tuple[bool, str, str] | _FirstUse]) -> Check:
    try:
        found = look()
        if isinstance(found, _FirstUse):
            return Check(name, ok=True, detail=found.detail, hint=_BUILD, later=True)
        ok, detail, hint = found
    except ToolchainError as error:
        ok, detail, hint = False, " ".join([error.what, *error.why]), error.hint
    except OSError as error:
        ok, detail, hint = False, str(error), "set WASMNB_CACHE_DIR to a folder that you may write"
    return Check(name, ok, detail, "" if ok else hint)


def _compiler() -> tuple[bool, str, str]:
    tool = zig()
    with workspace() as folder:
        finished = run([tool.program, "clang", "--version"], folder)
    version = (finished.output.splitlines() or ["it does not start"])[0]
    return finished.code == 0, f"{version} (ziglang {tool.version})", "pip install --force-reinstall ziglang==0.17.1"


def _runtime() -> tuple[bool, str, str] | _FirstUse:
    found = runtime.find()
    if found is None:
        return _FirstUse("the first build makes it, in about a minute")
    size = sum(found.files[name][0] for name in runtime.LIBRARIES)
    place = "in the package" if found.folder == runtime.PACKAGED else "in the cache"
    sound = found.sound()
    return sound, f"{size / _MIB:.1f} MiB, {place}" if sound else f"damaged, {place}", f"{_BUILD} --force"


def _sdk() -> tuple[bool, str, str] | _FirstUse:
    if prebuilt.ready(Flags()):
        return True, "compiled", ""
    return _FirstUse("the first build compiles it, in about 3 seconds")


def _messages() -> tuple[bool, str, str]:
    from wasmnb.compile.cpp.proto.protoc import INSTALL, program  # noqa: PLC0415 - reads the packages' metadata

    with workspace() as folder:
        finished = run([program(), "--version"], folder)
    return finished.code == 0, f"{finished.output.strip()} reads .proto files", INSTALL


def _cache() -> tuple[bool, str, str]:
    root = cache_dir()
    size = sum(Store(kind, keep=1).size() for kind in ("modules", "headers", "sdk", "runtime", "units", "messages"))
    writable = os.access(root, os.W_OK)
    detail = f"{size / _MIB:.0f} MiB in {_short(str(root))}"
    return (
        writable,
        detail if writable else f"{detail}, not writable",
        "set WASMNB_CACHE_DIR to a folder that you may write",
    )


def _short(path: str) -> str:
    home = str(Path.home())
    return "~" + path[len(home) :] if home != "/" and path.startswith(home + os.sep) else path
