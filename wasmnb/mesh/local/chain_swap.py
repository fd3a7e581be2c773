"""Handing new chains to several proxies: all of them take theirs, or all keep what they had."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from wasmnb.envoy.admin import discoveries
from wasmnb.envoy.log import reasons, refusal_cause
from wasmnb.envoy.patience import Patience
from wasmnb.plugin import FailPolicy
from wasmnb.plugin.verdict import Cause, PodVerdict, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from wasmnb.envoy.admin import Discovery
    from wasmnb.envoy.processes import Processes
    from wasmnb.envoy.proxy import Applied, Chain, Proxy

__all__ = ["Problem", "refusal", "roll"]

_STEP = 0.0007
# Seconds for one look: while a proxy that is busy is waited for, others may ask it too.
_LOOK = 0.25
_BACK = 3.0


@dataclass(frozen=True)
class Problem:
    """Why a proxy did not take its chain: refused by Envoy (``refused``), or not within the time."""

    refused: bool
    lines: tuple[str, ...]


def roll(chains: Mapping[Proxy, Chain], processes: Processes, *, wait: float) -> dict[Proxy, Problem]:
    """Hand out chains and wait until each proxy has accepted its own.

    Parameters
    ----------
    chains : mapping of Proxy to Chain
    processes : Processes
    wait : float
        Seconds for all of them together, in which they had a processor.

    Returns
    -------
    dict
        Empty when all took it. Else what went wrong, and every proxy has been given back what it had.
    """
    former = {proxy: proxy.chain for proxy in chains}
    try:
        problems = _hand_out(chains, processes, wait)
    except BaseException:
        for proxy, chain in former.items():
            if proxy.write(chain):
                processes.restart(proxy.name)
        raise
    if problems:
        # What an Envoy accepted before is accepted under its old version again.
        _hand_out(former, processes, _BACK)
        return problems
    for proxy in chains:
        _note_reloads(proxy, processes)
    return {}


def _hand_out(chains: Mapping[Proxy, Chain], processes: Processes, wait: float) -> dict[Proxy, Problem]:
    refused = _refused(list(chains))
    pids = {proxy: _pid(proxy, processes) for proxy in chains}
    begin = {proxy: proxy.log.size() for proxy in chains}
    anew = _write(chains, processes)
    patience = {proxy: Patience(pid, wait) for proxy, pid in pids.items()}
    pending = list(chains)
    problems: dict[Proxy, Problem] = {}
    while pending and not problems:
        for proxy in list(pending):
            found = _look(proxy)
            current = proxy not in anew or _pid(proxy, processes) != pids[proxy]
            if _pid(proxy, processes) != pids[proxy]:
                # It was started again, and counts from zero.
                refused[proxy] = 0
            if found and current and found.version == chains[proxy].version:
                pending.remove(proxy)
            elif (found and found.rejected > refused[proxy]) or _ends(proxy, anew, processes):
                problems[proxy] = Problem(True, tuple(reasons(proxy.log.since(begin[proxy]))))
        if pending and max(patience[proxy].left() for proxy in pending) <= 0:
            late = Problem(False, (f"not accepted within {wait:.0f} s",))
            problems.update(dict.fromkeys((proxy for proxy in pending if proxy not in problems), late))
        elif pending and not problems:
            time.sleep(_STEP)
    return problems


def _write(chains: Mapping[Proxy, Chain], processes: Processes) -> dict[Proxy, int]:
    """Hand each proxy its chain; give how often each of those has been started by then that must be started anew."""
    anew: dict[Proxy, int] = {}
    for proxy, chain in chains.items():
        starts, state = proxy.write(chain), processes.state(proxy.name)
        if starts and state is not None:
            anew[proxy] = state.restarts + 1
            proxy.asked_restarts += 1
        if starts or (state is not None and not state.pid):
            # What it crashed on may be what it is rid of now: it need not wait any longer.
            processes.restart(proxy.name)
    return anew


def _look(proxy: Proxy) -> Discovery | None:
    try:
        return proxy.admin.discovery(timeout=_LOOK)
    except OSError:
        return None


def _ends(proxy: Proxy, anew: Mapping[Proxy, int], processes: Processes) -> bool:
    """Say whether a proxy that was started with another service ended by itself since."""
    state = processes.state(proxy.name)
    return proxy in anew and state is not None and state.restarts > anew[proxy]


def _pid(proxy: Proxy, processes: Processes) -> int:
    state = processes.state(proxy.name)
    return state.pid if state else 0


def _refused(proxies: Sequence[Proxy]) -> dict[Proxy, int]:
    with discoveries([proxy.admin for proxy in proxies], timeout=_BACK) as answers:
        found = zip(proxies, answers(), strict=True)
        return {proxy: 0 if isinstance(answer, OSError) else answer.rejected for proxy, answer in found}


def _note_reloads(proxy: Proxy, processes: Processes) -> None:
    """Remember how often VMs had been loaded again before the chain, whose traps are counted from now on."""
    if not any(one.plugin.fail_policy is FailPolicy.RELOAD for one in proxy.chain.plugins):
        return
    state = processes.state(proxy.name)
    try:
        counts = proxy.admin.reloads()
    except OSError:
        return
    proxy.reloads = {name: (state.pid if state else 0, count) for name, count in counts.items()}


def refusal(proxy: Proxy, applied: Applied, problems: Mapping[Proxy, Problem]) -> PodVerdict:
    """Say how a plugin fared on one of the pods that were to get it together, when not all of them took it."""
    plugin, problem = applied.plugin, problems.get(proxy)
    had = proxy.chain.get(plugin.id)
    running = had.plugin.image.digest if had else ""
    if problem is None:
        verdict, cause = Verdict.OLD, Cause.GIVEN_BACK
        reason = "given back what it had, because another pod did not take the new one"
    elif problem.refused:
        verdict, cause = Verdict.REJECTED, refusal_cause(problem.lines)
        reason = problem.lines[-1] if problem.lines else "Envoy refused it"
    else:
        verdict, cause, reason = Verdict.UNPROVEN, Cause.NOT_ACCEPTED, problem.lines[-1]
    lines = problem.lines if problem else ()
    at = datetime.now(timezone.utc)
    return PodVerdict(proxy.name, plugin.id, verdict, plugin.image.digest, running, reason, lines, at, cause)
