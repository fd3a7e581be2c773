"""What happens to requests on a pod, from what the answer to one of ours shows of a filter and its builds before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wasmnb.envoy.effect import UPSTREAM
from wasmnb.plugin.verdict import Handling

if TYPE_CHECKING:
    from collections.abc import Iterable

    from wasmnb.envoy.effect import Effect
    from wasmnb.traffic import Response

__all__ = ["handling_of"]

_OWN = {403: Handling.ANSWERED_403, 500: Handling.ANSWERED_500, 503: Handling.ANSWERED_503}


def handling_of(
    answer: Response, own: Effect | None, old: Iterable[Effect | None], before: Response | None = None
) -> Handling:
    """Say what happens to requests; UNKNOWN where the answer does not tell.

    Parameters
    ----------
    answer : Response
    own : Effect or None
        What the filter does to such a request; None where that is not known.
    old : iterable of Effect or None
        What its builds before do.
    before : Response, optional
        What was answered before the filter came, where that is known.
    """
    if answer.status in _OWN and UPSTREAM not in answer.headers:
        return _OWN[answer.status] if before is None or before.status != answer.status else Handling.UNKNOWN
    known = list(old)
    former = any(one is not None and one.marks(answer) for one in known)
    if own is not None and own.marks(answer):
        sure = not former and not (before is not None and own.marks(before))
        return Handling.FILTERED if sure else Handling.UNKNOWN
    if former:
        return Handling.FILTERED_BY_OLD
    # What leaves no mark may act all the same.
    told = own is not None and all(one is not None and one.marking for one in known) and own.marking
    return Handling.UNFILTERED if told else Handling.UNKNOWN
