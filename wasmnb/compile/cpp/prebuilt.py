"""What is compiled once and used by every filter: the SDK's object, and precompiled headers."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wasmnb.compile import runtime
from wasmnb.compile.cache import Entry, Store, digest, io_errors, workspace
from wasmnb.compile.cpp.compiler import SDK, canonical, dependencies, frontend, sdk_id
from wasmnb.compile.cpp.flags import Flags
from wasmnb.compile.cpp.source import Source
from wasmnb.compile.process import run
from wasmnb.compile.zig import zig
from wasmnb.errors import ToolchainError
from wasmnb.module.parse import parse
from wasmnb.wording import Verb, Wording

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from wasmnb.progress import Progress

__all__ = [
    "HEADERS",
    "OBJECTS",
    "PACKAGED",
    "PREFIX",
    "USES",
    "complete",
    "fill",
    "forget",
    "header",
    "message_objects",
    "prepare",
    "ready",
    "sdk_objects",
]

# Part of every key: raise it when what is made, or how, changes.
_RECIPE = 9
_INTRINSICS = '"proxy_wasm_intrinsics.h"'
_JSON = '"proxy_wasm_json.h"'
#: Has the compiler do beforehand what filters have it do with the standard library.
USES = str(SDK / "src" / "precompiled.h")
#: The file that is precompiled: its headers are options. A header names it, and looks for it when it is used.
PREFIX = os.devnull
_FILTERS = (Source(f"#include {_INTRINSICS}\n"), Source(f"#include {_INTRINSICS}\n#include {_JSON}\n"))

# What filters name of the standard library beyond what the SDK's header brings along, and its like: threads, files and
# what writes to a console are not for a proxy's VM.
_STANDARD = tuple(
    f"<{name}>"
    for name in (
        *("algorithm", "array", "bitset", "charconv", "chrono", "cinttypes", "cmath", "complex", "deque"),
        *(
            "forward_list",
            "functional",
            "iomanip",
            "iterator",
            "limits",
            "list",
            "map",
            "memory",
            "numeric",
            "optional",
        ),
        *("queue", "random", "ratio", "regex", "set", "sstream", "stack", "string", "string_view", "tuple"),
        *("type_traits", "unordered_map", "unordered_set", "utility", "valarray", "variant", "vector"),
    )
)

#: Where a wheel has the SDK's objects.
PACKAGED = SDK / "objects"

OBJECTS = Store("sdk", keep=8)
HEADERS = Store("headers", keep=10)

# Uses what filters often take from the runtime beyond the SDK's own needs; the linker drops it from every filter.
_COMMON = """#include "proxy_wasm_intrinsics.h"
#include <cstdio>
#include <cstdlib>
#include <string>
#include <unordered_map>
int wasmnb_common(char* text, size_t size) {
  std::unordered_map<std::string, unsigned long long> seen;
  seen[text] = std::strtoull(text, nullptr, 0) + std::stoi(text) + std::to_string(size).size();
  return std::snprintf(text, size, "%f", std::strtod(text, nullptr)) + static_cast<int>(seen.size());
}
"""

_sound: set[Path] = set()


def sdk_objects(libraries: Entry, progress: Progress | None = None) -> Entry:
    """Give the SDK as relocatable objects; they do not depend on a filter's flags.

    ``sdk.o`` is the SDK alone. ``filter.o`` holds what it and most filters take from the runtime as well: a link with
    it and no archive takes half the time.

    Parameters
    ----------
    libraries : Entry
        The runtime.
    progress : Progress, optional

    Raises
    ------
    ToolchainError
        The SDK does not compile, or the disk is full.
    """
    key = _sdk_key(libraries)
    return _packaged(key) or _once(OBJECTS, key, lambda folder: fill(folder, libraries, progress))


def fill(folder: Path, libraries: Entry, progress: Progress | None = None) -> Mapping[str, Any]:
    """Compile the SDK's objects into a folder.

    Returns
    -------
    dict
        Notes to keep with them: what they follow from.

    Raises
    ------
    ToolchainError
    """
    if progress:
        progress.update("compiling the C++ SDK, once")
    with workspace() as work:
        common = work / "common.cc"
        common.write_text(_COMMON, encoding="utf-8")
        objects = _objects([*(SDK / "src").glob("*.cc"), common], work, progress)
        _link(objects, [name for name in objects if name != "common.o"], libraries, work, folder)
    return {"key": _sdk_key(libraries)}


def complete(folder: Path, libraries: Entry) -> bool:
    """Tell whether a folder has the objects of this SDK and this runtime, undamaged."""
    return _complete(folder, _sdk_key(libraries)) is not None


def _complete(folder: Path, key: str) -> Entry | None:
    entry = Entry.load(folder)
    return entry if entry is not None and entry.notes.get("key") == key and entry.sound() else None


@lru_cache(maxsize=1)
def _packaged(key: str) -> Entry | None:
    return _complete(PACKAGED, key)


def message_objects(libraries: Entry, progress: Progress | None = None) -> Entry:
    """Give the SDK together with the runtime of protobuf messages, in the same two objects as `sdk_objects`.

    Parameters
    ----------
    libraries : Entry
        The runtime.
    progress : Progress, optional

    Raises
    ------
    ToolchainError
    """
    sdk = sdk_objects(libraries, progress)

    def fill(folder: Path) -> Mapping[str, Any]:
        if progress:
            progress.update("compiling the runtime of protobuf messages, once")
        with workspace() as work:
            objects = _objects((SDK / "proto").glob("*.cc"), work, progress)
            _link([*objects, str(sdk.path("filter.o"))], [*objects, str(sdk.path("sdk.o"))], libraries, work, folder)
        return {}

    return _once(OBJECTS, digest(canonical(["messages", _sdk_key(libraries)])), fill)


def _objects(sources: Iterable[Path], work: Path, progress: Progress | None) -> list[str]:
    flags = Flags()
    prefix = header(_FILTERS[0], flags, progress)
    command = [
        *frontend(flags.shared),
        # zig's driver makes -Os of it. A proxy compiles the SDK's part of each filter anew at every load.
        "-Oz",
        *(["-include-pch", str(prefix[1].path("prefix.pch"))] if prefix else []),
    ]
    with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
        paths = sorted(sources, key=lambda path: path.name)
        # What holds the tools of this thread holds those of the others too.
        contexts = [copy_context() for _ in paths]
        return list(pool.map(lambda context, path: context.run(_compile, path, command, work), contexts, paths))


def _link(objects: list[str], sdk: list[str], libraries: Entry, work: Path, folder: Path) -> None:
    """Make ``sdk.o`` of the SDK alone, and ``filter.o`` of all objects with what they take from the runtime."""
    archives = [str(libraries.path(name)) for name in runtime.LIBRARIES[1:]]
    _checked([zig().program, "wasm-ld", "-r", "-o", "sdk.o", *sdk], work)
    _checked([zig().program, "wasm-ld", "-r", "-o", "filter.o", *objects, *archives], work)
    with io_errors():
        for name in ("sdk.o", "filter.o"):
            (folder / name).write_bytes(_without_names((work / name).read_bytes()))


def ready(flags: Flags) -> bool:
    """Tell whether what every filter needs under these flags is there."""
    libraries = runtime.find()
    prefix = HEADERS.get(_header_key(_names(_FILTERS[0]), flags))
    if libraries is None or prefix is None:
        return False
    key = _sdk_key(libraries)
    return (_packaged(key) or OBJECTS.get(key)) is not None


def _sdk_key(libraries: Entry) -> str:
    return digest(canonical([_RECIPE, zig().version, libraries.id, sdk_id(), Flags().shared, _COMMON]))


def _without_names(wasm: bytes) -> bytes:
    """Drop the name section: the linker refuses one that names an alias twice, and the symbol table has the names."""
    section = next((section for section in parse(wasm).customs if section.name == "name"), None)
    return wasm if section is None else wasm[: section.offset] + wasm[section.end :]


def _header_key(names: tuple[str, ...], flags: Flags) -> str:
    # It holds the full paths of the headers, so another place of the compiler is another header.
    places = [str(zig().library), str(SDK)]
    return digest(canonical([_RECIPE, zig().version, places, sdk_id(), flags.shared, names]))


def header(
    source: Source, flags: Flags, progress: Progress | None = None, *, alone: bool = False, exact: bool = False
) -> tuple[str, Entry] | None:
    """Give the precompiled form, ``prefix.pch``, of the headers a source begins with, with its key.

    Most filters begin with headers that the SDK's own header brings along; all these share one. Those that name another
    of the usual ones share a second one, which has them all: a compiler that reads it takes no longer. A header that is
    in neither is worth a form of its own: an edit would take its time again and again. So is one in front of ``using
    namespace std``: names of headers that a filter does not include would stand against its own.

    Parameters
    ----------
    source : Source
    flags : Flags
    progress : Progress, optional
    alone : bool
        Make none for these others.
    exact : bool
        Take no more than what it includes, as for a source that says ``using namespace std`` itself.

    Returns
    -------
    tuple of str and Entry, or None
        None when there are no headers to precompile, or when they do not compile under these flags: the filter itself
        will then say why.

    Raises
    ------
    ToolchainError
        The disk is full.
    """
    try:
        base = _header(_names(source), flags, progress) if source.uses_sdk else None
        if alone:
            return base
        covered = base[1].notes["headers"] if base else ()
        names = [name for name in source.preamble if name[1:-1] not in covered and _is_standard(name)]
        if not names:
            return base
        if base is None or exact or source.opens_std or not set(names) <= set(_STANDARD):
            return _header((*names, *(_names(source) if base else ())), flags, progress)
        return _header((*_STANDARD, *_names(source)), flags, progress)
    except _NotCompiledError:
        return None


def _names(source: Source) -> tuple[str, ...]:
    """Give the SDK's headers for a source; the JSON one only when asked for, since it brings a class ``Json``."""
    return (_INTRINSICS, *([_JSON] if _JSON in source.includes else []), f'"{USES}"')


