"""Walking the steps: apply, prove, watch, go on; or go back, and say what is in force."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from wasmnb.errors import ModuleError, WasmnbError
from wasmnb.mesh import MeshOfMany, MeshOfObjects, Proof
from wasmnb.plugin.errors import DeployError, HangError
from wasmnb.plugin.identity import plugin_key
from wasmnb.plugin.scope import carries
from wasmnb.progress import Pausing, Silent
from wasmnb.rollout.budgets import USUAL, exceeded, lacking
from wasmnb.rollout.deploy import accepted, in_force
from wasmnb.rollout.messages import failed, question, sampled, stopped_in_midst, withheld, without_traffic
from wasmnb.rollout.result import Rollout, Step
from wasmnb.rollout.sending import Sending, failing_lines
from wasmnb.rollout.shares import Shares, end_share, passed_by, steered, tried
from wasmnb.rollout.start import started
from wasmnb.rollout.steps import assign, unfit
from wasmnb.rollout.traffic import Seen, counts_of, risen, usual_of, watched

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from wasmnb.mesh import Count, Mesh, PodVerdict
    from wasmnb.plugin import Plugin
    from wasmnb.progress import Progress
    from wasmnb.rollout.start import RolloutPolicy
    from wasmnb.rollout.steps import Labels
    from wasmnb.wording import Text

__all__ = ["roll_out"]

_LOOK = 0.2  # seconds between looks at verdicts


class _StepError(Exception):
    """A step does not go on, for a reason in words."""

    def __init__(self, reason: str, verdicts: Iterable[Any] = (), hint: Text = "") -> None:
        super().__init__(reason)
        self.reason, self.verdicts, self.hint = reason.rstrip("."), tuple(verdicts), hint


def roll_out(
    mesh: Mesh,
    plugin: Plugin,
    steps: Sequence[Labels] | Shares,
    policy: RolloutPolicy,
    *,
    progress: Progress | None = None,
    on_step: Callable[[Rollout], None] | None = None,
) -> Rollout:
    """Put a plugin in force step by step.

    A rollout of the very same plugin that was left half-done goes on; what was applied before is then held to no error
    at all, for want of what to compare it with.

    Parameters
    ----------
    mesh : Mesh
    plugin : Plugin
    steps : sequence of dict, or Shares
        As `read_steps` or `read_shares` gives them.
    policy : RolloutPolicy
    progress : Progress, optional
    on_step : callable, optional
        Given the rollout whenever something about it has changed.

    Raises
    ------
    UsageError, SelectorError
        The steps do not divide the selected pods, or the mesh looks at a sample of them, or cannot send a share of the
        requests to some; nothing has been changed.
    ModuleError, HangError
        The module was refused before any pod had it.
    DeployError
        A rollout of something else was left half-done, or somebody else says where requests go; nothing has been
        changed.
    RolloutError
        A step failed; every pod has gone back, or the message says which have not.
    Interrupted
        The user stopped it; it stays as it is, and the message says on which pods.
    """
    walked, _ = planned(mesh, plugin, steps)
    pods = {pod for step in walked for pod in step.pods}
    if isinstance(mesh, MeshOfMany) and mesh.sample is not None and len(pods) > mesh.sample:
        raise sampled(mesh.sample)
    start = started(mesh, plugin)
    if start.complete:
        end_share(mesh, plugin.id)
        return Rollout(plugin, start.former, walked, "unchanged", start.complete)
    run = _Run(mesh, policy, Rollout(plugin, start.former, walked), progress or Silent(), on_step or (lambda _: None))
    run.touched = run.resumed = start.resumed
    try:
        run.walk()
    except KeyboardInterrupt:
        run.forsake()
        raise stopped_in_midst(mesh, run.now) from None
    return run.now


def planned(mesh: Mesh, plugin: Plugin, steps: Sequence[Labels] | Shares) -> tuple[tuple[Step, ...], str]:
    """Give the steps with their pods, and the text of what the first one puts beside the plugin, where it does.

    Raises
    ------
    UsageError, SelectorError, DeployError
        They are none for the mesh as it is.
    """
    if isinstance(steps, Shares):
        names = tried(mesh.pods(), plugin, steps.labels)
        beside = steered(mesh).rendered_share(plugin, steps.labels, steps.percents[0])
        return tuple(Step(steps.labels, names, share=percent) for percent in steps.percents), beside
    members = assign(mesh.pods(), plugin, steps)
    return tuple(Step(labels, pods) for labels, pods in zip(steps, members, strict=True)), ""


class _Run:
    """One rollout under way; ``now`` is how far it is."""

    touched = False
    """Whether a pod may run something else than before."""
    resumed = False
    """Whether some pods may have had it before this began."""

    def __init__(
        self, mesh: Mesh, policy: RolloutPolicy, rollout: Rollout, progress: Progress, tell: Callable[[Rollout], None]
    ) -> None:
        self.mesh, self.policy, self.now, self.progress, self.tell = mesh, policy, rollout, progress, tell
        self.plugin = rollout.plugin
        self.by_share = rollout.steps[0].share is not None
        self.beside: tuple[str, ...] = ()  # the other pods of the service whose requests are shared
        self.workloads: set[str] = set()  # of all pods of that service
        self.began = time.monotonic()

    def walk(self) -> None:
        """Do every step, then put the plugin in force as a whole; or go back."""
        number: int | None = 0
        try:
            self._watch_before()
            for number in range(len(self.now.steps)):
                self._step(number)
            number = None
            self._whole()
        except _StepError as error:
            self._back(number, error)
        except WasmnbError as error:
            if not self.touched:
                # The mesh is as it was, and the error says all there is to say.
                self._unshare()
                raise
            self._back(number, _StepError(error.what, getattr(error, "verdicts", ()), error.hint_value))

    def _watch_before(self) -> None:
        """See how many requests fail as it is now: what the steps will be compared with."""
        self.progress.update(f"watching the error rate before {self.plugin.id} changes")
        everyone = self._pods()
        before = counts_of(self.mesh, everyone)
        with Sending(self.mesh, self.policy.traffic, routed=self.by_share):
            time.sleep(self.policy.watch_for)
        self._note_usual(0, before, counts_of(self.mesh, everyone))

    def _note_usual(self, first: int, before: Sequence[Count], after: Sequence[Count]) -> None:
        """Keep what the steps from ``first`` on, which still run what they did, saw in some time."""
        meant = {one.pod: one.wanted for one in self.mesh.verdicts(self.plugin.id)} if self.resumed else {}
        for number in range(first, len(self.now.steps)):
            pods = self.now.steps[number].pods
            has_it = any(meant.get(pod) == self.plugin.image.digest for pod in pods)
            self._set(number, usual=Seen() if has_it else usual_of(before, after, pods))

    def _step(self, number: int) -> None:
        begin, count = time.monotonic(), len(self.now.steps)
        self._relist(number)
        step = self.now.steps[number]
        name = f"step {number + 1} of {count}, {step.selector}"
        self.progress.update(f"{name}: applying")
        self._set(number, outcome="applying")
        try:
            self._apply(number, step)
            self.progress.update(f"{name}: watching the error rate")
            verdicts = self._live(number + 1)
            self._note_beside()
            before = counts_of(self.mesh, self._pods())
            self._set(number, outcome="watching", verdicts=self._of(step, verdicts), before=self._of(step, before))
            with Sending(self.mesh, self.policy.traffic, step.pods, routed=self.by_share) as sending:
                watched(
                    *(self.mesh, step.pods, before, step.usual),
                    seconds=self.policy.watch_for,
                    tell=lambda after: self._looked(number, after),
                )
            self._note_beside()
            if self.by_share:
                self._compare(number, before, counts_of(self.mesh, self._pods()))
            if sending.failed is not None:
                self._set(number, failing=failing_lines(sending.failed))
            self._relist(number)
            # What traps does so under traffic, and not when it is loaded.
            if isinstance(self.mesh, MeshOfMany):
                self.mesh.look_anew()
            self._set(number, verdicts=self._of(self.now.steps[number], self._live(number + 1)))
            self._judge(number)
            if not self.by_share:  # else all steps are compared with what was before the first
                self._note_usual(number + 1, before, counts_of(self.mesh, self._pods()))
            self._set(number, outcome="live")
        finally:
            self._set(number, seconds=time.monotonic() - begin)

    def _compare(self, number: int, before: Sequence[Count], after: tuple[Count, ...]) -> None:
        """Keep how many requests came to the step's pods and to all, as one look at the counts says."""
        self._looked(number, self._of(self.now.steps[number], after))
        known = {one.pod for one in before}
        # A proxy that has started since counts from zero.
        new = sum(one.requests or 0 for one in after if one.pod not in known)
        self._set(number, of_all=Seen.between(before, after, self._pods()).requests + new)

    def _looked(self, number: int, after: tuple[Count, ...]) -> None:
        """Keep the counts of now, and what came since the last look."""
        step = self.now.steps[number]
        new = Seen.between(step.after or step.before, after, step.pods)
        self._set(number, after=after, course=(*step.course, (new.requests, new.errors)))

    def _apply(self, number: int, step: Step) -> None:
        first, self.touched = not self.touched, True
        if step.share is not None:
            self._share(step, step.share)
            if number:  # the pods have it since the first step
                return
        try:
            self.mesh.apply(self.plugin, only=step.labels, wait=self.policy.wait, progress=self.progress, **self._how)
        except (ModuleError, HangError):
            # Refused before a pod had it: where that is the first thing that was tried, nothing has changed.
            self.touched = not first
            raise
        except DeployError as error:
            raise _StepError(error.what, error.verdicts) from error

    def _share(self, step: Step, percent: float) -> None:
        found = steered(self.mesh).share(self.plugin, step.labels, percent, wait=self.policy.wait)
        self.beside = tuple(pod for pod in found.pods if pod not in step.pods)

    def _note_beside(self) -> None:
        """Know pods of the service that have started since its requests were shared, by the workloads of the others."""
        if not self.by_share:
            return
        known, there = set(self._pods()), self.mesh.pods()
        self.workloads |= {pod.workload for pod in there if pod.name in known}
        tried = self.now.steps[0].labels
        self.beside += tuple(
            pod.name
            for pod in there
            if pod.name not in known and pod.workload in self.workloads and not carries(pod.labels, tried)
        )

    def _unshare(self) -> None:
        if self.by_share:
            steered(self.mesh).unshare(self.plugin.id)

    def forsake(self) -> None:
        """Take the routes away that an interrupt has left, where no pod has the new version."""
        with suppress(WasmnbError):
            now = in_force(self.mesh, self.plugin.id)
            if now is None or plugin_key(now) != plugin_key(self.plugin):
                self._unshare()

    @property
    def _how(self) -> dict[str, Any]:
        how: dict[str, Any] = {} if self.policy.prove is None else {"prove": self.policy.prove}
        if self.policy.take_over and isinstance(self.mesh, MeshOfObjects):
            how["take_over"] = True
        if self.policy.probes:
            how["probes"] = self.policy.probes
        return {**how, "allow_trap": True} if self.policy.allow_trap else how

    def _judge(self, number: int) -> None:
        step = self.now.steps[number]
        seen = step.seen
        if seen.restarted:
            raise _StepError(f"the proxy was started again while it was watched: {', '.join(seen.restarted)}")
        if risen(step.usual, seen):
            raise _StepError(f"its error rate rose: {seen} failed with a 5xx; before, {step.usual}")
        asked = {budget.what for budget in self.policy.budgets}
        budgets = [*self.policy.budgets, *(one for one in USUAL if one.what not in asked)]
        if self.by_share:  # how many requests come is what the share says
            budgets = [one for one in budgets if not one.falls]
        over = [words for one in budgets if (words := exceeded(one, step.usual, seen))]
        if over:
            raise _StepError("; ".join(over))
        if passed := passed_by(step):
            raise _StepError(passed)
        lacks = [words for one in self.policy.budgets if (words := lacking(one, step.usual, seen))]
        if seen.unknown:
            self._unjudged(number, "; ".join(seen.unknown))
        elif not seen.requests:
            self._unjudged(number, f"no request reached its pods in {self.policy.watch_for:g} s")
        elif lacks:
            self._unjudged(number, "; ".join(lacks))
        self._check(number)

    def _check(self, number: int) -> None:
        """Ask the user's own check."""
        if self.policy.check is None:
            return
        try:
            said = self.policy.check(self.now.steps[number])
        except Exception as error:
            raise _StepError(f"its check failed: {type(error).__name__}: {error}") from error
        if said is False or isinstance(said, str):
            raise _StepError(f"its check says no{f': {said}' if said else ''}")

    def _unjudged(self, number: int, why: str) -> None:
        if self.policy.accept_no_traffic:
            self._set(number, reason=f"accepted without traffic: {why}")
            return
        answer = self._asked(number, why)
        if answer is None:
            raise _StepError(f"its error rate cannot be judged, and nobody can be asked: {why}", hint=without_traffic())
        if not answer:
            raise _StepError(f"you chose not to go on: {why}")
        self._set(number, reason=f"you chose to go on: {why}")

    def _asked(self, number: int, why: str) -> bool | None:
        """Let the user judge a step; None where nobody can be asked."""
        if self.policy.ask is None:
            return None
        stage = f"step {number + 1} of {len(self.now.steps)}, {self.now.steps[number].selector}: needs your answer"
        self.progress.update(stage)
        self._set(number, outcome="asking", reason=why)
        if isinstance(self.progress, Pausing):
            self.progress.pause()
        answer = self.policy.ask(question(self.now.steps[number], why))
        self._set(number, outcome="watching", reason="")
        self.progress.update(f"{stage.rpartition(':')[0]}: answered")
        return answer

    def _whole(self) -> None:
        """End the state in which pods may run different versions, once no pod does."""
        self._relist(None)
        self.progress.update(f"proving {self.plugin.id} on every pod")
        self.mesh.apply(self.plugin, wait=self.policy.wait, **self._how)
        verdicts = self._live(None)
        self._unshare()
        self._end("live", verdicts)

    def _relist(self, number: int | None) -> None:
        """Look which pods there are: one that has started belongs to a step too, or the rollout ends."""
        selected = [pod for pod in self.mesh.pods() if self.plugin.selects(pod.labels)]
        wrong = [] if self.by_share else unfit(selected, [dict(step.labels) for step in self.now.steps])
        if wrong:
            raise _StepError(f"a pod has started that belongs to no single step: {'; '.join(wrong)}")
        for index, step in enumerate(self.now.steps):
            names = tuple(pod.name for pod in selected if carries(pod.labels, step.labels))
            if names != step.pods:
                self._set(index, pods=names)
            if not names and index == number:
                raise _StepError(f"no pod carries {step.selector} any more")

    def _live(self, steps: int | None) -> tuple[PodVerdict, ...]:
        """Wait until the pods of the first steps are LIVE with the new version, also those that have started since.

        None is all steps, and the selected pods that are in none.
        """
        deadline = time.monotonic() + self.policy.wait
        while True:
            names = {pod for step in self.now.steps[:steps] for pod in step.pods}
            if steps is None and self.by_share:
                names |= {pod.name for pod in self.mesh.pods() if self.plugin.selects(pod.labels)}
            found = tuple(one for one in self.mesh.verdicts(self.plugin.id) if one.pod in names)
            prove = self.policy.prove or self.mesh.prove
            rest = [one for one in found if not accepted(one, prove) or one.wanted != self.plugin.image.digest]
            silent = names - {one.pod for one in found}
            if silent:
                silent &= {pod.name for pod in self.mesh.pods()}
            if not rest and not silent:
                return found
            if any(one.verdict.final for one in rest) or time.monotonic() > deadline:
                words = [
                    f"{one.pod} is {one.verdict.value}" + (f": {one.reason}" if one.reason else "") for one in rest
                ]
                raise _StepError("; ".join([*words, *(f"nothing is known of {pod}" for pod in sorted(silent))]), found)
            time.sleep(_LOOK)

    def _back(self, number: int | None, error: _StepError) -> None:
        """Put every pod back to what it had, and raise the error that says so."""
        if number is not None:
            step = self.now.steps[number]
            verdicts = self._of(step, error.verdicts) or step.verdicts
            self._set(number, outcome="failed", reason=error.reason, verdicts=verdicts)
        self.progress.update(f"going back with {self.plugin.id} on every pod")
        verdicts, trouble = self._restore()
        if trouble and self.by_share:
            trouble += self._withhold()
        self._end("stuck" if trouble else "went back", verdicts)
        raise failed(self.now, number, error.reason, trouble, hint=error.hint) from error

    def _restore(self) -> tuple[tuple[PodVerdict, ...], str]:
        former = self.now.former
        try:
            if former is not None:
                # What was there before need not be proven once more, also when it was known to crash.
                found = tuple(self.mesh.apply(former, wait=self.policy.wait, progress=self.progress, allow_trap=True))
                rest = [f"{one.pod} is {one.verdict.value}" for one in found if not one.good(Proof.CONFIG)]
                if not rest:
                    self._unshare()
                return found, ", ".join(rest)
            if in_force(self.mesh, self.plugin.id) is not None:
                self.mesh.remove(self.plugin.id)
            self._unshare()
        except WasmnbError as error:
            return (), error.what.rstrip(".")
        return (), ""

    def _withhold(self) -> str:
        """Have no request come to the pods that could not go back; say so."""
        try:
            self._share(self.now.steps[0], 0.0)
        except WasmnbError as error:
            return f"; and no share can be set: {error.what}"
        return withheld(self.now)

    def _end(self, outcome: str, verdicts: tuple[PodVerdict, ...]) -> None:
        self.now = replace(self.now, outcome=outcome, verdicts=verdicts, seconds=time.monotonic() - self.began)
        self.tell(self.now)

    def _set(self, number: int, **changes: Any) -> None:
        self.now = self.now.with_step(number, **changes)
        self.tell(self.now)

    def _pods(self) -> list[str]:
        """Name the pods of all steps, and those beside them that requests are shared with."""
        return list(dict.fromkeys([*(pod for step in self.now.steps for pod in step.pods), *self.beside]))

    def _of(self, step: Step, items: Iterable[Any]) -> tuple[Any, ...]:
        return tuple(one for one in items if one.pod in step.pods)
