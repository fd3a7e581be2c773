"""The languages that a filter can be written in: what each is called, how it is recognised, and what builds it.

A language is one `Language`, registered in the group ``wasmnb.languages``, and one `Toolchain`; docs/languages.md
tells how one is added.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Protocol, cast, runtime_checkable

from wasmnb.errors import UsageError
from wasmnb.registered import Group, load
from wasmnb.wording import Option, Wording, joined

if TYPE_CHECKING:
    from wasmnb.check import Check
    from wasmnb.compile.filter import Filter
    from wasmnb.module import Module
    from wasmnb.progress import Progress

__all__ = ["LANGUAGES", "Fetching", "Guess", "Language", "Toolchain", "at_hand", "guess", "refuse_folders", "toolchain"]


@dataclass(frozen=True)
class Language:
    """One language.

    Parameters
    ----------
    word : str
        The name that it is registered by, which `Filter.language` and ``--lang`` hold.
    name : str
        What people call it.
    toolchain : str
        ``module:Class`` of its toolchain, imported when first asked for.
    spellings : tuple of str
        Other words that users write for it.
    suffixes : tuple of str
        How names of its sources end.
    marks : tuple of str
        What tells that a folder is a project of it: a file's name at its top, or (``.cc``) how any file's name ends.
    reader : str
        ``module:function`` that makes a filter of a folder, given its path, a name and flags; empty when there is none.
    beside : str
        ``module:function`` that gives the files that a source needs of those beside it, given its path; empty when a
        source is a program by itself.
    layout : str
        ``module:attribute`` of what its projects look like (`wasmnb.project.layouts.Layout`); empty for none.
    nested : bool
        A folder may belong to a project whose build file lies above it, as a program of a Go module does.
    signs : tuple of str
        Regular expressions for what only this language has, one line each; comments are gone when they are tried.
    libraries : str
        How its filters ask for libraries, for who names a folder of C++ headers or sources; empty for a language that
        takes such folders.
    server : str
        ``module:Class`` of the language server that knows its sources (`wasmnb.compile.language_server.Adapter`); empty
        when there is none.
    """

    word: str
    name: str
    toolchain: str
    spellings: tuple[str, ...] = ()
    suffixes: tuple[str, ...] = ()
    marks: tuple[str, ...] = ()
    reader: str = ""
    beside: str = ""
    layout: str = ""
    nested: bool = False
    signs: tuple[str, ...] = ()
    libraries: str = ""
    server: str = ""


class Toolchain(Protocol):
    """A compiler, an SDK and a cache for one language."""

    language: str

    def build(self, filter: Filter, *, progress: Progress | None = None, force: bool = False) -> Module:  # noqa: A002
        """Make a module of a filter's source, or find it in the cache.

        Raises
        ------
        CompileError, LinkError, ToolchainError, UsageError
        """

    def doctor(self) -> list[Check]:
        """Look at everything that a build needs."""


@runtime_checkable
class Fetching(Protocol):
    """A toolchain that may have to fetch, or to run, what others wrote, before it can compile a cell."""

    def at_hand(self, filter: Filter) -> bool:  # noqa: A002
        """Tell whether all that a filter asks for is on this machine, and made."""


#: Every language by its word, ours and those that other packages register.
LANGUAGES: Group[Language] = Group(
    "wasmnb.languages",
    "language",
    {word: f"wasmnb.compile.{word}:LANGUAGE" for word in ("cpp", "rust", "go", "assemblyscript")},
    Language,
)


_FOLDERS = {
    "--with=": Option("libraries", flag="--with"),
    "-I": Option("include", flag="-I"),
}


@cache
def toolchain(language: str) -> Toolchain:
    """Give the toolchain of a language.

    Parameters
    ----------
    language : str
        A name in `LANGUAGES`.

    Raises
    ------
    UsageError
        There is no toolchain for this language.
    RegistrationError
        The package that registers it is broken.
    """
    found = LANGUAGES.get(language)
    if found is not None:
        return cast("Toolchain", load(found.toolchain)())
    from difflib import get_close_matches  # noqa: PLC0415 - for an error

    languages = LANGUAGES.loaded()
    spellings = {spelling: word for word, one in languages.items() for spelling in one.spellings}
    guess = spellings.get(language.lower()) or next(iter(get_close_matches(language.lower(), languages)), "")
    known = ", ".join(f"{word} ({one.name})" for word, one in languages.items())
    raise UsageError(
        f"There is no toolchain for the language {language!r}.",
        hint=f"use {guess!r}; there is {known}" if guess else f"there is {known}",
    )


def refuse_folders(filter: Filter) -> None:  # noqa: A002
    """Refuse folders of headers and of C++ libraries where a filter's language asks for libraries otherwise.

    Raises
    ------
    UsageError
    """
    language = LANGUAGES.get(filter.language)
    if language is None or not language.libraries:
        return
    for flag in filter.flags:
        option = next((option for start, option in _FOLDERS.items() if flag.startswith(start)), None)
        if option is not None:
            raise UsageError(
                Wording("{} is for filters in C++, and {} is in {}.", option, filter.name, language.name),
                hint=joined(language.libraries, Wording("{} says another language", Option("language", flag="--lang"))),
            )


def at_hand(filter: Filter) -> bool:  # noqa: A002
    """Tell whether a cell can be compiled without fetching anything, and without running what others wrote.

    Raises
    ------
    UsageError, ToolchainError
    """
    found, language = toolchain(filter.language), LANGUAGES.get(filter.language)
    # A project is built by what its manifest names: scripts, and packages that are fetched.
    project = language is not None and any(path in language.marks for path, _ in filter.files)
    return not isinstance(found, Fetching) or (not project and found.at_hand(filter))


@dataclass(frozen=True)
class Guess:
    """What a source looks like.

    Parameters
    ----------
    language : str
        Its word.
    because : str
        The text that told; empty when nothing did, and the language is the session's default.
    line : int
        Where that is, from 1 at the source's first line.
    doubtful : bool
        Few signs told, or one told of another language: a reader wants to know that it was a guess.
    """

    language: str
    because: str = ""
    line: int = 0
    doubtful: bool = True

    @property
    def words(self) -> Wording:
        """What it was taken for, why, and what says otherwise."""
        name, option = LANGUAGES.load(self.language).name, Option("language", flag="--lang")
        if not self.because:
            return Wording(
                "taken for {}, the session's default, because nothing in it tells; {} overrides", name, option
            )
        return Wording(
            "taken for {} because of {} in line {}; {} overrides",
            name,
            repr(self.because),
            str(self.line),
            option,
        )

    def __str__(self) -> str:
        return str(self.words)


_SURE = 3  # signs of one language, and none of another, that leave no doubt
_COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)


def guess(source: str, default: str, *, first_line: int = 1) -> Guess:
    """Say which language a source is in.

    Parameters
    ----------
    source : str
    default : str
        The language of a source that does not tell, or that tells of two alike.
    first_line : int
        The number of its first line, as the user counts.
    """
    found = _read(source, tuple((word, tuple(one.signs)) for word, one in LANGUAGES.loaded().items()))
    return replace(found, line=found.line + first_line) if found is not None else Guess(default)


@lru_cache(maxsize=64)  # a cell that did not change is run again and again
def _read(source: str, signs: tuple[tuple[str, tuple[str, ...]], ...]) -> Guess | None:
    """Guess from a source alone, with lines from 0; None where it tells nothing, or of two languages alike."""
    code = _COMMENT.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), source)
    found = {word: _signs(own, code) for word, own in signs}
    counts = sorted((len(signs) for signs in found.values()), reverse=True)
    if not counts or not counts[0] or counts[1:2] == counts[:1]:
        return None
    word = next(word for word, signs in found.items() if len(signs) == counts[0])
    offset, text = min(found[word])
    doubtful = counts[0] < _SURE or any(counts[1:])
    return Guess(word, " ".join(text.split("\n", 1)[0].split())[:40], code.count("\n", 0, offset), doubtful)


def _signs(signs: tuple[str, ...], code: str) -> list[tuple[int, str]]:
    """Give the place of each sign that is there, however often."""
    matches = (re.search(sign, code, re.MULTILINE) for sign in signs)
    return [(match.start() + len(match[0]) - len(match[0].lstrip()), match[0].strip()) for match in matches if match]
