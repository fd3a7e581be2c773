"""Putting a plugin in force through a mesh: once, with every pod LIVE, or with an error that says what is in force."""

from __future__ import annotations

from contextlib import contextmanager
from time import perf_counter
from typing import TYPE_CHECKING

from wasmnb.errors import BadNameError, DeployError, Interrupted, SelectorError, WasmnbError, did_you_mean
from wasmnb.mesh import Verdict
from wasmnb.session.results import Deployment, plugin_key
from wasmnb.session.words import selector_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wasmnb.mesh import Mesh, PodVerdict
    from wasmnb.plugin import Plugin
    from wasmnb.progress import Progress

__all__ = ["in_force", "put", "still_in_force", "stopped", "unknown_plugin"]


def in_force(mesh: Mesh, plugin_id: str) -> Plugin | None:
    """Give the plugin of that id which the mesh runs."""
    return next((plugin for plugin in mesh.plugins() if plugin.id == plugin_id), None)


def put(mesh: Mesh, plugin: Plugin, *, wait: float, progress: Progress | None = None) -> Deployment:
    """Put a plugin in force, unless the very same is live already.

    Raises
    ------
    SelectorError, ModuleError, HangError, DeployError
        It is not LIVE on every pod that its selector names.
    Interrupted
        The user stopped waiting; the message says what is in force.
    """
    start = perf_counter()
    try:
        now = in_force(mesh, plugin.id)
        if now is not None and plugin_key(now) == plugin_key(plugin):
            verdicts = _selected(mesh.verdicts(plugin.id))
            if verdicts and all(verdict.verdict is Verdict.LIVE for verdict in verdicts):
                return Deployment(plugin, verdicts, unchanged=True, stages=(("verdict", perf_counter() - start),))
        verdicts = _selected(mesh.apply(plugin, wait=wait, progress=progress))
    except KeyboardInterrupt:
        raise stopped(mesh, plugin, "Waiting for") from None
    _all_live(mesh, plugin, verdicts)
    return Deployment(plugin, verdicts, unchanged=False, stages=(("swap", perf_counter() - start),))


@contextmanager
def still_in_force(mesh: Mesh, plugin_id: str) -> Iterator[None]:
    """Say, in an error of what comes before a deployment, that what is in force still is."""
    try:
        yield
    except WasmnbError as error:
        now = in_force(mesh, plugin_id)
        if now is not None:
            still = f"until then {plugin_id!r} is in force as it was ({now.image.digest[:19]})"
            error.hint = f"{error.hint or 'mend the cell and run it again'}; {still}"
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
            state = f"{name} is in force ({now.image.digest[:19]}), not proven live on every pod."
        else:
            state = f"{name} is in force as it was before ({now.image.digest[:19]}), not as asked now."
    return Interrupted(
        f"{doing} {name} was stopped. {state}",
        hint=f"%wasm_status {plugin.id} shows every pod; %wasm_undeploy {plugin.id} takes it away",
    )


def unknown_plugin(mesh: Mesh, plugin_id: str) -> BadNameError:
    """Make the message for a plugin id that the mesh does not have."""
    there = [plugin.id for plugin in mesh.plugins()]
    return BadNameError(
        f"No plugin called {plugin_id!r} is in force on the mesh {mesh.name!r}.",
        why=[f"in force: {', '.join(there)}" if there else "no plugin is in force"],
        hint=did_you_mean(plugin_id, there)
        or ("%wasm_status shows them" if there else "%wasm_deploy puts one in force"),
    )


def _selected(verdicts: list[PodVerdict]) -> tuple[PodVerdict, ...]:
    return tuple(verdict for verdict in verdicts if verdict.verdict is not Verdict.NOT_SELECTED)


def _all_live(mesh: Mesh, plugin: Plugin, verdicts: tuple[PodVerdict, ...]) -> None:
    if not verdicts:
        raise SelectorError(
            f"The selector {selector_text(plugin.selector)} matches no pod of the mesh {mesh.name!r}.",
            hint="%wasm_pods shows the labels there are",
        )
    rest = [verdict for verdict in verdicts if verdict.verdict is not Verdict.LIVE]
    if not rest:
        return
    failed = DeployError(
        f"{plugin.id!r} is not live on {_of(len(rest), len(verdicts))}.",
        why=[f"{verdict.pod}: {verdict.verdict.value}. {verdict.reason}".rstrip() for verdict in rest],
        hint=f"%wasm_status {plugin.id} and %wasm_logs {rest[0].pod} tell more",
    )
    failed.verdicts = verdicts
    raise failed


def _of(count: int, all_: int) -> str:
    if all_ == 1:
        return "the 1 pod selected"
    return f"{count} of {all_} pods"
