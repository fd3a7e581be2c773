"""What a session compiles, builds and begins: filters of cells, images, and project folders that are watched."""

from __future__ import annotations

import json
from contextlib import nullcontext, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from time import perf_counter, strftime
from typing import TYPE_CHECKING, Any

from wasmnb.compile import Filter
from wasmnb.compile.languages import guess
from wasmnb.compile.workspace import member
from wasmnb.display.text import short_digest
from wasmnb.errors import UsageError, WasmnbError
from wasmnb.image.results import Built
from wasmnb.mesh import MeshLoadingAhead, Proof
from wasmnb.options import part, takes
from wasmnb.rollout.deploy import in_force, still_in_force
from wasmnb.session import parsing
from wasmnb.session.building import Order
from wasmnb.session.files import FileResult
from wasmnb.session.filters import guessed_language
from wasmnb.session.folder_changes import Outside, changes
from wasmnb.session.image_source import held
from wasmnb.session.options.build import BuildCall, FilterCall
from wasmnb.session.options.deploy import DeployOptions
from wasmnb.session.options.registry import AccessOptions
from wasmnb.session.results import BuildTimes
from wasmnb.session.specification import refuse
from wasmnb.wording import Option, Verb, Wording

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from wasmnb.ahead import Draft, Foreseen
    from wasmnb.cases import TestResults
    from wasmnb.cases.bench import Costs
    from wasmnb.compile.go.migration import Migration
    from wasmnb.compile.languages import Guess
    from wasmnb.module import Module
    from wasmnb.progress import Progress
    from wasmnb.project import Project
    from wasmnb.rollout.deployment import Deployment
    from wasmnb.session.context import Context
    from wasmnb.session.deployments import Deployments
    from wasmnb.session.options.build import CompileOptions
    from wasmnb.session.results import FilterResult

__all__ = ["Builds"]

_EXAMPLE = "config.json"


