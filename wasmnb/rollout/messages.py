"""What is said when a rollout does not get to its end: why, what each step saw, what is in force now, what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wasmnb.display.text import short_digest
from wasmnb.errors import UsageError, WasmnbError
from wasmnb.mesh import MeshOfShares, Verdict
from wasmnb.plugin.errors import DeployError
from wasmnb.rollout.errors import RolloutError, RolloutInterrupted
from wasmnb.rollout.result import NOT_BEGUN
from wasmnb.wording import Option, Verb, Wording

if TYPE_CHECKING:
    from wasmnb.mesh import Mesh
    from wasmnb.plugin import Plugin
    from wasmnb.rollout.result import Rollout, Step
    from wasmnb.wording import Text

__all__ = ["failed", "left_half_done", "question", "sampled", "stopped_in_midst", "told", "withheld", "without_traffic"]


def failed(rollout: Rollout, number: int | None, reason: str, trouble: str, *, hint: Text = "") -> RolloutError:
    """Make the error of a rollout that ended at a step (from 0; None: when all were done).

    Parameters
    ----------
    rollout : Rollout
    number : int or None
    reason : str
        Without a full stop.
    trouble : str
        Why it could not go back; empty when it did.
    hint : str or Wording
    """
    name, count = f"{rollout.plugin.id!r}", len(rollout.steps)
    where = (
        "after its last step"
        if number is None
        else f"in step {number + 1} of {count} ({rollout.steps[number].selector})"
    )
    before = rollout.former
    now = f"every pod is back at {short_digest(before.image.digest)}" if before else "it was removed from every pod"
    if rollout.outcome == "stuck":
        now = f"GOING BACK FAILED: {trouble}" if trouble else "nothing was changed"
    # Of what was removed there are no verdicts.
    look = Verb("status", (rollout.plugin.id,)) if before or rollout.outcome == "stuck" else Verb("pods")
    return RolloutError(
        f"The rollout of {name} ended {where}: {reason}; {now}.",
        why=[
            *(told(index, step, was="was ") for index, step in enumerate(rollout.steps)),
            *(f"failed: {': '.join(step.failing[:2])}" for step in rollout.steps if step.failing),
        ],
        hint=hint or Wording("{} shows every pod", look),
        rollout=rollout,
        verdicts=rollout.steps[number].verdicts if number is not None else rollout.verdicts,
    )


def told(index: int, step: Step, *, was: str = "") -> str:
    """Say in one line what a step did and saw; ``was`` stands before a verdict that does not hold any more."""
    verdicts = ", ".join(
        f"{one.pod} {was}{one.verdict.value}"
        + (f" ({one.reason})" if one.reason and one.verdict is not Verdict.LIVE else "")
        for one in step.verdicts
    )
    seen = step.seen
    traffic = (
        f"; {seen} failed; before, {step.usual}" if seen.requests else "; no request was seen" if step.after else ""
    )
    pods = verdicts or ", ".join(step.pods)
    outcome = NOT_BEGUN if step.outcome == "waiting" else step.outcome
    return f"step {index + 1} {step.selector}: {outcome}; {pods}{traffic}"


def without_traffic() -> Wording:
    """Say what helps a step that sees no request."""
    return Wording(
        "{} sends requests; {} lets a step pass that is live and cannot be judged; {} gives it more time",
        Option("traffic"),
        Option("accept_no_traffic", value=True),
        Option("watch_for"),
    )


def sampled(size: int) -> UsageError:
    """Make the error for a mesh that looks at some of the pods, so that a step would wait for the others."""
    return UsageError(
        f"A rollout in steps looks at every pod, and this mesh looks at a sample of {size}.",
        hint=Wording(
            "{}, then {} without {}", Verb("mesh", ("stop",)), Verb("mesh", ("istio",)), Option("sample", "N")
        ),
    )


def question(step: Step, why: str) -> str:
    """Ask whether a step that cannot be judged is to pass."""
    return (
        f"The error rate of {step.selector} cannot be judged: {why}. It is live on {', '.join(step.pods)}."
        " Go on with the rollout? Otherwise every pod goes back."
    )


def left_half_done(mesh: Mesh, now: Plugin) -> DeployError:
    """Refuse to roll out something else while an earlier rollout is half-done."""
    return DeployError(
        f"A rollout of {now.id!r} ({short_digest(now.image.digest)}) was left half-done.",
        why=_state(mesh, now.id),
        hint=Wording(
            "{} goes back on every pod; the cell that it was left in goes on when run again",
            Verb("rollback", (now.id,)),
            python=Wording("{} goes back on every pod; the same call as then goes on", Verb("rollback", (now.id,))),
            terminal=Wording(
                "{} goes back on every pod; the command that it was left in goes on when given again",
                Verb("rollback", (now.id,)),
            ),
        ),
        code="WNB4027",
    )


def stopped_in_midst(mesh: Mesh, rollout: Rollout) -> RolloutInterrupted:
    """Make the message of an interrupt: what has been applied where; nothing goes back by itself."""
    plugin, count = rollout.plugin, len(rollout.steps)
    begun = [number for number, step in enumerate(rollout.steps) if step.outcome != "waiting"]
    where = "before its first step"
    if begun:
        where = f"in step {begun[-1] + 1} of {count} ({rollout.steps[begun[-1]].selector})"
    back = Verb("rollback" if rollout.former else "undeploy", (plugin.id,))
    hint = Wording(
        "run the cell again to go on; {} goes back on every pod",
        back,
        python=Wording("the same call again goes on; {} goes back on every pod", back),
        terminal=Wording("give the command again to go on; {} goes back on every pod", back),
    )
    if not begun:  # to go back would be to go back behind what is in force
        hint = Wording(
            "run the cell again to begin anew",
            python="the same call again begins anew",
            terminal="give the command again to begin anew",
        )
    return RolloutInterrupted(
        f"The rollout of {plugin.id!r} was stopped {where}. It did not go back: {_divided(rollout)}.",
        why=[*(told(index, step) for index, step in enumerate(rollout.steps)), *_state(mesh, plugin.id)],
        hint=hint,
        rollout=rollout,
    )


def withheld(rollout: Rollout) -> str:
    """Say what keeps requests from pods that could not go back, and how it ends."""
    plugin = rollout.plugin.id
    end = Verb("rollback" if rollout.former else "undeploy", (plugin,))
    return str(Wording("; until {} no request is sent to {}", end, ", ".join(rollout.steps[0].pods)))


def _divided(rollout: Rollout) -> str:
    """Say which pods have the new version, whose image may be the same as the old one's."""
    if all(step.outcome == "waiting" for step in rollout.steps):
        return "every pod is as before"
    if rollout.steps[0].share is not None:
        first, pods = rollout.steps[0], ", ".join(rollout.steps[0].pods)
        return f"{'new or as before' if first.outcome == 'applying' else 'new'} on {pods}; as before on all others"
    words = {"waiting": "as before on", "applying": "new or as before on"}
    parts: dict[str, list[str]] = {}
    for step in rollout.steps:
        parts.setdefault(words.get(step.outcome, "new on"), []).extend(step.pods)
    return "; ".join(f"{word} {', '.join(pods)}" for word, pods in parts.items())


def _state(mesh: Mesh, plugin_id: str) -> list[str]:
    """Say what each pod runs now."""
    try:
        if all(plugin.id != plugin_id for plugin in mesh.plugins()):
            return [f"{plugin_id!r} is not in force on any pod"]
        verdicts = mesh.verdicts(plugin_id)
    except WasmnbError as error:
        return [f"what is in force cannot be read: {error.what}"]
    return [
        *(
            f"now on {one.pod}: {short_digest(one.running) or 'nothing'}, {one.verdict.value}"
            for one in verdicts
            if one.verdict is not Verdict.NOT_SELECTED or one.running
        ),
        *_shared(mesh, plugin_id),
    ]


def _shared(mesh: Mesh, plugin_id: str) -> list[str]:
    """Say which share of the requests goes to the pods of a rollout."""
    try:
        return [f"now {one}" for one in mesh.shares(plugin_id)] if isinstance(mesh, MeshOfShares) else []
    except WasmnbError as error:
        return [f"where requests go cannot be read: {error.what}"]
