"""Which of many files a C++ source needs: what it includes, what these include, and the sources that belong to them."""

from __future__ import annotations

import posixpath
import re
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from wasmnb.compile.cpp import SOURCES
from wasmnb.compile.cpp.folder import HEADERS, PROTO, taken
from wasmnb.compile.cpp.source import Source

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from wasmnb.compile.filter import Filter

__all__ = ["IMPORT", "beside", "from_top", "gather", "included", "top_of", "with_messages"]

_MESSAGES = ".pb.h"
_TOPS = (".git", "WORKSPACE", "WORKSPACE.bazel", "MODULE.bazel")
_BY_MACRO = re.compile(r"^[ \t]*#[ \t]*include[ \t]+[A-Za-z_]", re.MULTILINE)
#: What a ``.proto`` file imports.
IMPORT = re.compile(r'^\s*import\s+(?:public\s+|weak\s+)?"([^"\n]+)"\s*;', re.MULTILINE)


def beside(path: Path) -> dict[str, str]:
    """Give what a source includes of the files that lie beside it, and what these bring along (`gather`).

    A name that begins at the top of the repository, as bazel has it, is looked for there.
    """
    texts: dict[str, str] = {}
    for each in path.parent.iterdir():
        if each != path and each.is_file() and each.suffix in (*SOURCES, *HEADERS, PROTO):
            texts[each.name] = _read(each)
    source = _read(path)
    for name in [name for text in (source, *texts.values()) for name in taken(text)]:
        place = path.parent / name
        if name not in texts and "/" not in name and place != path and place.is_file():
            texts[name] = _read(place)
    texts |= from_top(path.parent, source, texts, path)
    # Which header a macro names, the compiler alone can tell.
    named = [name for name in texts if name.endswith(HEADERS)] if _BY_MACRO.search(Source(source).code) else []
    needed = gather(source, texts, named)
    return {name: texts[name] for name in needed}


def included(texts: Mapping[str, str]) -> set[str]:
    """Give the sources that another file includes: they are compiled with that, and not once more."""
    found = (place for path, text in texts.items() for place in _included(path, text, texts) if place != path)
    return {place for place in found if place.endswith(SOURCES)}


def from_top(folder: Path, source: str, texts: Mapping[str, str], main: Path) -> dict[str, str]:
    """Give the files that sources include by their paths from the top of the repository, and what these include.

    Parameters
    ----------
    folder : pathlib.Path
    source : str
    texts : mapping of str to str
        What lies in the folder: that is not looked for.
    main : pathlib.Path
        The filter's own source: it is not a part of itself.
    """
    folder = folder.resolve()
    top = top_of(folder)
    found: dict[str, str] = {}
    ours = {main.resolve(), *((folder / name).resolve() for name in texts if name.endswith(SOURCES))}
    waiting = [name for text in (source, *texts.values()) for name in _names(text)]
    while waiting:
        name = posixpath.normpath(waiting.pop(0))
        # What the folder has in a place that is passed over, such as one called target, is meant first.
        place = folder / name if (folder / name).is_file() else top / name
        if name.startswith("..") or name in found or name in texts or not place.is_file() or place.resolve() in ours:
            continue
        found[name] = _read(place)
        waiting += [*_names(found[name]), *IMPORT.findall(found[name])]
        waiting += [name[: -len(place.suffix)] + ending for ending in SOURCES if place.suffix in HEADERS]
    return found


def with_messages(filter: Filter, folders: Iterable[str]) -> Filter:  # noqa: A002
    """Give a filter with the ``.proto`` files of its messages, where they lie in folders that ``-I`` names."""
    places = [Path(folder) for folder in folders if Path(folder).is_absolute()]
    if not places:
        return filter
    texts = dict(filter.files)
    written = [filter.source, *(text for path, text in texts.items() if not path.endswith(PROTO))]
    waiting = [
        name[1:-1].removesuffix(_MESSAGES) + PROTO
        for text in written
        for name in Source(text).includes
        if name[1:-1].endswith(_MESSAGES)
    ]
    while waiting:
        name = posixpath.normpath(waiting.pop())
        # Those of protobuf itself are the SDK's own.
        if name in texts or name.startswith(("/", "..", "google/protobuf/")):
            continue
        place = next((each / name for each in places if (each / name).is_file()), None)
        if place is not None:
            texts[name] = _read(place)
            waiting += IMPORT.findall(texts[name])
    return filter if len(texts) == len(filter.files) else replace(filter, files=tuple(texts.items()))


def top_of(folder: Path) -> Path:
    """Give the folder that includes begin at in a repository that bazel builds; the folder itself in no repository."""
    return next((each for each in folder.parents if any((each / mark).exists() for mark in _TOPS)), folder)


def _names(text: str) -> list[str]:
    return [
        word.removesuffix(_MESSAGES) + PROTO if word.endswith(_MESSAGES) else word
        for word in (name[1:-1] for name in Source(text).includes)
        if "/" in word
    ]


def _read(path: Path) -> str:
    return path.read_bytes().decode(errors="surrogateescape")


def gather(source: str, texts: Mapping[str, str], named: Iterable[str] = ()) -> list[str]:
    """Give the paths of the files that a source needs.

    A header brings the source of the same name beside it along: ``util.h`` brings ``util.cc``. What includes
    ``x.pb.h`` needs ``x.proto``.

    Parameters
    ----------
    source : str
    texts : mapping of str to str
        Every file there is, by its path.
    named : iterable of str
        Paths that are needed in any case.
    """
    found: dict[str, None] = {}
    waiting = [*named, *_included("", source, texts)]
    while waiting:
        path = waiting.pop(0)
        if path in found or path not in texts:
            continue
        found[path] = None
        waiting += _included(path, texts[path], texts)
        stem = PurePosixPath(path).with_suffix("")
        waiting += [str(stem) + ending for ending in SOURCES if path.endswith((".h", ".hh", ".hpp", ".hxx"))]
    return sorted(found)


def _included(path: str, text: str, texts: Mapping[str, str]) -> Iterator[str]:
    if path.endswith(PROTO):
        yield from IMPORT.findall(text)
        return
    beside = posixpath.dirname(path)
    named = [name[1:-1] for name in Source(text).includes]
    for word in dict.fromkeys([*named, *taken(text)]):
        wanted = word.removesuffix(_MESSAGES) + PROTO if word.endswith(_MESSAGES) else word
        for place in dict.fromkeys((beside, "", "include")):
            whole = posixpath.normpath(posixpath.join(place, wanted))
            if whole in texts:
                yield whole
                break
        else:
            # Messages may be included from the folder in which a Makefile has them made.
            same = [path for path in texts if posixpath.basename(path) == posixpath.basename(wanted)]
            if wanted.endswith(PROTO) and len(same) == 1:
                yield same[0]
