"""How far somebody has come: a file per person, which a trainer may collect."""

from __future__ import annotations

import getpass
import json
import os
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wasmnb.display import Column, Table
from wasmnb.display.result import Dated, Plural, now
from wasmnb.errors import ConfigError
from wasmnb.paths import write_atomically

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Progress", "Standing", "collected", "kept", "place"]

_COLUMNS = (
    Column("who"),
    Column("exercise"),
    Column("state", categories=("solved", "with solution", "begun", "open")),
    Column("tries", "Int64"),
    Column("hints", "Int64"),
    Column("solved_at", "datetime64[us, UTC]"),
)


@dataclass(frozen=True)
class Standing:
    """How far somebody has come with one exercise.

    Parameters
    ----------
    tries, hints : int
        How many times it was checked, and how many hints were shown.
    shown : bool
        The solution was shown before it was solved.
    solved_at : str
        ISO 8601; empty when it is not.
    """

    tries: int = 0
    hints: int = 0
    shown: bool = False
    solved_at: str = ""

    @property
    def state(self) -> str:
        """In a word or two."""
        if self.solved_at:
            return "with solution" if self.shown else "solved"
        return "begun" if self.tries or self.hints or self.shown else "open"

    def tried(self, *, passed: bool) -> Standing:
        """Give it after one more check."""
        at = self.solved_at or (now().isoformat(timespec="seconds") if passed else "")
        return replace(self, tries=self.tries + (not self.solved_at), solved_at=at)


@dataclass(frozen=True)
class Progress(Dated, Plural[tuple[str, str, Standing]]):
    """How far people have come: who, which exercise, and how.

    Parameters
    ----------
    path : str
        The file or folder that it was read from.
    """

    path: str = ""

    @property
    def table(self) -> Table:
        """One row per person and exercise."""
        rows = tuple(
            (who, number, one.state, one.tries, one.hints, one.solved_at or None) for who, number, one in self.items
        )
        return Table(_COLUMNS, rows)

    @property
    def solved(self) -> dict[str, int]:
        """How many exercises each person has solved."""
        return {
            who: sum(bool(one.solved_at) for name, _, one in self.items if name == who)
            for who in dict.fromkeys(name for name, _, _ in self.items)
        }

    def to_dict(self) -> dict[str, Any]:
        """Give plain JSON values."""
        rows = [{"who": who, "exercise": number, "state": one.state, **asdict(one)} for who, number, one in self.items]
        return {"progress": rows, "path": self.path, "at": self.at.isoformat()}


def place() -> Path:
    """Give the file that this person's progress is kept in.

    It is in ``$WASMNB_PROGRESS_DIR``, or in the folder ``progress`` beside the notebook; its name is the user's.
    """
    folder = Path(os.environ.get("WASMNB_PROGRESS_DIR") or "progress").expanduser()
    return folder / f"{os.environ.get('JUPYTERHUB_USER') or _user()}.json"


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # in a container, a user may be a number alone
        return str(os.getuid())


@dataclass
class Kept:
    """The progress in a file.

    Parameters
    ----------
    path : Path
    standings : dict of str to Standing
        By the exercise's number.
    """

    path: Path
    standings: dict[str, Standing]

    def get(self, number: str) -> Standing:
        """Give how far one exercise has come."""
        return self.standings.get(number, Standing())

    def put(self, number: str, standing: Standing) -> None:
        """Write how far one exercise has come.

        Raises
        ------
        ConfigError
            The file cannot be written.
        """
        self.standings[number] = standing
        text = json.dumps({key: asdict(one) for key, one in sorted(self.standings.items())}, indent=1)
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(self.path, f"{text}\n".encode())
            self.path.chmod(0o644)  # in a shared folder the trainer reads it
        except OSError as error:
            raise ConfigError(
                f"Your progress cannot be written to {self.path.absolute()}: {error.strerror}.",
                hint="name a folder that you may write to in the environment variable WASMNB_PROGRESS_DIR",
            ) from error


def kept(path: Path) -> Kept:
    """Read a file of progress; one that is not there is of somebody who begins.

    Raises
    ------
    ConfigError
        It cannot be read, or is something else.
    """
    try:
        said = json.loads(path.read_text("utf-8"))
        return Kept(path, {number: Standing(**one) for number, one in said.items()})
    except FileNotFoundError:
        return Kept(path, {})
    except OSError as error:
        raise ConfigError(
            f"{path.absolute()} cannot be read: {error.strerror}.",
            hint="see that you may read it, or name another folder in the environment variable WASMNB_PROGRESS_DIR",
        ) from error
    except (ValueError, TypeError, AttributeError) as error:
        raise ConfigError(
            f"{path.absolute()} is not a file of progress.", why=[str(error)], hint="move it away to begin anew"
        ) from error


def collected(files: Iterable[Path], numbers: Iterable[str], path: Path) -> Progress:
    """Give the progress of everybody whose file it is, for each exercise; a person is called as the file is."""
    people = [(file.stem, kept(file)) for file in sorted(files)]
    return Progress(
        tuple((who, number, one.get(number)) for who, one in people for number in numbers), path=str(path.absolute())
    )
