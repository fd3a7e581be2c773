"""Texts that name a command or an option, which each front end words its own way.

What stands below the front ends does not know whether its reader writes cells, Python or a shell's lines. It says which
verb and which option it means: ``%wasm_deploy guard --pull-secret NAME`` and
``session.deploy("guard", pull_secret=NAME)`` are then the same hint.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Front", "Option", "Text", "Verb", "Wording", "joined", "worded"]


class Front(Enum):
    """Where the reader of a text writes commands."""

    NOTEBOOK = "notebook"
    PYTHON = "python"
    SHELL = "shell"


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
    """

    keyword: str
    value: str | bool = ""
    flag: str = ""

    def worded(self, front: Front) -> str:
        """Word it for one front end."""
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
        """Word it for one front end."""
        options = [option.worded(front) for option in self.options]
        if front is Front.PYTHON:
            return f"session.{self.name}({', '.join([*map(_python, self.words), *options])})"
        start = f"wasmnb {self.name}" if front is Front.SHELL else f"{'%%' if self.cell else '%'}wasm_{self.name}"
        return " ".join([start, *self.words, *options])


class Wording:
    """A text with places for verbs and options.

    Parameters
    ----------
    text : str
        With ``{}`` for each part, as for ``str.format``.
    *parts : Verb, Option, Wording or str
    """

    __slots__ = ("parts", "text")

    def __init__(self, text: str, *parts: Verb | Option | Text) -> None:
        self.text = text
        self.parts = parts

    def worded(self, front: Front) -> str:
        """Word it for one front end."""
        return self.text.format(*(part if isinstance(part, str) else part.worded(front) for part in self.parts))

    def mapped(self, change: Callable[[str], str]) -> Wording:
        """Give the same with each text in it changed, such as its secrets masked."""
        return Wording(change(self.text), *(_mapped(part, change) for part in self.parts))

    def __str__(self) -> str:
        return self.worded(Front.PYTHON)

    def __repr__(self) -> str:
        return f"Wording({str(self)!r})"

    def __bool__(self) -> bool:
        return bool(self.text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Wording) and (self.text, self.parts) == (other.text, other.parts)

    def __hash__(self) -> int:
        return hash((self.text, self.parts))


Text = str | Wording
"""Plain text, or one that a front end words."""


def joined(*texts: Text) -> Text:
    """Put those texts that are not empty behind each other, a semicolon between them."""
    said = [text for text in texts if text]
    return said[0] if len(said) == 1 else Wording("; ".join("{}" for _ in said), *said)


def worded(text: Text, front: Front) -> str:
    """Word any text for one front end."""
    return text if isinstance(text, str) else text.worded(front)


def _mapped(part: Verb | Option | Text, change: Callable[[str], str]) -> Verb | Option | Text:
    if isinstance(part, str):
        return change(part)
    if isinstance(part, Wording):
        return part.mapped(change)
    if isinstance(part, Option):
        return replace(part, value=part.value if isinstance(part.value, bool) else change(part.value))
    return replace(
        part,
        words=tuple(map(change, part.words)),
        options=tuple(option for one in part.options if isinstance(option := _mapped(one, change), Option)),
    )


def _python(value: str | bool) -> str:
    """Write a value as Python has it; a placeholder stays one."""
    if isinstance(value, bool) or not value.replace("_", "").isupper():
        return repr(value)
    return value
