"""Seeing plugins act on the pods of a local mesh: by the effect that the canary learned, or by Envoy's own trace."""

from __future__ import annotations

import threading
import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from wasmnb.envoy.admin import discoveries
from wasmnb.envoy.bootstrap import QUIET
from wasmnb.envoy.effect import Sighting, pause
from wasmnb.envoy.exchange import PLAIN, Probe, exchange_all
from wasmnb.envoy.handling import handling_of
from wasmnb.envoy.log import spoke
from wasmnb.envoy.remembered import Remembered
from wasmnb.envoy.trace import CALLBACKS, CONNECTION, CONNECTION_CALLBACKS, LOGGERS, called, marked, spoken, token
from wasmnb.mesh.local.judge import ANSWER
from wasmnb.plugin import FailPolicy
from wasmnb.plugin.verdict import Handling, PodVerdict, Proof, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from wasmnb.envoy.bootstrap import Address
    from wasmnb.envoy.effect import Effect
    from wasmnb.envoy.processes import Processes
    from wasmnb.envoy.proxy import Applied, Proxy
    from wasmnb.mesh.local.topology import Plan
    from wasmnb.traffic import Request, Response

__all__ = ["Proving", "Seen"]


_AGE = 60.0
"""Seconds that what was seen is believed; then it is looked for again."""
_AGAIN = 0.5  # seconds until what was not seen is looked for again, the first time
_MOMENT = 1.0  # seconds within which nobody asks whether a log would tell
_LOGGER, _TELLING = "wasm", {"trace", "debug", "info", "warning", "error"}
_UNSEEN = "no effect was seen on the requests that were sent, and Envoy's trace of one does not show it either"
_UNTRACED = "no effect was seen on the requests that were sent, and no request without a body calls it"
_UNHEARD = "it has not logged anything in this process, and no request meets a singleton service"
_UNKNOWN_VOICE = "what it logs cannot be told from another plugin's, which has its root id and its VM id"
_SILENT = "the requests that were sent to see it act were not answered in time"
_STEP = 0.02
_HANDLED = (Verdict.OLD, Verdict.REJECTED, Verdict.TRAPPED, Verdict.UNPROVEN)


@dataclass(frozen=True)
class Seen(Sighting):
    """How a plugin was seen to act on a pod, or why it was not.

    Parameters
    ----------
    words : str
        A line of evidence, or the reason.
    proof : Proof
        NONE: it was not seen.
    pid, written : int, int
        The process that it is about, and how often a chain had been handed to it.
    silent : bool
        No request was answered, so that nothing is known.
    times : int
        How often it was looked for in vain.
    """

    proof: Proof
    pid: int
    written: int
    silent: bool = False
    times: int = 1

    def holds(self, pid: int, written: int) -> bool:
        """Say whether it is about a process and its chain as they are, and not too old."""
        rest = pause(_AGAIN, self.times) if self.proof is Proof.NONE else _AGE
        return self.younger(rest) and (self.pid, self.written) == (pid, written)


class _Before(NamedTuple):
    """What a pod answered before a plugin came, through which others."""

    applied: Applied | None = None
    beside: tuple[Applied, ...] = ()
    answers: Mapping[Probe, Response | None] = {}


Key = tuple[str, str]
"""A pod's name, and the id of a plugin."""


class _Due(NamedTuple):
    """A plugin that is to be looked for on a pod: in which process, in which chain, and what was there before it.

    Another thread may put something else in force meanwhile: what is seen is of the chain that was there at first.
    """

    proxy: Proxy
    applied: Applied
    pid: int
    written: int
    there: Mapping[Probe, Response | None]

    @property
    def key(self) -> Key:
        return self.proxy.name, self.applied.plugin.id


