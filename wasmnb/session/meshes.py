"""A session's mesh: started, connected to, looked at, and let go of."""

from __future__ import annotations

import time
from dataclasses import replace
from time import perf_counter
from typing import TYPE_CHECKING, Any

from wasmnb.check import Checks
from wasmnb.errors import Interrupted, MeshError, UsageError
from wasmnb.image.reference import Reference
from wasmnb.mesh import MeshInNamespace, MeshOfOthers, MeshWithBookinfo, log_lines
from wasmnb.mesh.kinds import MESHES, proof
from wasmnb.mesh.results import Logs, Pods, Verdicts
from wasmnb.mesh.running import RunningMeshes, registrations
from wasmnb.options import said, takes
from wasmnb.session.defaults import choice, number
from wasmnb.session.options.mesh import AGENT, MeshCall, MeshOptions
from wasmnb.session.options.registry import AccessOptions
from wasmnb.wording import Front, Option, Verb, Wording, front

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from wasmnb.image import Image
    from wasmnb.mesh.kinds import MeshKind
    from wasmnb.mesh.results import Metrics, Properties
    from wasmnb.mesh.running import Announced
    from wasmnb.progress import Progress
    from wasmnb.session.context import Context
    from wasmnb.session.gitops import FolderStatus
    from wasmnb.session.results import Bookinfo, MeshState, Roles

__all__ = ["Meshes"]

_STOP, _LIST, _JOIN = "stop", "list", "join"


