"""Texts that name a command or an option, which each front end words its own way.

What stands below the front ends does not know whether its reader writes cells, Python or a shell's lines. It says which
verb and which option it means: ``%wasm_deploy guard --pull-secret NAME`` and
``session.deploy("guard", pull_secret=NAME)`` are then the same hint.

``str`` words a text for the front end that `words_for` names; without one, for Python. So is worded what is no error (a
check's hint, a note, a line of progress), and an error until the front end tells it otherwise on its way out.
"""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = [
    "RELATIVE",
    "Front",
    "Option",
    "Text",
    "Verb",
    "Wording",
    "front",
    "installing",
    "joined",
    "worded",
    "words_for",
]


class Front(Enum):
    """Where the reader of a text writes commands."""

    NOTEBOOK = "notebook"
    PYTHON = "python"
    SHELL = "shell"


_FRONT: ContextVar[Front] = ContextVar("front", default=Front.PYTHON)


def front() -> Front:
    """Give the front end that ``str`` words texts for now."""
    return _FRONT.get()


@contextmanager
def words_for(reader: Front) -> Iterator[None]:
    """Have ``str`` word texts for this front end until the end of the block."""
    before = _FRONT.set(reader)
    try:
        yield
    finally:
        _FRONT.reset(before)


@dataclass(frozen=True)
class Option:
    """An option of a command.

    Parameters
    ----------
    keyword : str
        As Python has it, such as ``pull_secret``.
    value : str or bool
        What is to be given for it: a placeholder in capitals (``NAME``), a text, or True for a switch.
    flag : str
        As a line has it, where that does not follow from the keyword: ``--no-preflight`` of ``preflight=False``.
    bare : bool
        A line has it as ``keyword=value``, without dashes.
    """

    keyword: str
    value: str | bool = ""
    flag: str = ""
    bare: bool = False

    def worded(self, front: Front) -> str:
        """Word it for one front end."""
        if front is not Front.PYTHON and self.bare:
            return f"{self.keyword}={self.value}"
        if front is not Front.PYTHON:
            flag = self.flag or "--" + self.keyword.strip("_").replace("_", "-")
            return f"{flag} {self.value}" if self.value and isinstance(self.value, str) else flag
        return self.keyword if self.value == "" else f"{self.keyword}={_python(self.value)}"


@dataclass(frozen=True)
class Verb:
    """A command, with the words and options behind it.

    Parameters
    ----------
    name : str
        As the session's method has it, such as ``deploy``.
    words : tuple of str
        What stands behind it without dashes; a placeholder in capitals, or a text.
    options : tuple of Option
    cell : bool
        In a notebook it stands over a cell.
    """

    name: str
    words: tuple[str, ...] = ()
    options: tuple[Option, ...] = ()
    cell: bool = False

    def worded(self, front: Front) -> str:
        """Word it for one front end; a shell has no cells, so what stands over one is named as a notebook has it."""
        options = [option.worded(front) for option in self.options]
        if front is Front.PYTHON:
            return f"session.{self.name}({', '.join([*map(_python, self.words), *options])})"
        in_shell = front is Front.SHELL and not self.cell
        start = f"wasmnb {self.name}" if in_shell else f"{'%%' if self.cell else '%'}wasm_{self.name}"
        return " ".join([start, *self.words, *options])


class Wording:
    """A text with places for verbs and options.

    Parameters
    ----------
    text : str
        With ``{}`` for each part, as for ``str.format``.
    *parts : Verb, Option, Wording or str
    python : str or Wording
        What Python says instead, where it is not the same sentence: in a cell, source stands below a line.
    terminal : str or Wording
        What a shell says instead, which has neither cells nor a memory.
    """

    __slots__ = ("parts", "python", "terminal", "text")

    def __init__(self, text: str, *parts: Verb | Option | Text, python: Text = "", terminal: Text = "") -> None:
        self.text = text
        self.parts = parts
        self.python = python
        self.terminal = terminal

    def worded(self, front: Front) -> str:
        """Word it for one front end."""
        other = {Front.PYTHON: self.python, Front.SHELL: self.terminal}.get(front)
        if other:
            return worded(other, front)
        return self.text.format(*(worded(part, front) for part in self.parts))

    def mapped(self, change: Callable[[str], str]) -> Wording:
        """Give the same with what each front end says changed as a whole, such as its secrets masked."""
        return _Said({front: change(self.worded(front)) for front in Front})

    def __str__(self) -> str:
        return self.worded(_FRONT.get())

    def __repr__(self) -> str:
        return f"Wording({self.worded(Front.PYTHON)!r})"

    def __bool__(self) -> bool:
        return bool(self.text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Wording) and all(self.worded(front) == other.worded(front) for front in Front)

    def __hash__(self) -> int:
        return hash(self.worded(Front.PYTHON))


class _Said(Wording):
    """What each front end says, already in words."""

    __slots__ = ("said",)

    def __init__(self, said: dict[Front, str]) -> None:
        super().__init__(said[Front.PYTHON])
        self.said = said

    def worded(self, front: Front) -> str:
        return self.said[front]


Text = str | Wording
"""Plain text, or one that a front end words."""

RELATIVE = Wording(
    "a relative path starts at the notebook's folder", terminal="a relative path starts at the folder that you are in"
)
"""Said where a path leads to nothing."""


def installing(package: str) -> Wording:
    """Say how a package is installed: in a cell, into the Python that runs it."""
    line = f"pip install {package}"
    return Wording(f"%{line}", python=line, terminal=line)


def joined(*texts: Text) -> Text:
    """Put those texts that are not empty behind each other, a semicolon between them."""
    said = [text for text in texts if text]
    return said[0] if len(said) == 1 else Wording("; ".join("{}" for _ in said), *said)


def worded(text: Text | Verb | Option, front: Front) -> str:
    """Word any text for one front end."""
    return text if isinstance(text, str) else text.worded(front)


def _python(value: str | bool) -> str:
    """Write a value as Python has it; a placeholder stays one."""
    if isinstance(value, bool) or not value.replace("_", "").isupper():
        return repr(value)
    return value
