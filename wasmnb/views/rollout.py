"""The record of a rollout in steps: which pods of which step became live, and what was seen of their traffic."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wasmnb.display import Block, Cell, Record, Tone
from wasmnb.display.text import duration, several, short_digest, sparkline
from wasmnb.rollout.result import NOT_BEGUN
from wasmnb.rollout.traffic import Seen
from wasmnb.views.mesh import meanings, verdict_cell

if TYPE_CHECKING:
    from wasmnb.rollout import Rollout, Step

__all__ = ["rollout_record"]

_STEPS: dict[str, tuple[str, Tone]] = {
    "waiting": ("·", "quiet"),
    "applying": ("…", "quiet"),
    "watching": ("…", "quiet"),
    "asking": ("?", "warn"),
    "live": ("✓", "good"),
    "failed": ("✗", "bad"),
}
_WIDEST = 40  # blocks of a line
_WORDS = {"waiting": NOT_BEGUN, "asking": "needs your answer"}
_TONES: dict[str, Tone] = {
    "live": "good",
    "unchanged": "good",
    "under way": "quiet",
    "went back": "bad",
    "stuck": "bad",
}


def rollout_record(done: Rollout, *, stage: str = "", seconds: float | None = None) -> Record:
    """Show a rollout, also one that is under way or has failed.

    Parameters
    ----------
    done : Rollout
    stage : str
        What is being done, of one that is under way.
    seconds : float, optional
        How long that one has taken.
    """
    table, watched = done.table, any(step.after for step in done.steps)
    columns = table.look(
        outcome={"show": _outcome},
        verdict={"show": _verdict},
        requests={"shown": watched},
        errors={"heading": "5xx", "shown": watched},
        running={
            "show": lambda digest: Cell(short_digest(digest), digest),
            "code": True,
            "shown": done.outcome != "under way",
        },
        reason={"shown": False},
        seconds={"heading": "took", "show": lambda seconds: Cell(duration(seconds) if seconds else "")},
    )
    seen = [] if done.outcome == "under way" else [one for one in table.values("verdict") if one]
    notes = (*_reasons(done), *_traffic(done), *_way_back(done), *meanings(seen), *done.notes)
    status = _under_way(done, stage, seconds) if done.outcome == "under way" else _status(done)
    blocks = [
        Block(f"the first request that failed, {step.selector}", step.failing) for step in done.steps if step.failing
    ]
    return Record(done.plugin.id, status, _TONES[done.outcome], columns, table.rows, tuple(blocks), notes=notes)


def _reasons(done: Rollout) -> list[str]:
    """Say why a step stands as it does: a sentence is no column of a table this wide."""
    table = done.table
    pairs = zip(table.values("labels"), table.values("reason"), strict=True)
    return list(dict.fromkeys(f"{labels}: {reason}" for labels, reason in pairs if reason))


def _status(done: Rollout) -> str:
    pods, steps = len({one.pod for one in done.verdicts}), len(done.steps)
    if done.outcome == "unchanged":
        return f"live on {_pods(pods)}, as before: nothing changed, nothing was done"
    if done.outcome == "live":
        taken = done.seconds + sum(seconds for _, seconds in done.stages)
        return f"live on {_pods(pods)} after {several(steps, 'step')} ({duration(taken)})"
    words = {"went back": "failed, and every pod went back", "stuck": "failed, and going back failed too"}
    return f"{words[done.outcome]}: {_ready(done)}"


def _pods(count: int) -> str:
    return "1 pod" if count == 1 else f"all {count} pods"


def _under_way(done: Rollout, stage: str, seconds: float | None) -> str:
    taken = f" after {duration(seconds)}" if seconds is not None else ""
    return f"{stage or 'under way'}: {_ready(done)}{taken}"


def _ready(done: Rollout) -> str:
    return f"{sum(step.outcome == 'live' for step in done.steps)} of {several(len(done.steps), 'step')} live"


def _traffic(done: Rollout) -> list[str]:
    """Say which part of the requests failed, in all and as time went by, and beside it the part before."""
    return [
        f"{step.selector}: {step.seen} failed with a 5xx {_course(step)}; before, {step.usual} {_line([step.usual])}"
        for step in done.steps
        if step.after and step.seen.requests
    ] + [
        f"{step.selector}: {step.seen.requests / step.of_all:.1%} of {several(step.of_all, 'request')} came to its pods"
        for step in done.steps
        if step.of_all
    ]


def _course(step: Step) -> str:
    """Draw the errors of a step, its looks taken together where there are many."""
    each = -(-len(step.course) // _WIDEST)
    groups = [step.course[at : at + each] for at in range(0, len(step.course), each or 1)]
    return _line([Seen(sum(seen for seen, _ in one), sum(failed for _, failed in one)) for one in groups])


def _line(seen: list[Seen]) -> str:
    return sparkline([one.errors / one.requests if one.requests else None for one in seen])


def _way_back(done: Rollout) -> list[str]:
    """Say what runs after it went back: the rows show what was seen before."""
    if done.outcome != "went back":
        return []
    if done.former is None:
        return ["now: removed from every pod, as before the rollout"]
    live = sum(one.verdict.value == "LIVE" for one in done.verdicts)
    pods, digest = several(len(done.verdicts), "pod"), short_digest(done.former.image.digest)
    return [f"now: {live} of {pods} live with {digest}, as before"]


def _outcome(outcome: str) -> Cell:
    sign, tone = _STEPS[outcome]
    return Cell(_WORDS.get(outcome, outcome), sign=sign, tone=tone)


def _verdict(verdict: str | None) -> Cell:
    return verdict_cell(verdict) if verdict else Cell("")
