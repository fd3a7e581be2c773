"""From ``.proto`` files to C++: which are wanted, and what becomes of them; kept, since it follows from their text."""

from __future__ import annotations

import json
import posixpath
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from wasmnb.compile.cache import Store, digest, io_errors
from wasmnb.compile.cpp.proto.header import header
from wasmnb.compile.cpp.proto.model import read
from wasmnb.compile.cpp.proto.names import full
from wasmnb.compile.cpp.proto.source import KNOWN, source
from wasmnb.compile.cpp.source import Source

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from wasmnb.progress import Progress

__all__ = ["WELL_KNOWN", "elsewhere", "generate", "wanted"]

#: Files whose messages the SDK has.
WELL_KNOWN = tuple(
    f"google/protobuf/{name}.proto"
    for name in ("any", "duration", "empty", "field_mask", "struct", "timestamp", "wrappers")
)
_ANY = WELL_KNOWN[0]
_HEADER = ".pb.h"
_STORE = Store("messages", keep=100)
_FILE = "generated.json"


def wanted(sources: Iterable[Source], texts: Mapping[str, str]) -> list[str]:
    """Give the ``.proto`` files of which C++ text includes the messages.

    Parameters
    ----------
    sources : iterable of Source
    texts : mapping of str to str
        The files there are, by their paths.
    """
    names = {name[1:-1].removesuffix(_HEADER) for item in sources for name in item.includes if _HEADER in name}
    protos = [path for path in texts if path.endswith(".proto")]
    found = {path for path in protos if _includable(path, names)}
    # A project's Makefile may have them made in a folder of their own: the only one of that name is meant.
    for name in names:
        same = [path for path in protos if PurePosixPath(path).stem == PurePosixPath(name).name]
        if len(same) == 1:
            found.update(same)
    return sorted(found)


def elsewhere(texts: Mapping[str, str], made: Mapping[str, str]) -> dict[str, str]:
    """Give a header for each place in which text includes messages that are made in another.

    Parameters
    ----------
    texts : mapping of str to str
        The C++ there is, by its paths.
    made : mapping of str to str
        What `generate` made.
    """
    found: dict[str, str] = {}
    for path, text in texts.items():
        for word in Source(text).includes:
            name = word[1:-1]
            beside = posixpath.normpath(posixpath.join(posixpath.dirname(path), name))
            places = {beside, posixpath.normpath(name), posixpath.normpath(posixpath.join("include", name))}
            same = [each for each in made if posixpath.basename(each) == posixpath.basename(name)]
            known = places.intersection(made) or places.intersection(texts)
            if _HEADER in name and len(same) == 1 and not known and not beside.startswith(".."):
                found[beside] = f'#include "{same[0]}"\n'
    return found


def _includable(path: str, names: set[str]) -> bool:
    stem = path.removesuffix(".proto")
    # A header beside the source is included without its folder.
    return any(stem == name or stem.endswith(f"/{name.lstrip('./')}") for name in names)


def generate(texts: Mapping[str, str], paths: Iterable[str], progress: Progress | None = None) -> dict[str, str]:
    """Make the C++ of ``.proto`` files and of what they import.

    Parameters
    ----------
    texts : mapping of str to str
        Every file there is, by its path.
    paths : iterable of str
        Those of which messages are wanted.
    progress : Progress, optional

    Returns
    -------
    dict of str to str
        ``.pb.h`` and ``.pb.cc`` files beside their ``.proto`` files.

    Raises
    ------
    CompileError, ToolchainError, UsageError
    """
    protos = {path: text for path, text in texts.items() if path.endswith(".proto")}
    paths = list(paths)
    key = digest(json.dumps([_generator(), sorted(protos.items()), paths]).encode())

    def fill(folder: Path) -> Mapping[str, Any]:
        from wasmnb.compile.cpp.proto.protoc import describe  # noqa: PLC0415

        if progress:
            progress.update("making classes of the messages")
        made = cpp(describe(protos, paths))
        with io_errors():
            (folder / _FILE).write_text(json.dumps(made), encoding="utf-8")
        return {}

    data = _STORE.once(key, fill).read(_FILE)
    return dict(json.loads(data or b"{}"))


@lru_cache(maxsize=1)
def _generator() -> str:
    """Give a hash over what makes the C++: another generator's is of no use."""
    return digest(b"".join(path.read_bytes() for path in sorted(Path(__file__).parent.glob("*.py"))))


def cpp(described: Any, *, well_known: bool = False) -> dict[str, str]:
    """Make the C++ of file descriptors.

    Parameters
    ----------
    described : sequence of google.protobuf.descriptor_pb2.FileDescriptorProto
    well_known : bool
        Make those that the SDK has, rather than the others.

    Returns
    -------
    dict of str to str
    """
    files = read(described)
    own = [file for file in files if (file.path in WELL_KNOWN) == well_known]
    registered: dict[str, str] = {}
    if not well_known and any(file.path == _ANY for file in files):
        registered = {
            full(message.full_name, file.package): file.path
            for file in files
            for message in file.messages
            if file in own or message.full_name in KNOWN
        }
    made: dict[str, str] = {}
    for index, file in enumerate(own):
        stem = file.path.removesuffix(".proto")
        made[f"{stem}.pb.h"] = header(file)
        last = index == len(own) - 1
        made[f"{stem}.pb.cc"] = source(file, registered if last else None)
    return made
