"""What happens to requests on a pod, from what the answer to one of ours shows of a filter and its builds before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wasmnb.envoy.effect import UPSTREAM
from wasmnb.plugin.verdict import Handling

if TYPE_CHECKING:
    from collections.abc import Iterable

    from wasmnb.envoy.effect import Effect
    from wasmnb.traffic import Response

__all__ = ["handling_of", "may_be_own"]

_OWN = {403: Handling.ANSWERED_403, 500: Handling.ANSWERED_500, 503: Handling.ANSWERED_503}


def may_be_own(answer: Response) -> bool:
    """Say whether an answer may be one that a proxy gives itself where a filter cannot be had, or does not work."""
    return answer.status in _OWN and UPSTREAM not in answer.headers


def handling_of(
    answer: Response,
    own: Effect | None,
    old: Iterable[Effect | None],
    before: Response | None = None,
    *,
    tells: bool = True,
    alone: Response | None = None,
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
    tells : bool
        Whether each answer of a service has what tells it from one of the proxy's own: some proxies are told to leave
        it out, and some filters take it away.
    alone : Response, optional
        What the application answers past the proxy, where that is known: what it answers as well may be its own.
    """
    known = list(old)
    if may_be_own(answer):
        sure = tells and not any(one.hides for one in (own, *known) if one is not None)
        sure = sure or (alone is not None and alone.status != answer.status)
        was_so = before is not None and before.status == answer.status
        return _OWN[answer.status] if sure and not was_so else Handling.UNKNOWN
    former = any(one is not None and one.marks(answer) for one in known)
    if own is not None and own.marks(answer):
        sure = not former and not (before is not None and own.marks(before))
        return Handling.FILTERED if sure else Handling.UNKNOWN
    if former:
        return Handling.FILTERED_BY_OLD
    # What leaves no mark may act all the same.
    told = own is not None and all(one is not None and one.marking for one in known) and own.marking
    return Handling.UNFILTERED if told else Handling.UNKNOWN
