"""From a project folder to a filter: which language it is in, and who reads it."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, cast

from wasmnb.compile.filter import Filter
from wasmnb.compile.languages import LANGUAGES
from wasmnb.compile.workspace import above, is_npm_filter, members, several
from wasmnb.errors import BadNameError, UsageError
from wasmnb.registered import load
from wasmnb.wording import RELATIVE, Option, Wording

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from wasmnb.compile.languages import Language

    Reader = Callable[[Path, str, tuple[str, ...]], Filter]

__all__ = ["ALONE", "LEFT_OUT", "guess", "read", "read_source", "text_of", "walk"]

#: Folders that hold no source of the project: what build systems write, dependencies, tests; and our C++ SDK, which a
#: project carries for those who build it without us.
LEFT_OUT = frozenset({"build", "dist", "node_modules", "proxy_wasm_sdk", "target", "test", "tests"})
#: The way out where a folder of C++ holds too much.
ALONE = Wording(
    "give the folder of the filter alone, and name those of libraries with {}", Option("include", "FOLDER", flag="-I")
)
_TESTS = ("_test", ".test", ".spec", ".d")
_MOST = 4000
_MAX_SOURCE = 4 * 1024 * 1024


def guess(folder: Path) -> str | None:
    """Say which language a folder, or the one project in it, is in; None when it holds no filter.

    Raises
    ------
    UsageError
        It holds several projects, or sources of several languages, and does not say which is meant.
    """
    folder = _place(folder)
    top = {item.name for item in folder.iterdir()}
    languages = {word: one for word, one in LANGUAGES.loaded().items() if one.reader}
    # A build file says more than a source does: a Rust project may have C++ in it.
    for word, one in languages.items():
        if _marked(folder, top, one):
            return word
    sources = {word: found for word, one in languages.items() if (found := _sources(folder, one))}
    if len(sources) > 1:
        names = sorted(path.name for found in sources.values() for path in found)
        raise UsageError(
            f"The folder {str(folder)!r} holds sources of several languages: {', '.join(names[:8])}.",
            hint=Wording("name the file, or say which with {}", Option("language", next(iter(sources)), flag="--lang")),
        )
    if sources:
        return next(iter(sources))
    known = members(folder)
    if known:
        raise several(folder, known)
    for word, one in languages.items():
        endings = tuple(mark for mark in one.marks if mark.startswith("."))
        if endings and any(path.name.endswith(endings) for path in walk(folder)):
            return word
    return None


def _sources(folder: Path, language: Language) -> list[Path]:
    """Give the sources at the top of a folder, but those of tests."""
    return sorted(
        path
        for path in folder.iterdir()
        if path.is_file() and path.suffix in language.suffixes and not path.stem.endswith(_TESTS)
    )


def read_source(path: Path, *, name: str, language: str, flags: tuple[str, ...]) -> Filter:
    """Read a filter that is one source, with what it needs of the files beside it.

    Raises
    ------
    BadNameError, UsageError
        The file cannot be read, is not text, or is too large; the name cannot name a filter; there is no such language.
    """
    kind = LANGUAGES.get(language)
    text = text_of(path)
    files = load(kind.beside)(path) if kind is not None and kind.beside else {}
    # What the source names above its folder is looked for there.
    folder = str(path.parent.resolve()) if files or '"../' in text else ""
    return Filter(name, text, language, flags, files=tuple(files.items()), file=path.name, folder=folder)


def text_of(path: Path) -> str:
    """Read a file that is to be UTF-8 text.

    Raises
    ------
    BadNameError, UsageError
    """
    try:
        with path.open("rb") as file:
            data = file.read(_MAX_SOURCE + 1)
    except OSError as error:
        missing = isinstance(error, FileNotFoundError | NotADirectoryError)
        hint = RELATIVE if missing else "see that you may read it"
        raise BadNameError(f"{path} cannot be read.", why=[error.strerror or str(error)], hint=hint) from error
    if len(data) > _MAX_SOURCE:
        raise UsageError(f"{path} has more than {_MAX_SOURCE:,} bytes.", hint="give the source of a filter")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not UTF-8 text.", hint="save it as UTF-8") from error


def read(path: str | Path, *, name: str | None, language: str | None, flags: tuple[str, ...]) -> Filter:
    """Read a folder (`Filter.from_folder`)."""
    folder = Path(path).expanduser()
    if not folder.is_dir():
        raise BadNameError(f"There is no folder {str(path)!r}.", hint=RELATIVE)
    folder = _place(folder, language)
    language = language or guess(folder)
    kind = LANGUAGES.get(language) if language else None
    if kind is None or not kind.reader:
        if _is_submodule(folder) and not any(folder.iterdir()):
            raise UsageError(
                f"The folder {str(path)!r} is a git submodule that is not here yet.",
                hint="git submodule update --init, in its repository, brings it",
            )
        known = ", ".join(one.name for one in LANGUAGES.loaded().values() if one.reader)
        what = f"in {kind.name if kind else language}" if language else "a filter"
        raise UsageError(
            f"The folder {str(path)!r} holds nothing to build {what} from.", hint=f"folders are built in {known}"
        )
    name = folder.resolve().name if name is None else name
    if not _has_build_file(folder, kind):
        sources = _sources(folder, kind)
        if len(sources) == 1:
            return read_source(sources[0], name=name, language=kind.word, flags=flags)
        if sources:
            raise UsageError(
                f"The folder {str(folder)!r} holds {len(sources)} {kind.name} sources and no {kind.marks[0]}.",
                hint=f"write a {kind.marks[0]}, or name the one file that is the filter",
            )
    reader = cast("Reader", load(kind.reader))
    return reader(folder, name, flags)


def _place(folder: Path, language: str | None = None) -> Path:
    """Give the folder of the one project that lies in a folder without sources of its own; else the folder."""
    languages = [one for one in LANGUAGES.loaded().values() if one.reader]
    names = {item.name for item in folder.iterdir()}
    if any(_marked(folder, names, one) or _sources(folder, one) for one in languages):
        return folder
    known = members(folder)
    if len(known) != 1 or language not in (None, guess(folder / known[0])):
        return folder
    return folder / known[0]


def _is_submodule(folder: Path) -> bool:
    """Tell whether a repository above has a folder as a submodule."""
    top = above(folder, ".gitmodules")
    if top is None:
        return False
    inside = re.escape(folder.resolve().relative_to(top).as_posix())
    listed = (top / ".gitmodules").read_text("utf-8", "replace")
    return re.search(rf"^\s*path\s*=\s*{inside}\s*$", listed, re.MULTILINE) is not None


def _marked(folder: Path, names: set[str], language: Language) -> bool:
    """Tell whether a folder holds the build file of a language; one of npm may be for something else."""
    found = names.intersection(language.marks)
    return bool(found) and (found != {"package.json"} or is_npm_filter(folder))


def _has_build_file(folder: Path, language: Language) -> bool:
    """Tell whether a folder says how it is built; C++ needs no word for that."""
    files = [mark for mark in language.marks if not mark.startswith(".")]
    if not files or any((folder / mark).is_file() for mark in files):
        return True
    return language.nested and any(above(folder, mark) for mark in files)


def walk(folder: Path) -> Iterator[Path]:
    """Give the files of a project folder, in a fixed order; neither hidden ones nor those of `LEFT_OUT`.

    Raises
    ------
    UsageError
        There are more than a project has.
    """
    count = 0
    for root, folders, names in os.walk(folder):
        # Links lead out of the project: bazel leaves four of them, to its caches.
        folders[:] = sorted(each for each in folders if not each.startswith(".") and each not in LEFT_OUT)
        for each in sorted(names):
            if not each.startswith("."):
                count += 1
                if count > _MOST:
                    raise UsageError(f"The folder {str(folder)!r} holds more than {_MOST:,} files.", hint=ALONE)
                yield Path(root, each)
