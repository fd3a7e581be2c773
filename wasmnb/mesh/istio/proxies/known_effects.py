"""What filters do to requests, as the embedded Envoy saw it, and what pods answered before they came."""

from __future__ import annotations

import json
import threading
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from wasmnb.envoy.effect import Effect
from wasmnb.envoy.exchange import PLAIN
from wasmnb.envoy.remembered import Remembered
from wasmnb.mesh.istio.proxies.pods import PROXY, app, labels, name_of, uid
from wasmnb.mesh.istio.proxies.shared_state import forget

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Hashable, Iterator, Mapping, Sequence

    from wasmnb.envoy.effect import Trial
    from wasmnb.envoy.exchange import Probe
    from wasmnb.mesh.istio.proxies.evidence import Standing
    from wasmnb.mesh.istio.proxies.probe_requests import Asked, ProbeRequests
    from wasmnb.plugin.verdict import PodVerdict
    from wasmnb.traffic import Request, Response

__all__ = ["KnownEffects", "written"]

_MOST_BUILDS = 16
"""Builds of a plugin that are remembered: pods may still run some of them."""
_MOST_KINDS = 1000
"""Kinds of pods that answer alike, and applications, of which something is remembered."""
_TRIES = 3
_FRESH = 60.0
"""Seconds for which a service is taken to answer as it did before a plugin came."""
_ENVOYS = ("x-envoy-", "server", "date", "via", "content-", "transfer-", "connection", "keep-alive", "x-request-id")
"""Headers that a proxy writes by itself."""


class _Before(NamedTuple):
    """What a pod answered before a build came, the digests of the filters through which, and when."""

    build: Hashable = None
    beside: frozenset[str] = frozenset()
    answers: Mapping[Probe, Response | None] = {}
    at: float = float("-inf")
    pod: str = ""


_RUN = ("command", "args", "env", "envFrom")
_Key = tuple[str, str]