class Proving:
    """Sends requests to pods to see plugins act.

    Parameters
    ----------
    parts : Plan
    processes : Processes
    """

    def __init__(self, parts: Plan, processes: Processes) -> None:
        self._plan = parts
        self._processes = processes
        self._sent = Remembered()
        self._before: dict[Key, _Before] = {}
        self._seen: dict[Key, Seen] = {}
        self._quiet: set[str] = set()
        # Which plugins were looked for on which pods by requests that may change something.
        self._spent: set[Key] = set()
        self._builds: dict[str, dict[str, Effect | None]] = {}
        self._handled: dict[Key, tuple[float, tuple[Verdict, int, int], Handling]] = {}
        # A second thread that looked at the same time would raise log levels that the first one lowers.
        self._looking = threading.Lock()

    def allow(self, plugin: str, *, requests: bool) -> None:
        """Say whether requests may be sent to see a plugin act."""
        (self._quiet.discard if requests else self._quiet.add)(plugin)

    def remember(self, app: str, request: Request) -> None:
        """Remember a request of the user's to a service: what a filter does may show on it alone."""
        self._sent.add(app, request)

    def mean(self, proxies: Iterable[Proxy], probes: Mapping[str, Sequence[Probe]]) -> None:
        """Take requests of the user's for a deployment on some pods: each of the same service gets those of all."""
        self._sent.spare()
        for app, found in _by_app(proxies, probes).items():
            self._sent.mean(app, found)

    def probes(self, proxies: Iterable[Proxy]) -> tuple[Probe, ...]:
        """Give the requests that show what a filter does on some pods."""
        return tuple(dict.fromkeys(probe for proxy in proxies for probe in self._probes(proxy)))

    def foreseen(self, proxies: Sequence[Proxy], probes: Mapping[str, Sequence[Probe]]) -> tuple[Probe, ...]:
        """Give what `probes` gives once some are meant for a deployment; none is meant yet."""
        meant = _by_app(proxies, probes)
        found: dict[Probe, None] = {}
        for proxy in proxies:
            app = proxy.labels.get("app", "")
            found |= dict.fromkeys((PLAIN, *self._sent.foreseen(app, meant.get(app))))
        return tuple(found)

    def _probes(self, proxy: Proxy) -> tuple[Probe, ...]:
        return (PLAIN, *self._sent.of(proxy.labels.get("app", "")))

    def before(self, applied: Applied, proxies: Sequence[Proxy], *, until: float) -> None:
        """See what pods answer before a plugin comes to them, so that its effect can be told from what was there.

        Parameters
        ----------
        applied : Applied
        proxies : sequence of Proxy
        until : float
            Moment (`time.monotonic`) until which a proxy that does not answer is asked again.
        """
        self._builds.setdefault(applied.plugin.id, {})[applied.plugin.image.digest] = applied.trial.on(PLAIN)
        known = {proxy: self._past(proxy, applied).applied for proxy in proxies}
        # Where the very same is put in force again, what was seen before it first came is what counts.
        proxies = [proxy for proxy, one in known.items() if one is None or one.build != applied.build]
        chosen = [] if applied.plugin.id in self._quiet or applied.singleton else proxies
        wanted = [(proxy, effect.probe) for proxy in chosen for effect in self._of(applied, proxy)]
        answers = self._send(wanted, until)
        for proxy in proxies:
            found = {probe: answer for (one, probe), answer in zip(wanted, answers, strict=True) if one is proxy}
            self._before[proxy.name, applied.plugin.id] = _Before(applied, proxy.chain.plugins, found)
            self._spent.discard((proxy.name, applied.plugin.id))

    def snapshot(self, plugin: str) -> Callable[[], None]:
        """Give what puts back what is known of a plugin on pods, should the next build not come in force.

        It is what they answered before it came, and that they were asked for it by what may change something.
        """
        before = {key: one for key, one in self._before.copy().items() if key[1] == plugin}
        spent = {key for key in self._spent.copy() if key[1] == plugin}

        def put_back() -> None:
            for key in [key for key in self._before.copy() if key[1] == plugin]:
                self._before.pop(key, None)
            self._before.update(before)
            self._spent.update(spent)

        return put_back

    def look(self, pairs: Sequence[tuple[Proxy, Applied]], *, anew: bool = False, until: float = 0.0) -> None:
        """Look for plugins that were not seen to act yet, or too long ago; a silent proxy is asked until a moment.

        Where another thread looks, its look is waited for, but not what it waits for.
        """
        while True:
            with self._looking:
                silent = self._look(pairs, anew=anew)
            if not silent or time.monotonic() > until:
                return
            pairs, anew = silent, True
            time.sleep(_STEP)

    def _look(self, pairs: Sequence[tuple[Proxy, Applied]], *, anew: bool) -> list[tuple[Proxy, Applied]]:
        """Look once; give those of a running proxy that did not answer."""
        for proxy, applied in pairs:
            if applied.singleton:
                self._by_log(proxy, applied)
        asked = [one for one in pairs if one[1].plugin.id not in self._quiet and not one[1].singleton]
        missing = [one for one in asked if self._pid(one[0]) and (anew or self._missing(*one))]
        due = [one for one in self._in_force(missing) if not self._foreseen(one)]
        left = self._by_effect(due)
        if left:
            self._by_trace(left)
        return [(one.proxy, one.applied) for one in due if self._silent(one) and self._pid(one.proxy)]

    def _in_force(self, pairs: Sequence[tuple[Proxy, Applied]]) -> list[_Due]:
        """Give those of chains that were taken over: until then, nobody knows whose doing an answer is."""
        due = [_Due(*pair, self._pid(pair[0]), pair[0].written, self._there(*pair)) for pair in pairs]
        due = [one for one in due if one.applied.same(one.proxy.chain.get(one.applied.plugin.id))]
        unknown = list(dict.fromkeys(one.proxy for one in due if one.proxy.taken != one.written))
        with discoveries([proxy.admin for proxy in unknown], timeout=ANSWER) as answers:
            found = dict(zip(unknown, answers(), strict=True))
        late = {
            proxy
            for proxy, answer in found.items()
            if isinstance(answer, OSError) or answer.version != proxy.chain.version
        }
        return [one for one in due if one.proxy not in late]

    def _silent(self, one: _Due) -> bool:
        seen = self._seen.get(one.key)
        return seen is not None and seen.silent

    def left(self, pairs: Sequence[tuple[Proxy, Applied]]) -> dict[Proxy, str]:
        """Look for what still shows of plugins that were taken away, where an effect of them had been seen.

        Returns
        -------
        dict of Proxy to str
            In a few words; empty where the pod answers as it did before the plugin came.
        """
        keys = {(proxy.name, applied.plugin.id) for proxy, applied in pairs}
        known = {key for key in keys if (seen := self._seen.get(key)) is not None and seen.proof is Proof.EFFECT}
        wanted = [
            (proxy, applied, effect)
            for proxy, applied in pairs
            if (proxy.name, applied.plugin.id) in known and applied.plugin.id not in self._quiet
            for effect in self._of(applied, proxy)
            if effect.probe in self._there(proxy, applied) and not effect.probe.changes
        ]
        answers = self._send([(proxy, effect.probe) for proxy, _, effect in wanted])
        found: dict[Proxy, str] = {}
        for (proxy, applied, effect), answer in zip(wanted, answers, strict=True):
            words = effect.left(self._there(proxy, applied)[effect.probe], answer)
            if words is not None and not found.get(proxy):
                found[proxy] = f"{effect.probe}: {words}" if words else ""
        return found

    def seen(self, proxy: Proxy, applied: Applied) -> Seen | None:
        """Give what is known of a plugin on a pod; None where it is to be looked for."""
        known = self._seen.get((proxy.name, applied.plugin.id))
        return known if known is not None and known.holds(self._pid(proxy), proxy.written) else None

    def handled(self, proxy: Proxy, applied: Applied, verdict: PodVerdict) -> PodVerdict:
        """See what happens to a request where a plugin is not live, unless that would do harm."""
        plugin, trial = applied.plugin, applied.trial
        if applied.singleton and verdict.verdict is not Verdict.HUNG:
            return replace(verdict, observed=Handling.UNFILTERED)
        harmful = plugin.fail_policy is FailPolicy.RELOAD or (trial.trapped and trial.request == str(PLAIN))
        if verdict.verdict not in _HANDLED or harmful or plugin.id in self._quiet:
            return verdict
        key, state = (proxy.name, plugin.id), (verdict.verdict, self._pid(proxy), proxy.written)
        at, then, observed = self._handled.get(key, (float("-inf"), state, Handling.UNKNOWN))
        if state == then and time.monotonic() - at < _MOMENT:
            return replace(verdict, observed=observed)
        (answer,) = self._send_once([(proxy, PLAIN)])
        if answer is not None:
            builds = self._builds.get(plugin.id, {}).copy()
            old = [effect for digest, effect in builds.items() if digest != plugin.image.digest]
            before = self._there(proxy, applied).get(PLAIN)
            effects = (effect for one in proxy.chain.plugins for effect in one.trial.effects)
            tells = not any(effect.hides for effect in effects)
            observed = handling_of(answer, trial.on(PLAIN), old, before, tells=tells)
            verdict = replace(verdict, observed=observed)
        self._handled[key] = (time.monotonic(), state, verdict.observed)
        return verdict

    def _missing(self, proxy: Proxy, applied: Applied) -> bool:
        """Say whether a plugin is to be looked for: what was seen holds while the log would tell of a crash."""
        known = self.seen(proxy, applied)
        if known is None or known.silent:
            return True
        if known.younger(_MOMENT):
            return False
        try:
            return proxy.admin.level(_LOGGER) not in _TELLING
        except OSError:
            return False

    def _foreseen(self, one: _Due) -> bool:
        """Say whether a plugin would crash on the only requests there are, which are then not sent."""
        trial = one.applied.trial
        foreseen = bool(trial.trapped) and not self._of(one.applied, one.proxy)
        if foreseen:
            self._note(one, Proof.NONE, f"{trial.note}, so no request was sent through it")
        return foreseen

    def _by_effect(self, due: Sequence[_Due]) -> list[_Due]:
        """Look for effects; give those without one, of proxies that answer."""
        wanted = [
            (one, effect)
            for one in due
            for effect in self._of(one.applied, one.proxy)
            if effect.probe in one.there
            if not effect.probe.changes or one.key not in self._spent
        ]
        self._spent |= {one.key for one in due}
        answers = self._send_once([(one.proxy, effect.probe) for one, effect in wanted])
        alone = self._alone(list(zip(wanted, answers, strict=True)))
        found: set[Key] = set()
        for (one, effect), answer in zip(wanted, answers, strict=True):
            own = effect.own(other.trial.on(effect.probe) for other in self._changed(one.proxy, one.applied))
            words = own.seen(one.there[effect.probe], answer, alone.get((one.proxy, effect.probe)))
            if words and one.key not in found:
                found.add(one.key)
                self._note(one, Proof.EFFECT, f"{effect.probe}: {words}, which was not so before it came")
        left = [one for one in due if one.key not in found]
        silent = {one.proxy for (one, _), answer in zip(wanted, answers, strict=True) if answer is None}
        for one in left:
            if one.proxy in silent:
                self._note(one, Proof.NONE, _SILENT, silent=True)
        return [one for one in left if one.proxy not in silent]

    def _alone(
        self, answered: Sequence[tuple[tuple[_Due, Effect], Response | None]]
    ) -> dict[tuple[Proxy, Probe], Response | None]:
        """Ask services past their proxies, where a pod answers otherwise than before though no filter makes it."""
        strange: dict[tuple[Proxy, Probe], tuple[Address | str, bytes]] = {}
        for (one, effect), answer in answered:
            proxy, before, service = one.proxy, one.there[effect.probe], one.proxy.site.service
            # What stands behind a gateway is no service of its own, and gRPC is not asked like this.
            if service is None or service.http2 or proxy is self._plan.gateway or effect.probe.changes:
                continue
            if answer is not None and before is not None and effect.strange(before, answer):
                strange[proxy, effect.probe] = service.endpoints[0], effect.probe.encoded(_authority(proxy))
        answers = exchange_all(list(strange.values()), timeout=ANSWER)
        return dict(zip(strange, answers, strict=True))

    def _by_log(self, proxy: Proxy, applied: Applied) -> None:
        """Look for what a singleton service said: it acts where no request meets it."""
        one = _Due(proxy, applied, self._pid(proxy), proxy.written, {})
        known = self._seen.get(one.key)
        # A process keeps the service that it started with; what it said first may have been let go of.
        seen = known.words if known is not None and known.pid == one.pid and known.proof is Proof.TRACE else ""
        others = {other.speaker for other in proxy.chain.plugins if other.plugin.id != applied.plugin.id}
        if applied.speaker in others:
            self._note(one, Proof.NONE, _UNKNOWN_VOICE)
        elif line := seen or spoke(proxy.log.all(), applied.speaker, one.pid):
            self._note(one, Proof.TRACE, line)
        else:
            self._note(one, Proof.NONE, _UNHEARD)

    def _by_trace(self, due: Sequence[_Due]) -> None:
        """Look for the calls of plugins in Envoy's own trace of one request to each pod."""
        traced = {proxy: proxy.log.size() for proxy in dict.fromkeys(one.proxy for one in due)}
        by = token()
        try:
            for proxy in traced:
                _levels(proxy, dict.fromkeys(LOGGERS, "trace"))
            self._send_once([(proxy, marked(PLAIN, by)) for proxy in traced])
        finally:
            for proxy in traced:
                _levels(proxy, {"http": QUIET, "wasm": self._plan.level})
        calls = {proxy: called(spoken(proxy.log.since(size)), by) for proxy, size in traced.items()}
        for one in due:
            # A proxy runs one filter of connections.
            name = CONNECTION if one.applied.network else one.applied.filter["name"]
            call = calls[one.proxy].get(name, "")
            if call:
                self._note(one, Proof.TRACE, f"{PLAIN}: {call}")
            else:
                self._note(one, Proof.NONE, _UNSEEN if _traceable(one.applied) else _UNTRACED)

    def _of(self, applied: Applied, proxy: Proxy) -> list[Effect]:
        # What crashes another filter is not sent through it for this one's sake; on a plain request it crashes anyway.
        others = [one.trial for any_ in self._plan.everyone for one in any_.chain.plugins if one is not applied]
        harmful = {trial.request for trial in others if trial.trapped} - {str(PLAIN)}
        own = [probe for probe in self._probes(proxy) if str(probe) not in harmful]
        return [effect for effect in applied.trial.safe if effect.probe in own]

    def _there(self, proxy: Proxy, applied: Applied) -> Mapping[Probe, Response | None]:
        """Give what a pod answered before a plugin came; nothing where that is not known, or does not tell.

        What a gateway answers is what a pod behind it answered: where that runs the plugin too, it tells nothing.
        """
        known = self._past(proxy, applied)
        gateway = proxy is self._plan.gateway
        behind = gateway and any(one.chain.get(applied.plugin.id) is not None for one in self._plan.proxies)
        same = known.applied is not None and known.applied.build == applied.build
        return known.answers if same and not behind else {}

    def _changed(self, proxy: Proxy, applied: Applied) -> list[Applied]:
        """Give the other plugins that have come to a pod since, or went: what shows may be their doing."""
        then, now = (
            [one for one in plugins if one.plugin.id != applied.plugin.id]
            for plugins in (self._past(proxy, applied).beside, proxy.chain.plugins)
        )
        came = [one for one in now if not any(one.same(other) for other in then)]
        return [*came, *(one for one in then if not any(one.same(other) for other in now))]

    def _past(self, proxy: Proxy, applied: Applied) -> _Before:
        return self._before.get((proxy.name, applied.plugin.id), _Before())

    def _send(self, wanted: Sequence[tuple[Proxy, Probe]], until: float = 0.0) -> list[Response | None]:
        """Send requests; those that a running proxy does not answer, and that change nothing, again until a moment."""
        answers = self._send_once(wanted)
        while time.monotonic() < until:
            silent = [
                at
                for at, one in enumerate(answers)
                if one is None and self._pid(wanted[at][0]) and not wanted[at][1].changes
            ]
            if not silent:
                break
            time.sleep(_STEP)
            for at, answer in zip(silent, self._send_once([wanted[at] for at in silent]), strict=True):
                answers[at] = answer
        return answers

    def _send_once(self, wanted: Sequence[tuple[Proxy, Probe]]) -> list[Response | None]:
        requests = [(proxy.site.inbound or ("", 0), probe.encoded(_authority(proxy))) for proxy, probe in wanted]
        pids = [self._pid(proxy) for proxy, _ in wanted]
        with ExitStack() as under_way:
            for proxy in dict.fromkeys(proxy for proxy, _ in wanted):
                under_way.enter_context(proxy.own.asking())
            answers = exchange_all(requests, timeout=ANSWER)
            for (proxy, _), pid, answer in zip(wanted, pids, answers, strict=True):
                if answer is not None:
                    proxy.own.add(pid, answer.status)
        return answers

    def _note(self, one: _Due, proof: Proof, words: str, *, silent: bool = False) -> None:
        known = self._seen.get(one.key)
        again = known is not None and known.proof is Proof.NONE and (known.pid, known.written) == (one.pid, one.written)
        times = known.times + 1 if known is not None and again else 1
        self._seen[one.key] = Seen(words, proof, one.pid, one.written, silent, times)

    def _pid(self, proxy: Proxy) -> int:
        state = self._processes.state(proxy.name)
        return state.pid if state else 0


def _by_app(proxies: Iterable[Proxy], probes: Mapping[str, Sequence[Probe]]) -> dict[str, dict[Probe, None]]:
    """Give requests by the service of the pods that they are for; of services without one, nothing."""
    found: dict[str, dict[Probe, None]] = {}
    for proxy in proxies:
        own = probes.get(proxy.name, ())
        if own:
            found.setdefault(proxy.labels.get("app", ""), {}).update(dict.fromkeys(own))
    return found


def _authority(proxy: Proxy) -> str:
    return f"{proxy.labels.get('app', proxy.site.workload)}:{proxy.site.port}"


def _levels(proxy: Proxy, levels: Mapping[str, str]) -> None:
    for logger, level in levels.items():
        with suppress(OSError):
            proxy.admin.post(f"/logging?{logger}={level}", timeout=ANSWER)


def _traceable(applied: Applied) -> bool:
    callbacks = CONNECTION_CALLBACKS if applied.network else CALLBACKS
    return bool({one.name for one in applied.plugin.image.module.facts.exports} & set(callbacks))
