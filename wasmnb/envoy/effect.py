"""What a filter does, learned from requests without it and with it, so that it can be seen to act elsewhere."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass, field
from datetime import datetime, timezone
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

from wasmnb.wording import Verb, Wording

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from wasmnb.envoy.exchange import Echo, Probe
    from wasmnb.traffic.exchange import Response

__all__ = ["UPSTREAM", "Effect", "Sighting", "Trait", "Trial", "effect_of", "pause", "served", "traits"]

UPSTREAM = "x-envoy-upstream-service-time"
"""Envoy writes it into each answer of a service, and into none of its own (Envoy 1.40, ``router.cc``)."""
_BY_PROXY = ("x-envoy-", "server", "date", "via")
"""How headers begin that a proxy writes, whatever a service answers."""
# What Envoy itself writes anew into each message (Envoy 1.40, ``conn_manager_utility.cc``).
_VOLATILE = {"date", UPSTREAM, "x-request-id"}


_SERVER_ERROR = 500
_LONGEST_PAUSE = 8.0  # seconds


class Facet(str, Enum):
    """A part of an exchange that a filter can change."""

    STATUS = "status"
    HEADER = "response header"
    BODY = "response body"
    REQUEST_HEADER = "request header"
    REQUEST = "request"
    SERVED = "who answers"


_OUTSIDE = {Facet.STATUS, Facet.HEADER, Facet.BODY}
"""What a caller sees."""


class Trait(NamedTuple):
    """Something true of an exchange: such as that its response has a header with a value, or one of a name at all."""

    facet: Facet
    name: str
    value: str | None = None

    def __str__(self) -> str:
        if self.facet is Facet.BODY:
            return "the response body"
        said = self.name if self.value is None else f"{self.name}: {self.value}" if self.name else self.value
        return f"{self.facet.value} {said}"


@dataclass(frozen=True)
class Effect:
    """What a filter was seen to do to one request.

    Parameters
    ----------
    probe : Probe
    shown, gone : frozenset of Trait
        What each exchange with the filter has, and none without it; and the other way round.
    """

    probe: Probe
    shown: frozenset[Trait] = frozenset()
    gone: frozenset[Trait] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.shown or self.gone)

    def own(self, others: Iterable[Effect | None]) -> Effect:
        """Give what of it none of other filters does to the same request; None is one that was not tried with it.

        Answers of filters that have nothing to do with each other are alike, such as an empty 403, and several take the
        same header away: where nobody knows what another does, only a header with its value counts.
        """
        shared: set[Trait] = set()
        for other in others:
            shared |= (self.shown | self.gone) - self.marking if other is None else other.shown | other.gone
        return Effect(self.probe, self.shown - shared, self.gone - shared)

    @property
    def marking(self) -> frozenset[Trait]:
        """The headers with their values that it puts into a response."""
        return frozenset(
            one
            for one in self.shown
            if one.facet is Facet.HEADER and one.value is not None and one.name != "content-length"
        )

    @property
    def hides(self) -> bool:
        """Whether it takes away the header by which a service's answer is told from one of Envoy's own."""
        return any(one.facet is Facet.HEADER and one.name == UPSTREAM for one in self.gone)

    def marks(self, answer: Response) -> bool:
        """Say whether a response has one of them."""
        return bool(self.marking & traits(answer))

    def strange(self, before: Response, now: Response) -> bool:
        """Say whether an answer has a status that it did not have before, and that is not the filter's doing."""
        return before.status != now.status and _status(now) not in self.shown

    def seen(self, before: Response | None, now: Response | None, alone: Response | None = None) -> str:
        """Say in a few words what of it an exchange shows that the same one did not show before; empty for nothing.

        Parameters
        ----------
        before, now : Response or None
            What the proxy answered to the probe before the filter came, and with it.
        alone : Response, optional
            What the application answers by itself, past the proxy. A service that failed before has other headers now,
            which says nothing of a filter: then it takes this to tell them apart. So it does where the service may
            have come to answer otherwise since.
        """
        if before is None or now is None or _failed(before, now):
            return ""
        had, has = traits(before), traits(now)
        if self.strange(before, now) and (alone is None or (alone.status != now.status and UPSTREAM in now.headers)):
            return ""
        own = traits(alone) if alone is not None and alone.status == now.status else None
        # It may be the application's own answer, or that of another filter, whose headers are known.
        had |= own or frozenset()
        shown = sorted((one for one in (self.shown & has) - had if one.facet in _OUTSIDE), key=_plainest)
        if before.status != now.status:
            # What answers in another way lacks much that has nothing to do with the filter; and if the body is another
            # than the filter's, it is somebody else who answers so, such as a policy.
            sure = self._body_fits(before, now)
            shown = [one for one in shown if sure or not _of_any_answer(one)]
            return str(shown[0]) if shown else ""
        lost = (one for one in (self.gone & had) - has if one.facet is Facet.HEADER)
        # What the application itself does not answer any more is nobody's doing; a proxy writes some by itself.
        lost = (one for one in lost if own is None or one in own or one.name.startswith(_BY_PROXY))
        gone = sorted(lost, key=lambda one: one[1:2])
        gone.sort(key=lambda one: one.value is not None)
        return str(shown[0]) if shown else f"no {gone[0]} any more" if gone else ""

    def left(self, before: Response | None, now: Response | None) -> str | None:
        """Say what of it still shows after a filter went; empty for nothing, None where the answer does not tell.

        Parameters
        ----------
        before, now : Response or None
            What the proxy answered before the filter came, and after it went.
        """
        words = self.seen(before, now)
        if words or (before is not None and now is not None and before.status == now.status):
            return words
        return None

    def _body_fits(self, before: Response, now: Response) -> bool:
        """Say whether an answer's body is the one that the filter gives it, where that is always the same."""
        given = {one for one in self.shown if one.facet is Facet.BODY}
        leaves = not any(one.facet is Facet.BODY for one in self.gone)
        return given <= traits(now) if given else leaves and before.body == now.body

    def instead(self, former: Effect | None, before: Response | None, now: Response | None) -> str:
        """Say what of another build's effect was there before, and is not where this one's shows; empty for nothing.

        Parameters
        ----------
        former : Effect or None
            That of the build before.
        before, now : Response or None
        """
        if former is None or before is None or now is None or not self.marks(now):
            return ""
        lost = sorted(((former.marking - self.shown) & traits(before)) - traits(now), key=_plainest)
        return f"{lost[0]} of the build before is gone" if lost else ""


