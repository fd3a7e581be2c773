"""How carefully a rollout goes, and what it finds when it begins."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from wasmnb.errors import MeshError
from wasmnb.mesh import Verdict
from wasmnb.plugin.identity import plugin_key
from wasmnb.rollout.deploy import in_force, is_whole, previous
from wasmnb.rollout.messages import left_half_done

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from wasmnb.budget import Budget
    from wasmnb.envoy.exchange import Probe
    from wasmnb.mesh import Mesh, PodVerdict, Proof
    from wasmnb.plugin import Plugin
    from wasmnb.rollout.result import Step
    from wasmnb.rollout.sending import Sent

__all__ = ["RolloutPolicy", "Start", "started"]


@dataclass(frozen=True)
class RolloutPolicy:
    """How carefully a rollout goes.

    Parameters
    ----------
    wait : float
        Seconds for the pods of a step to become LIVE.
    watch_for : float
        Seconds for which the error rate of a step is watched.
    accept_no_traffic : bool
        A step whose error rate cannot be judged, for want of requests or of counts, passes because it is LIVE.
    ask : callable, optional
        Asks the user to let such a step pass; None as its answer when nobody can be asked.
    prove : Proof, optional
        How it is to be seen to act on the pods; the mesh's own way when None.
    allow_trap : bool
        It goes on although the filter crashed on an Envoy here.
    take_over : bool
        Take it back from whoever else has changed it.
    budgets : tuple of Budget
        What the traffic of a step may become, beside what holds for each (`wasmnb.rollout.budgets`).
    check : callable, optional
        The user's own check of a step that is live and has been watched: False, or a text that says why, ends it.
    probes : mapping of str to sequence of Probe
        Requests, by the pods that they are for, on which it may be seen to act.
    traffic : Sent, optional
        Requests that are sent while a step is watched.
    """

    wait: float = 10.0
    watch_for: float = 5.0
    accept_no_traffic: bool = False
    ask: Callable[[str], bool | None] | None = None
    prove: Proof | None = None
    allow_trap: bool = False
    take_over: bool = False
    budgets: tuple[Budget, ...] = ()
    check: Callable[[Step], object] | None = None
    probes: Mapping[str, Sequence[Probe]] = field(default_factory=dict)
    traffic: Sent | None = None


@dataclass(frozen=True)
class Start:
    """What is in force when a rollout starts.

    Parameters
    ----------
    former : Plugin or None
        What to go back to.
    resumed : bool
        The very same plugin is on some pods, or on all, already.
    complete : tuple of PodVerdict
        It is LIVE on all of them: there is nothing to do.
    """

    former: Plugin | None = None
    resumed: bool = False
    complete: tuple[PodVerdict, ...] = ()


def started(mesh: Mesh, plugin: Plugin) -> Start:
    """Look what is in force before a rollout begins.

    Raises
    ------
    DeployError
        A rollout of something else was left half-done.
    """
    now = in_force(mesh, plugin.id)
    if now is None:
        return Start()
    whole = is_whole(mesh, now)
    if plugin_key(now) != plugin_key(plugin):
        if not whole:
            raise left_half_done(mesh, now)
        return Start(now)
    try:
        former: Plugin | None = previous(mesh, plugin.id)
    except MeshError:
        former = None
    judged = tuple(one for one in mesh.verdicts(plugin.id) if one.verdict is not Verdict.NOT_SELECTED)
    live = whole and all(one.verdict is Verdict.LIVE for one in judged)
    return Start(former, resumed=True, complete=judged if live else ())
