"""The record of a rollout in steps: which pods of which step became live, and what was seen of their traffic."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wasmnb.display.record import Cell, Column, Record, Tone
from wasmnb.display.text import duration, short_digest
from wasmnb.views.mesh import verdict_cell

if TYPE_CHECKING:
    from wasmnb.session import Rollout, Step

__all__ = ["rollout_record"]

_STEPS: dict[str, tuple[str, Tone]] = {
    "waiting": ("·", "quiet"),
    "applying": ("…", "quiet"),
    "watching": ("…", "quiet"),
    "live": ("✓", "good"),
    "failed": ("✗", "bad"),
}
_TONES: dict[str, Tone] = {
    "live": "good",
    "unchanged": "good",
    "under way": "quiet",
    "went back": "bad",
    "stuck": "bad",
}


def rollout_record(done: Rollout, *, stage: str = "", seconds: float | None = None) -> Record:
    """Show a rollout, also one that is under way or has failed.

    The frame has one row per pod: ``step`` (``Int64``), ``labels`` (``string``), ``outcome`` (``category``) and
    ``seconds`` (``Float64``) of the step; ``pod`` (``string``), ``verdict`` (``category``), ``running``, ``reason``
    (``string``); ``requests`` and ``errors`` (``Int64``) while it was watched, missing where there is no count.

    Parameters
    ----------
    done : Rollout
    stage : str
        What is being done, of one that is under way.
    seconds : float, optional
        How long that one has taken.
    """
    from wasmnb.mesh import Verdict  # noqa: PLC0415

    rows = tuple(row for number, step in enumerate(done.steps, 1) for row in _rows(number, step))
    columns = (
        Column("step", "Int64"),
        Column("labels"),
        Column("outcome", show=_outcome, categories=tuple(_STEPS)),
        Column("pod"),
        Column("verdict", show=_verdict, categories=tuple(one.value for one in Verdict)),
        Column("requests", "Int64", shown=any(step.after for step in done.steps)),
        Column("errors", "Int64", "5xx", shown=any(step.after for step in done.steps)),
        Column("running", show=lambda digest: Cell(short_digest(digest), digest), code=True),
        Column("reason", shown=any(row[8] for row in rows)),
        Column("seconds", "Float64", "took", lambda seconds: Cell(duration(seconds) if seconds else "")),
    )
    notes = (*_traffic(done), *_way_back(done), *done.notes)
    status = _under_way(done, stage, seconds) if done.outcome == "under way" else _status(done)
    return Record(done.plugin.id, status, _TONES[done.outcome], columns, rows, notes=notes)


def _rows(number: int, step: Step) -> list[tuple[Any, ...]]:
    from wasmnb.rollout.traffic import Seen  # noqa: PLC0415

    verdicts = {one.pod: one for one in step.verdicts}
    counted = {one.pod for one in step.before if one.requests is not None}
    counted &= {one.pod for one in step.after if one.requests is not None}
    rows = []
    for pod in dict.fromkeys([*step.pods, *verdicts]):
        verdict, seen = verdicts.get(pod), Seen.between(step.before, step.after, [pod])
        rows.append(
            (
                *(number, step.selector, step.outcome, pod, verdict and verdict.verdict.value),
                *((seen.requests, seen.errors) if pod in counted else (None, None)),
                *(verdict.running if verdict else "", _reason(verdict.reason if verdict else "", step.reason)),
                step.seconds,
            )
        )
    return rows


def _reason(pod: str, step: str) -> str:
    """Give the reason of a pod's verdict and that of its step, which may quote it."""
    return step if pod in step else f"{pod}; {step}" if step else pod


def _status(done: Rollout) -> str:
    pods, steps = sum(len(step.pods) for step in done.steps), len(done.steps)
    if done.outcome == "unchanged":
        return f"live on all {pods} pods, as before: nothing changed, nothing was done"
    if done.outcome == "live":
        taken = done.seconds + sum(seconds for _, seconds in done.stages)
        return f"live on all {pods} pods after {steps} step{'' if steps == 1 else 's'} and {duration(taken)}"
    words = {"went back": "failed, and every pod went back", "stuck": "failed, and going back failed too"}
    return f"{words[done.outcome]}: {_ready(done)}"


def _under_way(done: Rollout, stage: str, seconds: float | None) -> str:
    taken = f" after {duration(seconds)}" if seconds is not None else ""
    return f"{stage or 'under way'}: {_ready(done)}{taken}"


def _ready(done: Rollout) -> str:
    return f"{sum(step.outcome == 'live' for step in done.steps)} of {len(done.steps)} steps live"


def _traffic(done: Rollout) -> list[str]:
    return [
        f"{step.selector}: {step.seen} failed with a 5xx; before, {step.usual}"
        for step in done.steps
        if step.after and step.seen.requests
    ]


def _way_back(done: Rollout) -> list[str]:
    """Say what runs after it went back: the rows show what was seen before."""
    if done.outcome != "went back":
        return []
    if done.former is None:
        return ["now: it was taken away from every pod, as it was before"]
    live = sum(one.verdict.value == "LIVE" for one in done.verdicts)
    return [f"now: {live} of {len(done.verdicts)} pods live with {short_digest(done.former.image.digest)}, as before"]


def _outcome(outcome: str) -> Cell:
    sign, tone = _STEPS[outcome]
    return Cell(outcome, sign=sign, tone=tone)


def _verdict(verdict: str | None) -> Cell:
    return verdict_cell(verdict) if verdict else Cell("")
