"""What builds a filter: one toolchain per language, behind one small interface."""

from __future__ import annotations

import difflib
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Protocol, cast

from wasmnb.compile.languages import REGISTERED
from wasmnb.errors import UsageError

if TYPE_CHECKING:
    from wasmnb.check import Check
    from wasmnb.compile.filter import Filter
    from wasmnb.module import Module
    from wasmnb.progress import Progress

__all__ = ["LANGUAGES", "Toolchain", "toolchain"]

#: What a filter can be written in; the word in front is what `Filter.language` holds.
LANGUAGES = {word: REGISTERED[word].name for word in ("cpp", "rust", "go", "assemblyscript")}


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


@cache
def toolchain(language: str) -> Toolchain:
    """Give the toolchain of a language.

    Parameters
    ----------
    language : str
        A key of `LANGUAGES`.

    Raises
    ------
    UsageError
        There is no toolchain for this language.
    """
    if language in REGISTERED:
        module, name = REGISTERED[language].toolchain.split(":")
        return cast("Toolchain", getattr(import_module(module), name)())
    spellings = {spelling: word for word, known in REGISTERED.items() for spelling in known.spellings}
    guess = spellings.get(language.lower()) or next(iter(difflib.get_close_matches(language.lower(), LANGUAGES)), "")
    known = ", ".join(f"{word} ({name})" for word, name in LANGUAGES.items())
    raise UsageError(
        f"There is no toolchain for the language {language!r}.",
        hint=f"use {guess!r}; there is {known}" if guess else f"there is {known}",
    )
