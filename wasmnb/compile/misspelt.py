"""Methods that are named nearly as a callback is: they compile, and Envoy never calls them."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["misspelt", "never_called"]

_NEAR = 0.8


def misspelt(code: str, declared: re.Pattern[str], known: Sequence[str]) -> Iterator[tuple[int, str]]:
    """Find them in a source whose comments and literals are blank: where each name is, and what to say of it.

    Parameters
    ----------
    code : str
    declared : re.Pattern
        A declaration; its group ``name`` is the method's.
    known : sequence of str
        The callbacks that the SDK has.
    """
    for match in declared.finditer(code):
        name = match["name"]
        near = [] if name in known else difflib.get_close_matches(name, known, n=1, cutoff=_NEAR)
        # A method of its own that the filter calls is meant as it is.
        if near and not re.search(rf"\.\s*{name}\s*\(", code):
            yield match.start("name"), never_called(name, near[0])


def never_called(name: str, near: str) -> str:
    """Say that a method is no callback, and which one may be meant."""
    return f"{name!r} overrides no callback, so Envoy never calls it; did you mean {near!r}?"
