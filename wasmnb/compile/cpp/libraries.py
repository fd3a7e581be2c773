"""Libraries of C++ sources that the user has: each source is compiled once, and linked where a filter needs it."""

from __future__ import annotations

import os
import re
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from wasmnb.compile.cache import Store, digest
from wasmnb.compile.cpp import SOURCES
from wasmnb.compile.cpp.compiler import SDK, canonical, dialect, own_headers
from wasmnb.compile.cpp.folder import HEADERS
from wasmnb.compile.process import run
from wasmnb.compile.zig import zig
from wasmnb.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from wasmnb.compile.cpp.flags import Flags
    from wasmnb.progress import Progress

__all__ = ["Libraries", "listing"]

OBJECTS = Store("libraries", keep=2000)
# Part of every key: raise it when what is made, or how, changes.
_RECIPE = 1
_OBJECT = "unit.o"
#: Stand-ins for headers that a runtime without threads and files leaves empty, and for functions that it lacks.
_THREADLESS = SDK / "threadless"
_SYSTEM = _THREADLESS / "system.cc"
# The last is Abseil's own word: there is no /dev/urandom to read.
_EMULATED = ("-D_WASI_EMULATED_MMAN", "-D_WASI_EMULATED_SIGNAL", "-DABSL_RANDOM_USE_GET_ENTROPY=1")
_MOST = 20_000
# Programs, and what belongs to tests: no filter needs it, and most of it wants a library of tests.
_TESTS = re.compile(
    r"(?:^|_)(?:test|tests|unittest|benchmark|benchmarks|testing|fuzzer?|fuzz_test|mock)(?:_|$)|^(?:gtest|gmock|main)$"
)
_ASIDE = frozenset(
    {"test", "tests", "testing", "benchmark", "benchmarks", "fuzz", "fuzzing", "example", "examples", "node_modules"}
)


@dataclass(frozen=True)
class _Unit:
    """A source of a library, compiled.

    Parameters
    ----------
    name : str
        The library's name and the source's path in it.
    object : pathlib.Path or None
        None when it does not compile for a proxy's VM.
    read : mapping of str to str
        Digests of the source and of the headers that it includes, by their paths.
    error : str
        Why it does not compile.
    """

    name: str
    object: Path | None
    read: dict[str, str]
    error: str


@dataclass
class Libraries:
    """The libraries of one build.

    Parameters
    ----------
    flags : Flags
        Of the filter: a library is compiled with its optimisation, standard and macros.
    progress : Progress, optional
    """

    flags: Flags
    progress: Progress | None
    _units: dict[Path, _Unit] = field(default_factory=dict)

    def near(self, headers: Iterable[str]) -> None:
        """Compile what headers bring along: the source of the same name, and what its own headers bring.

        With it comes what libraries take for granted of a system.

        Parameters
        ----------
        headers : iterable of str
            Paths that the compiler read; those outside of the libraries bring nothing.
        """
        partners = self._partners()
        self._compile([] if _SYSTEM in self._units else [_SYSTEM])
        waiting = {source for name in headers for source in partners.get(_key(Path(name)), ())}
        while wave := sorted(waiting - set(self._units)):
            self._compile(wave)
            read = {name for path in wave for name in self._units[path].read}
            waiting = {source for name in read for source in partners.get(_key(Path(name)), ())}

    def supply(self, missing: Iterable[str]) -> bool:
        """Compile the sources that may define what a link is missing, and what their headers bring along.

        Parameters
        ----------
        missing : iterable of str
            Symbols, demangled. A source that has neither a function's name nor its class's or namespace's in it is not
            the one that defines it.

        Returns
        -------
        bool
            Whether there were any.
        """
        wanted = [re.findall(rb"\w+", _plain(symbol).encode())[-2:] for symbol in missing]
        every = [path for folder in self.flags.libraries for path in _sources(folder) if path not in self._units]
        found = []
        for path in every:
            words = set(re.findall(rb"\w+", path.read_bytes()))
            if any(names and words.issuperset(names) for names in wanted):
                found.append(path)
        self._compile(found)
        self.near(name for path in found for name in self._units[path].read)
        return bool(found)

    @property
    def objects(self) -> list[Path]:
        """What is compiled, in a fixed order."""
        return [unit.object for _, unit in sorted(self._units.items()) if unit.object is not None]

    @property
    def read(self) -> dict[str, str]:
        """The digests of all files that were read, by their paths."""
        return {name: sha for unit in self._units.values() for name, sha in unit.read.items()}

    def failed(self, name: str) -> list[str]:
        """Say which sources do not compile, of those in which a name stands.

        Parameters
        ----------
        name : str
            Of a function, without its namespace.
        """
        word = re.compile(rf"\b{re.escape(name)}\b".encode())
        return [
            f"{unit.name} does not compile for a proxy's VM: {unit.error}"
            for path, unit in sorted(self._units.items())
            if unit.object is None and word.search(path.read_bytes())
        ]

    def _partners(self) -> dict[tuple[str, str], list[Path]]:
        """Give the sources that belong to a header: of its name, beside it, or in ``src`` for one in ``include``."""
        found: dict[tuple[str, str], list[Path]] = {}
        for folder in self.flags.libraries:
            for path in _sources(folder):
                found.setdefault(_key(path), []).append(path)
                for top in ("src", "source", "lib"):
                    if path.is_relative_to(Path(folder, top)):
                        inside = path.relative_to(Path(folder, top))
                        for place in (Path(folder, "include"), Path(folder, "include", Path(folder).name)):
                            found.setdefault(_key(place / inside), []).append(path)
        return found

    def _compile(self, paths: Sequence[Path]) -> None:
        with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
            # What holds the tools of this thread holds those of the others too.
            contexts = [copy_context() for _ in paths]
            units = pool.map(lambda context, path: context.run(self._unit, path), contexts, paths)
            for path, unit in zip(paths, units, strict=True):
                self._units[path] = unit

    def _unit(self, path: Path) -> _Unit:
        owners = (Path(each) for each in (*self.flags.libraries, str(_THREADLESS)) if path.is_relative_to(each))
        folder = next(owners)
        name = path.relative_to(folder).as_posix()
        places = [(each, listing((each,))) for each in self.flags.libraries]
        what = [_RECIPE, zig().version, str(SDK), _threadless(), self.flags.shared, places, str(folder), name]
        key = digest(canonical(what))
        entry = OBJECTS.get(key)
        if entry is None or not self._holds(entry.notes) or not entry.sound():
            if self.progress:
                self.progress.update(f"compiling {folder.name}/{name}, once")
            entry = OBJECTS.put(key, lambda place: self._made(folder, name, place))
        error = entry.notes["error"]
        return _Unit(f"{folder.name}/{name}", None if error else entry.path(_OBJECT), entry.notes["read"], error)

    @cached_property
    def _headers(self) -> str:
        """A digest of all headers of the libraries."""
        paths = (str(path) for each in self.flags.libraries for path in _files(each) if path.suffix in HEADERS)
        return digest(canonical([(path, _digest(path)) for path in paths]))

    def _holds(self, notes: Mapping[str, Any]) -> bool:
        # The compiler lists no headers when it fails: any of them may have been corrected.
        return _same(notes["read"]) and (not notes["error"] or notes.get("headers") == self._headers)

    def _made(self, folder: Path, name: str, place: Path) -> dict[str, Any]:
        listed, path = place / "unit.d", folder / name
        others = [each for each in self.flags.libraries if each != str(folder)]
        command, language = dialect(self.flags.shared, name)
        command.append("-w")
        command += [word for root in _roots(".", folder) for word in ("-I", root)]
        command += included(others)
        command += ["-main-file-name", path.name, "-dependency-file", str(listed), "-MT", "unit", "-sys-header-deps"]
        finished = run([*command, "-emit-obj", "-x", language, name, "-o", str(place / _OBJECT)], folder)
        names = [str(folder / each) for each in own_headers(listed)] if not finished.code else [str(path)]
        listed.unlink(missing_ok=True)
        error = ""
        if finished.code:
            (place / _OBJECT).unlink(missing_ok=True)
            error = next(
                (line.partition("error: ")[2] for line in finished.messages.splitlines() if "error: " in line),
                "the compiler crashed",
            )
        read = {os.path.normpath(each): _digest(each) for each in names}
        return {"read": read, "error": error, "headers": self._headers if error else ""}


