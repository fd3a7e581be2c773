"""How far the clock of who answered over HTTP is ahead of ours."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from functools import lru_cache

__all__ = ["clock_skew"]

_SAME = timedelta(seconds=2)
"""Between two clocks that are taken for the same; an answer says whole seconds only."""
_SECOND = timedelta(seconds=1)


def clock_skew(date: str | None, asked: datetime, known: timedelta) -> timedelta:
    """Say how far a clock is ahead of ours that has said its time, in whole seconds, since it was asked.

    What was known stays as long as it may be so; else two answers could say that what came later came first.

    Parameters
    ----------
    date : str or None
        The answer's header of that name.
    asked : datetime
        When, by our clock.
    known : timedelta
        What was said before.
    """
    try:
        said = _read(date or "")
        least, most = said - datetime.now(timezone.utc), said + _SECOND - asked
    except (TypeError, ValueError, IndexError):  # of no zone, or none at all
        return known
    return next((one for one in (known, timedelta(0)) if least - _SAME <= one <= most + _SAME), least)


@lru_cache(maxsize=256)
def _read(date: str) -> datetime:
    """Read a time of which many answers say the same: it has whole seconds only."""
    return parsedate_to_datetime(date)
