"""By how much something may change before that is too much: one type for what a filter costs and for its traffic."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wasmnb.errors import UsageError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Budget"]

_BUDGET = re.compile(r"(?P<what>\w+)=(?P<sign>[+-]?)(?P<percent>\d+(?:\.\d+)?)%")


@dataclass(frozen=True)
class Budget:
    """By how much something may grow, or (``falls``) shrink.

    Parameters
    ----------
    what : str
        ``instructions``, ``memory``, ``size``; ``5xx``, ``p99``, ``volume`` …
    percent : float
        Of what it was; of all requests, where it is a share of them.
    falls : bool
    """

    what: str
    percent: float
    falls: bool = False

    @classmethod
    def parse(cls, text: str, whats: Sequence[str], falling: Sequence[str] = ()) -> Budget:
        """Read ``instructions=+5%``, or ``volume=-50%``.

        Parameters
        ----------
        text : str
        whats : sequence of str
            What there are budgets of.
        falling : sequence of str
            Those that are bad when they shrink; the others are when they grow.

        Raises
        ------
        UsageError
            It is none.
        """
        match = _BUDGET.fullmatch(text.strip())
        wrong = match is None or match["what"] not in whats
        if match is None or wrong or (match["sign"] == "-") != (match["what"] in falling):
            near = did_you_mean(match["what"], whats) if match is not None and wrong else ""
            raise UsageError(
                f"{text!r} is not a budget.",
                hint=near
                or " ".join([f"such as {whats[0]}=+5%", *(f"or {one}=-50%" for one in falling)])
                + f"; there are {', '.join(whats)}",
            )
        return cls(match["what"], float(match["percent"]), match["what"] in falling)

    def __str__(self) -> str:
        return f"{self.what}={'-' if self.falls else '+'}{self.percent:g}%"
