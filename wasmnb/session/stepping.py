"""Deployments that are more than one `apply`: in steps, or only looked at."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from wasmnb.errors import UsageError
from wasmnb.progress import Following
from wasmnb.rollout import Care, Labels, Rollout, assign, label_text, read_steps, roll_out
from wasmnb.rollout.deploy import still_in_force
from wasmnb.rollout.dry_run import DryRun, rehearse
from wasmnb.session.defaults import number
from wasmnb.session.image_source import Supplying, default_id
from wasmnb.wording import Option, Wording

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from wasmnb.progress import Progress
    from wasmnb.session.deploy_options import Wanted
    from wasmnb.session.image_source import Deployable

__all__ = ["Stepping", "Steps"]

_WATCH_FOR = 5.0


@dataclass(frozen=True)
class Steps:
    """What was said about the steps of a rollout; see ``Session.deploy``."""

    labels: tuple[Labels, ...]
    watch_for: float
    accept_no_traffic: bool
    ask: Callable[[str], bool | None] | None
    on_step: Callable[[Rollout], None] | None

    @classmethod
    def read(
        cls,
        steps: str | Sequence[str | Mapping[str, str]],
        *,
        watch_for: float | None,
        accept_no_traffic: bool,
        wait: bool,
        **calls: Any,
    ) -> Steps:
        """Read what was said.

        Raises
        ------
        UsageError
            A step is none, or something was said that goes only with steps, or never with them.
        """
        labels = read_steps(steps)
        if not labels and (watch_for is not None or accept_no_traffic):
            raise UsageError(
                "It was said how steps are watched, but there are none.",
                hint=Wording("add {}, for instance {}", Option("steps"), Option("steps", "version=v1,version=v2")),
            )
        if labels and not wait:
            raise UsageError(
                "Each step of a rollout is waited for.",
                hint=Wording("leave out {}, or {}", Option("wait", value=False, flag="--no-wait"), Option("steps")),
            )
        seconds = number("watch_for", _WATCH_FOR if watch_for is None else watch_for)
        return cls(labels, seconds, accept_no_traffic, **calls)


class Stepping(Supplying):
    """How a session deploys in steps, and how it says what a deployment would do."""

    def _rehearse(
        self, name: Deployable, how: Wanted, steps: Steps, spoken: dict[str, Any], progress: Progress | None
    ) -> DryRun:
        with still_in_force(self.current, how.id or default_id(name)):
            found, _ = self._supply(name, spoken, progress, dry=True)
            plugin = how.plugin(found.image)
        notes = list(found.notes(plugin.image))
        members = assign(self.current.pods(), plugin, steps.labels) if steps.labels else []
        for index, pods in enumerate(members):
            notes.append(f"step {index + 1}, {label_text(steps.labels[index])}: {', '.join(pods)}")
        return rehearse(self.current, plugin, self._secrets, notes)

    def _roll_out(
        self, name: Deployable, how: Wanted, steps: Steps, spoken: dict[str, Any], progress: Progress | None
    ) -> Rollout:
        with still_in_force(self.current, how.id or default_id(name)):
            found, stages = self._supply(name, spoken, progress)
            plugin = how.plugin(found.image)
        care = Care(how.seconds, steps.watch_for, steps.accept_no_traffic, steps.ask)

        def tell(now: Rollout) -> None:
            shown = now.changed(self.mask)
            if steps.on_step is not None:
                steps.on_step(shown)
            if isinstance(progress, Following):
                progress.walked(shown)

        done = roll_out(self.current, plugin, steps.labels, care, progress=progress, on_step=tell)
        return replace(done.changed(self.mask), stages=stages, notes=found.notes(plugin.image))
