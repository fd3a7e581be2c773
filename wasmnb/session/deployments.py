"""What a session puts in force, restores and takes away; and what a plugin would become."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import replace
from time import perf_counter
from typing import TYPE_CHECKING

import yaml

from wasmnb.budget import Budget
from wasmnb.errors import Place as ErrorPlace
from wasmnb.errors import UsageError, WasmnbError
from wasmnb.mesh import MeshInNamespace
from wasmnb.mesh.kinds import proof
from wasmnb.mesh.view import to_change
from wasmnb.options import part, said, takes
from wasmnb.plugin.identity import plugin_secrets
from wasmnb.plugin.rendering import TARGETS, Place, Site
from wasmnb.progress import Following
from wasmnb.rollout import RolloutPolicy, Shares, end_share, planned, read_shares, read_steps, roll_out
from wasmnb.rollout.budgets import FALLING, WHATS
from wasmnb.rollout.deploy import back, in_force, previous, put, still_in_force, stopped, unknown_plugin
from wasmnb.rollout.deployment import Deployment, Removal
from wasmnb.rollout.dry_run import DryRun, rehearse
from wasmnb.rollout.sending import Sent
from wasmnb.session.defaults import number
from wasmnb.session.gitops import Exported, export
from wasmnb.session.image_source import default_id, refuse
from wasmnb.session.options.deploy import DeployCall, DeployOptions, PluginOptions, RenderCall, RolloutOptions
from wasmnb.session.options.registry import AccessOptions
from wasmnb.session.rendering import Rendered, RenderedAgent, render, render_agent
from wasmnb.session.specification import Specification
from wasmnb.wording import Option, Verb, Wording

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from wasmnb.plugin import Plugin
    from wasmnb.progress import Progress
    from wasmnb.rollout import Labels, Rollout
    from wasmnb.rollout.result import Step
    from wasmnb.session.context import Context
    from wasmnb.session.image_source import Deployable, ImageSource
    from wasmnb.session.secrets import Secrets

__all__ = ["Deployments"]

_WATCH_FOR = 5.0
_VERSION = re.compile(r"v?\d+\.\d+")


class Deployments:
    """What a session does with plugins.

    Parameters
    ----------
    context : Context
    source : ImageSource
    secrets : Secrets
        What is put into configurations.
    """

    def __init__(self, context: Context, source: ImageSource, secrets: Secrets) -> None:
        self.context, self.source, self.secrets = context, source, secrets

    @takes(DeployCall)
    def deploy(self, call: DeployCall) -> Deployment | DryRun | Rollout | Exported:
        """Put a filter or an image in force on every pod that the selector names, and wait until it is LIVE there.

        An image is deployed by the digest that its reference means at this moment.

        Raises
        ------
        NoMeshError, BadNameError, UsageError, ConfigError, ModuleError, SelectorError, DeployError, HangError
        ImageError, RegistryError
        Interrupted
        """
        wanted = self.read(call, call.selector)
        access = part(call, AccessOptions)
        steps, policy = _steps(part(call, RolloutOptions), wanted)
        if call.export is not None:
            return self._export(call.name, wanted, access, call.export, call.progress)
        if call.dry_run:
            return self._rehearse(call.name, wanted, steps, access, call.progress)
        if steps:
            return self._roll_out(call, wanted, steps, policy)
        return self.put(call.name, wanted, access, call.progress)

    def rollback(
        self,
        id: str,  # noqa: A002 - the option's own word
        *,
        timeout: float | None = None,
        prove: str | None = None,
        take_over: bool = False,
        progress: Progress | None = None,
    ) -> Deployment:
        """Restore the whole plugin that was in force before: image, configuration, selector, phase and all the rest.

        Where it was taken away, what was in force last comes back. A second rollback undoes the first, as two of
        ``kubectl rollout undo`` do: what it left is then what was in force before.

        Parameters
        ----------
        id : str
        timeout : float, optional
            Seconds to wait for LIVE.
        prove : str, optional
            ``effect``, ``trace`` or ``config``, as of `deploy`.
        take_over : bool
            Take it back from whoever else has changed it.

        Raises
        ------
        NoMeshError, UsageError, BadNameError, DeployError
        MeshError
            There was nothing before.
        Interrupted
        """
        mesh, seconds = to_change(self.context.mesh), number("timeout", self.context.default("timeout", timeout))
        before, now = previous(mesh, id), in_force(mesh, id)
        self.context.secrets |= plugin_secrets(before)
        proven = None if prove is None else proof(prove)
        # What was in force, and is to be again, may be known to crash.
        done = put(
            *(mesh, before),
            wait=seconds,
            allow_trap=True,
            prove=proven,
            take_over=take_over,
            mask=self.context.mask,
            progress=progress,
        )
        return replace(done, verdicts=self.context.shown(done.verdicts), notes=(back(before, now),))

    def undeploy(self, id: str) -> Removal:  # noqa: A002 - the option's own word
        """Remove a plugin from every pod.

        Raises
        ------
        NoMeshError
        BadNameError
            It is not there; the message names what is.
        Interrupted
        """
        mesh = to_change(self.context.mesh)
        plugin = in_force(mesh, id)
        if plugin is None:
            with suppress(WasmnbError):
                end_share(mesh, id)
            raise unknown_plugin(mesh, id)
        start = perf_counter()
        pods = tuple(pod.name for pod in mesh.pods() if plugin.selects(pod.labels))
        try:
            removed = mesh.remove(id)
        except KeyboardInterrupt:
            raise stopped(mesh, plugin, "Removing") from None
        gone = self.context.shown(tuple(mesh.removed(id)))
        return Removal(removed, pods, perf_counter() - start, gone)

    @takes(RenderCall)
    def render(self, call: RenderCall) -> Rendered | RenderedAgent | Exported:
        """Show what a filter or an image becomes on a cluster or in a plain Envoy, and write it to a file if asked to.

        With ``agent``, what an agent in the cluster is made of.

        It needs no mesh; nothing is applied and nothing pushed.

        Raises
        ------
        BadNameError, UsageError, ConfigError, ModuleError, ImageError, RegistryError
        """
        if call.agent:
            return self._render_agent(call)
        if call.name is None:
            raise UsageError("Nothing was named to render.", hint="name a filter, a file or an image")
        wanted = self._read(call, call.selector, applied=False)
        found = self.source.find(call.name, part(call, AccessOptions), call.progress)
        site = {"listen": call.listen, "upstream": call.upstream, "admin": call.admin}
        target = TARGETS.load(wanted.target)
        _refuse_no_version(call.istio_version)
        if target.fetches:
            refuse(found, target.name)
        place = Place(
            call.namespace or target.namespace,
            call.istio_version,
            site=Site(**{name: value for name, value in site.items() if value is not None}),
            output=call.output,
        )
        made = render(wanted.plugin(found.image), target, place)
        notes = (*made.notes, *found.notes(found.image))
        if not found.named and target.fetches:
            module = made.plugin.image.module.name
            push = Verb("push", (module,))
            notes += (str(Wording("proxies look for the image in a registry: {} brings it there", push)),)
        if call.out is not None:
            return export(made.plugin, made.value, call.out, notes)
        return replace(made, notes=notes)

    def _render_agent(self, call: RenderCall) -> RenderedAgent:
        """Render the agent in a cluster; what is said of a filter has no meaning there."""
        if call.name is not None or said(call, PluginOptions) or call.selector is not None:
            raise UsageError("An agent is not a filter: it judges every plugin in force.", hint="leave the rest out")
        from wasmnb.agent.image import tag_below  # noqa: PLC0415 - for who wants one
        from wasmnb.agent.manifest import Agent  # noqa: PLC0415

        mesh = self.context.chosen
        home = call.namespace or (mesh.namespace if isinstance(mesh, MeshInNamespace) else "default")
        image = call.agent_image or tag_below(self.context.defaults["registry"])
        push = Verb("mesh", ("istio",), (Option("agent", value=True),))
        notes = () if call.agent_image else (str(Wording("{} pushes the image, and applies all this", push)),)
        agent = Agent(image, home, call.istio_namespace, call.agent_pull_secret or "")
        return render_agent(agent, call.output, notes)

    def read(self, options: DeployOptions, selector: str | Mapping[str, str] | None) -> Specification:
        """Read what was said about a deployment; raise for what is wrong with it, or when there is no mesh."""
        to_change(self.context.mesh)
        return self._read(options, selector)

    def _read(
        self, options: PluginOptions, selector: str | Mapping[str, str] | None, *, applied: bool = True
    ) -> Specification:
        wanted = Specification.read(options, selector, self.context.defaults, applied=applied)
        told = {
            name: self.secrets.put_into(wanted.said[name]) for name in ("config", "vm_config") if name in wanted.said
        }
        if told:
            wanted = replace(wanted, said={**wanted.said, **told})
        self.context.secrets |= wanted.secrets
        return wanted

    def put(
        self,
        name: Deployable,
        wanted: Specification,
        access: AccessOptions,
        progress: Progress | None,
        *,
        there: Plugin | None = None,
    ) -> Deployment:
        """Put something deployable in force; of what is ``there``, what was not said stays as it is."""
        mesh = self.context.mesh
        with still_in_force(mesh, wanted.id or default_id(name)):
            probes = wanted.probes_on(mesh)
            found, stages = self.source.supply(name, access, progress, consumer=_consumer(wanted))
            plugin = wanted.plugin(found.image, there)
        done = put(
            *(mesh, plugin),
            wait=wanted.seconds if wanted.wait else None,
            skip_preflight=not wanted.preflight,
            allow_trap=wanted.allow_trap,
            prove=wanted.prove,
            probes=probes,
            take_over=wanted.take_over,
            mask=self.context.mask,
            progress=progress,
        )
        notes = found.notes(plugin.image)
        return replace(done, verdicts=self.context.shown(done.verdicts), stages=(*stages, *done.stages), notes=notes)

    def _export(
        self,
        name: Deployable,
        wanted: Specification,
        access: AccessOptions,
        folder: str,
        progress: Progress | None,
    ) -> Exported:
        mesh = self.context.mesh
        if not mesh.needs_registry:
            raise UsageError(
                f"The mesh {mesh.name!r} has no objects to be kept in a folder.",
                hint=Wording("{} writes one without a cluster", Verb("render", ("NAME",), (Option("out", "FOLDER"),))),
            )
        found, _ = self.source.supply(name, access, progress, dry=True)
        plugin = wanted.plugin(found.image)
        return export(plugin, yaml.safe_load(mesh.render(plugin)), folder, found.notes(plugin.image))

    def _rehearse(
        self,
        name: Deployable,
        wanted: Specification,
        steps: tuple[Labels, ...] | Shares,
        access: AccessOptions,
        progress: Progress | None,
    ) -> DryRun:
        mesh = self.context.mesh
        with still_in_force(mesh, wanted.id or default_id(name)):
            wanted.probes_on(mesh)
            found, _ = self.source.supply(name, access, progress, consumer=_consumer(wanted), dry=True)
            plugin = wanted.plugin(found.image)
        notes = list(found.notes(plugin.image))
        walked, more = planned(mesh, plugin, steps) if steps else ((), "")
        notes += [f"step {number}, {step.selector}: {', '.join(step.pods)}" for number, step in enumerate(walked, 1)]
        if isinstance(steps, Shares):
            notes.append("each step changes the share in the routes, and the last thing is that these are removed")
        return rehearse(mesh, plugin, self.context.secrets, notes, more=more)

    def _roll_out(
        self, call: DeployCall, wanted: Specification, steps: tuple[Labels, ...] | Shares, policy: RolloutPolicy
    ) -> Rollout:
        mesh, mask = self.context.mesh, self.context.mask
        with still_in_force(mesh, wanted.id or default_id(call.name)):
            policy = replace(policy, probes=wanted.probes_on(mesh))
            found, stages = self.source.supply(
                call.name, part(call, AccessOptions), call.progress, consumer=_consumer(wanted)
            )
            plugin = wanted.plugin(found.image)

        def tell(now: Rollout) -> None:
            shown = now.changed(mask)
            if call.on_step is not None:
                call.on_step(shown)
            if isinstance(call.progress, Following):
                call.progress.advance(shown)

        done = roll_out(mesh, plugin, steps, policy, progress=call.progress, on_step=tell)
        return replace(done.changed(mask), stages=stages, notes=found.notes(plugin.image))


def _steps(options: RolloutOptions, wanted: Specification) -> tuple[tuple[Labels, ...] | Shares, RolloutPolicy]:
    """Read what was said about steps.

    Raises
    ------
    UsageError
        A step is none, or something was said that goes only with steps, or never with them.
    """
    shares = read_shares(options.steps)
    steps = read_steps(options.steps) if shares is None else shares
    texts = [options.budget] if isinstance(options.budget, str) else options.budget
    budgets = tuple(Budget.parse(text, WHATS, FALLING) for text in texts)
    asked = options.promql or options.prometheus is not None or options.check is not None
    said = options.watch_for is not None or options.accept_no_traffic or budgets or asked
    said = said or options.traffic is not None
    if not steps and said:
        raise UsageError(
            "There are options for watching steps, but no steps.",
            hint=Wording("add {}, for instance {}", Option("steps"), Option("steps", "version=v1,version=v2")),
        )
    if shares is not None and (falling := next((one for one in budgets if one.falls), None)):
        raise UsageError(
            f"The budget {falling} does not go with steps by share, which say how many requests come.",
            hint="leave it out, or give steps by label",
        )
    if steps and not wanted.wait:
        raise UsageError(
            "A rollout waits for each of its steps.",
            hint=Wording("leave out {}, or {}", Option("wait", value=False, flag="--no-wait"), Option("steps")),
        )
    seconds = number("watch_for", _WATCH_FOR if options.watch_for is None else options.watch_for)
    return steps, RolloutPolicy(
        wanted.seconds,
        seconds,
        options.accept_no_traffic,
        options.ask,
        wanted.prove,
        wanted.allow_trap,
        wanted.take_over,
        budgets,
        _check(options, seconds),
        traffic=None if options.traffic is None else Sent.parse(options.traffic),
    )


def _check(options: RolloutOptions, seconds: float) -> Callable[[Step], object] | None:
    """Put the user's own check and the queries of a Prometheus together; see that it answers them now.

    Raises
    ------
    UsageError
        A query cannot be asked.
    """
    own = options.check
    if not options.promql and options.prometheus is None:
        return own
    from wasmnb.rollout.prometheus import read_check  # noqa: PLC0415 - for those who have one

    queries = read_check(options.prometheus, options.promql, seconds)
    if queries is None:
        return own
    queries.ready()
    if own is None:
        return queries

    def both(step: Step) -> object:
        said = own(step)
        return said if said is False or isinstance(said, str) else queries(step)

    return both


def _consumer(wanted: Specification) -> str:
    """Name what takes the image where it is put in force."""
    return TARGETS.load(wanted.target).name


def _refuse_no_version(text: str) -> None:
    """Refuse what a user writes for a version of Istio and is none: it would be taken for the newest."""
    if text and not _VERSION.match(text):
        raise UsageError(
            f"{text!r} is not a version of Istio.",
            where=ErrorPlace(Option("istio_version"), quote=text),
            hint="write it as istioctl version says it: 1.29 or 1.29.3",
        )
