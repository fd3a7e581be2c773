"""What a rollout in steps has done so far, and what each step saw."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from wasmnb.display import Column, Table
from wasmnb.display.result import Dated, Tabled, now
from wasmnb.mesh import Verdict
from wasmnb.plugin.errors import changed
from wasmnb.plugin.identity import plugin_dict
from wasmnb.rollout.steps import label_text, share_text
from wasmnb.rollout.traffic import Seen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from wasmnb.mesh import Count, PodVerdict
    from wasmnb.plugin import Plugin

__all__ = ["OUTCOMES", "STEP_OUTCOMES", "Rollout", "Step"]

NOT_BEGUN = "not begun"
"""How people are told of a step that waits."""

STEP_OUTCOMES = ("waiting", "applying", "watching", "asking", "live", "failed")
OUTCOMES = ("under way", "live", "unchanged", "went back", "stuck")


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
        One of `STEP_OUTCOMES`; ``asking`` while the user's answer is waited for.
    verdicts : tuple of PodVerdict
        One per pod, the last that were seen.
    before, after : tuple of Count
        Counts of its pods when the new version had become LIVE, and when it had been watched.
    course : tuple of (int, int)
        Requests and errors between one look at the counts and the next, about a second each, while it was watched.
    usual : Seen
        Requests and errors in the same time under what ran there before.
    seconds : float
        What the step took.
    reason : str
        Why it failed, or why it was taken for good without requests.
    failing : tuple of str
        The first answer to a request of ours that failed while it was watched, line by line; empty without one.
    share : float or None
        Which percent of the service's requests goes to its pods; None for a step by label.
    of_all : int
        Requests that came to every pod of the service while it was watched, of a step by share.
    """

    labels: Mapping[str, str]
    pods: tuple[str, ...] = ()
    outcome: str = "waiting"
    verdicts: tuple[PodVerdict, ...] = ()
    before: tuple[Count, ...] = ()
    after: tuple[Count, ...] = ()
    course: tuple[tuple[int, int], ...] = ()
    usual: Seen = field(default_factory=Seen)
    seconds: float = 0.0
    reason: str = ""
    failing: tuple[str, ...] = ()
    share: float | None = None
    of_all: int = 0

    @property
    def selector(self) -> str:
        """Its labels, and its share, as the user writes them."""
        return label_text(self.labels) if self.share is None else share_text(self.labels, self.share)

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
            "course": [list(look) for look in self.course],
            "usual": self.usual.to_dict(),
            "seen": self.seen.to_dict(),
            "seconds": self.seconds,
            "reason": self.reason,
            "failing": list(self.failing),
            "share": self.share,
            "of_all": self.of_all,
        }


@dataclass(frozen=True)
class Rollout(Dated, Tabled):
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
        return replace(self, steps=(*self.steps[:number], changed, *self.steps[number + 1 :]), at=now())

    def changed(self, text: Callable[[str], str]) -> Rollout:
        """Give the rollout with each text of its steps and verdicts changed, such as with its secrets masked."""

        def each(verdicts: Iterable[PodVerdict]) -> tuple[PodVerdict, ...]:
            return tuple(changed(verdict, text) for verdict in verdicts)

        steps = (
            replace(
                step,
                verdicts=each(step.verdicts),
                reason=text(step.reason),
                failing=tuple(map(text, step.failing)),
            )
            for step in self.steps
        )
        return replace(self, steps=tuple(steps), verdicts=each(self.verdicts))

    @property
    def table(self) -> Table:
        """The pods of each step in rows.

        The columns are ``step`` (``Int64``), ``labels`` (``string``), ``outcome`` (``category``) of the step; ``pod``
        (``string``), ``verdict`` (``category``); ``requests`` and ``errors`` (``Int64``) while it was watched, missing
        where there is no count; ``running``, ``reason`` (``string``); and ``seconds`` (``Float64``) of the step.
        After it went back, ``verdict`` and ``running`` are those of then: what the step had made is not there any more.
        """
        now = {one.pod: one for one in self.verdicts} if self.outcome in ("went back", "stuck") else None
        rows = (row for number, step in enumerate(self.steps, 1) for row in _rows(number, step, now))
        return Table(_COLUMNS, tuple(rows))

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
            "at": self.at.isoformat(),
        }


_COLUMNS = (
    Column("step", "Int64"),
    Column("labels"),
    Column("outcome", categories=STEP_OUTCOMES),
    Column("pod"),
    Column("verdict", categories=tuple(one.value for one in Verdict)),
    Column("requests", "Int64"),
    Column("errors", "Int64"),
    Column("running"),
    Column("reason"),
    Column("seconds", "Float64"),
)


def _rows(number: int, step: Step, now: Mapping[str, PodVerdict] | None) -> list[tuple[Any, ...]]:
    verdicts = {one.pod: one for one in step.verdicts}
    counted = {one.pod for one in step.before if one.requests is not None}
    counted &= {one.pod for one in step.after if one.requests is not None}
    rows = []
    for pod in dict.fromkeys([*step.pods, *verdicts]):
        had, seen = verdicts.get(pod), Seen.between(step.before, step.after, [pod])
        verdict = had if now is None else now.get(pod)
        rows.append(
            (
                *(number, step.selector, step.outcome, pod, verdict and verdict.verdict.value),
                *((seen.requests, seen.errors) if pod in counted else (None, None)),
                *(verdict.running if verdict else "", _reason(had.reason if had else "", step.reason)),
                step.seconds,
            )
        )
    return rows


def _reason(pod: str, step: str) -> str:
    """Give the reason of a pod's verdict and that of its step, which may quote it."""
    return step if pod in step else f"{pod}; {step}" if step else pod