class KnownEffects:
    """Remembers them.

    Parameters
    ----------
    requests : ProbeRequests
    """

    def __init__(self, requests: ProbeRequests) -> None:
        self._requests = requests
        self._sent = Remembered()
        self._probes: dict[str, tuple[Probe, ...]] = {}
        # By plugin, then by digest: in the midst of a rollout pods run two builds of one.
        self._trials: dict[str, dict[str, Trial]] = {}
        self._before: dict[_Key, _Before] = {}
        # By plugin: what was tried before what was tried last.
        self._former: dict[str, Trial] = {}
        # By plugin: which build is in force, and what the one before it does, where there was one.
        self._learned: dict[str, tuple[Hashable, Trial | None]] = {}
        # What a pod answered before, for those of the same workload that start later.
        self._alike: dict[tuple[Hashable, str], _Before] = {}
        # Which plugins were looked for on which pods by requests that may change something.
        self._spent: set[_Key] = set()
        self._lock = threading.Lock()

    def remember(self, pod: str, request: Request) -> None:
        """Remember a request of the user's that a pod answered: what a filter does may show on it alone."""
        self._sent.add(pod, request)

    def mean(self, probes: Mapping[str, Sequence[Probe]]) -> None:
        """Take requests of the user's for a deployment, by the pods that they are for."""
        self._sent.spare()
        for pod, own in probes.items():
            self._sent.mean(pod, own)

    def probes(self, items: Sequence[Mapping[str, Any]]) -> tuple[Probe, ...]:
        """Give the requests of the user's that show what a filter does on some pods: to each, those of its application.

        Parameters
        ----------
        items : sequence of mapping
            The pods, from now on asked with these.
        """
        found: dict[str, dict[Probe, None]] = {}
        for item in items:
            sent = self._sent.of(name_of(item))
            found.setdefault(_whose(item), {}).update(dict.fromkeys(sent))
        self._probes.update({whose: tuple(probes) for whose, probes in found.items()})
        return tuple(dict.fromkeys(probe for probes in found.values() for probe in probes))

    def tried(self, plugin: str, digest: str, trial: Trial) -> None:
        """Take in what the embedded Envoy saw of a plugin's image."""
        with self._lock:
            builds = self._trials.get(plugin, {})
            if builds and (last := next(reversed(builds.values()))) != trial:
                self._former[plugin] = last
            others = [(name, one) for name, one in builds.items() if name != digest]
            # Never changed, but replaced: another thread may be reading it.
            self._trials[plugin] = dict([*others, (digest, trial)][-_MOST_BUILDS:])

    def learn(self, plugin: str, digest: str, build: Hashable, trial: Trial, former: Trial | None) -> None:
        """Take in what a plugin in force does, which somebody else may have put there, and what the build before did.

        Parameters
        ----------
        plugin, digest : str
        build : hashable
            Its image, configuration and environment.
        trial : Trial
        former : Trial or None
            None where there was no build before.
        """
        self.tried(plugin, digest, trial)
        self._learned[plugin] = (build, former)

    def learned(self, plugin: str, build: Hashable) -> bool:
        """Say whether it is known what a plugin in force and the build before it do."""
        known = self._learned.get(plugin)
        return known is not None and known[0] == build

    def beyond(self, plugin: str, standing: Standing, effect: Effect) -> Effect | None:
        """Give what of an effect only this build makes, compared with what an application itself answers.

        None where nobody knows what the build before did to that request, or what else writes headers there. Between an
        application's answer and its proxy's much differs: only headers count that the filter writes, and that no filter
        beside it is known to write.
        """
        learned = self._learned.get(plugin)
        if learned is None or "" in standing.beside:
            return None
        others = self._by_digest()
        beside = [others[digest].on(effect.probe) if digest in others else None for digest in standing.beside]
        former = learned[1]
        own = written(effect).own(beside)
        if former is None:
            return own
        then = former.on(effect.probe)
        return own.own([then]) if then is not None else None

    def taken_over(self, item: Mapping[str, Any], plugin: str, standing: Standing, effect: Effect) -> Effect | None:
        """Give what of an effect filters had shown before it came that have gone since, compared as `beyond` does.

        If it shows still, it is this build's. None where nobody knows that, or what a filter beside it does.
        """
        own, known, past = self.beyond(plugin, standing, effect), self._by_digest(), self._past(item, plugin)
        if own is None or not standing.beside <= known.keys():
            return None
        gone = [known[digest].on(effect.probe) for digest in (past.beside - standing.beside) & known.keys()]
        shown = {trait for one in gone if one is not None for trait in one.shown}
        return Effect(effect.probe, own.shown & shown)

    def former(self, plugin: str, probe: Probe) -> Effect | None:
        """Give what the build before does to a request, where that is known."""
        learned = self._learned.get(plugin)
        trial = learned[1] if learned is not None else self._former.get(plugin)
        return trial.on(probe) if trial is not None else None

    def trial(self, verdict: PodVerdict) -> Trial | None:
        """Give what was seen of the image that is wanted; None where it was not tried here."""
        return self._trials.get(verdict.plugin, {}).get(verdict.wanted)

    def builds(self, plugin: str) -> Mapping[str, Trial]:
        """Give what was seen of each build of a plugin, by digest."""
        return self._trials.get(plugin, {})

    def hidden(self) -> bool:
        """Say whether any filter takes away what tells a service's answer from the proxy's own."""
        trials = (trial for builds in self._builds().values() for trial in builds.values())
        return any(effect.hides for trial in trials for effect in trial.effects)

    def of(self, item: Mapping[str, Any], plugin: str, digest: str) -> list[Effect]:
        """Give the effects of a plugin that a pod may be asked for."""
        trial = self._trials.get(plugin, {}).get(digest)
        # What crashes another filter is not sent through it for this one's sake; on a plain request it crashes anyway.
        others = [one for name, builds in self._builds().items() if name != plugin for one in builds.values()]
        harmful = {one.request for one in others if one.trapped} - {str(PLAIN)}
        own = [probe for probe in (PLAIN, *self._probes.get(_whose(item), ())) if str(probe) not in harmful]
        return [effect for effect in trial.safe if effect.probe in own] if trial is not None else []

    def before(
        self,
        plugin: str,
        digest: str,
        build: Hashable,
        standing: Sequence[tuple[Mapping[str, Any], frozenset[str]]],
        *,
        asks: bool,
    ) -> None:
        """See what pods answer before a build comes to them; see `Proving.before`."""
        if plugin in self._learned and not self.learned(plugin, build):
            # The build before this one is that one, not what was before it.
            self._learned.pop(plugin, None)
        new = [
            (item, beside)
            for item, beside in standing
            if self._before.get((uid(item), plugin), _Before()).build != build
        ]
        effects = [(item, effect) for item, _ in new for effect in self.of(item, plugin, digest)] if asks else []
        wanted = [(item, effect.probe, plugin) for item, effect in effects]
        answers = self._send(wanted)
        for item, beside in new:
            found = {probe: answer for (one, probe, _), answer in zip(wanted, answers, strict=True) if one is item}
            past = self._before[uid(item), plugin] = _Before(build, beside, found, time.monotonic(), uid(item))
            kind = _alike(item), plugin
            if any(found.values()) or self._alike.get(kind, _Before()).build != build:
                self._alike[kind] = past
            self._spent.discard((uid(item), plugin))

    def snapshot(self, plugin: str) -> Callable[[], None]:
        """Give what puts back what is known of a plugin now, should a build not come in force that is tried next."""
        before = {key: one for key, one in self._before.copy().items() if key[1] == plugin}
        alike = {key: one for key, one in self._alike.copy().items() if key[1] == plugin}
        spent = {key for key in self._spent.copy() if key[1] == plugin}
        builds, former = self._trials.get(plugin, {}), self._former.get(plugin)
        learned = self._learned.get(plugin)

        def put_back() -> None:
            self.elsewhere(plugin)
            self._before.update(before)
            self._alike.update(alike)
            self._spent.update(spent)
            self._trials[plugin] = builds
            self._former.pop(plugin, None)
            if former is not None:
                self._former[plugin] = former
            if learned is not None:
                self._learned[plugin] = learned

        return put_back

    def _send(self, wanted: Sequence[Asked]) -> list[Response | None]:
        """Send requests; those that are not answered again, if they change nothing: one worker of several may hang."""
        answers = self._requests.send(wanted)
        for _ in range(_TRIES - 1):
            silent = [at for at, one in enumerate(answers) if one is None and not wanted[at][1].changes]
            if not silent:
                break
            for at, answer in zip(silent, self._requests.send([wanted[at] for at in silent]), strict=True):
                answers[at] = answer
        return answers

    def others(self, plugin: str, probe: Probe) -> list[Effect]:
        """Give what other plugins that were tried here do to a request, on whichever pods they are."""
        trials = (trial for name, builds in self._builds().items() if name != plugin for trial in builds.values())
        return [effect for trial in trials if (effect := trial.on(probe)) is not None]

    def elsewhere(self, plugin: str) -> None:
        """Take in that a plugin acts at other ports, or that nobody knows which build: what was before is not known."""
        forget(self._before, lambda key: key[1] == plugin)
        forget(self._alike, lambda key: key[1] == plugin)

    def there(self, item: Mapping[str, Any], plugin: str) -> Mapping[Probe, Response]:
        """Give what a pod, or one that answers alike, answered before a plugin came, as far as that is known."""
        answers = self._past(item, plugin).answers
        return {probe: answer for probe, answer in answers.items() if answer is not None}

    def dated(self, item: Mapping[str, Any], plugin: str) -> bool:
        """Say whether what is known of before a plugin came is old, or of another pod: the service may have changed."""
        past = self._past(item, plugin)
        return past.pod != uid(item) or time.monotonic() - past.at > _FRESH

    def spend(self, item: Mapping[str, Any], plugin: str) -> None:
        """Take in that a pod is asked for a plugin by all requests, those included that may change something."""
        self._spent.add((uid(item), plugin))

    def unspent(self, item: Mapping[str, Any], plugin: str) -> bool:
        """Say whether a pod that was asked before a plugin came was not asked since by what may change something."""
        key = (uid(item), plugin)
        return key in self._before and key not in self._spent

    def changed(
        self, item: Mapping[str, Any], plugin: str, standing: Standing, probe: Probe
    ) -> Iterator[Effect | None]:
        """Give what filters that have come to a pod since, or went, do to a request; None for one that is not known.

        A proxy names a filter for a while that was taken away: where its mark was missing then, it had gone before.
        """
        others = [trials for name, trials in self._builds().items() if name != plugin]
        known = {digest: trial for trials in others for digest, trial in trials.items()}
        past = self._past(item, plugin)
        then, now, answer = past.beside, standing.beside, past.answers.get(probe)
        for digest in now - then:
            yield known[digest].on(probe) if digest in known else None
        for digest in (then - now) & known.keys():
            effect = known[digest].on(probe)
            if effect is None or answer is None or not effect.marking or effect.marks(answer):
                yield effect

    def keep(self, pods: Collection[Mapping[str, Any]]) -> None:
        """Forget all but these pods; of what those answered that are gone, the newest is kept for those alike."""
        uids = {uid(item) for item in pods}
        forget(self._before, lambda key: key[0] not in uids)
        # Pods of these kinds may come again.
        forget(self._alike, set(list(self._alike)[:-_MOST_KINDS]).__contains__)
        forget(self._probes, set(list(self._probes)[:-_MOST_KINDS]).__contains__)
        self._spent.intersection_update(list(self._before))
        self._sent.keep({name_of(item) for item in pods})

    def forget(self, plugin: str) -> None:
        """Forget a plugin that is gone, unless its going is what changed how pods answer."""
        self.elsewhere(plugin)
        self._spent.intersection_update(list(self._before))
        self._learned.pop(plugin, None)
        self._former.pop(plugin, None)
        beside = {digest for one in [*self._before.values(), *self._alike.values()] for digest in one.beside}
        if beside.isdisjoint(self._trials.get(plugin, {})):
            self._trials.pop(plugin, None)

    def _builds(self) -> dict[str, dict[str, Trial]]:
        """Give what was tried until now, by plugin and digest; another thread may be trying more."""
        return self._trials.copy()

    def _by_digest(self) -> dict[str, Trial]:
        return {digest: trial for builds in self._builds().values() for digest, trial in builds.items()}

    def _past(self, item: Mapping[str, Any], plugin: str) -> _Before:
        """Give what was seen of a pod, or of one that answers alike, before a plugin came."""
        own = self._before.get((uid(item), plugin))
        alike = self._alike.get((_alike(item), plugin), _Before())
        # Of pods that are asked by others, not each may have been met.
        silent = own is None or (own.build == alike.build and not any(own.answers.values()))
        return alike if silent or own is None else own


def written(effect: Effect) -> Effect:
    """Give the headers with their values that a filter writes into a response, and that no proxy writes by itself."""
    return Effect(effect.probe, frozenset(one for one in effect.marking if not one.name.startswith(_ENVOYS)))


def _alike(item: Mapping[str, Any]) -> Hashable:
    """Give what pods have in common that answer alike: their labels, and what their own containers run, and how.

    A tag may have come to name another image; the id of the image that runs says so.
    """
    known = {key: value for key, value in labels(item).items() if key != "pod-template-hash"}
    ids = {one["name"]: one.get("imageID") for one in item.get("status", {}).get("containerStatuses") or ()}
    runs = (
        (one["name"], ids.get(one["name"]) or one.get("image"), json.dumps([one.get(key) for key in _RUN]))
        for one in item.get("spec", {}).get("containers") or ()
        if one["name"] != PROXY
    )
    return frozenset(known.items()), frozenset(runs)


def _whose(item: Mapping[str, Any]) -> str:
    """Name the application that a pod is one of; the pod itself where nothing says."""
    return app(item) or uid(item)