class Builds:
    """How a session comes by modules and images.

    Parameters
    ----------
    context : Context
    deployments : Deployments
        Where what was built is put in force when asked to.
    """

    def __init__(self, context: Context, deployments: Deployments) -> None:
        self.context, self.deployments = context, deployments

    @takes(FilterCall)
    def filter(self, call: FilterCall) -> FilterResult:
        """Compile a filter, and put it in force when asked to.

        Raises
        ------
        BadNameError, UsageError, ConfigError, CompileError, LinkError, ToolchainError, ModuleError, DeployError
        CasesFailedError
            A case failed; nothing was deployed.
        """
        options = part(call, DeployOptions)
        if call.deploy is None:
            refuse(options, part(call, AccessOptions))
            return self._tested(call, self._compiled(call))
        # What is wrong with the command is said before a compiler runs.
        wanted = self.deployments.read(options, call.deploy)
        with still_in_force(self.context.mesh, call.id or call.name) if call.source is not None else nullcontext():
            known = self._compiled(call)
        known = self._tested(call, known)
        deployment = self.deployments.put(known.module, wanted, part(call, AccessOptions), call.progress)
        return replace(
            known,
            deployment=deployment,
            unchanged=known.unchanged and deployment.unchanged,
            stages=(*known.stages, *deployment.stages),
        )

    def _tested(self, call: FilterCall, known: FilterResult) -> FilterResult:
        """Run its cases when they are to be run; one that fails is an error."""
        if not call.test:
            return known
        tests = self.context.cases.run(call.name, known.module, "auto")
        if not tests.passed:
            from wasmnb.cases import CasesFailedError  # noqa: PLC0415

            raise CasesFailedError.of(tests)
        return replace(known, tests=tests)

    def _compiled(self, call: FilterCall) -> FilterResult:
        filters, source = self.context.filters, call.source
        if source is None:
            return filters.get(call.name)
        wanted, guessed = self._read(call, source)
        with guessed_language(guessed):
            built = filters.build(wanted, named=call.files, force=call.force, progress=call.progress)
        return replace(built, guess=guessed)

    def _read(self, call: FilterCall, source: str) -> tuple[Filter, Guess | None]:
        guessed = guess(source, self.context.defaults["language"]) if call.language is None else None
        flags = _flags(call)
        return Filter(call.name, source, guessed.language if guessed else str(call.language), flags), guessed

    def draft(self, call: FilterCall) -> Draft:
        """Give what `filter` would compile, with its files, and what it would put in force; nothing of it is done.

        Raises
        ------
        BadNameError, UsageError
        """
        from wasmnb.ahead import Draft, extent  # noqa: PLC0415 - for those who type in JupyterLab

        wanted, _ = self._read(call, call.source or "")
        found = self.context.filters.files.beside(wanted, call.files)
        return Draft(found, extent(self.context.defaults["ahead"]), partial(self._foreseen, call))

    def file_draft(self, path: str, source: str) -> Filter:
        """Give a file of C++ as if it were a filter by itself, with what it includes; nothing is written.

        Raises
        ------
        BadNameError
            The path leads out of a filter.
        UsageError
            It is no C++.
        """
        from wasmnb.compile.cpp import SOURCES  # noqa: PLC0415 - for those who write such files
        from wasmnb.compile.cpp.folder import HEADERS  # noqa: PLC0415

        if not path.endswith((*HEADERS, *SOURCES)):
            raise UsageError(f"{path!r} is no file of C++.", hint="headers end in .h, sources in .cc")
        Filter("any", "", files=((path, source),))
        filters = self.context.filters
        return filters.files.beside(Filter("file", source, flags=filters.flags(path), file=path), ())

    def _foreseen(self, call: FilterCall, module: Module) -> Foreseen | None:
        """Say what a filter would be put in force as: where its cell says, or else where it is in force already."""
        from wasmnb.ahead import Foreseen  # noqa: PLC0415
        from wasmnb.image import package  # noqa: PLC0415 - brings what packages

        mesh, options = self.context.chosen, part(call, DeployOptions)
        if call.deploy is not None:
            wanted = self.deployments.read(options, call.deploy)
            mesh = self.context.mesh
            if not wanted.preflight:
                return None
            # What a run asks its user about is not refused before.
            asks = wanted.prove is None and mesh.prove is None and not self.context.asked
            wanted = replace(wanted, probe_changes=True, prove=Proof.EFFECT if asks else wanted.prove)
            # Elsewhere it would be asked over the network where each leads to.
            probes = wanted.probes_on(mesh) if isinstance(mesh, MeshLoadingAhead) else wanted.probes_of_any(mesh)
            return Foreseen(mesh, wanted.plugin(package(module)), probes, wanted.allow_trap)
        refuse(options, part(call, AccessOptions))
        # Elsewhere it would be asked over the network what is in force.
        there = in_force(mesh, call.name) if isinstance(mesh, MeshLoadingAhead) else None
        if mesh is None or there is None:
            return None
        return Foreseen(mesh, self.deployments.read(options, None).plugin(package(module), there))

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
        if source is None and name not in self.context.filters.names() and Path(name).expanduser().is_dir():
            from wasmnb.session.testing import run_folder  # noqa: PLC0415

            return run_folder(Path(name).expanduser(), host, progress)
        if source is not None:
            self.context.cases.keep(name, source)
        if save is not None:
            self.context.cases.save(name, save)
        return self.context.cases.run(name, self.context.filters.get(name).module, host)

    def bench(
        self,
        name: str,
        *,
        against: str | None = None,
        budget: Sequence[str] = (),
        no_envoy: bool = False,
        progress: Progress | None = None,
    ) -> Costs:
        """Count the WebAssembly instructions of each callback of a filter in its cases, the same in each run.

        Beside it stands what an Envoy of this machine takes to load it, and for requests through it.

        Parameters
        ----------
        name : str
            A filter of the session, a ``.wasm`` file, or a project folder.
        against : str, optional
            An earlier build to compare with: an image of the store by tag or digest, a ``.wasm`` file, another filter.
        budget : sequence of str
            By how much ``instructions``, ``memory`` or ``size`` may grow: ``instructions=+5%``.
        no_envoy : bool
            Count alone.
        progress : Progress, optional

        Raises
        ------
        BudgetError
            Something grew by more.
        BadNameError, UsageError, ConfigError, ImageError, ModuleError, CompileError, ToolchainError
        """
        from wasmnb.session.testing import built_with_cases, measured  # noqa: PLC0415

        filters, folder, before = self.context.filters, Path(name).expanduser(), None
        if name not in filters.names() and folder.is_dir():
            suite, module = built_with_cases(folder, progress)
        else:
            suite, module = self.context.cases.known(name), filters.module(name)
        if against is not None:
            kept = against in filters.names() or against.endswith(".wasm")
            before = filters.module(against) if kept else self.context.store.get(against).module
        return measured(suite, module, before, budget, envoy=not no_envoy)

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
        kept = self.context.filters.files
        same = True if source is None else kept.put(path, source, filters)
        return FileResult(path, kept.get(path), same, self.context.filters.using(path))

    def times(self) -> BuildTimes:
        """List how long each build of this session took, oldest first."""
        return BuildTimes(tuple(self.context.filters.times))

    def init(
        self,
        destination: str | Path,
        *,
        language: str | None = None,
        template: str | None = None,
        platform: str | None = None,
        name: str | None = None,
        force: bool = False,
    ) -> Project:
        """Write a project folder that is built without us; see `wasmnb.init_project`.

        Raises
        ------
        UsageError, BadNameError
        """
        from wasmnb.project import init_project  # noqa: PLC0415 - for its users only

        return init_project(
            destination, language=language, template=template, platform=platform, name=name, force=force
        )

    def migrate(self, folder: str | Path, *, force: bool = False) -> Migration:
        """Change a Go project on TinyGo's SDK into one on Go's own, as far as that is mechanical.

        Parameters
        ----------
        folder : str or pathlib.Path
        force : bool
            Also in a tree with changes that are not committed.

        Raises
        ------
        BadNameError, UsageError
        """
        from wasmnb.compile.go.migration import migrate  # noqa: PLC0415 - for its users only

        return migrate(Path(folder).expanduser(), force=force)

    @takes(BuildCall)
    def build(self, call: BuildCall) -> Built:
        """Build an image, and keep it in the store; with ``watch``, build it again after each change of a folder.

        Watching goes on until an interrupt, or until ``seconds`` are over. A build that fails is told to ``log``; the
        next change may mend it. With ``deploy``, each build is put in force on the pods that this selector names: with
        what is said here; what is not said stays as it is in force. At first the configuration is that of the folder's
        own ``config.json``.

        Raises
        ------
        BadNameError, UsageError, ConfigError, CompileError, LinkError, ToolchainError, ModuleError, ImageError
        WasmnbError
            What the last build or deployment raised, when watching ended with it.
        Interrupted
        """
        if call.member is not None:
            call = replace(call, what=_member(call.what, call.member), member=None)
        if call.watch:
            return self._watched(call)
        if call.seconds is not None or call.deploy is not None:
            said = Option("seconds", flag="--for") if call.seconds is not None else Option("deploy")
            raise UsageError(
                Wording("{} goes with {}.", said, Option("watch")),
                hint=Wording("add {}, or put the image in force with {}", Option("watch", value=True), Verb("deploy")),
            )
        self._deploy_options(call)
        return self._built(call)

    def _built(self, call: BuildCall) -> Built:
        start = perf_counter()
        order = Order.read(
            call.what,
            call.file,
            reference=call.tag,
            runtime_config=call.runtime_config,
            variant=call.variant,
            annotations=call.annotation,
            schema=call.schema,
            force=call.force,
            language=call.language,
            flags=_flags(call),
        )
        container = {"command": call.command, "target": call.target, "pull": call.pull}
        store = self.context.store
        before = held(store, order.reference)
        image = order.run(
            self.context.filters, store, call.in_container, container, progress=call.progress, log=call.log
        )
        self.context.own[image.reference] = image.digest
        return Built(image, before == image.digest, perf_counter() - start)

    def _deploy_options(self, call: BuildCall) -> DeployOptions:
        """Give what was said of a deployment; refuse it where there is none."""
        options = part(call, DeployOptions, target=call.deploy_target)
        if call.deploy is None:
            refuse(options, part(call, AccessOptions))
        return options

    def _watched(self, call: BuildCall) -> Built:
        folder = _watchable(call.what, call.seconds, unattended=call.unattended)
        options, say = self._deploy_options(call), call.log or (lambda _: None)
        if call.deploy is not None:
            self.deployments.read(options, call.deploy)  # raises: what is wrong is said before the first build
        # A container's log is for a build that somebody asked for.
        call = replace(call, what=folder, log=None)
        outcome: Built | WasmnbError | None = None
        outside, put = Outside(), options.id
        try:
            for changed in changes(folder, call.seconds, outside):
                outcome, line = self._once(call, folder, options)
                if isinstance(outcome, Built):
                    put = put or outcome.image.module.name
                    if outcome.image.module.build is not None:
                        outside.follow(outcome.image.module.build.read)
                # Whoever has read it can interrupt, and is told what stays.
                say(f"{strftime('%H:%M:%S')} {changed}: {line}")
        except KeyboardInterrupt:
            if outcome is None:
                raise
            say("watching ended")
            if call.deploy is not None and put:
                self._tell_what_stays(put, say)
        if isinstance(outcome, WasmnbError):
            raise outcome
        assert outcome is not None  # noqa: S101 - the first build waits for no change
        return outcome

    def _tell_what_stays(self, name: str, say: Callable[[str], None]) -> None:
        with suppress(WasmnbError):  # a mesh that was ended has nothing
            if in_force(self.context.mesh, name) is not None:
                say(str(Wording("{} stays in force; {} takes it away", name, Verb("undeploy", (name,)))))

    def _once(self, call: BuildCall, folder: Path, options: DeployOptions) -> tuple[Built | WasmnbError, str]:
        """Build, and deploy when asked to; give what came of it, and that in words."""
        try:
            built = self._built(call)
            line = "unchanged" if built.unchanged else f"built in {built.seconds:.1f} s"
            line += f", image {short_digest(built.image.digest)}"
            if call.deploy is not None:
                done = self._put(call, folder, built, options)
                line += f", live on {', '.join(verdict.pod for verdict in done.verdicts)} in {done.seconds:.1f} s"
        except WasmnbError as error:
            return error, "\n".join(["failed", *error.lines()])
        return built, line

    def _put(self, call: BuildCall, folder: Path, built: Built, options: DeployOptions) -> Deployment:
        """Put a build in force: what was not said stays as it is in force, or begins as the folder says."""
        name = options.id or built.image.module.name
        there = in_force(self.context.mesh, name)
        if there is None and options.config is None:
            options = replace(options, config=_example(folder))
        wanted = self.deployments.read(replace(options, id=name), call.deploy)
        return self.deployments.put(built, wanted, part(call, AccessOptions), call.progress, there=there)


