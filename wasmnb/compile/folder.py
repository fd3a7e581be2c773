"""From a project folder to a filter: which language it is in, and who reads it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, cast

from wasmnb.compile.languages import LANGUAGES
from wasmnb.errors import BadNameError, UsageError
from wasmnb.registered import load

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from wasmnb.compile.filter import Filter

    Reader = Callable[[Path, str, tuple[str, ...]], Filter]

__all__ = ["LEFT_OUT", "guess", "read", "walk"]

#: Folders that hold no source of the project: what build systems write, dependencies, tests; and our C++ SDK, which a
#: project carries for those who build it without us.
LEFT_OUT = frozenset({"build", "dist", "node_modules", "proxy_wasm_sdk", "target", "test", "tests"})
_MOST = 4000


def guess(folder: Path) -> str | None:
    """Say which language a folder is in; None when it holds no filter."""
    names = [path.name for path in walk(folder)]
    top = {item.name for item in folder.iterdir()}
    languages = {word: one for word, one in LANGUAGES.loaded().items() if one.reader}
    # A build file says more than a source does: a Rust project may have C++ in it.
    for word, one in languages.items():
        if top.intersection(one.marks):
            return word
    for word, one in languages.items():
        endings = tuple(mark for mark in one.marks if mark.startswith("."))
        if endings and any(name.endswith(endings) for name in names):
            return word
    return None


def read(path: str | Path, *, name: str | None, language: str | None, flags: tuple[str, ...]) -> Filter:
    """Read a folder (`Filter.from_folder`)."""
    folder = Path(path).expanduser()
    if not folder.is_dir():
        raise BadNameError(f"There is no folder {str(path)!r}.", hint="a relative path starts at the notebook's folder")
    language = language or guess(folder)
    kind = LANGUAGES.get(language) if language else None
    if kind is None or not kind.reader:
        known = ", ".join(one.name for one in LANGUAGES.loaded().values() if one.reader)
        what = f"in {kind.name if kind else language}" if language else "a filter"
        raise UsageError(
            f"The folder {str(path)!r} holds nothing to build {what} from.", hint=f"folders are built in {known}"
        )
    reader = cast("Reader", load(kind.reader))
    return reader(folder, folder.resolve().name if name is None else name, flags)


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
                    raise UsageError(
                        f"The folder {str(folder)!r} holds more than {_MOST:,} files.",
                        hint="give the folder of the filter alone, and -I for libraries",
                    )
                yield Path(root, each)
