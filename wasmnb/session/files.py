"""Files beside a filter's cell: headers, further sources, messages."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from wasmnb.compile import Filter
from wasmnb.display import Column, Table
from wasmnb.display.result import Dated, Tabled
from wasmnb.errors import BadNameError, UsageError, did_you_mean
from wasmnb.wording import Verb, Wording

if TYPE_CHECKING:
    from collections.abc import Sequence


__all__ = ["FileResult", "SessionFiles"]


@dataclass(frozen=True)
class FileResult(Dated, Tabled):
    """A file of the session.

    Parameters
    ----------
    path : str
    text : str
    unchanged : bool
        It had this text already.
    filters : tuple of str
        The names of the filters that were compiled with it.
    """

    path: str
    text: str = field(repr=False)
    unchanged: bool
    filters: tuple[str, ...] = ()

    @property
    def lines(self) -> tuple[str, ...]:
        """The lines of the text, without blank ones around it."""
        return tuple(self.text.strip("\n").splitlines())

    @property
    def table(self) -> Table:
        """The file in one row: ``path`` (``string``), ``lines`` (``Int64``) and ``filters`` (``string``)."""
        columns = (Column("path"), Column("lines", "Int64"), Column("filters"))
        return Table(columns, ((self.path, len(self.lines), ", ".join(self.filters) or None),))

    def to_dict(self) -> dict[str, Any]:
        """Give plain JSON values."""
        return {
            "path": self.path,
            "lines": self.text.strip("\n").count("\n") + 1,
            "unchanged": self.unchanged,
            "filters": list(self.filters),
            "at": self.at.isoformat(),
        }


class SessionFiles:
    """Files by their paths, each for the filters it was written for, or for every one that includes it."""

    def __init__(self) -> None:
        self._texts: dict[str, str] = {}
        self._owners: dict[str, tuple[str, ...]] = {}

    def names(self) -> list[str]:
        """List the paths, in the order they came."""
        return list(self._texts)

    def put(self, path: str, text: str, filters: Sequence[str]) -> bool:
        """Keep a file; tell whether it was the same before.

        Raises
        ------
        BadNameError
            The path leads out of a filter.
        UsageError
            There is no text.
        """
        Filter("any", "", files=((path, text),))
        if not text.strip():
            raise UsageError(
                f"The file {path!r} has no text.",
                hint=Wording(
                    "write it below the line {}",
                    Verb("file", (path,), cell=True),
                    python=Wording("give it: {}", Verb("file", (path, "SOURCE"))),
                ),
            )
        same = self._texts.get(path) == text and self._owners.get(path) == tuple(filters)
        self._texts[path], self._owners[path] = text, tuple(filters)
        return same

    def get(self, path: str) -> str:
        """Give a file's text.

        Raises
        ------
        BadNameError
        """
        if path not in self._texts:
            known = self.names()
            raise BadNameError(
                f"There is no file called {path!r}.",
                why=[f"available: {', '.join(known)}"] if known else ["no file has been written yet"],
                hint=did_you_mean(path, known) or _written(path),
            )
        return self._texts[path]

    def beside(self, wanted: Filter, named: Sequence[str]) -> Filter:
        """Give a filter with its files: those that are named, those written for it, and those that it includes.

        Parameters
        ----------
        wanted : Filter
        named : sequence of str
            Paths of the session's files, or of files on the disk.

        Raises
        ------
        BadNameError
            A file that is named does not exist.
        """
        if not self._texts and not named:
            return wanted
        texts = dict(self._texts)
        paths = [path for path, owners in self._owners.items() if wanted.name in owners]
        for path in named:
            known = path if path in texts else _inside(path)
            if known not in texts:
                texts[known] = _read(path, [*self._texts])
            paths.append(known)
        if wanted.language == "cpp":
            from wasmnb.compile.cpp.dependencies import gather  # noqa: PLC0415 - for filters of several files only

            others = {path: text for path, text in texts.items() if not self._others(path, wanted.name)}
            paths = gather(wanted.source, others, paths)
        return replace(wanted, files=tuple((path, texts[path]) for path in dict.fromkeys(paths)))

    def _others(self, path: str, name: str) -> bool:
        owners = self._owners.get(path, ())
        return bool(owners) and name not in owners


def _written(path: str) -> Wording:
    return Wording(
        "a cell that begins with {} writes it",
        Verb("file", (path,), cell=True),
        python=Wording("{} writes it", Verb("file", (path, "SOURCE"))),
    )


def _inside(path: str) -> str:
    """Give the path that a file on the disk has inside a filter."""
    given = PurePosixPath(path)
    return given.name if given.is_absolute() or ".." in given.parts or path.startswith("~") else str(given)


def _read(path: str, known: Sequence[str]) -> str:
    try:
        return Path(path).expanduser().read_bytes().decode(errors="surrogateescape")
    except OSError as error:
        raise BadNameError(
            f"There is no file {path!r}.",
            why=[f"files of the notebook: {', '.join(known)}"] if known else [error.strerror or str(error)],
            hint=did_you_mean(path, known) or _written(path),
        ) from error
