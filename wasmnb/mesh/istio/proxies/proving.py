"""Seeing plugins act on pods of a cluster: by the effect that the embedded Envoy learned, or by Envoy's own trace.

A request is sent by the pod to itself: from its proxy's container to the pod's own address, which the pod's rules lead
into the proxy as if it came from outside (Istio, ``tools/istio-iptables``: what the proxy's user sends to its own pod).
"""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, NamedTuple

from wasmnb.envoy.canary import PLAIN
from wasmnb.envoy.effect import Sighting
from wasmnb.envoy.handling import handling_of
from wasmnb.envoy.remembered import Remembered
from wasmnb.envoy.trace import Spoken, called, marked, token
from wasmnb.errors import MeshError, TrafficError
from wasmnb.mesh.istio.api.api_errors import ForbiddenError
from wasmnb.mesh.istio.api.rbac import Right
from wasmnb.mesh.istio.proxies.pods import PROXY, labels, proxy_started
from wasmnb.mesh.istio.proxies.proxy_log import logged_since
from wasmnb.mesh.istio.proxies.trace_levels import left_raised, put_back, raised
from wasmnb.plugin.verdict import Cause, Handling, PodVerdict, Proof, Verdict
from wasmnb.traffic import Headers, Request
from wasmnb.wording import Option, Verb, Wording

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Hashable, Iterator, Mapping, Sequence

    from wasmnb.envoy.effect import Effect, Trial
    from wasmnb.envoy.exchange import Probe
    from wasmnb.mesh.istio.api.cluster import Cluster
    from wasmnb.mesh.istio.proxies.admin import Admin
    from wasmnb.mesh.istio.proxies.evidence import Standing
    from wasmnb.traffic import Response

__all__ = ["Proving"]

_ANSWER = 3.0
_AT_ONCE = 16
_AGE = 300.0
"""Seconds that what was seen is believed; then it is looked for again, where that is allowed."""
_AGAIN = 10.0
"""Seconds until what was not seen is looked for again, so that an application is not asked all the time."""
_SLACK = timedelta(seconds=2)
"""Between the clock here and the node's, and the whole seconds of a question for a log."""
_READS, _STEP = 30, 0.1
_MOMENT = 2.0  # seconds within which what happens to requests is not looked at again
_CRASHED = 4
"""Requests to a pod with a crashed VM: each worker has a VM, and a new connection meets workers at random."""
_HANDLED = (
    Verdict.OLD,
    Verdict.REJECTED,
    Verdict.DENY_ALL,
    Verdict.ALLOW_ALL,
    Verdict.TRAPPED,
    Verdict.UNPROVEN,
)
_TRACES = 2  # of a pod, until its filters are seen
_HOW = Wording(
    "{} allows it before it is deployed, {} at any time",
    Option("prove", "effect"),
    Verb("mesh", ("istio",), (Option("prove", "trace"),)),
)
_QUIETLY = Wording("as was asked for; deploy it with {} to allow it", Option("prove", "trace"))
_TRACE = Wording("{} looks at Envoy's trace too", Verb("mesh", ("istio",), (Option("prove", "trace"),)))


@dataclass(frozen=True)
class Seen(Sighting):
    """A plugin that was seen to act, and how requests were filtered there then."""

    mark: str
    proof: Proof = Proof.EFFECT


class _Before(NamedTuple):
    """What a pod answered before a build came, and the digests of the filters through which."""

    build: Hashable = None
    beside: frozenset[str] = frozenset()
    answers: Mapping[Probe, Response | None] = {}


_Key = tuple[str, str]