def _of_any_answer(trait: Trait) -> bool:
    return trait.facet in {Facet.STATUS, Facet.BODY} or trait.name in {"content-length", "content-type"}


def _status(response: Response) -> Trait:
    return Trait(Facet.STATUS, "", str(response.status))


def _failed(before: Response, now: Response) -> bool:
    """Say whether an answer may be that of a failure, which looks like many a filter's."""
    return now.status >= _SERVER_ERROR and now.status != before.status


def _plainest(trait: Trait) -> tuple[bool, str, str]:
    return trait.value is None, trait.facet.value, trait.name


@dataclass(frozen=True)
class Trial:
    """What was seen of a plugin on the canary.

    Parameters
    ----------
    effects : tuple of Effect
        What it does to each request that it was tried with.
    trapped : str
        In which callback, and how, its VM crashed on one of them; empty when it did not.
    request : str
        On which of them.
    told : tuple of str
        What the filter itself logged of it, and the crash with the lines of the cell.
    lacked : tuple of str
        What it asked for before, which a pod may have and the canary does not.
    refused : tuple of str
        What it asked for under a name that Envoy does not know.
    callback : str
        In which its VM crashed; empty when it did not.
    """

    effects: tuple[Effect, ...] = ()
    trapped: str = ""
    request: str = ""
    told: tuple[str, ...] = ()
    lacked: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    callback: str = ""

    @property
    def safe(self) -> tuple[Effect, ...]:
        """The effects that can be looked for: none on the request that it crashed on."""
        return tuple(one for one in self.effects if one and (not self.trapped or str(one.probe) != self.request))

    def on(self, probe: Probe) -> Effect | None:
        """Give what it does to a request; None where that was not seen."""
        return next((one for one in self.effects if one.probe == probe), None)

    @property
    def misnamed(self) -> str:
        """What it asked for under a name that is none, with what lists the names there are; empty for nothing."""
        if not self.refused:
            return ""
        return str(Wording("{}; {} lists the names there are", "; ".join(self.refused), Verb("properties", ("POD",))))

    @property
    def note(self) -> str:
        """What is worth a note though it is no refusal; empty when there is nothing."""
        asked = self.misnamed
        if not self.trapped:
            return asked
        where = next((line.strip() for line in self.told if "(cell line" in line), "")
        parts = [f"the canary saw it trap in {self.trapped}", where]
        if self.lacked:
            parts.append(f"it had asked for what only a pod has: {', '.join(self.lacked)}")
        return "; ".join(filter(None, [*parts, asked]))