def included(folders: Sequence[str]) -> list[str]:
    """Give the options by which headers of libraries are found; which are read is listed, and none is warned of."""
    # These options are part of the key of what is compiled with them: so is what the stand-ins say.
    says = digest(canonical([_RECIPE, *_threadless()]))[:16]
    found = ["-I", str(_THREADLESS), f"-D_WASMNB_THREADLESS=0x{says}", *_EMULATED, "-sys-header-deps"]
    for folder in folders:
        found += [word for root in _roots(folder, Path(folder)) for word in ("-isystem", root)]
    for place, name in ((str(_THREADLESS), "sdk"), *((folder, Path(folder).name) for folder in folders)):
        found += [f"-fmacro-prefix-map={place}={name}", f"-fdebug-prefix-map={place}={name}"]
    return found


def listing(folders: Sequence[str]) -> str:
    """Give a digest of the names of all headers and sources: a new file may be found before another."""
    return digest("\0".join(str(path) for folder in folders for path in _files(folder)).encode())


def _roots(named: str, folder: Path) -> list[str]:
    return [named, *(f"{named}/{each}" for each in ("include", "src") if (folder / each).is_dir())]


def _plain(symbol: str) -> str:
    """Give a demangled name without parameters and template arguments: ``a::Foo::bar``."""
    name = symbol.removeprefix("vtable for ").removeprefix("typeinfo for ").replace("(anonymous namespace)", "")
    name = name.replace("operator()", "operator").partition("(")[0]
    while (shorter := re.sub(r"<[^<>]*>", "", name)) != name:
        name = shorter
    return name


def _key(path: Path) -> tuple[str, str]:
    return os.path.normpath(path.parent), path.stem


def _sources(folder: str) -> list[Path]:
    return [path for path in _files(folder) if path.suffix in SOURCES and not _TESTS.search(path.stem)]


def _files(folder: str) -> Iterator[Path]:
    """Give the headers and sources of a library, in a fixed order.

    Raises
    ------
    UsageError
        There are more than a library has.
    """
    count = 0
    for root, folders, names in os.walk(folder):
        folders[:] = sorted(each for each in folders if not each.startswith(".") and each not in _ASIDE)
        for name in sorted(names):
            if PurePosixPath(name).suffix in (*SOURCES, *HEADERS):
                count += 1
                if count > _MOST:
                    raise UsageError(
                        f"The library {folder!r} holds more than {_MOST:,} headers and sources.",
                        hint="name the folder of the library alone",
                    )
                yield Path(root, name)


def _same(read: dict[str, str]) -> bool:
    try:
        return all(_digest(name) == sha for name, sha in read.items())
    except OSError:
        return False


def _digest(name: str) -> str:
    stat = os.stat(name)  # noqa: PTH116 - of hundreds of files for every build
    return _content(os.path.normpath(name), stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=8192)
def _content(name: str, _changed: int, _size: int) -> str:
    return digest(Path(name).read_bytes())


def _threadless() -> list[str]:
    return [_digest(str(path)) for path in sorted(_THREADLESS.iterdir())]
