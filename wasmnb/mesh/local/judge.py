"""What is true of each plugin on each pod: evidence first, then the verdict, and UNPROVEN when in doubt."""

from __future__ import annotations

import re
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from wasmnb.envoy.admin import Discovery, ask_all, discoveries
from wasmnb.envoy.log import Trap, crash_request, reasons, refusal_cause, traps
from wasmnb.envoy.proxy import Applied, Chain, Proxy
from wasmnb.envoy.traps import could_trap, crash_line, summary, told
from wasmnb.mesh.local.plugin_scope import meaningless, unselected
from wasmnb.plugin import FailPolicy
from wasmnb.plugin.verdict import Cause, PodVerdict, Proof, Verdict

if TYPE_CHECKING:
    from wasmnb.envoy.processes import Processes, State
    from wasmnb.mesh.local.proving import Seen

__all__ = ["ANSWER", "Ending", "Evidence", "ending", "gather", "judge", "keep_crashes", "not_selected", "removal"]

# Envoy 1.40, abort_action.cc
_WATCHDOG = re.compile(r"\[[^\]]*\]\[\d+\]\[\w+\]\[(?!wasm\])\w+\] .*Watchdog AbortAction")

ANSWER = 1.0
"""Seconds within which a worker that does not hang answers, even on a busy machine."""

_AFTERWARDS = {
    FailPolicy.CLOSE: "every request gets 503 until it is deployed again",
    FailPolicy.OPEN: "requests pass without it",
    FailPolicy.RELOAD: "requests get 503 until it has been loaded again",
}

_SINGLETON_AFTERWARDS = "it does nothing until it is deployed again; requests do not meet it"
_STARTED_ANEW = "another deployment started it anew, and such a request crashes it again"

_Say = Callable[..., PodVerdict]


@dataclass(frozen=True)
class Evidence:
    """What was seen of one proxy, at one moment.

    Parameters
    ----------
    state : State or None
        Its process.
    discovery : Discovery or None
        The chain it accepted; None when its admin interface does not answer.
    silence : str
        Why its worker does not answer; empty when it does.
    lines : tuple of str
        What it logged since its present chain took over.
    reloads : mapping of str to int
        How often each plugin's VM was loaded again since the proxy started.
    """

    proxy: Proxy
    state: State | None
    discovery: Discovery | None
    silence: str
    lines: tuple[str, ...]
    reloads: Mapping[str, int]
    at: datetime


def gather(proxies: Sequence[Proxy], processes: Processes) -> list[Evidence]:
    """Look at proxies, at all of their workers at the same time, and at all of their main threads."""
    busy = [proxy for proxy in proxies if proxy.compiles_ahead]
    known = {proxy: one for proxy in busy if (one := _accepted(proxy, processes)) is not None}
    asked = [proxy for proxy in proxies if proxy not in known]
    with discoveries([proxy.admin for proxy in asked], timeout=ANSWER) as answers:
        silences = ask_all([proxy.health for proxy in proxies], timeout=ANSWER)
        accepted: dict[Proxy, Discovery | OSError] = {**known, **dict(zip(asked, answers(), strict=True))}
    found = []
    for proxy, unanswered in zip(proxies, silences, strict=True):
        discovery, reloads, silence, answer = None, {}, unanswered, accepted[proxy]
        try:
            if isinstance(answer, OSError) and proxy not in busy:
                raise answer
            discovery = _once_loaded(proxy) if isinstance(answer, OSError) else answer
            if any(one.plugin.fail_policy is FailPolicy.RELOAD for one in proxy.chain.plugins):
                reloads = proxy.admin.reloads()
        except OSError as error:
            silence = silence or f"admin: {error}"
        state, lines = processes.state(proxy.name), tuple(proxy.log.present())
        found.append(Evidence(proxy, state, discovery, silence, lines, reloads, datetime.now(timezone.utc)))
    return found


