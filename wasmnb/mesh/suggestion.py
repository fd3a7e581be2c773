"""The hint for a name that is none of those there are."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["suggestion"]


def suggestion(word: str, known: Iterable[str]) -> str:
    """Give the nearest of the known words, where one is near, and all of them."""
    import difflib  # noqa: PLC0415 - for an error

    choices = list(dict.fromkeys(known))
    close = difflib.get_close_matches(word, choices, n=1)
    listed = ", ".join(choices) or "nothing"
    return f"did you mean {close[0]}? available: {listed}" if close else f"available: {listed}"
