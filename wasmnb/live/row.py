"""One pod as a dashboard shows it: what `Pod`, `PodVerdict` and `Count` say of it, in one line."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from wasmnb.mesh import Verdict

if TYPE_CHECKING:
    from wasmnb.live.messages import PluginMessage, PodMessage, RateMessage

__all__ = ["PluginState", "Rate", "Row"]

_STILL = ("Running", "Completed", "Succeeded")


@dataclass(frozen=True)
class PluginState:
    """What is known of one plugin on the pod; ``verdict`` is one of `wasmnb.Verdict`, ``line`` of a `PodVerdict`."""

    id: str
    verdict: str
    running: str = ""
    wanted: str = ""
    reason: str = ""
    evidence: tuple[str, ...] = ()
    line: int = 0

    @property
    def digest(self) -> str:
        """The digest that runs; the one that is wanted while nothing does."""
        return self.running or self.wanted

    def message(self) -> PluginMessage:
        """Give the plugin as a front end reads it."""
        return {"id": self.id, "verdict": self.verdict, "digest": self.digest, "reason": _why(self)}

    def doubted(self, why: str) -> PluginState:
        """Give the same without what can no longer be said of it."""
        return replace(self, verdict=Verdict.UNPROVEN.value, reason=f"was {self.verdict}; {why}", evidence=(), line=0)


@dataclass(frozen=True)
class Rate:
    """Requests per second through the proxy, and the share of them with a 5xx; None where ``reason`` says why not."""

    requests: float | None = None
    errors: float | None = None
    reason: str = ""

    def message(self) -> RateMessage:
        """Give the rate as a front end reads it."""
        return {"requests": self.requests, "errors": self.errors, "reason": self.reason}


@dataclass(frozen=True)
class Row:
    """A pod.

    Parameters
    ----------
    started : float or None
        Seconds since the epoch; None for a proxy that is listed nowhere, such as a gateway with a plugin.
    plugins : tuple of PluginState
        Those that select the pod, by id.
    rate : Rate
    """

    name: str
    workload: str
    ready: str
    status: str
    restarts: int
    started: float | None
    reason: str
    plugins: tuple[PluginState, ...] = ()
    rate: Rate = Rate()

    @property
    def is_ready(self) -> bool:
        """Whether all its containers are ready; of a proxy that is listed nowhere, nobody knows."""
        done, _, wanted = self.ready.partition("/")
        return done == wanted != ""

    @property
    def problem(self) -> bool:
        """Whether somebody should look: it is not ready, or a plugin on it is not LIVE."""
        if self.ready and not (self.is_ready and self.status in _STILL):
            return True
        return any(plugin.verdict != Verdict.LIVE.value for plugin in self.plugins)

    def message(self) -> PodMessage:
        """Give the pod as a front end reads it."""
        return {
            "name": self.name,
            "workload": self.workload,
            "ready": self.ready,
            "is_ready": self.is_ready,
            "status": self.status,
            "restarts": self.restarts,
            "started": self.started,
            "reason": self.reason,
            "plugins": [one.message() for one in self.plugins],
            "rate": self.rate.message(),
            "problem": self.problem,
        }


def _why(plugin: PluginState) -> str:
    """Give the reason, and the first line of the evidence for what is not LIVE."""
    quoted = plugin.evidence[:1] if plugin.verdict != Verdict.LIVE.value else ()
    lines = [plugin.reason, *(line for line in quoted if line not in plugin.reason)]
    return " | ".join(line for line in lines if line)
