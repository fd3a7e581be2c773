"""What a deployment did; what a rollout in steps has done so far, and what each step saw."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from wasmnb.plugin.identity import plugin_dict
from wasmnb.rollout.steps import label_text
from wasmnb.rollout.traffic import Seen

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from wasmnb.mesh import Count, PodVerdict
    from wasmnb.plugin import Plugin

__all__ = ["OUTCOMES", "STEP_OUTCOMES", "Deployment", "Rollout", "Step"]

STEP_OUTCOMES = ("waiting", "applying", "watching", "live", "failed")
OUTCOMES = ("under way", "live", "unchanged", "went back", "stuck")


@dataclass(frozen=True)
class Deployment:
    """A plugin that is in force, as it was asked for.

    Parameters
    ----------
    plugin : Plugin
    verdicts : tuple of PodVerdict
        One per selected pod, all LIVE.
    unchanged : bool
        The very same was live already; nothing was done.
    stages : tuple of (str, float)
        Seconds per stage.
    notes : tuple of str
        What the user should know of where the image came from.
    """

    plugin: Plugin = field(repr=False)
    verdicts: tuple[PodVerdict, ...]
    unchanged: bool
    stages: tuple[tuple[str, float], ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """``sha256:...`` of the image that is in force."""
        return self.plugin.image.digest

    @property
    def seconds(self) -> float:
        """From the module to LIVE on every selected pod."""
        return sum(seconds for _, seconds in self.stages)

    def to_dict(self) -> dict[str, Any]:
        """Give plain JSON values."""
        return {
            "plugin": plugin_dict(self.plugin),
            "verdicts": [verdict.to_dict() for verdict in self.verdicts],
            "unchanged": self.unchanged,
            "stages": dict(self.stages),
            "seconds": self.seconds,
            "notes": list(self.notes),
        }


@dataclass(frozen=True)
class Step:
    """One step of a rollout.

    Parameters
    ----------
    labels : mapping of str to str
        What its pods carry, beside the plugin's selector.
    pods : tuple of str
        As they were when the step was looked at last.
    outcome : str
        One of `STEP_OUTCOMES`.
    verdicts : tuple of PodVerdict
        One per pod, the last that were seen.
    before, after : tuple of Count
        Counts of its pods when the new version had become LIVE, and when it had been watched.
    usual : Seen
        Requests and errors in the same time under what ran there before.
    seconds : float
        What the step took.
    reason : str
        Why it failed, or why it was taken for good without requests.
    """

    labels: Mapping[str, str]
    pods: tuple[str, ...] = ()
    outcome: str = "waiting"
    verdicts: tuple[PodVerdict, ...] = ()
    before: tuple[Count, ...] = ()
    after: tuple[Count, ...] = ()
    usual: Seen = field(default_factory=Seen)
    seconds: float = 0.0
    reason: str = ""

    @property
    def selector(self) -> str:
        """Its labels as the user writes them."""
        return label_text(self.labels)

    @property
    def seen(self) -> Seen:
        """Requests and errors while it was watched."""
        return Seen.between(self.before, self.after, self.pods)

    def to_dict(self) -> dict[str, Any]:
        """Give plain JSON values."""
        return {
            "labels": dict(self.labels),
            "pods": list(self.pods),
            "outcome": self.outcome,
            "verdicts": [verdict.to_dict() for verdict in self.verdicts],
            "before": [count.to_dict() for count in self.before],
            "after": [count.to_dict() for count in self.after],
            "usual": self.usual.to_dict(),
            "seen": self.seen.to_dict(),
            "seconds": self.seconds,
            "reason": self.reason,
        }


@dataclass(frozen=True)
class Rollout:
    """A plugin on its way from step to step.

    Parameters
    ----------
    plugin : Plugin
    former : Plugin or None
        What every pod goes back to when a step fails; None when nothing was in force.
    steps : tuple of Step
    outcome : str
        One of `OUTCOMES`; ``stuck`` when going back failed too.
    verdicts : tuple of PodVerdict
        At the end, one per selected pod.
    stages : tuple of (str, float)
        Seconds per stage before the first step.
    seconds : float
        What all the steps took.
    notes : tuple of str
        What the user should know of where the image came from.
    """

    plugin: Plugin = field(repr=False)
    former: Plugin | None = field(repr=False)
    steps: tuple[Step, ...]
    outcome: str = "under way"
    verdicts: tuple[PodVerdict, ...] = ()
    stages: tuple[tuple[str, float], ...] = ()
    seconds: float = 0.0
    notes: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """``sha256:...`` of the image that is rolled out."""
        return self.plugin.image.digest

    def with_step(self, number: int, **changes: Any) -> Rollout:
        """Give the same rollout with one step (from 0) as it is now."""
        changed = replace(self.steps[number], **changes)
        return replace(self, steps=(*self.steps[:number], changed, *self.steps[number + 1 :]))

    def shown(
        self,
        verdicts: Callable[[Sequence[PodVerdict]], tuple[PodVerdict, ...]],
        words: Callable[[str], str],
    ) -> Rollout:
        """Give the rollout with its verdicts and reasons as these two, which mask secrets, give them."""
        steps = tuple(replace(step, verdicts=verdicts(step.verdicts), reason=words(step.reason)) for step in self.steps)
        return replace(self, steps=steps, verdicts=verdicts(self.verdicts))

    def to_dict(self) -> dict[str, Any]:
        """Give plain JSON values."""
        return {
            "plugin": plugin_dict(self.plugin),
            "former": self.former and plugin_dict(self.former),
            "steps": [step.to_dict() for step in self.steps],
            "outcome": self.outcome,
            "verdicts": [verdict.to_dict() for verdict in self.verdicts],
            "stages": dict(self.stages),
            "seconds": self.seconds,
            "notes": list(self.notes),
        }