def _is_standard(name: str) -> bool:
    return (_library() / name[1:-1]).is_file()


def _library() -> Path:
    return zig().library / "libcxx" / "include"


def _header(names: tuple[str, ...], flags: Flags, progress: Progress | None) -> tuple[str, Entry]:
    key = _header_key(names, flags)

    def fill(folder: Path) -> Mapping[str, Any]:
        if progress:
            # There may be several of these: without their names "once" is not believed the second time.
            own = ", ".join(name for name in names if name.startswith("<")) or "the SDK"
            what = "the standard library" if names[: len(_STANDARD)] == _STANDARD else own
            progress.update(f"precompiling {what}, once on this machine")
        included = [word for name in names for word in ("-include", name[1:-1])]
        command = [*frontend(flags.shared), "-w", "-fpch-instantiate-templates", "-emit-pch", *included]
        command += ["-dependency-file", "prefix.d", "-MT", "prefix", "-sys-header-deps"]
        finished = run([*command, "-x", "c++-header", PREFIX, "-o", "prefix.pch"], folder)
        if finished.code:
            raise _NotCompiledError(finished.messages.strip().splitlines()[:3])
        paths = [Path(name) for name in dependencies(folder / "prefix.d")]
        return {"headers": sorted(path.name for path in paths if path.parent == _library())}

    return key, _once(HEADERS, key, fill)


