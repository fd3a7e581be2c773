"""What a notebook remembers, and one public method for each thing that it can do."""

from __future__ import annotations

import atexit
from contextlib import nullcontext
from dataclasses import replace
from time import perf_counter
from typing import TYPE_CHECKING, Any

from wasmnb import redact
from wasmnb.build import Filter
from wasmnb.session.defaults import number
from wasmnb.session.deploying import back, in_force, previous, put, still_in_force, stopped, unknown_plugin
from wasmnb.session.images import Images
from wasmnb.session.logins import Logins
from wasmnb.session.rehearsing import DryRun, rehearse
from wasmnb.session.results import Deployment, FilterResult, Removal
from wasmnb.session.supplying import NO_ACCESS, Supplying, default_id
from wasmnb.session.wanted import Wanted
from wasmnb.session.watching import Watching

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from wasmnb.dashboards.panel import Panel
    from wasmnb.progress import Progress
    from wasmnb.session.supplying import Deployable

__all__ = ["Session", "close_default", "default"]


class Session(Images, Logins, Supplying, Watching):
    """Filters by name, the chosen mesh, and the defaults: what the cells of one notebook share.

    Every method is what the magic of the same name does; its keywords are the magic's options. None prints. What they
    give, and every error they raise, has the secrets masked that went through the session.
    """

    def filter(
        self,
        name: str,
        source: str | None = None,
        *,
        language: str | None = None,
        flags: Sequence[str] = (),
        force: bool = False,
        deploy: str | Mapping[str, str] | None = None,
        id: str | None = None,  # noqa: A002 - the option's own word
        config: str | Mapping[str, Any] | None = None,
        root_id: str | None = None,
        phase: str | None = None,
        priority: int | None = None,
        fail_policy: str | None = None,
        timeout: float | None = None,
        progress: Progress | None = None,
    ) -> FilterResult:
        """Compile a filter, and put it in force when asked to.

        Parameters
        ----------
        name : str
        source : str, optional
            The program; without it, the filter of that name which is known.
        language : str, optional
        flags : sequence of str
            Extra compiler flags.
        force : bool
            Compile although nothing changed.
        deploy : str or mapping, optional
            The selector of the pods to put it on; what follows is as in `deploy`.

        Raises
        ------
        BadNameError, UsageError, ConfigError, CompileError, LinkError, ToolchainError, ModuleError, DeployError
        """
        with self._guard():
            how = Wanted(id, deploy, config, root_id, phase, priority, fail_policy, timeout)
            if deploy is None:
                how.refuse()
            else:
                # What is wrong with the command is said before a compiler runs.
                how = self._ready(how)
            if source is None:
                known = self._filters.get(name)
            else:
                wanted = Filter(name, source, self._default("language", language), tuple(flags))
                with nullcontext() if deploy is None else still_in_force(self.current, id or name):
                    known = self._filters.build(wanted, force=force, progress=progress)
            if deploy is None:
                return known
            deployment = self._deploy(known.module, how, progress)
            unchanged = known.unchanged and deployment.unchanged
            return replace(
                known, deployment=deployment, unchanged=unchanged, stages=(*known.stages, *deployment.stages)
            )

    def deploy(
        self,
        name: Deployable,
        *,
        id: str | None = None,  # noqa: A002 - the option's own word
        selector: str | Mapping[str, str] | None = None,
        config: str | Mapping[str, Any] | None = None,
        root_id: str | None = None,
        phase: str | None = None,
        priority: int | None = None,
        fail_policy: str | None = None,
        timeout: float | None = None,
        plain_http: bool = False,
        insecure: bool = False,
        ca: str | None = None,
        dry_run: bool = False,
        wait: bool = True,
        progress: Progress | None = None,
    ) -> Deployment | DryRun:
        """Put a filter or an image in force on every pod that the selector names, and wait until it is LIVE there.

        An image is deployed by the digest that its reference means at this moment.

        Parameters
        ----------
        name : str, Filter, Module, Image, or what `build`, `push` and `pull` give
            A filter of the session, a ``.wasm`` file, or the reference of an image.
        id : str, optional
            Names the plugin on the mesh; the filter's name, or the last part of the image's.
        selector : str or mapping, optional
            ``app=details,version=v1``; ``*`` is every pod.
        config : str or mapping, optional
            JSON text, ``@file``, other text, or a mapping.
        root_id : str, optional
            The only one that the module registers.
        phase, fail_policy : str, optional
            See `wasmnb.Phase` and `wasmnb.FailPolicy`.
        priority : int, optional
            Higher runs first within a phase; 0.
        timeout : float, optional
            Seconds to wait for LIVE.
        plain_http, insecure, ca
            As for `push`.
        dry_run : bool
            Apply nothing and push nothing; give the text that would be applied, and the diff to what is there.
        wait : bool
            False: give the verdicts as they are once the mesh has taken the plugin; pods that may yet become LIVE are
            not waited for. One that cannot become LIVE is an error all the same.

        Raises
        ------
        NoMeshError, BadNameError, UsageError, ConfigError, ModuleError, SelectorError, DeployError, HangError
        ImageError, RegistryError
        Interrupted
        """
        with self._guard():
            how = self._ready(Wanted(id, selector, config, root_id, phase, priority, fail_policy, timeout))
            spoken = {"plain_http": plain_http, "insecure": insecure, "ca": ca}
            if dry_run:
                return self._rehearse(name, how, progress, spoken)
            return self._deploy(name, how, progress, spoken, patient=wait)

    def rollback(
        self,
        id: str,  # noqa: A002 - the option's own word
        *,
        timeout: float | None = None,
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

        Raises
        ------
        NoMeshError, UsageError, BadNameError, DeployError
        MeshError
            There was nothing before.
        Interrupted
        """
        with self._guard():
            mesh, seconds = self.current, number("timeout", self._default("timeout", timeout))
            before, now = previous(mesh, id), in_force(mesh, id)
            self._secrets |= redact.secrets_in(before.config)
            done = put(mesh, before, wait=seconds, progress=progress)
            return replace(done, verdicts=self._shown(done.verdicts), notes=(back(before, now),))

    def undeploy(self, id: str) -> Removal:  # noqa: A002 - the option's own word
        """Take a plugin away from every pod.

        Raises
        ------
        NoMeshError
        BadNameError
            It is not there; the message names what is.
        Interrupted
        """
        with self._guard():
            mesh = self.current
            plugin = in_force(mesh, id)
            if plugin is None:
                raise unknown_plugin(mesh, id)
            start = perf_counter()
            pods = tuple(pod.name for pod in mesh.pods() if plugin.selects(pod.labels))
            try:
                removed = mesh.remove(id)
            except KeyboardInterrupt:
                raise stopped(mesh, plugin, "Removing") from None
            return Removal(removed, pods, perf_counter() - start)

    def panel(self) -> Panel:
        """Make controls for a deployment; each button is one call of this session, and shows it as a magic.

        Raises
        ------
        NoMeshError
        """
        from wasmnb.dashboards.panel import Panel  # noqa: PLC0415 - ipywidgets, for views only

        with self._guard():
            self.current  # noqa: B018 - raises
            panel = Panel(self, closed=self._ended)
            self._views.append(panel)
            return panel

    def _ready(self, how: Wanted) -> Wanted:
        """Read what was said about a deployment; raise for what is wrong with it, or when there is no mesh."""
        self.current  # noqa: B018 - raises
        how = how.read(self._defaults)
        self._secrets |= redact.secrets_in(how.config)
        return how

    def _rehearse(self, name: Deployable, how: Wanted, progress: Progress | None, spoken: dict[str, Any]) -> DryRun:
        with still_in_force(self.current, how.id or default_id(name)):
            found, _ = self._supply(name, spoken, progress, dry=True)
            plugin = how.plugin(found.image)
        return rehearse(self.current, plugin, self._secrets, found.notes(plugin.image))

    def _deploy(
        self,
        name: Deployable,
        how: Wanted,
        progress: Progress | None,
        spoken: dict[str, Any] | None = None,
        *,
        patient: bool = True,
    ) -> Deployment:
        with still_in_force(self.current, how.id or default_id(name)):
            found, stages = self._supply(name, spoken or NO_ACCESS, progress)
            plugin = how.plugin(found.image)
        done = put(self.current, plugin, wait=how.seconds, patient=patient, progress=progress)
        return replace(
            done, verdicts=self._shown(done.verdicts), stages=(*stages, *done.stages), notes=found.notes(plugin.image)
        )


_default: Session | None = None


def default() -> Session:
    """Give the session that the magics of this process share; its mesh stops when the process ends."""
    global _default  # noqa: PLW0603 - one per kernel, which is one per process
    if _default is None:
        _default = Session()
        atexit.register(close_default)
    return _default


def close_default() -> None:
    """Stop what the shared session started, and forget it."""
    global _default
    if _default is not None:
        session, _default = _default, None
        session.close()
