"""The errors of compilers and linkers, which carry what those said."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wasmnb.display.text import several
from wasmnb.errors import WasmnbError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from wasmnb.compile.diagnostics import Diagnostic
    from wasmnb.wording import Text

__all__ = ["CompileError", "LinkError", "listed"]

_IN_A_LINE = 3  # places
_SHOWN = 10  # errors with their line; of the others, the numbers of their lines


def listed(others: Sequence[Diagnostic]) -> list[str]:
    """Give the errors after the first as lines: each with its place, its line and a caret; many of them in short.

    Parameters
    ----------
    others : sequence of Diagnostic
        Without the first one, which the error itself is about.
    """
    lines = [line for one in others[: _SHOWN - 1] for line in (str(one), *one.place.quoted())]
    rest = others[_SHOWN - 1 :]
    if rest:
        places = list(dict.fromkeys(f"{one.text} line {one.line}" for one in rest if one.line))
        # So few in a line that none is folded within a place, which a front end makes a link.
        rows = [", ".join(places[start : start + _IN_A_LINE]) for start in range(0, len(places), _IN_A_LINE)]
        where = ",\n  ".join(rows)
        lines += f"and {several(len(rest), 'more error')}{': ' if where else ''}{where}".splitlines()
    return lines


class CompileError(WasmnbError):
    """The cell does not compile; ``diagnostics`` has every message with its cell line."""

    code = "WNB2020"
    most_reasons = 3 * _SHOWN + 6

    def __init__(self, what: Text, *, diagnostics: Iterable[Diagnostic] = (), **parts: Any) -> None:
        super().__init__(what, **parts)
        self.diagnostics = tuple(diagnostics)


class LinkError(CompileError):
    """The cell compiles, but names a function that neither it nor the host has."""

    code = "WNB2040"
