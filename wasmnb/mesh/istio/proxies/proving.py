"""Seeing plugins act on pods of a cluster: by the effect that the embedded Envoy learned, or by Envoy's own trace."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from wasmnb.envoy.effect import UPSTREAM
from wasmnb.envoy.exchange import PLAIN
from wasmnb.mesh.istio.api.api_errors import ForbiddenError
from wasmnb.mesh.istio.api.rbac import Right
from wasmnb.mesh.istio.proxies.known_effects import KnownEffects, written
from wasmnb.mesh.istio.proxies.peer_requests import ByPeer
from wasmnb.mesh.istio.proxies.pods import has_application, name_of, uid
from wasmnb.mesh.istio.proxies.probe_requests import ProbeRequests
from wasmnb.mesh.istio.proxies.request_trace import RequestTrace
from wasmnb.mesh.istio.proxies.requests_seen import RequestsSeen
from wasmnb.mesh.istio.proxies.sightings import Seen, Sightings
from wasmnb.plugin.verdict import Cause, PodVerdict, Proof, Verdict
from wasmnb.wording import Option, Verb, Wording, front, worded

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Hashable, Iterator, Mapping, Sequence
    from datetime import datetime

    from wasmnb.envoy.effect import Effect
    from wasmnb.envoy.exchange import Probe
    from wasmnb.mesh.istio.api.cluster import Cluster
    from wasmnb.mesh.istio.proxies.admin import Admin
    from wasmnb.mesh.istio.proxies.evidence import Standing
    from wasmnb.mesh.istio.proxies.sightings import Key
    from wasmnb.traffic import Response
    from wasmnb.wording import Front

__all__ = ["Proving"]

_TRACES = 2  # of a pod, until its filters are seen
_ROUNDS, _STEP = 3, 0.1
_WORKERS = 4
"""Answers in which an effect is to be seen, of a pod with so many workers or more: each has a VM, and a new connection
meets workers at random."""
_SERVER_ERROR = 500
_HOW = Wording(
    "{} allows it before it is deployed, {} at any time",
    Option("prove", "effect"),
    Verb("mesh", ("istio",), (Option("prove", "trace"),)),
)
_UNSEEN_FROM_HERE = "nobody has seen it act: no request is sent from here"
_QUIETLY = Wording("as was asked for; deploy it with {} to allow it", Option("prove", "trace"))
_BEHIND = (
    "what a gateway answers may be the doing of a pod behind it that has the plugin too: only a request that it has no "
    "route for tells"
)
_NO_ROUTE = 404
_OTHERS = Wording(
    "{} tries it on a request that it changes, {} looks at Envoy's trace too",
    Option("probe", "REQUEST"),
    Verb("mesh", ("istio",), (Option("prove", "trace"),)),
)
_TRACE = Wording("{} looks at Envoy's trace too", Verb("mesh", ("istio",), (Option("prove", "trace"),)))


class _Due(NamedTuple):
    """A plugin that is to be looked for on a pod."""

    verdict: PodVerdict
    item: Mapping[str, Any]
    standing: Standing

    @property
    def key(self) -> Key:
        return uid(self.item), self.verdict.plugin


class _Told(NamedTuple):
    """What an answer shows of an effect, whether it shows that there is none, and whether another pod had asked."""

    words: str
    contrary: bool
    by_peer: bool


class _Without(NamedTuple):
    """What a pod answers without a plugin.

    Parameters
    ----------
    answer : Response
        What it answered before the plugin came; with ``past`` what its application answers past the proxy.
    past : bool
    alone : Response or None
        What its application answers past the proxy, where it has been asked for that beside.
    """

    answer: Response
    past: bool = False
    alone: Response | None = None


class Proving:
    """Sends requests to pods to see plugins act, where the user has allowed it.

    Parameters
    ----------
    cluster : Cluster
    namespace : str
    admin : Admin
    ports : callable
        Gives the ports of a pod that its proxy reads as HTTP.
    root : str
        Istio's own namespace.
    """

    def __init__(
        self,
        cluster: Cluster,
        namespace: str,
        admin: Admin,
        ports: Callable[[str], Sequence[int]],
        root: str = "",
    ) -> None:
        self.cluster = cluster
        self.namespace = namespace
        self.wanted: Proof | None = None
        self.requests = ProbeRequests(cluster, namespace, ports, root, admin)
        self.trace = RequestTrace(admin, self.requests)
        self.known = KnownEffects(self.requests)
        self.handled = RequestsSeen(self.requests, self.known, self.asks)
        self._quiet: set[str] = set()
        self._sightings = Sightings()
        self._looking = threading.Lock()

    def close(self) -> None:
        """End the threads."""
        self.requests.close()

    def require(self, prove: Proof | None) -> None:
        """Refuse a proof for which the user has not the right.

        Raises
        ------
        ForbiddenError
        """
        right = Right("create", "pods/exec", "", self.namespace)
        if prove not in (Proof.EFFECT, Proof.TRACE) or self.cluster.may(right):
            return
        raise ForbiddenError(
            f"You may not {right}, by which requests are sent to see a filter act.",
            hint=Wording(
                "a Role with the rule {} grants it; {} accepts what the proxies say",
                str(right.rule),
                Option("prove", "config"),
            ),
            right=right,
        )

    def permit(self, prove: Proof) -> None:
        """Take in how plugins are to be seen to act from now on; each is looked for anew."""
        self.require(prove)
        self.wanted = prove
        self._sightings.look_anew()

    def allow(self, prove: Proof, plugin: str) -> None:
        """Take in how a plugin that is put in force is to be seen to act.

        What allows requests is for all plugins from now on; that none are to be sent is about this one alone.
        """
        self.require(prove)
        if prove is Proof.CONFIG:
            self._quiet.add(plugin)
            return
        self._quiet.discard(plugin)
        if self.wanted is not Proof.TRACE:
            self.wanted = prove

    def asks(self, plugin: str) -> bool:
        """Say whether requests may be sent to applications to see a plugin act."""
        return self.wanted in (Proof.EFFECT, Proof.TRACE) and plugin not in self._quiet

    def keep(self, pods: Sequence[Mapping[str, Any]]) -> None:
        """Forget what is known of other pods than these: they are gone."""
        uids = {uid(item) for item in pods}
        self._sightings.keep(uids)
        self.requests.keep(pods)
        self.trace.keep(uids)
        self.known.keep(pods)
        self.handled.keep(uids)

    def forget(self, plugin: str) -> None:
        """Forget a plugin that is gone."""
        self._quiet.discard(plugin)
        self._sightings.forget(plugin)
        self.known.forget(plugin)
        self.handled.forget(plugin)
        self.requests.release(plugin)

    def doubt(self, item: Mapping[str, Any], plugin: str) -> None:
        """Take in that something is amiss with a plugin on a pod: once it is not, it has to be seen to act anew.

        While a log was silent its VM may have crashed, which nothing but a request tells when it speaks again.
        """
        self._sightings.of((uid(item), plugin)).doubt()

    @contextmanager
    def confining(self, plugin: str, ports: tuple[int, ...], since: datetime) -> Iterator[None]:
        """Take in at which ports a plugin acts that is put in force in the block.

        Where that fails, the next look reads off what is in force at which.
        """
        news = self.confine(plugin, ports, since)
        try:
            yield
        except BaseException:
            self.requests.release(plugin)
            if news:
                self.known.elsewhere(plugin)
            raise

    def confine(self, plugin: str, ports: tuple[int, ...], since: datetime) -> bool:
        """Take in at which ports of pods a plugin acts, and say whether that is news; see `ProbeRequests.confine`."""
        news = self.requests.confine(plugin, ports, since)
        if news:
            self.known.elsewhere(plugin)
            self._sightings.forget(plugin)
        return news

    def before(
        self, plugin: str, digest: str, build: Hashable, standing: Sequence[tuple[Mapping[str, Any], frozenset[str]]]
    ) -> None:
        """See what pods answer before a build comes to them, so that its effect can be told from what was there.

        Where the very same build is put in force again, what was seen before it first came is what counts.

        Parameters
        ----------
        plugin, digest : str
        build : hashable
            Its image, configuration and environment.
        standing : sequence of (mapping, frozenset of str)
            The pods, with the digests of the other filters there.
        """
        self.handled.forget(plugin, {uid(item) for item, _ in standing})
        self.known.before(plugin, digest, build, standing, asks=self.asks(plugin))

    def proven(self, verdict: PodVerdict, item: Mapping[str, Any], mark: str) -> PodVerdict:
        """Give a verdict that everything but action is proven of as LIVE where the plugin was seen to act, else LOADED.

        Parameters
        ----------
        verdict : PodVerdict
            LIVE as far as the proxy says.
        item : mapping
            The pod.
        mark : str
            That of its filter as it stands there.
        """
        if verdict.verdict is not Verdict.LIVE:
            return verdict
        if (seen := self._sightings.of((uid(item), verdict.plugin)).sighting(mark)) is not None:
            found = replace(verdict, proof=seen.proof, evidence=(*verdict.evidence, seen.line))
            return found.noted(seen.remark)
        cause, reason = self._why(verdict, item)
        return replace(
            verdict,
            verdict=Verdict.LOADED,
            proof=Proof.CONFIG,
            cause=cause,
            reason="; ".join(filter(None, [reason, verdict.reason])),
        )

    def unsure(self, verdict: PodVerdict, item: Mapping[str, Any], since: float = float("-inf")) -> bool:
        """Say whether a plugin was not seen to act for a reason that may pass in a moment.

        An answer did not come in time, or was an error, or a worker has not taken over what the others have.

        Parameters
        ----------
        verdict : PodVerdict
        item : mapping
            The pod.
        since : float
            Moment (`time.monotonic`) when all had it. Another thread may have looked in vain before that.
        """
        if verdict.verdict is not Verdict.LOADED or verdict.cause is not Cause.UNSEEN:
            return False
        look = self._sightings.of((uid(item), verdict.plugin))
        return (
            look.early(since) or look.differing is not None or look.failed or self.requests.late(item, verdict.plugin)
        )

    def look_anew(self, plugins: Collection[str]) -> None:
        """Have the next look look for plugins, however short ago that was in vain."""
        self._sightings.look_anew(plugins)

    def look(self, loaded: Sequence[tuple[PodVerdict, Mapping[str, Any], Standing]]) -> None:
        """Look for the effects of plugins that are loaded, each on a pod, with its filter there.

        Another thread may be looking for the same: what it has found by then is not known to be all until it is done.
        """
        with self._looking:
            self._look([one for one in (_Due(*each) for each in loaded) if self._is_due(one)])

    def _is_due(self, one: _Due) -> bool:
        look, mark = self._sightings.of(one.key), one.standing.mark
        return self.asks(one.verdict.plugin) and look.sighting(mark) is None and not look.rests(mark)

    def _look(self, due: Sequence[_Due]) -> None:
        for one in due:
            self._sightings.of(one.key).begin(one.standing)
        differing = due
        for _ in range(_ROUNDS):
            differing = self._look_for_effects(differing)
            if not differing:
                break
            # A worker may take over what the main thread shows a moment later.
            time.sleep(_STEP)
        if self.wanted is Proof.TRACE:
            traceable: dict[tuple[int, ...], list[_Due]] = {}
            for one in due:
                if self._traceable(one):
                    traceable.setdefault(self.requests.confined(one.verdict.plugin), []).append(one)
            for alike in traceable.values():
                self._look_at_traces(alike)

    def _look_for_effects(self, due: Sequence[_Due]) -> list[_Due]:
        """Look for effects; give what some answers of a pod show, and others do not."""
        wanted = [
            (one, effect)
            for one in due
            for effect in self._effects(one)
            if not effect.probe.changes or self.known.unspent(one.item, one.verdict.plugin)
        ]
        without = self._without(wanted)
        wanted = [(one, effect) for one, effect in wanted if (one.key, effect.probe) in without]
        for one in due:
            self.known.spend(one.item, one.verdict.plugin)
        asked = [
            (one, effect)
            for one, effect in wanted
            for _ in range(1 if effect.probe.changes else max(1, min(one.standing.workers, _WORKERS)))
        ]
        answers = self.requests.send([(one.item, effect.probe, one.verdict.plugin) for one, effect in asked])
        self._ask_alone(list(zip(asked, answers, strict=True)), without)
        told: dict[tuple[Key, Effect], list[_Told]] = {}
        for one in due:
            self._sightings.of(one.key).failed = False
        for (one, effect), answer in zip(asked, answers, strict=True):
            words = self._shown(one, effect, without[one.key, effect.probe], answer)
            # An answer that failed tells nothing of the filter.
            failed = answer is not None and answer.status >= _SERVER_ERROR
            contrary = not words and answer is not None and not failed
            if failed and not words:
                self._sightings.of(one.key).failed = True
            told.setdefault((one.key, effect), []).append(_Told(words, contrary, isinstance(answer, ByPeer)))
        differing = []
        for one in due:
            found = {effect: said for (key, effect), said in told.items() if key == one.key}
            some = {effect: said for effect, said in found.items() if any(each.words for each in said)}
            sure = next((effect for effect, said in some.items() if not any(each.contrary for each in said)), None)
            look = self._sightings.of(one.key)
            look.differing = None
            if sure is not None:
                shown = next(each for each in some[sure] if each.words)
                remark = _one_of(one.standing.workers) if shown.by_peer else ""
                line = f"{sure.probe}{self._where(one)}: {shown.words}"
                look.saw(Seen(line, one.standing.mark, remark=remark))
            elif some:
                said = next(iter(some.values()))
                look.differing = (sum(bool(each.words) for each in said), len(said))
                differing.append(one)
            if sure is None and any(each.contrary for said in found.values() for each in said):
                # What was seen before is not so any more.
                look.seen = None
        return differing

    def _where(self, one: _Due) -> str:
        """Name the port at which a plugin was looked for, where a pod has several."""
        ports = one.standing.ports
        return f" at port {self.requests.first(ports, one.verdict.plugin)}" if len(ports) > 1 else ""

    def _without(self, wanted: Sequence[tuple[_Due, Effect]]) -> dict[tuple[Key, Probe], _Without]:
        """Give what pods answer without plugins: what they answered before, else what the application itself does."""
        found: dict[tuple[Key, Probe], _Without] = {}
        unknown: list[tuple[_Due, Effect]] = []
        for one, effect in wanted:
            there = self.known.there(one.item, one.verdict.plugin).get(effect.probe)
            if there is not None:
                found[one.key, effect.probe] = _Without(there)
                own = self._taken_over(one, effect, there)
            else:
                own = self.known.beyond(one.verdict.plugin, one.standing, effect)
            if own and not (effect.probe.changes or one.standing.behind):
                unknown.append((one, effect))
        past = self.requests.past([(one.item, effect.probe, one.verdict.plugin) for one, effect in unknown])
        for (one, effect), answer in zip(unknown, past, strict=True):
            if answer is not None:
                known = found.get((one.key, effect.probe))
                without = known._replace(alone=answer) if known is not None else _Without(answer, past=True)
                found[one.key, effect.probe] = without
        return found

    def _taken_over(self, one: _Due, effect: Effect, there: Response) -> Effect | None:
        """Give what of an effect others had shown before a plugin came, and have gone since."""
        if not (effect.marks(there) and has_application(one.item)):
            return None
        return self.known.taken_over(one.item, one.verdict.plugin, one.standing, effect)

    def _ask_alone(
        self,
        answered: Sequence[tuple[tuple[_Due, Effect], Response | None]],
        without: dict[tuple[Key, Probe], _Without],
    ) -> None:
        """Ask applications past their proxies, where a pod answers otherwise than before though no filter makes it.

        And where it was long ago that it was asked before, or another pod was: an application may have come to answer
        by itself what a filter makes it answer.
        """
        strange: dict[tuple[Key, Probe], Mapping[str, Any]] = {}
        for (one, effect), answer in answered:
            key = one.key, effect.probe
            known = without[key]
            if answer is None or answer.status >= _SERVER_ERROR or known.past or effect.probe.changes:
                continue
            old = has_application(one.item) and self.known.dated(one.item, one.verdict.plugin)
            if effect.strange(known.answer, answer) or (old and effect.seen(known.answer, answer)):
                strange[key] = one.item
        asked = [(item, probe, plugin) for ((_, plugin), probe), item in strange.items()]
        for key, alone in zip(strange, self.requests.past(asked), strict=True):
            without[key] = without[key]._replace(alone=alone)

    def _shown(self, one: _Due, effect: Effect, without: _Without, answer: Response | None) -> str:
        """Say what of an effect an answer shows that is not so without the plugin; empty for nothing."""
        plugin = one.verdict.plugin
        if without.past:
            own = self.known.beyond(plugin, one.standing, effect)
            return _beyond(own, without.answer, answer)
        if one.standing.behind:
            if not _by_gateway(one.standing, effect, without.answer, answer):
                return ""
            self._sightings.of(one.key).behind = False
        own = effect.own(self.known.changed(one.item, plugin, one.standing, effect.probe))
        if one.standing.leads_on:
            # Another plugin on a pod behind it may have come since, and do the same.
            own = own.own(self.known.others(plugin, effect.probe))
        peer = answer.peer if isinstance(answer, ByPeer) else ""
        if isinstance(without.answer, ByPeer) is not bool(peer):
            # Another proxy between changes an answer, too.
            own = written(own)
        words = own.seen(without.answer, answer, without.alone) or own.instead(
            self.known.former(plugin, effect.probe), without.answer, answer
        )
        if not words and without.alone is not None:
            return _beyond(self._taken_over(one, effect, without.answer), without.alone, answer)
        return words and f"{words}, which was not so before it came{_asked_by(peer)}"

    def left(self, items: Sequence[tuple[Mapping[str, Any], int]], plugin: str, digest: str) -> dict[str, str]:
        """Look for what still shows of a plugin that was taken away from pods, where an effect of it had been seen.

        Parameters
        ----------
        items : sequence of (mapping, int)
            The pods, with the number of their workers.
        plugin, digest : str

        Returns
        -------
        dict of str to str
            By pod, in a few words; empty where it answers as it did before the plugin came.
        """
        wanted = [
            (item, effect, there[effect.probe])
            for item, workers in items
            if self.asks(plugin)
            and (seen := self._sightings.of((uid(item), plugin)).seen)
            and seen.proof is Proof.EFFECT
            # It may be forgotten meanwhile, by a look that finds the plugin at other ports.
            for there in [self.known.there(item, plugin)]
            for effect in self.known.of(item, plugin, digest)
            if effect.probe in there and not effect.probe.changes
            for _ in range(max(1, min(workers, _WORKERS)))
        ]
        found: dict[str, str] = {}
        for _ in range(_ROUNDS):
            found |= self._still(wanted, plugin)
            wanted = [one for one in wanted if found.get(name_of(one[0]))]
            if not wanted:
                break
            # A worker may take over what the main thread shows a moment later.
            time.sleep(_STEP)
        return found

    def _still(self, wanted: Sequence[tuple[Mapping[str, Any], Effect, Response]], plugin: str) -> dict[str, str]:
        """Say what of effects answers of pods show that they did not before; nothing of those that do not answer."""
        answers = self.requests.send([(item, effect.probe, plugin) for item, effect, _ in wanted])
        found: dict[str, str] = {}
        for (item, effect, before), answer in zip(wanted, answers, strict=True):
            words = effect.left(before, answer)
            name = name_of(item)
            if words is not None and not found.get(name):
                found[name] = f"{effect.probe}: {words}" if words else ""
        return found

    def _traceable(self, one: _Due) -> bool:
        """Say whether a plugin was not seen by its effect, and would not crash on a request."""
        look, trial = self._sightings.of(one.key), self.known.trial(one.verdict)
        foreseen = trial is not None and trial.trapped and trial.request == str(PLAIN)
        sure = foreseen or look.differing is not None
        return not sure and look.sighting(one.standing.mark) is None

    def _look_at_traces(self, wanted: Sequence[_Due]) -> None:
        for _ in range(_TRACES):
            items = {uid(one.item): one.item for one in wanted}
            # All of them act at the same ports.
            plugin = wanted[0].verdict.plugin if wanted else ""
            traces = dict(zip(items, self.trace.of(items.values(), plugin), strict=True))
            left = []
            for one in wanted:
                call = traces[uid(one.item)].get(one.standing.traced, "")
                if call:
                    line = f"{PLAIN}{self._where(one)}: {call}"
                    self._sightings.of(one.key).saw(Seen(line, one.standing.mark, Proof.TRACE))
                else:
                    left.append(one)
            # A worker may take a listener over a moment after the main thread shows it.
            wanted = left

    def _why(self, verdict: PodVerdict, item: Mapping[str, Any]) -> tuple[Cause, str]:
        if not self.asks(verdict.plugin):
            unasked = _unasked(verdict.plugin in self._quiet, front())
            return Cause.UNASKED, _UNSEEN_FROM_HERE if self.trace.looks_only else unasked
        trial = self.known.trial(verdict)
        if trial is not None and trial.trapped and not trial.safe:
            return Cause.CRASH_FORESEEN, f"{trial.note}, so no request was sent through it"
        look = self._sightings.of((uid(item), verdict.plugin))
        if look.differing is not None:
            words = f"its effect showed in {look.differing[0]} of {look.differing[1]} answers"
            return Cause.UNSEEN, f"{words}: a worker of the proxy may run another build"
        silent = self.requests.why_unanswered(item, verdict.plugin, look.ports)
        if silent or self.wanted is Proof.TRACE:
            return Cause.UNSEEN, silent or self._untraced(item)
        if trial is None:
            words = "what it does is not known here, so it cannot be looked for: deploy it from here"
            return Cause.UNASKED, f"{words} ({_TRACE})"
        known = look.behind or self.known.of(item, verdict.plugin, verdict.wanted)
        words = _BEHIND if look.behind else self._unseen(verdict, item)
        return Cause.UNSEEN, f"{words} ({_TRACE if known else _OTHERS})"

    def _untraced(self, item: Mapping[str, Any]) -> str:
        why = self.trace.why_not(item)
        told = f"cannot be had: {why}" if why else "does not show it either"
        return f"no effect of it was seen on the requests that were sent, and Envoy's trace {told}"

    def _unseen(self, verdict: PodVerdict, item: Mapping[str, Any]) -> str:
        there = self.known.there(item, verdict.plugin)
        own = self.known.of(item, verdict.plugin, verdict.wanted)
        new = [str(effect.probe) for effect in own if effect.probe not in there]
        if new:
            return f"what {', '.join(new)} was answered before it came is not known: take it away, and deploy it again"
        if any(effect.marks(there[effect.probe]) for effect in own):
            return "what it does was there before it came: the build before does the same"
        return "no effect of it was seen on the requests that were sent"

    def _effects(self, one: _Due) -> list[Effect]:
        if not self.asks(one.verdict.plugin):
            return []
        return self.known.of(one.item, one.verdict.plugin, one.verdict.wanted)


def _one_of(workers: int) -> str:
    """Say for how many workers an answer stands that another pod had; empty where there is but one."""
    if workers == 1:
        return ""
    of = f"its {workers} workers" if workers else "its workers"
    return f"it was asked with mutual TLS, on connections that are kept: what was seen stands for one of {of}"


@cache
def _unasked(quiet: bool, reader: Front) -> str:
    """Say why no request was sent; of thousands of pods it is the same."""
    return f"no request was sent to see it act ({worded(_QUIETLY if quiet else _HOW, reader)})"


def _asked_by(peer: str) -> str:
    return f" (asked by {peer}, with mutual TLS)" if peer else ""


def _beyond(own: Effect | None, alone: Response, answer: Response | None) -> str:
    """Say what of an effect an answer shows that is not in what the application answers past its proxy."""
    words = own.seen(alone, answer) if own is not None else ""
    by = _asked_by(answer.peer if isinstance(answer, ByPeer) else "")
    return words and f"{words}, which the application itself does not answer{by}"


def _by_gateway(standing: Standing, effect: Effect, before: Response, now: Response | None) -> bool:
    """Say whether a gateway itself answers: it has no route for such a request, and says of no service that it did."""
    answers = [one for one in (before, now) if one is not None]
    own = not any(UPSTREAM in one.headers for one in answers)
    return standing.tells and not effect.hides and own and before.status == _NO_ROUTE and not before.body