class Proving:
    """Sends requests to pods to see plugins act, where the user has allowed it.

    Parameters
    ----------
    cluster : Cluster
    namespace : str
    admin : Admin
    ports : callable
        Gives the ports of a pod that its proxy reads as HTTP.
    """

    def __init__(self, cluster: Cluster, namespace: str, admin: Admin, ports: Callable[[str], Sequence[int]]) -> None:
        self.cluster = cluster
        self.namespace = namespace
        self.wanted: Proof | None = None
        self._quiet: set[str] = set()
        self._admin = admin
        self._ports = ports
        self._raised: set[str] = set()
        self._untraced: dict[str, str] = {}
        self._sent = Remembered()
        self._probes: dict[str, tuple[Probe, ...]] = {}
        # By plugin, then by digest: in the midst of a rollout pods run two builds of one.
        self._trials: dict[str, dict[str, Trial]] = {}
        self._before: dict[_Key, _Before] = {}
        # What a pod answered before, for those of the same workload that start later.
        self._alike: dict[tuple[Hashable, str], _Before] = {}
        self._seen: dict[_Key, Seen] = {}
        self._own: dict[str, list[int]] = {}
        self._tried: dict[tuple[_Key, str], float] = {}
        # Which plugins were looked for on which pods by requests that may change something.
        self._spent: set[_Key] = set()
        self._handled: dict[_Key, tuple[float, PodVerdict]] = {}
        self._lock = threading.Lock()
        self._threads = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="wasmnb-proving")

    def close(self) -> None:
        """End the threads."""
        self._threads.shutdown(wait=False, cancel_futures=True)

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
                "a Role with the rule {} grants it; {} takes what the proxies say for enough",
                str(right.rule),
                Option("prove", "config"),
            ),
            right=right,
        )

    def permit(self, prove: Proof) -> None:
        """Take in how plugins are to be seen to act from now on; each is looked for anew."""
        self.require(prove)
        self.wanted = prove
        self._tried.clear()

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

    def _asks(self, plugin: str) -> bool:
        """Say whether requests may be sent to applications to see a plugin act."""
        return self.wanted in (Proof.EFFECT, Proof.TRACE) and plugin not in self._quiet

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
            sent = self._sent.of(str(item["metadata"]["name"]))
            found.setdefault(_whose(item), {}).update(dict.fromkeys(sent))
        self._probes.update({whose: tuple(probes) for whose, probes in found.items()})
        return tuple(dict.fromkeys(probe for probes in found.values() for probe in probes))

    def tried(self, plugin: str, digest: str, trial: Trial) -> None:
        """Take in what the embedded Envoy saw of a plugin's image."""
        self._trials.setdefault(plugin, {})[digest] = trial

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
        for item, _ in standing:
            self._handled.pop((_uid(item), plugin), None)
        new = [
            (item, beside)
            for item, beside in standing
            if self._before.get((_uid(item), plugin), _Before()).build != build
        ]
        wanted = [(item, effect.probe) for item, _ in new for effect in self._effects(item, plugin, digest)]
        answers = self._send(wanted)
        for item, beside in new:
            found = {probe: answer for (one, probe), answer in zip(wanted, answers, strict=True) if one is item}
            past = _Before(build, beside, found)
            self._before[_uid(item), plugin] = self._alike[_alike(item), plugin] = past
            self._spent.discard((_uid(item), plugin))

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
        key = (_uid(item), verdict.plugin)
        seen = self._seen.get(key)
        if seen is not None and seen.mark == mark and (seen.younger(_AGE) or not self._asks(verdict.plugin)):
            return replace(verdict, proof=seen.proof, evidence=(*verdict.evidence, seen.line))
        cause, reason = self._why(verdict, item)
        return replace(
            verdict,
            verdict=Verdict.LOADED,
            proof=Proof.CONFIG,
            cause=cause,
            reason="; ".join(filter(None, [reason, verdict.reason])),
        )

    def handled(
        self, verdicts: Sequence[PodVerdict], items: Mapping[str, Mapping[str, Any]], harmed: Collection[str]
    ) -> list[PodVerdict]:
        """See what happens to a request where plugins are not live, on some pods of each look.

        Parameters
        ----------
        verdicts : sequence of PodVerdict
        items : mapping of str to mapping
            The pods by name.
        harmed : collection of str
            The plugins through which no request is to be sent for that.
        """
        found = list(verdicts)
        due: list[tuple[int, PodVerdict, Mapping[str, Any]]] = []
        for at, one in enumerate(found):
            trial, item = self._trial(one), items.get(one.pod)
            harmful = one.plugin in harmed or (trial is not None and trial.trapped and trial.request == str(PLAIN))
            if item is None or one.verdict not in _HANDLED or harmful or not self._asks(one.plugin):
                continue
            then, known = self._handled.get((_uid(item), one.plugin), (float("-inf"), one))
            if (known.verdict, known.wanted) == (one.verdict, one.wanted) and time.monotonic() - then < _MOMENT:
                found[at] = replace(one, observed=known.observed)
            elif len(due) < _AT_ONCE:
                due.append((at, one, item))
        asked = [each for each in due for _ in range(_CRASHED if each[1].verdict is Verdict.TRAPPED else 1)]
        answers = self._send([(item, PLAIN) for _, _, item in asked])
        answered = [(at, answer) for (at, _, _), answer in zip(asked, answers, strict=True) if answer is not None]
        for at, one, item in due:
            if told := [answer for whose, answer in answered if whose == at]:
                found[at] = replace(one, observed=self._handling(one, item, told))
            self._handled[_uid(item), one.plugin] = (time.monotonic(), found[at])
        return found

    def _handling(self, verdict: PodVerdict, item: Mapping[str, Any], answers: Sequence[Response]) -> Handling:
        trials = self._trials.get(verdict.plugin, {})
        own = trials[verdict.wanted].on(PLAIN) if verdict.wanted in trials else None
        old = [trial.on(PLAIN) for digest, trial in trials.items() if digest != verdict.wanted]
        before = self._there(item, verdict.plugin).get(PLAIN)
        found = [handling_of(answer, own, old, before) for answer in answers]
        if verdict.verdict is not Verdict.TRAPPED:
            return found[0]
        # What a worker filters whose VM runs on says nothing of the crashed one's requests.
        return next((one for one in found if one is not Handling.FILTERED), Handling.UNKNOWN)

    def look(self, loaded: Sequence[tuple[PodVerdict, Mapping[str, Any], Standing]]) -> None:
        """Look for the effects of plugins that are loaded, each on a pod, with its filter there."""
        due = []
        for verdict, item, standing in loaded:
            if not self._asks(verdict.plugin):
                continue
            tried = ((_uid(item), verdict.plugin), standing.mark)
            if time.monotonic() - self._tried.get(tried, float("-inf")) > _AGAIN:
                self._tried[tried] = time.monotonic()
                due.append((verdict, item, standing))
        wanted = [
            (item, effect, verdict.plugin, standing)
            for verdict, item, standing in due
            for effect in self._effects(item, verdict.plugin, verdict.wanted)
            if effect.probe in self._there(item, verdict.plugin)
            if not effect.probe.changes or self._unspent(item, verdict.plugin)
        ]
        self._spent |= {(_uid(item), verdict.plugin) for verdict, item, _ in due}
        answers = self._send([(item, effect.probe) for item, effect, _, _ in wanted])
        for (item, effect, plugin, standing), answer in zip(wanted, answers, strict=True):
            own = effect.own(self._changed(item, plugin, standing, effect.probe))
            words = own.seen(self._there(item, plugin)[effect.probe], answer)
            if words:
                line = f"{effect.probe}: {words}, which was not so before it came"
                self._seen[_uid(item), plugin] = Seen(line, standing.mark)

        if self.wanted is Proof.TRACE:
            self._look_at_traces([one for one in due if self._traceable(*one)])

    def _unspent(self, item: Mapping[str, Any], plugin: str) -> bool:
        """Say whether a pod that was asked before a plugin came was not asked since by what may change something."""
        key = (_uid(item), plugin)
        return key in self._before and key not in self._spent

    def _traceable(self, verdict: PodVerdict, item: Mapping[str, Any], standing: Standing) -> bool:
        """Say whether a plugin was not seen by its effect, and would not crash on a request."""
        seen = self._seen.get((_uid(item), verdict.plugin))
        trial = self._trial(verdict)
        foreseen = trial is not None and trial.trapped and trial.request == str(PLAIN)
        return not foreseen and (seen is None or seen.mark != standing.mark or not seen.younger(_AGE))

    def _look_at_traces(self, wanted: Sequence[tuple[PodVerdict, Mapping[str, Any], Standing]]) -> None:
        for _ in range(_TRACES):
            items = {_uid(item): item for _, item, _ in wanted}
            traces = dict(zip(items, self._threads.map(self._trace, items.values()), strict=True))
            left = []
            for verdict, item, standing in wanted:
                call = traces[_uid(item)].get(standing.filter, "")
                if call:
                    self._seen[_uid(item), verdict.plugin] = Seen(f"{PLAIN}: {call}", standing.mark, Proof.TRACE)
                else:
                    left.append((verdict, item, standing))
            # A worker may take a listener over a moment after the main thread shows it.
            wanted = left

    def _trace(self, item: Mapping[str, Any]) -> dict[str, str]:
        """Trace one request to a pod; give the calls into its filters, by their names."""
        pod, by, begin = str(item["metadata"]["name"]), token(), datetime.now(timezone.utc) - _SLACK
        self._untraced.pop(_uid(item), None)
        try:
            with self._own_levels(item), raised(self._admin, item):
                answer = self._ask(item, marked(PLAIN, by)) or self._ask(item, marked(PLAIN, by))
            if answer is None:
                self._untraced[_uid(item)] = "the request was not answered in time"
                return {}
            found: dict[str, str] = {}
            for _ in range(_READS):
                # The kubelet reads what a container writes a moment later, and not all of it at once.
                before, records = found, logged_since(self.cluster, self.namespace, pod, begin)
                found = called([Spoken(one.thread, one.scope, one.message) for one in records if one.envoy], by)
                if found and found == before:
                    return found
                time.sleep(_STEP)
        except (MeshError, TimeoutError) as error:
            self._untraced[_uid(item)] = error.what if isinstance(error, MeshError) else "the proxy does not answer"
        return {}

    @contextmanager
    def raised(self, items: Sequence[Mapping[str, Any]], levels: Mapping[str, str]) -> Iterator[None]:
        """Raise log levels of pods' proxies until the end of the block; see `trace_levels.raised`."""
        with ExitStack() as stack:
            for item in items:
                stack.enter_context(self._own_levels(item))
                stack.enter_context(raised(self._admin, item, levels))
            yield

    @contextmanager
    def _own_levels(self, item: Mapping[str, Any]) -> Iterator[None]:
        """Keep what is raised from here from being taken for what a kernel that is gone has left."""
        with self._lock:
            self._raised.add(_uid(item))
        try:
            yield
        finally:
            with self._lock:
                self._raised.discard(_uid(item))

    def mend(self, item: Mapping[str, Any], levels: Mapping[str, str]) -> str:
        """Put back log levels that a kernel which is gone had raised; say so, in a few words, empty for nothing."""
        with self._lock:
            own = _uid(item) in self._raised
        if own or not left_raised(levels):
            return ""
        back = put_back(self._admin, item)
        words = "they were put back" if back else "they could not be put back"
        return f"its proxy's log levels had been left raised by a proof that was interrupted; {words}"

    def mended(self, items: Sequence[Mapping[str, Any]]) -> list[str]:
        """Look at the log levels of pods, and put back what was left raised; name these pods."""

        def look(item: Mapping[str, Any]) -> str:
            name = str(item["metadata"]["name"])
            try:
                words = self.mend(item, self._admin.levels(name))
            except (MeshError, TimeoutError):
                return ""
            return f"{name}: {words}" if words else ""

        return [words for words in self._threads.map(look, items) if words]

    def own(self, item: Mapping[str, Any]) -> tuple[int, int]:
        """Say how many answers of a pod's proxy were to requests of ours since it started, and how many with a 5xx."""
        requests, errors = self._own.get(_since(item), [0, 0])
        return requests, errors

    def _why(self, verdict: PodVerdict, item: Mapping[str, Any]) -> tuple[Cause, str]:
        if not self._asks(verdict.plugin):
            how = _QUIETLY if verdict.plugin in self._quiet else _HOW
            return Cause.UNASKED, f"no request was sent to see it act ({how})"
        trial = self._trial(verdict)
        if trial is not None and trial.trapped and not trial.safe:
            return Cause.CRASH_FORESEEN, f"{trial.note}, so no request was sent through it"
        if self.wanted is Proof.TRACE:
            why = self._untraced.get(_uid(item), "")
            told = f"cannot be had: {why}" if why else "does not show it either"
            return Cause.UNSEEN, f"no effect of it was seen on the requests that were sent, and Envoy's trace {told}"
        if trial is None:
            words = "what it does is not known here, so that it cannot be looked for: deploy it from here"
            return Cause.UNASKED, f"{words} ({_TRACE})"
        own = [effect.probe for effect in self._effects(item, verdict.plugin, verdict.wanted)]
        new = [str(probe) for probe in own if probe not in self._there(item, verdict.plugin)]
        if new:
            words = f"what {', '.join(new)} was answered before it came is not known: take it away, and deploy it again"
            return Cause.UNSEEN, f"{words} ({_TRACE})"
        return Cause.UNSEEN, f"no effect of it was seen on the requests that were sent ({_TRACE})"

    def _trial(self, verdict: PodVerdict) -> Trial | None:
        return self._trials.get(verdict.plugin, {}).get(verdict.wanted)

    def _effects(self, item: Mapping[str, Any], plugin: str, digest: str) -> list[Effect]:
        trial = self._trials.get(plugin, {}).get(digest)
        if not self._asks(plugin) or trial is None:
            return []
        own = (PLAIN, *self._probes.get(_whose(item), ()))
        return [effect for effect in trial.safe if effect.probe in own]

    def _there(self, item: Mapping[str, Any], plugin: str) -> Mapping[Probe, Response | None]:
        return self._past(item, plugin).answers

    def _past(self, item: Mapping[str, Any], plugin: str) -> _Before:
        """Give what was seen of a pod, or of one that answers alike, before a plugin came."""
        own = self._before.get((_uid(item), plugin))
        return own if own is not None else self._alike.get((_alike(item), plugin), _Before())

    def _changed(
        self, item: Mapping[str, Any], plugin: str, standing: Standing, probe: Probe
    ) -> Iterator[Effect | None]:
        """Give what filters that have come to a pod since, or went, do to a request; None for one that is not known."""
        others = [trials for name, trials in self._trials.items() if name != plugin]
        known = {digest: trial for trials in others for digest, trial in trials.items()}
        then, now = self._past(item, plugin).beside, standing.beside
        for digest in (now - then) | ((then - now) & known.keys()):
            yield known[digest].on(probe) if digest in known else None

    def _send(self, wanted: Sequence[tuple[Mapping[str, Any], Probe]]) -> list[Response | None]:
        return list(self._threads.map(lambda pair: self._ask(*pair), wanted))

    def _ask(self, item: Mapping[str, Any], probe: Probe) -> Response | None:
        from wasmnb.mesh.istio.requests.curl_script import Errand  # noqa: PLC0415 - for those who allow it

        address = str(item.get("status", {}).get("podIP") or "")
        ports = self._ports(str(item["metadata"]["name"])) if address else ()
        if not ports:
            return None
        authority = f"{_app(item) or address}:{ports[0]}"
        named = "user-agent" in {name.lower() for name, _ in probe.headers}
        lines = (*(() if named else _AGENT), *probe.headers)
        request = Request(probe.method, authority, probe.path, Headers(lines), probe.body)
        errand = Errand(request, address, ports[0], _ANSWER)
        name = str(item["metadata"]["name"])
        try:
            done = self.cluster.execute(
                self.namespace, name, PROXY, errand.command, stdin=errand.stdin, timeout=_ANSWER + 2, over=errand.over
            )
            response, _, _ = errand.result(done)
        except (MeshError, TrafficError):
            return None
        with self._lock:
            counts = self._own.setdefault(_since(item), [0, 0])
            counts[0] += 1
            counts[1] += response.status >= 500  # noqa: PLR2004 - HTTP
        return response


_AGENT = (("user-agent", "wasmnb-probe"),)


def _alike(item: Mapping[str, Any]) -> Hashable:
    """Give what pods have in common that answer alike: their labels, and the images of their own containers."""
    known = {key: value for key, value in labels(item).items() if key != "pod-template-hash"}
    images = {(one["name"], one.get("image")) for one in item.get("spec", {}).get("containers") or ()}
    return frozenset(known.items()), frozenset(image for image in images if image[0] != PROXY)


def _app(item: Mapping[str, Any]) -> str:
    return str(labels(item).get("app") or "")


def _whose(item: Mapping[str, Any]) -> str:
    """Name the application that a pod is one of; the pod itself where nothing says."""
    return _app(item) or _uid(item)


def _uid(item: Mapping[str, Any]) -> str:
    return str(item["metadata"]["uid"])


def _since(item: Mapping[str, Any]) -> str:
    return f"{_uid(item)} {proxy_started(item)}"
