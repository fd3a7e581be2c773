"""One call of clang's own front end, without the driver around it."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shlex
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from wasmnb.compile.cache import workspace
from wasmnb.compile.cpp import C
from wasmnb.compile.diagnostics import CELL
from wasmnb.compile.process import run
from wasmnb.compile.zig import zig
from wasmnb.errors import ToolchainError

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["SAID", "SDK", "WARNINGS", "canonical", "dependencies", "dialect", "frontend", "own_headers", "sdk_id"]

SDK = Path(__file__).resolve().parent.parent.parent / "sdk"

#: Sensible for a filter: no warning is about the SDK, whose headers are system headers. A filter overrides one of two
#: generations of callbacks, which hides the other on purpose, and seldom uses every parameter.
WARNINGS = (
    "-Wall",
    "-Wextra",
    "-Wno-unused-parameter",
    "-Wno-overloaded-virtual",
    "-Wno-missing-field-initializers",
)

#: How messages are written; nothing that is made follows from it. Without the quoted line there are no suggestions.
SAID = ("-fdiagnostics-parseable-fixits",)

# What we add to zig's own line: a module's static objects live until it is dropped, and one thread makes them.
_ADDED = (
    "-fno-threadsafe-statics",
    "-fc++-static-destructors=none",
    "-fdebug-compilation-dir=.",
    "-debug-info-kind=line-tables-only",
    "-dwarf-version=5",
    "-ferror-limit",
    "20",
    # Headers are known by content (the cache key), so their dates need not be looked at for every cell.
    "-fno-pch-timestamp",
    "-fno-validate-pch",
)
# What we leave out of it, with and without a value: places of this run, spelling help (we want it), unwind tables and
# vectors (a proxy's VM has neither), and what belongs to the one file it was asked for.
_DROPPED = frozenset(
    {"-cc1", "-emit-obj", "-v", "-sys-header-deps", "-MV", "-fno-spell-checking", "-vectorize-loops", "-vectorize-slp"}
)
_DROPPED_WITH_VALUE = frozenset(
    {"-o", "-main-file-name", "-x", "-resource-dir", "-dependency-file", "-MT", "-ferror-limit"}
)
_DROPPED_STARTS = ("-fdebug-compilation-dir", "-fcoverage-compilation-dir", "-funwind-tables")


def sdk_id() -> str:
    """Give a hash over the SDK's sources; read again only when a file has changed.

    Raises
    ------
    ToolchainError
        The SDK's files are missing.
    """
    try:
        # Of every build: os is faster than pathlib at this.
        folders = [str(SDK / "src"), str(SDK / "proto"), *(folder for folder, _, _ in os.walk(SDK / "include"))]
        stats = [_stat(entry) for folder in folders for entry in os.scandir(folder) if entry.is_file()]
        stats = [*sorted(stats), _stat(SDK / "host_functions.txt")]
    except OSError as error:
        raise _missing(str(error)) from error
    if not any(name.endswith(".cc") for name, _, _ in stats):
        raise _missing("no source in it")
    return _hash_of(tuple(stats))


def _stat(file: os.DirEntry[str] | Path) -> tuple[str, int, int]:
    stat = file.stat()
    return os.fspath(file), stat.st_mtime_ns, stat.st_size


@lru_cache(maxsize=4)
def _hash_of(stats: tuple[tuple[str, int, int], ...]) -> str:
    total = hashlib.sha256()
    for name, _, _ in stats:
        path = Path(name)
        total.update(f"{path.relative_to(SDK)}\0".encode())
        total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


def _missing(why: str) -> ToolchainError:
    return ToolchainError("The C++ SDK is not there.", why=[why], hint="install wasmnb again", code="WNB2003")


@lru_cache(maxsize=32)
def frontend(shared: tuple[str, ...]) -> tuple[str, ...]:
    """Give the front end's command for these flags, up to what it is to make of which file.

    It is asked of zig's own driver, so that the ABI, the header folders and the macros are those of the runtime.

    Parameters
    ----------
    shared : tuple of str
        Optimisation, standard, macros.

    Raises
    ------
    ToolchainError
        The driver does not say it.
    """
    tool = zig()
    with workspace() as work:
        (work / CELL).touch()
        caches = {name: str(work) for name in ("ZIG_GLOBAL_CACHE_DIR", "ZIG_LOCAL_CACHE_DIR")}
        command = [tool.program, "c++", "-target", "wasm32-wasi", "-fno-exceptions", "-g0", *shared]
        finished = run([*command, "-###", "-c", CELL, "-o", "cell.o"], work, environment=caches)
    line = next((text for text in finished.messages.splitlines() if '"-cc1"' in text), None)
    if finished.code or line is None:
        raise ToolchainError(
            "The compiler does not say how it compiles.",
            why=finished.messages.strip().splitlines()[-3:],
            hint="pip install --force-reinstall ziglang==0.17.1",
            code="WNB2003",
        )
    kept = tuple(_kept(iter(shlex.split(line)[1:])))
    return (tool.program, "-cc1", *kept, "-isystem", str(SDK / "include"), *_ADDED)


def dialect(shared: tuple[str, ...], name: str) -> tuple[list[str], str]:
    """Give the front end's command for a source, and what ``-x`` calls its language: C has no word of C++ in it.

    Parameters
    ----------
    shared : tuple of str
        As of `frontend`.
    name : str
        The source's, by whose end C is known.
    """
    command = list(frontend(shared))
    if not name.endswith(C):
        return command, "c++"
    return [word for word in command if not word.startswith(("-std=", "-fc++", "-fdeprecated-macro"))], "c"


def _kept(words: Iterable[str]) -> Iterable[str]:
    words = iter(words)
    for word in words:
        if word in _DROPPED_WITH_VALUE:
            next(words, None)
        elif word not in _DROPPED and not word.startswith(_DROPPED_STARTS) and word != CELL:
            yield word


def dependencies(path: Path) -> list[str]:
    """Read the files that clang wrote into a make rule, the first one's name among them."""
    try:
        text = path.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return []
    words = re.findall(r"(?:\\[ #\\]|[^\s\\])+", text.replace("\\\n", " ").replace("$$", "$").partition(":")[2])
    return [re.sub(r"\\([ #\\])", r"\1", word) for word in words]


def own_headers(path: Path) -> list[str]:
    """Read the user's own files out of a make rule: neither the SDK's nor the compiler's."""
    others = (f"{SDK}{os.sep}", f"{zig().library}{os.sep}")
    return [name for name in dependencies(path) if name != os.devnull and not name.startswith(others)]


def canonical(value: object) -> bytes:
    """Give bytes that are the same for equal values, for hashing."""
    return json.dumps(value, sort_keys=True, ensure_ascii=True).encode()
