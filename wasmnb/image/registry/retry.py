"""How often, and after what pause, a request is sent again.

Not ``urllib3.Retry``, of which only the reading of ``Retry-After`` is used: beneath an adapter it would send a piece of
a blob again from its start, where `upload` and `download` ask first how far it has come; and as the rule in these loops
it makes no pause at all before the second time, and waits for as long as a registry asks.
"""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import urllib3
from urllib3.exceptions import InvalidHeader

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["PATIENT", "Retry", "asked_pause"]

#: Answers after which the same request may succeed: too many requests, and a server that is not itself.
_AGAIN = frozenset({429, 500, 502, 503, 504})


@dataclass(frozen=True)
class Retry:
    """A bounded backoff.

    Parameters
    ----------
    attempts : int
        How often a request is sent at most.
    pause : float
        Seconds before the second time; doubled every time after, and shaken by up to a half so that several clients
        that were turned away together do not come back together.
    longest : float
        The longest pause in seconds; a server that asks for a longer one is not waited for.
    sleep : callable
        Waits so many seconds.
    """

    attempts: int = 5
    pause: float = 0.25
    longest: float = 30.0
    sleep: Callable[[float], None] = time.sleep

    def again(self, status: int) -> bool:
        """Tell whether an answer is one that may be another next time; a refusal (4xx) is none."""
        return status in _AGAIN

    def wait(self, attempt: int, asked: float | None = None) -> bool:
        """Wait before the next attempt.

        Parameters
        ----------
        attempt : int
            How many there have been.
        asked : float, optional
            Seconds that the server asked for.

        Returns
        -------
        bool
            False, without waiting, when there is to be none.
        """
        if attempt >= self.attempts or (asked or 0) > self.longest:
            return False
        backoff = min(self.pause * 2 ** (attempt - 1), self.longest) * random.uniform(1, 1.5)  # noqa: S311 - no secret
        self.sleep(backoff if asked is None else asked)
        return True


def asked_pause(header: str | None) -> float | None:
    """Read ``Retry-After``: seconds, or a date (RFC 9110, section 10.2.3); None when there is none to read."""
    try:
        return float(urllib3.Retry().parse_retry_after(header)) if header else None
    except InvalidHeader:
        return None


PATIENT = Retry()
