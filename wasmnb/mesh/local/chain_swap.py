"""Handing new chains to several proxies: all of them take theirs, or all keep what they had."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from wasmnb.envoy.admin import ask_all, discoveries
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


_TAKEN = Problem(False, ())


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
    pending = {proxy: _Handover(proxy, processes, refused[proxy], wait) for proxy in chains}
    for proxy, chain in chains.items():
        pending[proxy].hand(chain)
    problems: dict[Proxy, Problem] = {}
    while pending and not problems:
        for proxy, handover in list(pending.items()):
            found = handover.look()
            if found is _TAKEN:
                del pending[proxy]
            elif found is not None:
                problems[proxy] = found
        if pending and max(handover.patience.left() for handover in pending.values()) <= 0:
            late = Problem(False, (f"not accepted within {wait:.0f} s",))
            problems.update(dict.fromkeys((proxy for proxy in pending if proxy not in problems), late))
        elif pending and not problems:
            time.sleep(_STEP)
    return problems


class _Handover:
    """One proxy while it takes over a chain; one that must be started anew does so with its next process.

    Parameters
    ----------
    proxy : Proxy
    processes : Processes
    refused : int
        How many chains its process has refused so far.
    wait : float
        Seconds, in which it had a processor.
    """

    def __init__(self, proxy: Proxy, processes: Processes, refused: int, wait: float) -> None:
        self.proxy = proxy
        self.processes = processes
        self.refused = refused
        self.wait = wait
        self.begin = proxy.log.size()
        self.pid = _pid(proxy, processes)
        self.patience = Patience(self.pid, wait)
        # How often it has been started once it runs anew; None where its process need not be another.
        self.start: int | None = None

    def hand(self, chain: Chain) -> None:
        """Give it the chain, and start it anew where it must be."""
        starts, state = self.proxy.write(chain), self.processes.state(self.proxy.name)
        if starts and state is not None:
            self.start = state.restarts + 1
            self.proxy.asked_restarts += 1
        if starts or (state is not None and not state.pid):
            # What it crashed on may be what it is rid of now: it need not wait any longer.
            self.processes.restart(self.proxy.name)

    def look(self) -> Problem | None:
        """Give `_TAKEN` when it has taken over the chain, a problem when it will not, None when neither is known."""
        # Before it is asked: what answers then is this process, or one behind it.
        state = self.processes.state(self.proxy.name)
        if state is not None and state.pid != self.pid:
            # It was started again, and counts from zero.
            self.refused, self.pid = 0, state.pid
            if self.start is not None:
                # Once: a second start is an end.
                self.patience = Patience(state.pid, self.wait)
        ready = self.start is None or (state is not None and state.pid != 0 and state.restarts >= self.start)
        found = _look(self.proxy)
        if found and ready and found.version == self.proxy.chain.version and self._serves():
            self.proxy.taken = self.proxy.written
            return _TAKEN
        ended = self.start is not None and state is not None and state.restarts > self.start
        if ended or (found and found.rejected > self.refused):
            return Problem(True, tuple(reasons(self.proxy.log.since(self.begin))))
        return None

    def _serves(self) -> bool:
        """Say whether a proxy that was started anew answers requests; the others never stopped."""
        return self.start is None or not any(ask_all([self.proxy.health], timeout=_LOOK))


def _look(proxy: Proxy) -> Discovery | None:
    try:
        return proxy.admin.discovery(timeout=_LOOK)
    except OSError:
        return None


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