class Meshes:
    """How a session comes by a mesh, and what it sees of it.

    Parameters
    ----------
    context : Context
    """

    def __init__(self, context: Context) -> None:
        self.context = context
        self._started: dict[str, Any] = {}
        self._announced: Announced | None = None

    @takes(MeshCall)
    def mesh(self, call: MeshCall) -> MeshState | RunningMeshes:
        """Start a mesh or connect to one, keep the one that is chosen, or let go of it; list or join those that run.

        A mesh that lives in a process of this user, such as the embedded one of a notebook or of ``wasmnb mesh local``,
        is found by each other process, and can be used there.

        Raises
        ------
        UsageError, NoMeshError, MeshError
        BadNameError
            No mesh of that name runs, or one does already.
        RegistrationError
            The package that registers the mesh is broken.
        """
        known = (*MESHES.names(), _STOP, _LIST, _JOIN)
        kind = call.kind if call.kind is None else choice("the mesh", call.kind, known)
        if call.name is not None and kind in (None, _LIST):
            raise UsageError(
                "A name is of a mesh that is started, joined or stopped.",
                hint=Wording("{}, for instance", Verb("mesh", (_JOIN, call.name))),
            )
        if kind == _LIST:
            return RunningMeshes.of(registrations())
        if kind == _STOP:
            return self._ended(call.name)
        if kind == _JOIN:
            return self._joined(call.name)
        if self.context.chosen is not None:
            self._same_options(kind, call)
            try:
                state = self._state("kept")
            except MeshError:
                # It was stopped behind our back, or its supervisor died: nothing of it is left to be kept.
                self._stop()
            else:
                return self._with_agent(state, call)
        kind = kind or self.context.defaults["mesh"]
        if kind is None:
            return self._state("kept")  # raises: there is none, and none is configured
        return self._with_agent(self._start(kind, call), call)

    def bookinfo(
        self,
        action: str,
        *,
        images: str | Mapping[str, str] = "",
        timeout: float = 300.0,
        progress: Progress | None = None,
    ) -> Bookinfo:
        """Apply bookinfo to the mesh and wait until its pods are READY, or delete what applying it made.

        Parameters
        ----------
        action : str
            ``apply`` or ``delete``.
        images : str or mapping
            Where its images come from: ``PREFIX[:TAG]``, or one for each deployment; upstream's when left out.
        timeout : float
            Seconds to wait for READY, image pulls included.
        progress : Progress, optional

        Raises
        ------
        NoMeshError, UsageError, ForbiddenError
        MeshError
            A pod cannot become ready, or gets no proxy.
        Interrupted
        """
        action = choice("the action", action, ("apply", "delete"))
        mesh, seconds = self.context.mesh, number("timeout", timeout)
        if not isinstance(mesh, MeshWithBookinfo):
            raise UsageError(f"Bookinfo cannot be put into the mesh {mesh.name!r}.")
        start = perf_counter()
        try:
            notes = mesh.bookinfo(action, images=images, timeout=seconds, progress=progress)
        except KeyboardInterrupt:
            done = "Applying" if action == "apply" else "Deleting"
            raise Interrupted(
                f"{done} bookinfo was stopped; what had been done by then stays.",
                hint=Wording(
                    "{} goes on; {} takes away what was applied",
                    Verb("bookinfo", ("apply",)),
                    Verb("bookinfo", ("delete",)),
                ),
            ) from None
        from wasmnb.session.results import Bookinfo  # noqa: PLC0415 - for this alone

        return Bookinfo(action, mesh.pods().items, perf_counter() - start, notes)

    def status(
        self,
        id: str | None = None,  # noqa: A002 - the option's own word
        *,
        folder: str | Path | None = None,
    ) -> Verdicts | FolderStatus:
        """Judge every plugin on every pod, or one plugin; or those of a folder, and where the cluster differs from it.

        Raises
        ------
        NoMeshError
        BadNameError
            No plugin of that id is in force.
        ConfigError
            The folder has none.
        """
        mesh = self.context.mesh
        if folder is None:
            return self._judged(id)
        if id is not None:
            raise UsageError("A folder already names its plugins.", hint="leave the plugin out")
        from wasmnb.session.gitops import folder_status  # noqa: PLC0415 - for those who have one

        found = folder_status(mesh, folder)
        return replace(found, verdicts=self.context.shown(found.verdicts))

    def _judged(self, id: str | None = None) -> Verdicts:  # noqa: A002
        mesh = self.context.mesh
        if id is not None and id not in {plugin.id for plugin in mesh.plugins()}:
            from wasmnb.rollout.deploy import unknown_plugin  # noqa: PLC0415 - for a wrong name

            raise unknown_plugin(mesh, id)
        return Verdicts(self.context.shown(mesh.verdicts(id)))

    def pods(self, *, verdicts: bool = False) -> Pods:
        """List the pods of the mesh as they are now.

        Parameters
        ----------
        verdicts : bool
            Say too what is true of each plugin on them.
        """
        found = self.context.mesh.pods()
        return replace(found, verdicts=self._judged().items) if verdicts else found

    def logs(self, pod: str, *, tail: int | None = 20, level: str | None = None, grep: str | None = None) -> Logs:
        """Give the last lines that a pod's proxy logged, oldest first; ``tail=None`` for all.

        Parameters
        ----------
        pod : str
            Pod or workload.
        tail : int, optional
            Of those that ``level`` and ``grep`` leave.
        level : str, optional
            Lines of this level and graver ones: ``warning``. A backtrace stays with its line.
        grep : str, optional
            A regular expression that a line must contain.

        Raises
        ------
        NoMeshError
        BadNameError
            There is no pod of that name.
        UsageError
        """
        mesh = self.context.mesh
        if level is None and grep is None:
            lines: Sequence[str] = mesh.logs(pod, tail=tail)
        else:
            lines = log_lines.chosen(mesh.logs(pod), level=level, grep=grep)
            lines = lines if tail is None else lines[max(0, len(lines) - tail) :]
        return Logs(tuple(self.context.mask(line) for line in lines), pod=pod)

    def metrics(self, pod: str | None = None, *, seconds: float | None = None) -> Metrics:
        """Read the metrics that filters define, of each pod, with the rates of counters since they were read before.

        Parameters
        ----------
        pod : str, optional
            Of one pod or workload only.
        seconds : float, optional
            Read twice, so many seconds apart; the rates are of this time.

        Raises
        ------
        NoMeshError
        BadNameError
            There is no pod of that name.
        """
        from wasmnb.session.metrics import read_metrics  # noqa: PLC0415 - for this alone

        if seconds is not None:
            self.context.metrics = read_metrics(self.context.mesh, pod)
            time.sleep(number("seconds", seconds))
        found, before = read_metrics(self.context.mesh, pod), self.context.metrics
        self.context.metrics = found
        return found if before is None else found.since(before)

    def properties(self, pod: str, *, grep: str | None = None) -> Properties:
        """List what a filter can read and call on a pod: properties, in which callbacks, and clusters.

        Parameters
        ----------
        pod : str
            A pod or workload.
        grep : str, optional
            Only names that contain this text, whatever its case.

        Raises
        ------
        NoMeshError, MeshError
        BadNameError
            There is no pod of that name.
        """
        from wasmnb.mesh.results import Properties  # noqa: PLC0415 - for this alone

        wanted = (grep or "").lower()
        found = self.context.mesh.properties(pod)
        return Properties(tuple(one for one in found if wanted in one.name.lower()))

    def doctor(self, *, rbac: bool = False) -> Checks | Roles:
        """Look at all that must work here: the compiler, the proxy, the mesh, the image store, the credentials.

        Parameters
        ----------
        rbac : bool
            Look at nothing; give the smallest set of Kubernetes roles with which everything works, as YAML: for the
            chosen mesh's namespace, else for ``default``. What bookinfo needs besides is a role of its own.
        """
        from wasmnb.session.doctor import examine  # noqa: PLC0415 - touches the toolchain

        if rbac:
            from wasmnb.mesh.istio.doctor import rbac as roles  # noqa: PLC0415 - for users of a cluster only
            from wasmnb.session.results import Roles  # noqa: PLC0415 - for this alone

            mesh = self.context.chosen
            return Roles(roles(mesh.namespace if isinstance(mesh, MeshInNamespace) else "default"))
        return Checks(tuple(examine(self.context)))

    def close(self) -> None:
        """Stop the mesh that was chosen, if there is one."""
        if self.context.chosen is not None:
            self._let_go()

    def _same_options(self, kind: str | None, call: MeshCall) -> None:
        """Refuse another mesh, and options that this one was not started with; left out, they are no question."""
        name = self.context.mesh.name
        if kind not in (None, name) and name in MESHES.names():
            raise MeshError(
                f"The mesh {name!r} is chosen already.",
                hint=Wording("{}, then {}", Verb("mesh", ("stop",)), Verb("mesh", (str(kind),))),
                code="WNB4006",
            )
        wanted, mesh = said(call, MeshOptions), self.context.mesh
        if isinstance(mesh, MeshInNamespace):
            wanted = {key: value for key, value in wanted.items() if key not in AGENT}
        # How plugins are proven to act may change while it runs.
        prove = wanted.pop("prove", None) if isinstance(mesh, MeshOfOthers) else None
        other = [key for key, value in wanted.items() if _fixed(value) != self._started.get(key)]
        if other:
            raise MeshError(
                f"The mesh {name!r} runs already, with other {' and '.join(other)}.",
                hint=Wording("{}, then start it with these options", Verb("mesh", ("stop",))),
                code="WNB4006",
            )
        if isinstance(mesh, MeshOfOthers) and prove is not None:
            mesh.allow(proof(prove))

    def _with_agent(self, state: MeshState, call: MeshCall) -> MeshState:
        """Put an agent and an echo into the cluster, or take them away, where that was said."""
        asked, more = [call.agent, call.echo], [key for key in AGENT[2:] if getattr(call, key) is not None]
        if asked == [None, None] and not more:
            return state
        if more and not any(asked):
            raise UsageError(
                Wording("{} is of an agent or an echo that is put into the cluster.", Option(more[0])),
                hint=Wording("add {} or {}, or leave it out", Option("agent", value=True), Option("echo", value=True)),
            )
        from wasmnb.agent import install  # noqa: PLC0415 - for who wants one

        start, mesh, notes = perf_counter(), install.of_cluster(self.context.mesh), list(state.about)
        image = (call.agent_image or self._agent_image(call)) if any(asked) else ""
        ways = ((call.agent, install.put, install.take_away), (call.echo, install.put_echo, install.take_echo_away))
        for wanted, put, take_away in ways:
            if wanted:
                notes += put(mesh, image, pull_secret=call.agent_pull_secret or "", progress=call.progress)
            elif wanted is not None:
                notes += take_away(mesh, progress=call.progress)
        return replace(state, about=tuple(notes), seconds=state.seconds + perf_counter() - start)

    def _agent_image(self, call: MeshCall) -> str:
        """Make the agent's image, and push it to the configured registry; give its reference by digest."""
        from wasmnb.agent.image import BASE, push, tag_below  # noqa: PLC0415 - for who has none yet
        from wasmnb.image.registry.access import Access  # noqa: PLC0415

        reference, base = tag_below(self.context.defaults["registry"]), call.agent_base or BASE
        access, base_access = (
            Access.of(**self.context.access(Reference.parse(one).host, AccessOptions())) for one in (reference, base)
        )
        return push(reference, base, access=access, base_access=base_access, progress=call.progress)

    @property
    def announced(self) -> Announced | None:
        """The mesh of this process, as other processes find it."""
        return self._announced

    def _ended(self, name: str | None) -> MeshState:
        """Let go of the chosen mesh; or end one that another process has."""
        mesh = self.context.chosen
        own = self._announced.name if self._announced is not None else mesh.name if mesh is not None else None
        if mesh is not None and name in (None, own):
            return self._stop()
        if mesh is None and name is None and front() is not Front.SHELL:
            self.context.mesh  # noqa: B018 - raises: what other processes run is named
        start = perf_counter()
        from wasmnb.mesh.running.remote import end  # noqa: PLC0415 - for meshes of other processes
        from wasmnb.session.results import MeshState  # noqa: PLC0415 - for a mesh that changes

        return MeshState(end(name).name, (), "stopped", perf_counter() - start)

    def _joined(self, name: str | None) -> MeshState:
        start = perf_counter()
        from wasmnb.mesh.running.remote import join  # noqa: PLC0415 - for meshes of other processes

        self.context.use(join(name))
        self._started = {}
        return replace(self._state("joined"), seconds=perf_counter() - start)

    def _start(self, kind: str, call: MeshCall) -> MeshState:
        start = perf_counter()
        self._begin(kind, call)
        try:
            return replace(self._state("started"), seconds=perf_counter() - start)
        except KeyboardInterrupt:
            raise Interrupted(
                "The mesh was not looked at to the end; it runs.", hint=Wording("{} ends it", Verb("mesh", ("stop",)))
            ) from None

    def connect(self, kind: str, options: Mapping[str, Any]) -> None:
        """Choose a mesh that is connected to, without a look at its pods; `mesh` otherwise."""
        self._begin(kind, MeshCall(kind, **options))

    def _begin(self, kind: str, call: MeshCall) -> None:
        made = MESHES.load(kind)
        asked = _own(kind, made, call)
        if call.name is not None and not made.shared:
            raise UsageError(f"The mesh {kind!r} has a name already: that of its cluster.", hint="leave it out")
        try:
            mesh = made.start(asked, fetch=self._fetched, progress=call.progress)
        except KeyboardInterrupt:
            raise Interrupted("Starting the mesh was stopped; nothing of it runs.") from None
        if made.shared:
            try:
                from wasmnb.mesh.running import announce  # noqa: PLC0415 - for those who start one

                self._announced = announce(mesh, kind, call.name)
            except MeshError:
                # Where nothing can be written for others, it is this process's alone.
                if call.name is not None:
                    mesh.stop()
                    raise
            except BaseException:
                mesh.stop()
                raise
        self.context.use(mesh)
        self._started = asked

    def _fetched(self, pinned: str) -> Image:
        """Get the image of a pinned reference: from the store, else from its registry."""
        from wasmnb.session.image_source import find  # noqa: PLC0415 - for images that others deployed

        access = self.context.access(Reference.parse(pinned).host, AccessOptions())
        return find(pinned, self.context.store, own="", access=access).image

    def _stop(self) -> MeshState:
        from wasmnb.session.results import MeshState  # noqa: PLC0415 - for a mesh that changes

        mesh, start = self.context.mesh, perf_counter()
        self._let_go()
        return MeshState(mesh.name, (), "stopped", perf_counter() - start, about=mesh.remains)

    def _let_go(self) -> None:
        mesh = self.context.mesh
        self.context.open_views.close("the mesh was stopped")
        if self._announced is not None:
            self._announced.close()
            self._announced = None
        mesh.stop()
        self.context.release()

    def _state(self, change: str) -> MeshState:
        from wasmnb.session.results import MeshState  # noqa: PLC0415 - for a mesh that changes

        mesh = self.context.mesh
        return MeshState(mesh.name, mesh.pods().items, change, gateway=mesh.gateway, about=mesh.about)


def _own(kind: str, made: MeshKind, call: MeshCall) -> dict[str, Any]:
    """Give the options of a kind of mesh; refuse those of another.

    Raises
    ------
    UsageError
    """
    beside = [other for own, others in made.borrowed.items() if getattr(call, own) is not None for other in others]
    wrong = [key for key in said(call, MeshOptions) if key not in (*made.options, *beside)]
    for other, known in MESHES.loaded().items() if wrong else ():
        theirs = [key for key in wrong if key in known.options]
        if theirs:
            raise UsageError(f"{', '.join(theirs)} is for the mesh {other!r}, not for {kind!r}.", hint="leave it out")
    return {key: _fixed(getattr(call, key)) for key in (*made.options, *beside)}


def _fixed(value: Any) -> Any:
    """Give a value that does not change any more, to compare later ones with."""
    return tuple(value) if isinstance(value, list) else value