@dataclass(frozen=True)
class Sighting:
    """When a plugin was seen to act on a pod, and how.

    Parameters
    ----------
    words : str
        What was seen.
    at : datetime
    moment : float
        The same on the clock that never goes back.
    """

    words: str
    at: datetime = field(default_factory=lambda: datetime.now(timezone.utc), kw_only=True)
    moment: float = field(default_factory=time.monotonic, kw_only=True)

    @property
    def line(self) -> str:
        """The line of evidence, with its time."""
        return f"seen acting at {self.at:%H:%M:%S}: {self.words}"

    def younger(self, seconds: float) -> bool:
        """Say whether it is less than so many seconds ago."""
        return time.monotonic() - self.moment < seconds


def pause(first: float, times: int) -> float:
    """Give the seconds until what was not seen so often is looked for again.

    They are twice as many each time: a service is not to be asked all the time.

    Parameters
    ----------
    first : float
        Seconds after the first time.
    times : int
    """
    return min(first * 2.0 ** (times - 1), _LONGEST_PAUSE)


def traits(response: Response) -> frozenset[Trait]:
    """Say what is true of a response, as its caller sees it."""
    return frozenset({_status(response), _body(response), *_headers(Facet.HEADER, response.headers)})


def served(response: Response, echo: Echo) -> frozenset[Trait]:
    """Say what is true of an exchange with a service that was played: of its response, and of what arrived there."""
    found = set(traits(response))
    if echo.arrived:
        line, headers, body = echo.arrived[-1]
        found |= {Trait(Facet.SERVED, "", "the service"), Trait(Facet.REQUEST, line, hashlib.sha256(body).hexdigest())}
        found |= _headers(Facet.REQUEST_HEADER, headers)
    echo.arrived.clear()
    return frozenset(found)


def _body(response: Response) -> Trait:
    return Trait(Facet.BODY, "", hashlib.sha256(response.body).hexdigest())


def _headers(facet: Facet, lines: Iterable[tuple[str, str]]) -> set[Trait]:
    found: set[Trait] = set()
    for name, value in lines:
        lower = name.lower()
        found.add(Trait(facet, lower))
        if lower not in _VOLATILE:
            found.add(Trait(facet, lower, value))
    return found


def effect_of(probe: Probe, without: Sequence[frozenset[Trait]], having: Sequence[frozenset[Trait]]) -> Effect:
    """Learn what a filter does to a request, from exchanges without it and with it.

    What differs among those of one side differs by itself, and does not count.
    """
    if not without:
        return Effect(probe)
    always, ever = frozenset.intersection(*having), frozenset.union(*having)
    return Effect(probe, always - frozenset.union(*without), frozenset.intersection(*without) - ever)
