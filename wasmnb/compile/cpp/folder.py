"""A C++ project folder as a filter: its sources, headers and messages; build files of other tools are passed over."""

from __future__ import annotations

import re
from pathlib import PurePath
from typing import TYPE_CHECKING

from wasmnb.compile.cpp import SOURCES
from wasmnb.compile.cpp.source import Source, root_ids
from wasmnb.compile.filter import Filter
from wasmnb.compile.folder import ALONE, walk
from wasmnb.compile.workspace import several
from wasmnb.errors import BadNameError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["HEADERS", "PROTO", "read", "taken"]

#: How names of files end that are included, and made into messages.
HEADERS = (".h", ".hh", ".hpp", ".hxx", ".h++", ".H", ".inc", ".ipp", ".inl", ".tcc")
PROTO = ".proto"
_TESTS = ("_test", "_tests", "_unittest", "_benchmark")
# Programs of their own, whatever they are called: tests, benchmarks, fuzzers, and tools of the build.
_FRAMEWORK = re.compile(
    r"^[ \t]*#[ \t]*include[ \t]*[<\"](?:gtest/|gmock/|benchmark/benchmark\.h|catch2/|catch\.hpp|doctest)", re.MULTILINE
)
_PROGRAM = re.compile(r"^(?:int|auto)\s+main\s*\(|\bLLVMFuzzerTestOneInput\s*\(", re.MULTILINE)
_CONDITION = re.compile(r"[ \t]*#[ \t]*(?P<begins>if|endif)")
_REGISTERS = "RegisterContextFactory"
#: What the compiler takes into a source, under any name.
_TAKEN = re.compile(
    r"""^[ \t]*#[ \t]*(?:include|include_next|embed)[ \t]*(?:"(?P<quoted>[^"\n]+)"|<(?P<angled>[^>\n]*[./][^>\n]*)>)""",
    re.MULTILINE,
)
_MOST_BYTES = 32 * 1024 * 1024


def read(folder: Path, name: str, flags: tuple[str, ...]) -> Filter:
    """Read a folder: every source in it is compiled, but those of tests.

    Parameters
    ----------
    folder : pathlib.Path
    name : str
    flags : tuple of str

    Raises
    ------
    BadNameError
        A file cannot be read, or the name cannot name a filter.
    UsageError
        It holds no source, or more than a project has.
    """
    texts = _texts(folder)
    main = _main({path: text for path, text in texts.items() if PurePath(path).suffix in SOURCES})
    if main is None:
        # What is all there is, is the filter.
        texts = _texts(folder, programs=True)
        main = _main({path: text for path, text in texts.items() if PurePath(path).suffix in SOURCES})
    if main is None:
        raise UsageError(
            f"The folder {str(folder)!r} holds no C++ source.",
            hint=f"it needs a file that ends with {', '.join(SOURCES[:-1])} or {SOURCES[-1]}",
        )
    _refuse_several(folder, {path: text for path, text in texts.items() if PurePath(path).suffix in SOURCES})
    source = texts.pop(main)
    from wasmnb.compile.cpp.dependencies import from_top  # noqa: PLC0415 - it stands on this

    texts |= from_top(folder, source, texts, folder / main)
    return Filter(name, source, "cpp", flags, files=tuple(texts.items()), file=main, folder=str(folder.resolve()))


def taken(text: str) -> list[str]:
    """Give the names of the files that a source includes or embeds; ``<version>`` and the like are the language's."""
    return [found["quoted"] or found["angled"] for found in _TAKEN.finditer(text)]


def _is_program(text: str) -> bool:
    """Say whether a source is a program in any case: many a helper has a ``main`` for a test that nobody asks for."""
    if _REGISTERS in text or not (_FRAMEWORK.search(text) or _PROGRAM.search(text)):
        return False
    source = Source(text)
    return bool(_FRAMEWORK.search(_unconditional(source.plain)) or _PROGRAM.search(_unconditional(source.code)))


def _unconditional(code: str) -> str:
    lines, depth = [], 0
    for line in code.split("\n"):
        if condition := _CONDITION.match(line):
            depth += 1 if condition["begins"] == "if" else -1
        elif depth <= 0:
            lines.append(line)
    return "\n".join(lines)


def _texts(folder: Path, *, programs: bool = False) -> dict[str, str]:
    """Read what a folder's filter is made of, and whatever else that takes in by name."""
    texts: dict[str, str] = {}
    waiting: list[str] = []
    others: list[str] = []
    size = 0
    for path in walk(folder):
        name = path.relative_to(folder).as_posix()
        if path.suffix not in (*SOURCES, *HEADERS, PROTO):
            others.append(name)
        elif not path.stem.endswith(_TESTS):
            waiting.append(name)
    while waiting:
        name = waiting.pop(0)
        text = _text(folder / name)
        if PurePath(name).suffix in SOURCES and not programs and _is_program(text):
            continue
        size += len(text)
        if size > _MOST_BYTES:
            raise UsageError(
                f"The folder {str(folder)!r} holds more than {_MOST_BYTES // 1024 // 1024} MB of source.",
                hint=ALONE,
            )
        texts[name] = text
        names = {PurePath(each).name for each in taken(text)}
        waiting += [each for each in others if PurePath(each).name in names]
        others = [each for each in others if PurePath(each).name not in names]
    return texts


def _text(path: Path) -> str:
    try:
        # Old headers may be of any encoding: bytes that are not UTF-8 come back as they were when they are written.
        return path.read_bytes().removeprefix(b"\xef\xbb\xbf").decode(errors="surrogateescape")
    except OSError as error:
        why = [error.strerror or str(error)]
        raise BadNameError(f"{path} cannot be read.", why=why, hint="mend it, or take it out of the folder") from error


def _refuse_several(folder: Path, sources: dict[str, str]) -> None:
    """Refuse sources of which two register the same root id: they are two filters, and one module has place for one."""
    by_id: dict[str, list[str]] = {}
    for path, text in sources.items():
        if _REGISTERS in text:
            for root_id in root_ids([Source(text)]) or ():
                by_id.setdefault(root_id, []).append(path)
    if all(len(paths) == 1 for paths in by_id.values()):
        return
    paths = sorted({path for paths in by_id.values() for path in paths})
    folders = {PurePath(path).parent.as_posix() for path in paths}
    if len(folders) == len(paths) and "." not in folders:
        raise several(folder, folders)
    raise UsageError(
        f"The folder {str(folder)!r} holds {len(paths)} filters: {', '.join(paths)}.",
        hint=f"name the file of one of them: {folder / paths[0]}",
    )


def _main(sources: dict[str, str]) -> str | None:
    """Give the source that registers the filter; else the first."""
    marked = [path for path, text in sources.items() if _REGISTERS in Source(text).code]
    return next(iter([*marked, *sources]), None)
