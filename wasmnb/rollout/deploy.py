"""Putting a plugin in force through a mesh: once, with every pod LIVE, or with an error that says what is in force."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import fields
from time import perf_counter
from typing import TYPE_CHECKING, Any

from wasmnb.display.text import short_digest
from wasmnb.errors import BadNameError, Interrupted, MeshError, WasmnbError, did_you_mean
from wasmnb.mesh import Cause, MeshOfMany, MeshOfObjects, Verdict
from wasmnb.plugin.errors import DeployError
from wasmnb.plugin.identity import plugin_key, same_values
from wasmnb.plugin.plugins import Plugins
from wasmnb.rollout.deployment import Deployment
from wasmnb.rollout.shares import end_share
from wasmnb.rollout.standing import followed
from wasmnb.rollout.steps import no_pod
from wasmnb.wording import Option, Verb, Wording, joined

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from wasmnb.envoy.exchange import Probe
    from wasmnb.mesh import Mesh, PodVerdict, Proof
    from wasmnb.plugin import Plugin
    from wasmnb.progress import Progress
    from wasmnb.wording import Text

__all__ = [
    "accepted",
    "back",
    "in_force",
    "is_whole",
    "left_by",
    "previous",
    "put",
    "still_in_force",
    "stopped",
    "unknown_plugin",
]

_AGAIN = Wording(
    "correct the cell and run it again",
    python="correct it, and deploy it again",
    terminal="correct it, and run the command again",
)


def in_force(mesh: Mesh, plugin_id: str) -> Plugin | None:
    """Give the plugin of that id which the mesh runs."""
    return next((plugin for plugin in mesh.plugins() if plugin.id == plugin_id), None)


def is_whole(mesh: Mesh, now: Plugin) -> bool:
    """Say whether what the mesh runs was put in force on every pod; not so after steps that ended before the last."""
    try:
        newest: Sequence[Plugin] = mesh.history(now.id)[:1]
    except WasmnbError:
        return False
    return [plugin_key(one) for one in newest] == [plugin_key(now)]


def left_by(mesh: Mesh, now: Plugin | None, plugin: Plugin) -> tuple[str, ...]:
    """Name the pods that have a plugin now, and would not have what takes its place."""
    if now is None or (now.selector, now.targets) == (plugin.selector, plugin.targets):
        return ()
    return tuple(pod.name for pod in mesh.pods() if now.selects(pod.labels) and not plugin.selects(pod.labels))


def previous(mesh: Mesh, plugin_id: str) -> Plugin:
    """Give what was in force before, whole: what a rollback restores; of what was taken away, what was in force last.

    Raises
    ------
    BadNameError
        There never was anything of that id.
    MeshError
        There was nothing before what is in force.
    """
    now = in_force(mesh, plugin_id)
    try:
        known = mesh.history(plugin_id)
    except BadNameError:
        if now is None:
            raise
        known = Plugins()
    for plugin in known:
        if now is None or plugin_key(plugin) != plugin_key(now):
            return plugin
    raise MeshError(
        f"Nothing was in force as {plugin_id!r} before what is now.",
        hint=Wording("{} takes it away", Verb("undeploy", (plugin_id,))),
        code="WNB4028",
    )


def back(before: Plugin, now: Plugin | None) -> str:
    """Say what a rollback changed: from which image to which, and in what else the plugins differ."""
    was = short_digest(before.image.digest)
    if now is None:
        return f"put back: {was}, which was in force last"
    images = f"from {short_digest(now.image.digest)} back to {was}"
    if now.image.digest == before.image.digest:
        images = f"the image is the same, {was}"
    names = [one.name for one in fields(before) if one.name not in ("id", "image")]
    other = [name.replace("_", " ") for name in names if not same_values(getattr(now, name), getattr(before, name))]
    return images + (f"; also as before: {', '.join(other)}" if other else "")


def put(
    mesh: Mesh,
    plugin: Plugin,
    *,
    wait: float | None,
    skip_preflight: bool = False,
    allow_trap: bool = False,
    prove: Proof | None = None,
    probes: Mapping[str, Sequence[Probe]] | None = None,
    take_over: bool = False,
    mask: Callable[[str], str] = str,
    progress: Progress | None = None,
) -> Deployment:
    """Put a plugin in force, unless the very same is live already.

    Parameters
    ----------
    mesh : Mesh
    plugin : Plugin
    wait : float or None
        Seconds; None: do not wait for pods that may yet become LIVE.
    skip_preflight : bool
        True: apply what has not been tried on an Envoy here.
    allow_trap : bool
        Apply it although its VM crashed on an Envoy here.
    prove : Proof, optional
        How it is to be seen to act; CONFIG takes LOADED for enough.
    probes : mapping of str to sequence of Probe, optional
        Requests, by the pods that they are for, on which it may be seen to act.
    take_over : bool
        Take it back from whoever else has changed it, where a mesh has objects that others can change.
    mask : callable
        Takes secrets out of what a progress shows.
    progress : Progress, optional

    Raises
    ------
    SelectorError, ModuleError, HangError, DeployError
        A pod that its selector names has not what was asked for (without waiting: cannot come to it).
    Interrupted
        The user stopped waiting; the message says what is in force.
    """
    start = perf_counter()
    prove = prove or mesh.prove
    try:
        now = in_force(mesh, plugin.id)
        if now is not None and not take_over and plugin_key(now) == plugin_key(plugin) and is_whole(mesh, now):
            verdicts = _live_already(mesh, plugin, prove)
            if verdicts:
                return Deployment(plugin, verdicts, unchanged=True, stages=(("verdict", perf_counter() - start),))
        left = left_by(mesh, now, plugin)
        how: dict[str, Any] = {"preflight": False} if skip_preflight else {}
        if allow_trap:
            how["allow_trap"] = True
        if prove is not None:
            how["prove"] = prove
        if probes:
            how["probes"] = probes
        if take_over and isinstance(mesh, MeshOfObjects):
            how["take_over"] = True
        with followed(progress, mesh, plugin, mask):
            verdicts = _selected(mesh.apply(plugin, wait=wait, progress=progress, **how))
    except KeyboardInterrupt:
        raise stopped(mesh, plugin, "Waiting for") from None
    if wait is not None or not verdicts or any(verdict.verdict.final for verdict in verdicts):
        _all_live(mesh, plugin, verdicts, prove)
    return Deployment(plugin, verdicts, unchanged=False, stages=(("swap", perf_counter() - start),), left=left)


@contextmanager
def still_in_force(mesh: Mesh, plugin_id: str) -> Iterator[None]:
    """Say, in an error of what comes before a deployment, that what is in force still is."""
    try:
        yield
    except WasmnbError as error:
        now = in_force(mesh, plugin_id)
        if now is not None:
            still = f"until then {plugin_id!r} is in force as it was ({short_digest(now.image.digest)})"
            error.advise(joined(error.hint_value or _AGAIN, still))
        raise


def stopped(mesh: Mesh, plugin: Plugin, doing: str) -> Interrupted:
    """Make the message of an interrupt: what the mesh has in force now."""
    name = f"{plugin.id!r}"
    try:
        now = in_force(mesh, plugin.id)
    except WasmnbError as error:
        state = f"whether it is in force cannot be read: {error.what}"
    else:
        if now is None:
            state = f"{name} is not in force on any pod."
        elif plugin_key(now) == plugin_key(plugin):
            state = f"{name} is in force ({short_digest(now.image.digest)}), not proven live on every pod."
        else:
            state = f"{name} is in force as it was before ({short_digest(now.image.digest)}), not as asked now."
    return Interrupted(
        f"{doing} {name} was stopped. {state}",
        hint=Wording(
            "{} shows every pod; {} takes it away", Verb("status", (plugin.id,)), Verb("undeploy", (plugin.id,))
        ),
    )


def unknown_plugin(mesh: Mesh, plugin_id: str) -> BadNameError:
    """Make the message for a plugin id that the mesh does not have."""
    there = [plugin.id for plugin in mesh.plugins()]
    return BadNameError(
        f"No plugin called {plugin_id!r} is in force on the mesh {mesh.name!r}.",
        why=[f"in force: {', '.join(there)}" if there else "no plugin is in force"],
        hint=did_you_mean(plugin_id, there)
        or (Wording("{} shows them", Verb("status")) if there else Wording("{} puts one in force", Verb("deploy"))),
    )


def accepted(verdict: PodVerdict, prove: Proof | None) -> bool:
    """Say whether a pod has what was asked for.

    What crashed on the Envoy here is in force only where the user allowed it, or where that Envoy lacked what a pod
    has: then it is loaded, and no request is sent to see it act.
    """
    return verdict.good(prove) or verdict.cause is Cause.CRASH_FORESEEN


def _live_already(mesh: Mesh, plugin: Plugin, prove: Proof | None) -> tuple[PodVerdict, ...]:
    """Give the verdicts on what the mesh runs; none where a pod is not well."""
    if isinstance(mesh, MeshOfMany):
        mesh.look_anew()
    verdicts = _selected(mesh.verdicts(plugin.id))
    if not all(verdict.good(prove) for verdict in verdicts):
        return ()
    if verdicts:
        end_share(mesh, plugin.id)
    return verdicts


def _selected(verdicts: Iterable[PodVerdict]) -> tuple[PodVerdict, ...]:
    return tuple(verdict for verdict in verdicts if verdict.verdict is not Verdict.NOT_SELECTED)


def _all_live(mesh: Mesh, plugin: Plugin, verdicts: tuple[PodVerdict, ...], prove: Proof | None) -> None:
    if not verdicts:
        raise no_pod(plugin, mesh.pods(), f" of the mesh {mesh.name!r}")
    rest = [verdict for verdict in verdicts if not accepted(verdict, prove)]
    if plugin.kind.foreign:
        # Of another controller's proxies there is no proof, only that controller's word.
        rest = [verdict for verdict in rest if verdict.verdict is not Verdict.UNPROVEN]
    if not rest:
        return
    hint: Text = Wording("{} and {} tell more", Verb("status", (plugin.id,)), Verb("logs", (rest[0].pod,)))
    if all(verdict.verdict is Verdict.LOADED for verdict in rest):
        hint = joined(hint, Wording("{} accepts what the proxies say", Option("prove", "config")))
    raise DeployError(
        f"{plugin.id!r} is not live on {_of(rest, len(verdicts))}.",
        why=[f"{verdict.pod}: {verdict.verdict.value}. {verdict.reason}".rstrip() for verdict in rest],
        hint=hint,
        verdicts=verdicts,
        code="WNB4026",
    )


def _of(rest: list[PodVerdict], all_: int) -> str:
    return f"the pod {rest[0].pod}" if all_ == 1 else f"{len(rest)} of {all_} pods"