def _accepted(proxy: Proxy, processes: Processes) -> Discovery | None:
    """Give what a proxy that compiles ahead has accepted, where that needs no asking: it accepts nothing meanwhile."""
    state, known = processes.state(proxy.name), proxy.accepted
    counted = any(one.plugin.fail_policy is FailPolicy.RELOAD for one in proxy.chain.plugins)
    if known is None or state is None or counted:
        return None
    pid, written, discovery = known
    there = (state.pid, proxy.written, proxy.chain.version)
    return discovery if there == (pid, written, discovery.version) else None


def _once_loaded(proxy: Proxy) -> Discovery:
    """Ask a proxy anew that was compiling what it loads ahead; whoever has it do so ends that after a time."""
    while True:
        last = not proxy.compiles_ahead
        try:
            return proxy.admin.discovery(timeout=ANSWER)
        except OSError:
            if last:
                raise


def not_selected(proxy: Proxy, applied: Applied, *, unreached: bool = False) -> PodVerdict:
    """Say that a plugin is not for a pod, or (``unreached``) that a rollout in steps has not come to it yet."""
    cause, reason = unselected(applied.plugin, proxy)
    if unreached:
        cause = Cause.NOT_REACHED
        reason = "a rollout in steps has not come to this pod, which runs nothing of the plugin"
    return _verdict(proxy, applied, Verdict.NOT_SELECTED, "", reason, cause=cause, at=datetime.now(timezone.utc))


def removal(evidence: Evidence, applied: Applied, effect: str | None) -> PodVerdict:
    """Judge whether a plugin that was taken away is gone from a pod.

    Parameters
    ----------
    evidence : Evidence
    applied : Applied
        As it was there.
    effect : str or None
        What of its effect still shows, nothing when empty; None where no effect of it had been seen.
    """
    found = evidence.discovery
    running = Chain.running(found.version, applied.plugin.id) if found is not None else ""
    verdict, cause, reason, proof = Verdict.GONE, Cause.NONE, "", Proof.CONFIG
    if found is None:
        verdict, cause, proof = Verdict.UNPROVEN, Cause.PROXY_SILENT, Proof.NONE
        reason = f"whether it still runs is not known: the proxy does not answer: {evidence.silence}"
    elif running:
        verdict, cause, proof = Verdict.UNPROVEN, Cause.STILL_IN_FORCE, Proof.NONE
        reason = "the proxy has not taken over the chain without it"
    elif effect:
        reason = f"another filter has the same effect: {effect}"
    elif effect is not None:
        proof = Proof.EFFECT
    lines = (found.line,) if found is not None else ()
    made = _verdict(evidence.proxy, applied, verdict, running, reason, cause=cause, evidence=lines, at=evidence.at)
    return replace(made, wanted="", proof=proof)


def judge(evidence: Evidence, applied: Applied, seen: Seen | None = None) -> PodVerdict:  # noqa: PLR0911 - one for each thing that can be
    """Judge one plugin on one pod that it selects.

    Parameters
    ----------
    evidence : Evidence
    applied : Applied
    seen : Seen, optional
        How it was seen to act there, or that it was not; None where nobody looked.
    """
    proxy, id_ = evidence.proxy, applied.plugin.id
    version = evidence.discovery.version if evidence.discovery else ""
    running = Chain.running(version, id_)
    quoted = (evidence.discovery.line,) if evidence.discovery and version else ()

    def say(verdict: Verdict, cause: Cause, reason: str, *lines: str) -> PodVerdict:
        known = (*quoted, *lines)
        return _verdict(proxy, applied, verdict, running, reason, cause=cause, evidence=known, at=evidence.at)

    if evidence.state is None or not evidence.state.pid:
        return say(*_down(evidence))
    if evidence.discovery is None or not version:
        return _unaccepted(evidence, say)
    if version != proxy.chain.version:
        if evidence.discovery.rejected:
            return _rejected(proxy.log.all(), say)
        if running and running != applied.plugin.image.digest:
            return say(Verdict.OLD, Cause.OTHER_DIGEST, "the proxy still runs an earlier image")
        return say(Verdict.WARMING, Cause.NOT_YET, "the proxy has not taken it over yet")
    if not applied.same(proxy.chain.get(id_)):
        # Some pods of a deployment take longer than others, and until the last one has it, it is not in force.
        return say(Verdict.WARMING, Cause.NOT_YET, "it is being replaced or taken away")
    if running != applied.plugin.image.digest:
        return say(Verdict.UNPROVEN, Cause.IMAGE_UNNAMED, "what the proxy accepted does not name this image")
    if evidence.silence:
        words = f"the proxy's worker does not answer: {evidence.silence}"
        # A proxy here has one worker.
        return replace(say(Verdict.HUNG, Cause.WORKER_HUNG, words), hanging=(1, 1))
    # What the worker logged during the handover may be of the chain before. What does not act is what crashed.
    unseen = seen is not None and seen.proof is Proof.NONE
    lines = (*proxy.log.handover(), *evidence.lines) if unseen else evidence.lines
    return _trapped(evidence, applied, lines, say) or _loaded(evidence, applied, seen, say)


