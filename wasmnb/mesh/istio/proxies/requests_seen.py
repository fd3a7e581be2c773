"""What happens to requests on pods where a plugin is not live, seen by requests of ours."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from wasmnb.envoy.effect import UPSTREAM
from wasmnb.envoy.exchange import PLAIN
from wasmnb.envoy.handling import handling_of, may_be_own
from wasmnb.mesh.istio.proxies.peer_requests import ByPeer
from wasmnb.mesh.istio.proxies.pods import has_application, uid
from wasmnb.mesh.istio.proxies.probe_requests import AT_ONCE
from wasmnb.mesh.istio.proxies.shared_state import forget
from wasmnb.plugin.verdict import Cause, Handling, PodVerdict, Verdict
from wasmnb.traffic import Headers

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from wasmnb.mesh.istio.proxies.known_effects import KnownEffects
    from wasmnb.mesh.istio.proxies.probe_requests import ProbeRequests
    from wasmnb.traffic import Response

__all__ = ["RequestsSeen"]

_MOMENT = 2.0  # seconds within which what happens to requests is not looked at again
_SEVERAL = 4
"""Requests to a pod whose workers may differ: each has a VM, and a new connection meets workers at random."""
_DIFFER = (Verdict.REJECTED, Verdict.TRAPPED, Verdict.UNPROVEN)
_HANDLED = (Verdict.OLD, Verdict.DENY_ALL, Verdict.ALLOW_ALL, *_DIFFER)


class RequestsSeen:
    """Sends such requests.

    Parameters
    ----------
    requests : ProbeRequests
    known : KnownEffects
    asks : callable
        Says whether requests may be sent for a plugin.
    """

    def __init__(self, requests: ProbeRequests, known: KnownEffects, asks: Callable[[str], bool]) -> None:
        self._requests = requests
        self._known = known
        self._asks = asks
        self._handled: dict[tuple[str, str], tuple[float, PodVerdict]] = {}

    def keep(self, pods: Collection[str]) -> None:
        """Forget all but these pods, by their uids."""
        forget(self._handled, lambda key: key[0] not in pods)

    def forget(self, plugin: str, pods: Collection[str] | None = None) -> None:
        """Forget what was seen of a plugin, on some pods or on all."""
        forget(self._handled, lambda key: key[1] == plugin and (pods is None or key[0] in pods))

    def look(
        self,
        verdicts: Sequence[PodVerdict],
        items: Mapping[str, Mapping[str, Any]],
        harmed: Collection[str],
        telling: Collection[str],
    ) -> list[PodVerdict]:
        """See what happens to a request where plugins are not live, on some pods of each look.

        Parameters
        ----------
        verdicts : sequence of PodVerdict
        items : mapping of str to mapping
            The pods by name.
        harmed : collection of str
            The plugins through which no request is to be sent for that.
        telling : collection of str
            The pods whose proxies' own answers can be told from those of services.
        """
        found = list(verdicts)
        due: list[tuple[int, PodVerdict, Mapping[str, Any]]] = []
        for at, one in enumerate(found):
            trial, item = self._known.trial(one), items.get(one.pod)
            harmful = one.plugin in harmed or (trial is not None and trial.trapped and trial.request == str(PLAIN))
            # The request of a pod to itself meets its proxy even where nobody else's does.
            another_way = one.cause is Cause.TRAFFIC_BYPASSES
            if item is None or one.verdict not in _HANDLED or harmful or another_way or not self._asks(one.plugin):
                continue
            then, known = self._handled.get((uid(item), one.plugin), (float("-inf"), one))
            if (known.verdict, known.wanted) == (one.verdict, one.wanted) and time.monotonic() - then < _MOMENT:
                found[at] = replace(one, observed=known.observed)
            elif len(due) < AT_ONCE:
                due.append((at, one, item))
        asked = [each for each in due for _ in range(_SEVERAL if each[1].verdict in _DIFFER else 1)]
        answers = self._requests.send([(item, PLAIN, one.plugin) for _, one, item in asked])
        answered = [(at, answer) for (at, _, _), answer in zip(asked, answers, strict=True) if answer is not None]
        hidden, by_peer = self._known.hidden(), {at for at, answer in answered if isinstance(answer, ByPeer)}
        # What tells a service's answer is in each that came through another pod's proxy, which writes it anew.
        answered = [(at, _untold(answer) if at in by_peer else answer) for at, answer in answered]
        tells = {at: one.pod in telling and not hidden and at not in by_peer for at, one, _ in due}
        alone = self._alone(due, {at for at, answer in answered if may_be_own(answer) and not tells[at]})
        for at, one, item in due:
            if told := [answer for whose, answer in answered if whose == at]:
                handling = self._handling(one, item, told, tells=tells[at], alone=alone.get(at))
                found[at] = replace(one, observed=handling)
            self._handled[uid(item), one.plugin] = (time.monotonic(), found[at])
        return found

    def _alone(
        self, due: Sequence[tuple[int, PodVerdict, Mapping[str, Any]]], unsure: Collection[int]
    ) -> dict[int, Response | None]:
        """Ask applications past their proxies, where an answer may be theirs; a gateway has none."""
        asked = [(at, one, item) for at, one, item in due if at in unsure and has_application(item)]
        answers = self._requests.past([(item, PLAIN, one.plugin) for _, one, item in asked])
        return {at: answer for (at, _, _), answer in zip(asked, answers, strict=True)}

    def _handling(
        self,
        verdict: PodVerdict,
        item: Mapping[str, Any],
        answers: Sequence[Response],
        *,
        tells: bool,
        alone: Response | None,
    ) -> Handling:
        trials = self._known.builds(verdict.plugin)
        own = trials[verdict.wanted].on(PLAIN) if verdict.wanted in trials else None
        old = [trial.on(PLAIN) for digest, trial in trials.items() if digest != verdict.wanted]
        before = self._known.there(item, verdict.plugin).get(PLAIN)
        found = [handling_of(answer, own, old, before, tells=tells, alone=alone) for answer in answers]
        # What a worker filters whose VM runs on says nothing of another's requests, nor of those of one that crashed.
        ill = (one for one in found if one not in (Handling.FILTERED, Handling.UNKNOWN))
        filtered = Handling.UNKNOWN if verdict.verdict is Verdict.TRAPPED or Handling.UNKNOWN in found else found[0]
        return next(ill, filtered)


def _untold(answer: Response) -> Response:
    lines = tuple(line for line in answer.headers if line[0].lower() != UPSTREAM)
    return replace(answer, headers=Headers(lines))
