"""What a notebook remembers, and one public method for each thing that it can do."""

from __future__ import annotations

import atexit
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

from wasmnb import redact
from wasmnb.compile import Filter
from wasmnb.compile.languages import guess
from wasmnb.rollout.deploy import back, in_force, previous, put, still_in_force, stopped, unknown_plugin
from wasmnb.rollout.deployment import Deployment, Removal
from wasmnb.session import parsing
from wasmnb.session.bookinfo import Sampling
from wasmnb.session.defaults import number
from wasmnb.session.deploy_options import Wanted
from wasmnb.session.files import FileResult
from wasmnb.session.filters import said
from wasmnb.session.image_source import NO_ACCESS, default_id
from wasmnb.session.plugin_options import kind
from wasmnb.session.projects import Projects
from wasmnb.session.registry_login import Logins
from wasmnb.session.rendering import Rendering
from wasmnb.session.stepping import Stepping, Steps
from wasmnb.session.watching import Watching

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from wasmnb.cases import TestResults
    from wasmnb.progress import Progress
    from wasmnb.rollout import Rollout
    from wasmnb.rollout.dry_run import DryRun
    from wasmnb.session.image_source import Deployable
    from wasmnb.session.results import FilterResult

__all__ = ["Session", "close_default", "default"]


class Session(Projects, Logins, Rendering, Stepping, Sampling, Watching):
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
        include: Sequence[str] = (),
        define: Sequence[str] = (),
        std: str | None = None,
        files: Sequence[str] = (),
        force: bool = False,
        test: bool = False,
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
            Without it, what the source looks like; the session's default where it does not tell.
        flags : sequence of str
            Extra compiler flags.
        include, define : sequence of str
            Folders of headers, and macros (``NAME`` or ``NAME=VALUE``), of C++.
        std : str, optional
            The C++ standard, such as ``c++20``.
        files : sequence of str
            Files that belong to the filter, of the session or on the disk; those that it includes need not be named.
        force : bool
            Compile although nothing changed.
        test : bool
            Run its cases (see `test`) before anything is deployed.
        deploy : str or mapping, optional
            The selector of the pods to put it on; what follows is as in `deploy`.

        Raises
        ------
        BadNameError, UsageError, ConfigError, CompileError, LinkError, ToolchainError, ModuleError, DeployError
        CasesFailedError
            A case failed; nothing was deployed.
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
                guessed = guess(source, self._defaults["language"]) if language is None else None
                flags = parsing.flags(flags, include, define, std)
                wanted = Filter(name, source, guessed.language if guessed else str(language), flags)
                with nullcontext() if deploy is None else still_in_force(self.current, id or name), said(guessed):
                    built = self._filters.build(wanted, named=files, force=force, progress=progress)
                known = replace(built, guess=guessed)
            if test:
                known = replace(known, tests=self._tests.run(name, known.module, "auto"))
                if known.tests is not None and not known.tests.passed:
                    from wasmnb.cases import CasesFailedError  # noqa: PLC0415

                    raise CasesFailedError.of(known.tests)
            if deploy is None:
                return known
            deployment = self._deploy(known.module, how, progress)
            unchanged = known.unchanged and deployment.unchanged
            return replace(
                known, deployment=deployment, unchanged=unchanged, stages=(*known.stages, *deployment.stages)
            )

    def test(
        self,
        name: str,
        source: str | None = None,
        *,
        host: str = "auto",
        save: str | None = None,
        progress: Progress | None = None,
    ) -> TestResults:
        """Run the cases of a filter, or of a project folder; `TestResults.passed` says whether none failed.

        Parameters
        ----------
        name : str
            A filter of the session, or a folder.
        source : str, optional
            The cases of the filter, as YAML; without them, those that are known.
        host : str
            ``envoy``, ``emulator``, or ``auto``: an Envoy, and the emulator for what an Envoy cannot do.
        save : str, optional
            A folder that the cases are written to, as ``NAME.wasmtest.yaml``.

        Raises
        ------
        ConfigError
            The text says something that is no case.
        BadNameError, UsageError, CompileError, ToolchainError, ModuleError, MeshError
        """
        with self._guard():
            if source is None and name not in self.filters and Path(name).expanduser().is_dir():
                from wasmnb.session.testing import run_folder  # noqa: PLC0415

                return run_folder(Path(name).expanduser(), host, progress)
            if source is not None:
                self._tests.keep(name, source)
            if save is not None:
                self._tests.save(name, save)
            return self._tests.run(name, self._filters.get(name).module, host)

    def file(self, path: str, source: str | None = None, *, filters: Sequence[str] = ()) -> FileResult:
        """Write a file that filters of this session can include, or give the one that is known.

        Parameters
        ----------
        path : str
            By which filters include it: ``util.h``, ``limits/bucket.cc``, ``filter.proto``.
        source : str, optional
            Its text.
        filters : sequence of str
            The only filters that it is for; without one, every filter that includes it.

        Raises
        ------
        BadNameError, UsageError
        """
        with self._guard():
            kept = self._filters.files
            same = True if source is None else kept.put(path, source, filters)
            return FileResult(path, kept.get(path), same, self._filters.using(path))

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
        match: Any = None,
        pull_policy: str | None = None,
        pull_secret: str | None = None,
        env: Any = None,
        target_ref: Any = None,
        type: str | None = None,  # noqa: A002 - the option's own word
        as_: str | None = None,
        target: str | None = None,
        dry_run: bool = False,
        preflight: bool = True,
        wait: bool = True,
        steps: str | Sequence[str | Mapping[str, str]] = (),
        watch_for: float | None = None,
        accept_no_traffic: bool = False,
        ask: Callable[[str], bool | None] | None = None,
        on_step: Callable[[Rollout], None] | None = None,
        progress: Progress | None = None,
    ) -> Deployment | DryRun | Rollout:
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
        match : str, Match, or several, optional
            Listeners it is for: ``SERVER:9080``, ``CLIENT``; every one.
        pull_policy, pull_secret : str, optional
            When proxies fetch the image anew (see `wasmnb.PullPolicy`), and the Secret that they fetch it with.
        env : str, mapping, or several, optional
            Environment of the filter: ``NAME=VALUE``, or ``NAME`` for the proxy's own variable.
        target_ref : str, TargetRef, or several, optional
            In place of a selector, what it is attached to: ``Gateway/waypoint``, ``Service/details``.
        type : str, optional
            ``HTTP`` or ``NETWORK``, see `wasmnb.PluginType`.
        as_ : str, optional
            The object of Istio's that it becomes: ``TrafficExtension``, ``WasmPlugin``, ``EnvoyFilter``.
        target : str, optional
            Another gateway on the cluster: ``envoy-gateway``, ``higress``.
        dry_run : bool
            Apply nothing and push nothing; give the text that would be applied, and the diff to what is there.
        preflight : bool
            False: do not look at the module before it is applied, and do not try it on an Envoy here. One that cannot
            load is refused by each pod, and until then nothing saves you from it, not even a fail policy that is open.
            The local mesh tries every module all the same.
        wait : bool
            False: give the verdicts as they are once the mesh has taken the plugin; pods that may yet become LIVE are
            not waited for. One that cannot become LIVE is an error all the same.
        steps : str or sequence, optional
            Labels that divide the selected pods, such as ``version=v1,version=v2`` (a ``+`` joins the labels of one
            step): the plugin is put in force on the pods of one step after the other, the next only when this one is
            LIVE on every pod and its error rate has not risen. Otherwise every pod goes back.
        watch_for : float, optional
            Seconds for which the error rate of a step is watched, and before the first step; 5.
        accept_no_traffic : bool
            A step whose error rate cannot be judged, for want of requests or of counts, passes because it is LIVE.
        ask : callable, optional
            Asks the user to let such a step pass; gives None when nobody can be asked.
        on_step : callable, optional
            Given the `Rollout` whenever something about it has changed.

        Raises
        ------
        NoMeshError, BadNameError, UsageError, ConfigError, ModuleError, SelectorError, DeployError, HangError
        ImageError, RegistryError
        Interrupted
        """
        with self._guard():
            said = Wanted(
                *(id, selector, config, root_id, phase, priority, fail_policy, timeout),
                match=match,
                pull_policy=pull_policy,
                pull_secret=pull_secret,
                env=env,
                target_ref=target_ref,
                type=type,
                as_=as_,
                target=target,
                preflight=None if preflight else False,
            )
            how = self._ready(said)
            spoken = {"plain_http": plain_http, "insecure": insecure, "ca": ca}
            walk = Steps.read(
                steps, watch_for=watch_for, accept_no_traffic=accept_no_traffic, wait=wait, ask=ask, on_step=on_step
            )
            if dry_run:
                return self._rehearse(name, how, walk, spoken, progress)
            if walk.labels:
                return self._roll_out(name, how, walk, spoken, progress)
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
            self._secrets |= redact.secrets_in(before.config) | redact.secrets_in(before.env)
            done = put(mesh, before, wait=seconds, mask=self.mask, progress=progress)
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

    def _ready(self, how: Wanted) -> Wanted:
        """Read what was said about a deployment; raise for what is wrong with it, or when there is no mesh."""
        self.current  # noqa: B018 - raises
        how = how.read(self._defaults)
        how = replace(how, config=self._with_secrets(how.config))
        kind(how.as_, how.target)  # raises for what no mesh can be given
        self._secrets |= redact.secrets_in(how.config) | redact.secrets_in(how.env)
        return how

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
        fearless = how.preflight is False
        done = put(
            *(self.current, plugin),
            wait=how.seconds,
            patient=patient,
            fearless=fearless,
            mask=self.mask,
            progress=progress,
        )
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