def prepare(progress: Progress | None = None) -> None:
    """Make what most filters need, so that no first cell waits for it.

    Raises
    ------
    ToolchainError
        The SDK does not compile, or the disk is full.
    """
    message_objects(runtime.libraries(progress), progress)
    for source in _FILTERS:
        header(source, Flags(), progress)


def forget(entry: Entry) -> None:
    """Have an entry's content checked again before its next use."""
    _sound.discard(entry.folder)


class _NotCompiledError(Exception):
    """The headers do not compile."""


def _once(store: Store, key: str, fill: Any) -> Entry:
    """Check an entry's content once per process; after that its size."""
    entry = store.get(key) if store.root / key in _sound else None
    if entry is None:
        entry = store.once(key, fill)
        _sound.add(entry.folder)
    return entry


def _compile(source: Path, command: list[str], work: Path) -> str:
    # No place of the machine that compiles it: a wheel has the objects.
    names = {SDK: "sdk", zig().library: "zig", work: "."}
    maps = [f"-f{what}-prefix-map={place}={name}" for place, name in names.items() for what in ("debug", "macro")]
    maps = ["-I", str(source.parent), *maps]
    file = ["-main-file-name", source.name, "-x", "c++", str(source), "-o", f"{source.stem}.o"]
    _checked([*command, *maps, "-emit-obj", *file], work)
    return f"{source.stem}.o"


def _checked(command: list[str], work: Path) -> None:
    finished = run(command, work)
    if finished.code:
        raise ToolchainError(
            "The C++ SDK does not compile.",
            why=finished.messages.strip().splitlines()[:5],
            hint=Wording("run {}; install wasmnb and ziglang again", Verb("doctor")),
            code="WNB2003",
        )
