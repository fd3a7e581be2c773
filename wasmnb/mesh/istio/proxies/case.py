"""One plugin on one pod, to be judged: what was seen, what is wanted, and what is remembered of it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from wasmnb.mesh.istio.proxies.failure_hints import diagnosis
from wasmnb.plugin.verdict import Cause, PodVerdict, Verdict

if TYPE_CHECKING:
    from wasmnb.mesh.istio.proxies.config_dump import Entry
    from wasmnb.mesh.istio.proxies.desired_state import DesiredState, Known
    from wasmnb.mesh.istio.proxies.evidence import Evidence

__all__ = ["DRAINING", "EPOCH", "PATIENCE", "SLACK", "Case"]

PATIENCE = timedelta(seconds=5)
"""How long something may be under way before its absence means something: istiod pushes within a second."""
SLACK = timedelta(milliseconds=50)
"""Two clocks of one node: the proxy's for the dump, the kubelet's for log lines."""
EPOCH = 1970
DRAINING = "connections that were open before are drained: a request on one of them meets the filters of that time"


class Case:
    """One case, of which each part of the judgement is a kind.

    Parameters
    ----------
    seen : Evidence
    wanted : DesiredState
    known : Known
        Brought up to date when the plugin is LIVE.
    """

    def __init__(self, seen: Evidence, wanted: DesiredState, known: Known) -> None:
        self.seen, self.wanted, self.known = seen, wanted, known
        self.entry: Entry | None = seen.named(wanted.names)
        self.age = seen.now - wanted.since

    def say(self, verdict: Verdict, cause: Cause, reason: str = "", *lines: str) -> PodVerdict:
        """Give a verdict; where the lines tell more about its cause, they are believed."""
        entry = self.entry
        running = entry.digest if entry is not None and verdict in (Verdict.LIVE, Verdict.OLD) else ""
        quoted = (entry.line,) if entry is not None else ()
        why = diagnosis(lines) if verdict not in (Verdict.LIVE, Verdict.TRAPPED) else None
        if why is not None:
            cause, reason = why.cause, f"{reason}: {why.words}"
        missing = self.seen.missing if verdict is Verdict.UNPROVEN else ()
        return PodVerdict(
            self.seen.name,
            self.wanted.plugin,
            verdict,
            self.wanted.digest,
            running,
            reason,
            (*quoted, *lines, *missing),
            self.seen.at,
            cause,
        )

    @property
    def stale(self) -> bool:
        """Whether what the proxy has is what it had before the plugin was put in force, and a moment may mend that."""
        entry = self.entry
        return entry is not None and (entry.version, entry.updated) == self.known.before and self.age < PATIENCE

    @property
    def only_one(self) -> bool:
        """Whether an acknowledgement, which is for all discovered filters together, is for this one alone."""
        return len(self.seen.entries or ()) == 1

    def is_wanted(self, entry: Entry) -> bool:
        """Say whether what arrived is what is wanted."""
        return entry.digest == self.wanted.digest and entry.carries(
            self.wanted.config, self.wanted.env, self.wanted.machine
        )
