"""What project folders of all languages share: reading their files, and messages by file."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from wasmnb.compile import cached_build
from wasmnb.compile.diagnostics import Diagnostic
from wasmnb.compile.filter import Filter
from wasmnb.compile.tree import LINKED, as_text, listed, modules
from wasmnb.errors import BadNameError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from wasmnb.compile.errors import CompileError
    from wasmnb.wording import Text

__all__ = ["diagnostic", "error", "read", "texts", "warnings"]

_MOST_BYTES = 64 * 1024 * 1024
_MOST = 8000
# A larger file is linked: it is data, and its size and time tell whether it is the same.
_LARGE = 2 * 1024 * 1024
_EMBEDS = re.compile(r"(?:include_bytes!|//go:embed)[^\n]*\.wasm\b")
_SOURCES = (".rs", ".go")
_NOT_OURS = re.compile(r"(?:^|/)(?:vendor|node_modules)/|_test\.go$|\.d\.ts$")


def read(folder: Path, name: str, flags: tuple[str, ...], language: str, mains: Sequence[str]) -> Filter:
    """Read a folder whose own build file says what belongs together: every file in it is a part of the filter.

    Parameters
    ----------
    folder : pathlib.Path
    name : str
    flags : tuple of str
    language : str
    mains : sequence of str
        Where the program may begin; a ``*`` in front takes any file with that end. The first that is there counts.

    Raises
    ------
    BadNameError
        A file cannot be read, or the name cannot name a filter.
    UsageError
        It holds no program, or more than a project has.
    """
    found: dict[str, str] = {}
    size = 0
    with_modules = False
    waiting = [*listed(folder)]
    for path in waiting:
        try:
            status = path.stat()
            large = status.st_size > _LARGE
            text = f"{LINKED}{status.st_size}-{status.st_mtime_ns}" if large else as_text(path.read_bytes())
        except OSError as reason:
            why = [reason.strerror or str(reason)]
            raise BadNameError(
                f"{path} cannot be read.", why=why, hint="mend it, or take it out of the folder"
            ) from reason
        found[path.relative_to(folder).as_posix()] = text
        size += len(text)
        # A module is what some build has made, unless a source has it in itself.
        if not with_modules and path.suffix in _SOURCES and _EMBEDS.search(text):
            with_modules = True
            waiting += sorted(set(modules(folder)) - set(waiting))
        if size > _MOST_BYTES or len(found) > _MOST:
            raise UsageError(
                f"The folder {str(folder)!r} is larger than a project: {_MOST_BYTES >> 20} MB, or {_MOST:,} files.",
                hint="give the folder of the filter alone",
            )
    shallow = sorted(found, key=lambda path: path.count("/"))
    main = next((path for wanted in mains for path in shallow if _fits(path, wanted)), None)
    if main is None:
        raise UsageError(f"The folder {str(folder)!r} holds no program.", hint=f"it begins in {mains[0]}")
    source = found.pop(main)
    return Filter(
        name, source, language, flags, files=tuple(sorted(found.items())), file=main, folder=str(folder.resolve())
    )


def _fits(path: str, wanted: str) -> bool:
    return path.endswith(wanted[1:]) if wanted.startswith("*") else path == wanted


def texts(filter: Filter) -> dict[str, str]:  # noqa: A002
    """Give every file of a project by its path, the program among them."""
    return {filter.file: filter.source, **dict(filter.files)}


def diagnostic(  # noqa: PLR0917 - the order in which compilers say it
    files: Mapping[str, str], severity: str, message: str, file: str, line: int, column: int, *, in_bytes: bool = False
) -> Diagnostic:
    """Make a message about a place in a project's file, with that line.

    Parameters
    ----------
    files : mapping of str to str
        What `texts` gave.
    severity, message : str
    file : str
        As the compiler calls it.
    line, column : int
    in_bytes : bool
        The compiler counts columns in bytes.
    """
    file = file.removeprefix("./")
    lines = files.get(file, "").split("\n")
    quote = lines[line - 1].rstrip("\r") if 0 < line <= len(lines) else ""
    if in_bytes and column and quote:
        column = len(quote.encode()[: column - 1].decode(errors="ignore")) + 1
    return Diagnostic(severity, message, line, column, quote, file)


def warnings(
    files: Mapping[str, str], suffix: str, look: Callable[[str], Iterable[tuple[int, str]]]
) -> tuple[Diagnostic, ...]:
    """Warn of what a look at each source finds; tests and packages of others are none.

    Parameters
    ----------
    files : mapping of str to str
        What `texts` gave.
    suffix : str
        Of the sources' names.
    look : callable
        Gives, for a source, each place and what to say of it.
    """
    found = []
    for name, text in files.items():
        if name.endswith(suffix) and not _NOT_OURS.search(name):
            for offset, message in look(text):
                line, column = text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset)
                found.append(diagnostic(files, "warning", message, name, line, column))
    return tuple(found)


def error(found: Sequence[Diagnostic], hint: Text = "") -> CompileError:
    """Make an error of what a compiler said about a project; the first place that is in it comes first."""
    first = sorted(found, key=lambda item: (item.severity != "error", not item.quote))
    shown = [replace(item, notes=item.notes[:3]) for item in first]
    return cached_build.compile_error(shown, hint, "project", diagnostics=found)