def _loaded(evidence: Evidence, applied: Applied, seen: Seen | None, say: _Say) -> PodVerdict:
    """Judge what the proxy says it runs: LIVE where it was seen to act."""
    remark = _remark(evidence, applied)
    if seen is not None and seen.proof is not Proof.NONE:
        return replace(say(Verdict.LIVE, Cause.NONE, remark, seen.line), proof=seen.proof)
    cause = Cause.UNASKED if seen is None else Cause.CRASH_FORESEEN if applied.trial.trapped else Cause.UNSEEN
    words = seen.words if seen is not None else "no request was sent to see it act"
    reason = "; ".join(filter(None, [words, remark]))
    return replace(say(Verdict.LOADED, cause, reason), proof=Proof.CONFIG)


def _down(evidence: Evidence) -> tuple[Verdict, Cause, str]:
    end = ending(evidence.proxy, evidence.state)
    words = "the proxy is being restarted" + (f": {end.words}" if end.words else "")
    if end.hung:
        return Verdict.HUNG, Cause.WORKER_HUNG, words
    return Verdict.WARMING, Cause.PROXY_RESTARTING, words


def _rejected(lines: Sequence[str], say: _Say) -> PodVerdict:
    words = reasons(lines)[-4:]
    return say(Verdict.REJECTED, refusal_cause(words), words[-1] if words else "Envoy refused it", *words)


def _unaccepted(evidence: Evidence, say: _Say) -> PodVerdict:
    if evidence.discovery is not None and evidence.discovery.rejected:
        return _rejected(evidence.lines, say)
    state = evidence.state
    if state is not None and (evidence.at - state.started).total_seconds() < ANSWER:
        return say(Verdict.WARMING, Cause.PROXY_STARTING, "the proxy is starting")
    if evidence.silence:
        return say(Verdict.HUNG, Cause.PROXY_SILENT, f"the proxy does not answer: {evidence.silence}")
    return say(Verdict.WARMING, Cause.PROXY_STARTING, "the proxy is starting")


def _trapped(evidence: Evidence, applied: Applied, lines: Sequence[str], say: _Say) -> PodVerdict | None:
    """Give the verdict when a trap since the chain took over is, or may be, the plugin's."""
    mine: list[Trap] = []
    id_, module = applied.plugin.id, applied.plugin.image.module
    kept, trap_before = evidence.proxy.crashes.get(id_, (None, None))
    earlier = [trap_before] if trap_before is not None and kept == applied else []
    for trap, names in _crashes([*earlier, *traps(lines)], evidence.proxy.chain):
        if names == [id_]:
            mine.append(trap)
        elif id_ in names:
            reason = f"a VM crashed in {trap.function}; the log does not say whose: {', '.join(names)}"
            return say(Verdict.UNPROVEN, Cause.CRASH_UNASSIGNED, reason, *told(module, trap, id_))
    if not mine:
        return None
    policy = applied.plugin.fail_policy
    if policy is FailPolicy.RELOAD and _reloaded(evidence, applied) >= len(mine):
        return None
    afterwards = _AFTERWARDS[policy] if mine != earlier else _STARTED_ANEW
    if applied.singleton:
        afterwards = _SINGLETON_AFTERWARDS
    reason = f"its VM crashed in {mine[-1].function}: {summary(module, mine[-1], id_)}; {afterwards}"
    found = say(Verdict.TRAPPED, Cause.VM_CRASHED, reason, *told(module, mine[-1], id_))
    return replace(found, line=crash_line(module, mine[-1], id_))


