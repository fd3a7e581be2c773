"""Several meshes in one view: of several namespaces, or clusters. It looks, and changes nothing."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from wasmnb.check import Checks
from wasmnb.errors import BadNameError, Explained, UsageError
from wasmnb.mesh.changes import Changes
from wasmnb.mesh.results import Counts, Logs, Metrics, Pods, Properties, Verdicts
from wasmnb.mesh.suggestion import suggestion
from wasmnb.plugin.plugins import Plugins
from wasmnb.wording import Option, Verb, Wording

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from wasmnb.mesh.protocol import Change, Mesh, Watch
    from wasmnb.plugin import Plugin
    from wasmnb.plugin.verdict import Proof
    from wasmnb.traffic import Exchange

__all__ = ["MeshView", "to_change"]

T = TypeVar("T")


class MeshView:
    """Meshes side by side: their pods are called ``MESH/POD``.

    Parameters
    ----------
    meshes : mapping of str to Mesh
        Two or more, by what tells them apart: a namespace, a context, or both with a slash between.
    """

    name = "istio"
    needs_registry = True
    gateway = ""
    remains = ("nothing was changed in any cluster",)

    def __init__(self, meshes: Mapping[str, Mesh]) -> None:
        self._meshes = dict(meshes)
        self._threads = ThreadPoolExecutor(len(self._meshes), thread_name_prefix="wasmnb-view")

    def __repr__(self) -> str:
        return f"<MeshView: {', '.join(self._meshes)}>"

    @property
    def prove(self) -> Proof | None:
        """How plugins may be seen to act, which is the same for all."""
        return next(iter(self._meshes.values())).prove

    @property
    def about(self) -> tuple[str, ...]:
        """What a user should know of each."""
        lines = [f"{name}: {line}" for name, mesh in self._meshes.items() for line in mesh.about]
        return ("a view of several: it changes nothing", *lines)

    def pods(self) -> Pods:
        """List the pods of all."""
        found = self._each(lambda mesh: mesh.pods().items)
        return Pods(tuple(replace(one, name=f"{name}/{one.name}") for name, pods in found for one in pods))

    def plugins(self) -> Plugins:
        """List what is in force; what is the same in several is there once."""
        every = [plugin for _, plugins in self._each(lambda mesh: mesh.plugins().items) for plugin in plugins]
        return Plugins(tuple(one for at, one in enumerate(every) if one not in every[:at]))

    def verdicts(self, id: str | None = None) -> Verdicts:  # noqa: A002 - the protocol's word
        """Judge every (pod, plugin), or those of one plugin where it is in force.

        Raises
        ------
        BadNameError
            It is in force nowhere.
        """
        return self._verdicts(id, lambda mesh: mesh.verdicts(id))

    def wait(self, id: str, *, timeout: float = 10.0) -> Verdicts:  # noqa: A002
        """Wait until a plugin is LIVE on every selected pod, or cannot become so; see `verdicts`."""
        return self._verdicts(id, lambda mesh: mesh.wait(id, timeout=timeout))

    def removed(self, id: str) -> Verdicts:  # noqa: A002, ARG002
        """Give nothing: nothing is taken away from here."""
        return Verdicts(())

    def history(self, id: str) -> Plugins:  # noqa: A002
        """List what was in force under an id, mesh by mesh.

        Raises
        ------
        BadNameError
            There never was anything anywhere.
        """
        return Plugins(tuple(one for _, past in self._where(id, lambda mesh: mesh.history(id).items) for one in past))

    def render(self, plugin: Plugin) -> str:
        """Give the text that a plugin would become in the first of them."""
        return next(iter(self._meshes.values())).render(plugin)

    def rendered(self, id: str) -> str:  # noqa: A002
        """Give the text of what is in force under an id, in all of them."""
        return "---\n".join(text for _, text in self._each(lambda mesh: mesh.rendered(id)) if text)

    def counts(self) -> Counts:
        """Say of each pod how many requests its proxy answered."""
        found = self._each(lambda mesh: mesh.counts().items)
        return Counts(tuple(replace(one, pod=f"{name}/{one.pod}") for name, counts in found for one in counts))

    def metrics(self) -> Metrics:
        """Give the metrics that filters define."""
        found = self._each(lambda mesh: mesh.metrics().items)
        return Metrics(
            tuple(
                replace(one, metric=replace(one.metric, pod=f"{name}/{one.metric.pod}"))
                for name, readings in found
                for one in readings
            )
        )

    def properties(self, pod: str) -> Properties:
        """Give what a filter can read and call on a pod.

        Raises
        ------
        BadNameError
            There is no such pod.
        """
        mesh, name = self._find(pod)
        return mesh.properties(name)

    def logs(self, pod: str, *, tail: int | None = None) -> Logs:
        """Give what a pod's proxy logged.

        Raises
        ------
        BadNameError
            There is no such pod.
        """
        mesh, name = self._find(pod)
        return replace(mesh.logs(name, tail=tail), pod=pod)

    def watch(self) -> _Watches:
        """Watch all of them."""
        return _Watches({name: mesh.watch() for name, mesh in self._meshes.items()})

    def doctor(self) -> Checks:
        """Look at what each needs."""
        found = self._each(lambda mesh: mesh.doctor().items)
        return Checks(tuple(replace(one, name=f"{name}: {one.name}") for name, checks in found for one in checks))

    def stop(self) -> None:
        """Let go of all."""
        for mesh in self._meshes.values():
            mesh.stop()
        self._threads.shutdown(wait=False)

    def apply(self, plugin: Plugin, **_: object) -> Verdicts:
        """Refuse: a view changes nothing."""
        del plugin
        self._refuse()

    def remove(self, id: str) -> Plugin:  # noqa: A002, ARG002
        """Refuse: a view changes nothing."""
        self._refuse()

    def send(self, source: str, url: str, **_: object) -> Exchange:
        """Refuse: a view sends nothing."""
        del source, url
        self._refuse()

    def endpoints(self, url: str) -> list[str]:
        """Refuse: a view sends nothing."""
        del url
        self._refuse()

    def _refuse(self) -> NoReturn:
        to_change(self)
        raise AssertionError

    def _each(self, look: Callable[[Mesh], T]) -> list[tuple[str, T]]:
        """Look at all at the same time."""

        def looked(name: str, mesh: Mesh) -> T:
            try:
                return look(mesh)
            except Explained as error:
                error.add_why(f"in {name}")
                raise

        found = [
            (name, self._threads.submit(copy_context().run, looked, name, mesh)) for name, mesh in self._meshes.items()
        ]
        return [(name, one.result()) for name, one in found]

    def _where(self, id_: str, look: Callable[[Mesh], T]) -> list[tuple[str, T]]:
        """Look at those that know an id."""
        unknown: list[BadNameError] = []

        def known(mesh: Mesh) -> T | None:
            try:
                return look(mesh)
            except BadNameError as error:
                unknown.append(error)
                return None

        found = [(name, one) for name, one in self._each(known) if one is not None]
        if not found:
            raise BadNameError(f"{id_!r} is in force in none of {', '.join(self._meshes)}.", why=[unknown[0].what])
        return found

    def _verdicts(self, id_: str | None, look: Callable[[Mesh], Verdicts]) -> Verdicts:
        found = self._each(look) if id_ is None else self._where(id_, look)
        return Verdicts(tuple(replace(one, pod=f"{name}/{one.pod}") for name, verdicts in found for one in verdicts))

    def _find(self, pod: str) -> tuple[Mesh, str]:
        """Find the mesh that a pod is of, and its name there."""
        for name, mesh in sorted(self._meshes.items(), key=lambda one: -len(one[0])):
            if pod.startswith(f"{name}/"):
                return mesh, pod.removeprefix(f"{name}/")
        known = [one.name for one in self.pods()]
        said = [one for one in known if one.endswith(f"/{pod}")] or known
        words = f"{pod!r} does not say where: pods are called {next(iter(self._meshes))}/POD here."
        raise BadNameError(words, hint=suggestion(pod, said))


def to_change(mesh: Mesh) -> Mesh:
    """Give a mesh that is to be changed.

    Raises
    ------
    UsageError
        It is a view of several.
    """
    if isinstance(mesh, MeshView):
        raise UsageError(
            "This is a view of several namespaces or clusters, which changes nothing and sends nothing.",
            hint=Wording(
                "{}, then {}",
                Verb("mesh", ("stop",)),
                Verb("mesh", ("istio",), (Option("context", "ONE"), Option("namespace", "ONE", flag="-n"))),
            ),
        )
    return mesh


class _Watches(Changes):
    """The changes of several meshes in one stream: fresh when all are."""

    def __init__(self, watches: Mapping[str, Watch]) -> None:
        super().__init__()
        self._watches = watches
        self._lock = threading.Lock()
        self._fresh: set[str] = set()
        for name, watch in watches.items():
            run = copy_context().run
            threading.Thread(target=run, args=(self._pump, name, watch), name="wasmnb-view", daemon=True).start()

    def close(self) -> None:
        """End the stream, and those that it is made of."""
        self._end.set()
        for watch in self._watches.values():
            watch.close()
        self._over()

    def _pump(self, name: str, watch: Watch) -> None:
        for change in watch:
            with self._lock:
                if change.kind == "fresh":
                    self._fresh.add(name)
                    if len(self._fresh) == len(self._watches):
                        self._tell(change.kind, change.name, change.value)
                elif change.kind == "stale":
                    whole = len(self._fresh) == len(self._watches)
                    self._fresh.discard(name)
                    if whole:
                        reason = f"{name}: {change.value.get('reason', '')}"
                        self._tell(change.kind, change.name, {**change.value, "reason": reason})
                else:
                    self._tell(change.kind, *_named(change, name))
        # What is not told of one of them any more would pass for its state of now.
        self._over()


def _named(change: Change, mesh: str) -> tuple[str, Mapping[str, Any]]:
    """Give the name that a change's pod has in the view, and its value with that name; a plugin's stay."""
    if change.kind.startswith("plugin"):
        return change.name, change.value
    key = "pod" if change.kind == "verdict" else "name"
    value = {**change.value, key: f"{mesh}/{change.value[key]}"} if key in change.value else change.value
    return f"{mesh}/{change.name}", value