def _flags(call: CompileOptions) -> tuple[str, ...]:
    return parsing.flags(call.flags, include=call.include, libraries=call.libraries, define=call.define, std=call.std)


def _member(what: object, name: str) -> Path:
    if not isinstance(what, str | Path):
        raise UsageError(
            Wording("{} names a filter in a folder, and {} is not a folder.", Option("member", flag="-C"), repr(what)),
            hint="give the folder's path",
        )
    return member(Path(what).expanduser(), name)


def _watchable(what: object, seconds: float | None, *, unattended: bool) -> Path:
    if not isinstance(what, str | Path) or not Path(what).expanduser().is_dir():
        raise UsageError(
            Wording("{} needs a folder, and {} is not one.", Option("watch"), str(what)),
            hint=Wording("{}", Verb("build", ("./my-filter",), (Option("watch", value=True),))),
        )
    if seconds is not None and seconds <= 0:
        raise UsageError(
            Wording("{} is a number of seconds above 0, not {}.", Option("seconds", flag="--for"), f"{seconds:g}"),
            hint=Wording("for instance {}", Option("seconds", "60", flag="--for")),
        )
    if seconds is None and unattended:
        raise UsageError(
            Wording("{} ends with an interrupt, and in this run nobody is there to give one.", Option("watch")),
            hint=Wording("add {}, or leave {} out", Option("seconds", "SECONDS", flag="--for"), Option("watch")),
        )
    return Path(what).expanduser()


def _example(folder: Path) -> dict[str, Any] | None:
    try:
        found = json.loads((folder / _EXAMPLE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None
