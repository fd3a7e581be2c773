"""Which of many files a C++ source needs: what it includes, what these include, and the sources that belong to them."""

from __future__ import annotations

import posixpath
import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from wasmnb.compile.cpp.folder import HEADERS, PROTO, SOURCES
from wasmnb.compile.cpp.source import Source

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

__all__ = ["beside", "gather"]

_MESSAGES = ".pb.h"
_IMPORT = re.compile(r'^\s*import\s+(?:public\s+|weak\s+)?"([^"\n]+)"\s*;', re.MULTILINE)


def beside(path: Path) -> dict[str, str]:
    """Give what a source includes of the files that lie beside it, and what these bring along (`gather`)."""
    texts: dict[str, str] = {}
    for each in path.parent.iterdir():
        if each != path and each.is_file() and each.suffix in (*SOURCES, *HEADERS, PROTO):
            texts[each.name] = each.read_bytes().decode(errors="surrogateescape")
    needed = gather(path.read_bytes().decode(errors="surrogateescape"), texts)
    return {name: texts[name] for name in needed}


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
        yield from _IMPORT.findall(text)
        return
    beside = posixpath.dirname(path)
    for name in Source(text).includes:
        word = name[1:-1]
        wanted = word.removesuffix(_MESSAGES) + PROTO if word.endswith(_MESSAGES) else word
        for place in dict.fromkeys((beside, "", "include")):
            whole = posixpath.normpath(posixpath.join(place, wanted))
            if whole in texts:
                yield whole
                break
