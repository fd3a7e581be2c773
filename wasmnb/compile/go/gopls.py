"""gopls: the user's, or one that our Go has built."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from wasmnb.compile.cache import workspace
from wasmnb.compile.go import modules
from wasmnb.compile.go.compiler import Go, environment, find
from wasmnb.compile.go.source import CELL, whole
from wasmnb.compile.language_server.adapter import Program, Workspace, refuse_without_extra
from wasmnb.compile.process import run
from wasmnb.errors import ToolchainError
from wasmnb.paths import cache_dir

if TYPE_CHECKING:
    from wasmnb.compile.filter import Filter
    from wasmnb.progress import Progress

__all__ = ["Gopls", "build"]

#: What builds a server that the user does not have.
INSTALL = "python -m wasmnb.compile.go --language-server"
_PACKAGE = "golang.org/x/tools/gopls"
# By the oldest Go that each is built with.
_VERSIONS = {(1, 26): "v0.23.0", (1, 25): "v0.21.1", (1, 24): "v0.20.0"}
_PATIENCE = 10.0  # seconds for a program to say its version
_OPTIONS = {
    # What is offered with an import that it would bring along is more than Tab can do.
    "completeUnimported": False,
    "usePlaceholders": False,
    "hoverKind": "FullDocumentation",
    "linksInHover": False,
    "staticcheck": False,
    # What is wrong with a cell its compiler says.
    "diagnosticsTrigger": "Save",
}


class Gopls:
    """The server of Go (`wasmnb.compile.language_server.Adapter`)."""

    name = "gopls"
    language_id = "go"

    def program(self) -> Program:
        """Find the program: on the path, where Go puts what it builds, or where `build` put it.

        Raises
        ------
        ToolchainError
            There is none, or no Go.
        """
        refuse_without_extra()
        go, program = find(), _program()
        if program is None:
            raise ToolchainError("gopls is not installed.", hint=INSTALL, code="WNB2001")
        kept = {"XDG_CACHE_HOME": str(cache_dir("go", "gopls")), "GOPACKAGESDRIVER": "off"}
        path = os.pathsep.join([str(Path(go.program).parent), os.defpath])
        version = _version(program, os.stat(program).st_mtime_ns)  # noqa: PTH116 - the path is a str in the key
        return Program((program,), version, {**environment(), **kept, "PATH": path}, _OPTIONS)

    def workspace(self, filter: Filter, folder: Path) -> Workspace:  # noqa: A002
        """Give a cell as the program that it becomes.

        Raises
        ------
        UsageError
            A module's name is not one.
        ToolchainError
            There is no Go, or a module cannot be fetched.
        """
        del folder
        provided = modules.provide(find(), modules.asked(filter), None, modules.imported(filter.source))
        files = {**provided, **whole(filter.source, filter.first_line)}
        texts = {path: data.decode(errors="replace") for path, data in files.items()}
        return Workspace(CELL, texts.pop(CELL), texts)


def build(progress: Progress | None = None) -> Path:
    """Build a server with our Go, from what the module proxy has; give its path.

    Raises
    ------
    ToolchainError
        There is no Go, or the modules cannot be fetched.
    """
    go, place = find(), _place()
    if place.is_file():
        return place
    if progress:
        progress.update("building gopls (once)")
    with workspace(large=True) as work:
        native = {name: value for name, value in environment(online=True).items() if name not in ("GOOS", "GOARCH")}
        made = {**native, "GOBIN": str(work), "GOFLAGS": "-modcacherw"}
        finished = run([go.program, "install", f"{_PACKAGE}@{_newest(go)}"], work, environment=made)
        if finished.code:
            raise ToolchainError(
                "gopls could not be built.",
                why=finished.messages.strip().splitlines()[-4:],
                hint="check the network, or set GOPROXY to a mirror that you can reach",
                code="WNB2006",
            )
        new = place.with_suffix(f".{os.getpid()}")  # another process may build one, too
        shutil.copy(work / "gopls", new)
    new.replace(place)
    return place


def _newest(go: Go) -> str:
    """Give the newest version that a Go can build."""
    numbers = tuple(int(part) for part in re.findall(r"\d+", go.version)[:2])
    return next(version for oldest, version in _VERSIONS.items() if numbers >= oldest)


def _place() -> Path:
    return cache_dir("go", "bin") / "gopls"


def _program() -> str | None:
    own = [os.environ.get("GOBIN", ""), str(Path.home() / "go" / "bin"), str(_place().parent)]
    return shutil.which("gopls", path=os.pathsep.join([os.environ.get("PATH", os.defpath), *filter(None, own)]))


@lru_cache(maxsize=4)
def _version(program: str, changed: int) -> str:
    """Ask a program for its version; ``changed`` makes a replaced one be asked again."""
    del changed
    said = ""
    with contextlib.suppress(TimeoutError), workspace() as folder:
        # Without a home it leaves no process behind that counts how it is used.
        said = run([program, "version"], folder, seconds=_PATIENCE).output
    match = re.search(r"v\d[\w.+-]*", said)
    return match[0] if match is not None else "of an unknown version"