def _crashes(found: Sequence[Trap], chain: Chain) -> Iterator[tuple[Trap, list[str]]]:
    """Give each crash with the plugins whose it may be."""
    for trap in found:
        candidates = [one for one in chain.plugins if could_trap(one.plugin.image.module, trap)] or chain.plugins
        yield trap, [one.plugin.id for one in candidates]


def keep_crashes(proxy: Proxy, chain: Chain) -> None:
    """Remember which plugins crashed before a proxy gets another chain, which starts their VMs anew.

    What loads its VM again by itself is well again, and what is not in the new chain as it was is another matter.
    """
    found = {name: trap for trap, names in _crashes(traps(proxy.log.present()), proxy.chain) for name in names}
    for applied in proxy.chain.plugins:
        if applied.plugin.id in found and applied.plugin.fail_policy is not FailPolicy.RELOAD:
            proxy.crashes[applied.plugin.id] = (applied, found[applied.plugin.id])
    proxy.crashes = {name: one for name, one in proxy.crashes.items() if chain.get(name) == one[0]}


def _reloaded(evidence: Evidence, applied: Applied) -> int:
    pid = evidence.state.pid if evidence.state else 0
    since, base = evidence.proxy.reloads.get(applied.plugin.id, (0, 0))
    return evidence.reloads.get(applied.plugin.id, 0) - (base if since == pid else 0)


def _remark(evidence: Evidence, applied: Applied) -> str:
    remarks = []
    asked = evidence.proxy.asked_restarts
    if evidence.state is not None and evidence.state.restarts > asked:
        count = evidence.state.restarts - asked
        why = ending(evidence.proxy, evidence.state).words
        times = "once" if count == 1 else f"{count} times"
        remarks.append(f"its proxy was restarted {times}" + (f": {why}" if why else ""))
    if applied.plugin.fail_policy is FailPolicy.RELOAD:
        count = len([trap for trap in traps(evidence.lines) if could_trap(applied.plugin.image.module, trap)])
        if count:
            remarks.append(f"its VM crashed and was loaded again ({count}x)")
    if not applied.trial.trapped and applied.trial.refused:
        remarks.append(f"the canary saw that {applied.trial.misnamed}")
    return "; ".join(filter(None, [*remarks, meaningless(applied.plugin, evidence.proxy)]))


@dataclass(frozen=True)
class Ending:
    """How a proxy ended the last time: whether its watchdog ended it, and in a few words; none when not known."""

    words: str = ""
    hung: bool = False


def ending(proxy: Proxy, state: State | None) -> Ending:
    """Say how a proxy ended the last time."""
    if state is None or state.code is None:
        return Ending()
    lines = proxy.log.all()
    if state.code == -signal.SIGABRT and any(_WATCHDOG.match(line) for line in lines):
        request = crash_request(lines)
        return Ending(f"it hung on `{request}`" if request else "it hung", hung=True)
    if state.code < 0:
        return Ending(f"it was ended by {signal.Signals(-state.code).name}")
    return Ending(f"it ended with code {state.code}")


def _verdict(
    proxy: Proxy,
    applied: Applied,
    verdict: Verdict,
    running: str,
    reason: str,
    *,
    cause: Cause,
    evidence: tuple[str, ...] = (),
    at: datetime,
) -> PodVerdict:
    plugin = applied.plugin
    return PodVerdict(proxy.name, plugin.id, verdict, plugin.image.digest, running, reason, evidence, at, cause)
