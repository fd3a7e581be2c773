"""What every mesh can do, in nouns that do not say which mesh it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    from datetime import datetime

    from wasmnb.check import Checks
    from wasmnb.envoy.exchange import Probe
    from wasmnb.mesh.results import Counts, Logs, Metrics, Pods, Properties, Verdicts
    from wasmnb.module import Module
    from wasmnb.plugin import Plugin, Proof
    from wasmnb.plugin.plugins import Plugins
    from wasmnb.progress import Progress
    from wasmnb.traffic import Exchange

__all__ = [
    "Change",
    "Count",
    "Mesh",
    "MeshInNamespace",
    "MeshLoadingAhead",
    "MeshOfMany",
    "MeshOfObjects",
    "MeshOfOthers",
    "MeshTryingAhead",
    "MeshWithBookinfo",
    "Origin",
    "Pod",
    "Watch",
]


@dataclass(frozen=True)
class Pod:
    """One pod as it was when it was looked at.

    ``ready`` is kubectl's column (``2/2``: the service answers, and its proxy does), ``status`` its words.
    """

    name: str
    workload: str
    labels: Mapping[str, str]
    ready: str
    status: str
    restarts: int
    started: datetime
    address: str
    reason: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Give the pod as plain JSON values."""
        return {
            "name": self.name,
            "workload": self.workload,
            "labels": dict(self.labels),
            "ready": self.ready,
            "status": self.status,
            "restarts": self.restarts,
            "started": self.started.isoformat(),
            "address": self.address,
            "reason": self.reason,
        }


@dataclass(frozen=True)
class Count:
    """How many requests a pod's proxy has answered since it started.

    Parameters
    ----------
    requests, errors : int or None
        Responses in all, and those with a 5xx status; None where the mesh cannot say.
    reason : str
        Why it cannot, and what would make it; empty when it can.
    at : datetime
        When it was read (aware, UTC).
    classes : mapping of str to int
        Responses by status class (``2xx`` ...).
    resets : int
        Requests that ended without a whole response.
    waiting : int
        Requests that wait for their response at this moment.
    durations : mapping of float to int
        How many responses took at most so many milliseconds; Envoy adds them up every few seconds.
    """

    pod: str
    requests: int | None
    errors: int | None
    reason: str
    at: datetime
    classes: Mapping[str, int] = field(default_factory=dict)
    resets: int = 0
    waiting: int = 0
    durations: Mapping[float, int] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Give the count as plain JSON values."""
        return {
            "pod": self.pod,
            "requests": self.requests,
            "errors": self.errors,
            "reason": self.reason,
            "at": self.at.isoformat(),
            "classes": dict(self.classes),
            "resets": self.resets,
            "waiting": self.waiting,
        }


@dataclass(frozen=True)
class Change:
    """Something about the mesh changed.

    Parameters
    ----------
    number : int
        Counts up by one per change of a watch.
    at : datetime
        When it was observed (aware, UTC).
    kind : str
        ``pod``, ``pod-gone``, ``verdict``, ``plugin`` or ``plugin-gone``; ``fresh`` once everything has been told, at
        the start and after each ``stale``, which says that nothing can be seen any more (its value has ``since`` when,
        and the ``reason``).
    name : str
        The pod or plugin; for a verdict, ``pod/plugin``; ``mesh`` for stale and fresh.
    value : dict
        The new state as plain JSON values; empty when gone.
    """

    number: int
    at: datetime
    kind: str
    name: str
    value: Mapping[str, Any] = field(default_factory=dict)


class Watch(Iterator[Change], AbstractContextManager["Watch"], Protocol):
    """A closable stream of changes; those before the first ``fresh`` tell the state at the start."""

    def close(self) -> None:
        """End the stream; an iteration that waits ends too."""


class Mesh(Protocol):
    """A running mesh. Every method may be called from any thread and returns when it is done."""

    name: str
    """What ``%wasm_mesh`` calls it, such as ``local``."""

    needs_registry: bool
    """Whether its proxies fetch images from a registry; then ``plugin.image.reference`` is one there, with a digest."""

    @property
    def prove(self) -> Proof | None:
        """How plugins may be seen to act, as its user allowed; None where that need not, or may not, be done."""

    @property
    def gateway(self) -> str:
        """``host:port`` of the way in from this machine; empty where there is none."""

    @property
    def about(self) -> tuple[str, ...]:
        """What a user should know of it, such as where it is and what is not seen."""

    @property
    def remains(self) -> tuple[str, ...]:
        """What a user should know once it is let go of, such as what stays."""

    def pods(self) -> Pods:
        """List the pods as they are now."""

    def render(self, plugin: Plugin) -> str:
        """Give the text (YAML or JSON) that applying the plugin would put in force."""

    def rendered(self, id: str) -> str:  # noqa: A002 - the field's own word
        """Give the text of what is in force under an id, in the form of `render`; empty when nothing is."""

    def apply(
        self,
        plugin: Plugin,
        *,
        only: Mapping[str, str] | None = None,
        preflight: bool = True,
        allow_trap: bool = False,
        prove: Proof | None = None,
        probes: Mapping[str, Sequence[Probe]] | None = None,
        wait: float | None = 10.0,
        progress: Progress | None = None,
    ) -> Verdicts:
        """Put a plugin in force and wait until every selected pod has a verdict that will last.

        Parameters
        ----------
        plugin : Plugin
        only : mapping of str to str, optional
            Put it in force on those of the selected pods only that also carry these labels; on the others stays what
            was in force under the id. No pod ever runs two versions of it. Until an `apply` without ``only``, or
            `remove`, ends this state, `plugins` gives the newest, `rendered` its text (with that of the old version
            where a mesh keeps both side by side), and each pod is judged by what that pod is to run.
        preflight : bool
            Try the module on an Envoy of the mesh's own before any pod gets it. A mesh may do so in any case.
        allow_trap : bool
            Put it in force although its VM crashed on a request there.
        prove : Proof, optional
            How it is to be seen to act: by its EFFECT on requests of ours, by Envoy's TRACE of one where there is no
            effect, or not at all (CONFIG), so that LOADED is all that a pod can become. None: as the mesh was allowed.
        probes : mapping of str to sequence of Probe, optional
            Requests, by the pods that they are for, on which it may be seen to act.
        wait : float or None
            Seconds; None gives the verdicts as they are once it has been handed over.
        progress : Progress, optional

        Returns
        -------
        Verdicts
            One for each pod that it was put in force on.

        Raises
        ------
        SelectorError
            No pod carries the labels.
        ModuleError, HangError, DeployError
            The module was refused; what was in force before still is.
        """

    def remove(self, id: str) -> Plugin:  # noqa: A002 - the field's own word
        """Take a plugin away, from every pod, whichever version it runs; give what was in force (the newest)."""

    def removed(self, id: str) -> Verdicts:  # noqa: A002
        """Give what was seen of each pod that had a plugin when it was taken away last: GONE where that is proven."""

    def plugins(self) -> Plugins:
        """List what is in force, in the order requests meet it."""

    def history(self, id: str) -> Plugins:  # noqa: A002
        """List the whole plugins that were in force under an id, newest first, the present one included.

        What was applied to some of the pods only is not among them until an `apply` of the same without ``only``: a
        rollout that went back has left no trace that a rollback could bring back.

        Raises
        ------
        BadNameError
            There never was anything under this id.
        """

    def wait(self, id: str, *, timeout: float = 10.0) -> Verdicts:  # noqa: A002
        """Wait until a plugin is LIVE on every selected pod, or cannot become so on one of them."""

    def verdicts(self, id: str | None = None) -> Verdicts:  # noqa: A002
        """Judge every (pod, plugin), or those of one plugin, now.

        In the midst of a rollout in steps the verdict of a pod is about what that pod is to run: ``wanted`` is the
        digest of the new version where it was applied, and of the old one elsewhere; a pod that is to run neither yet
        is NOT_SELECTED, with a reason that says so.
        """

    def send(
        self,
        source: str,
        url: str,
        *,
        method: str = "GET",
        headers: Sequence[tuple[str, str]] = (),
        body: bytes = b"",
        via: str = "proxy",
        timeout: float = 5.0,
        pod: str = "",
        received: bool = False,
        levels: bool = False,
    ) -> Exchange:
        """Send one request as ``source``, and give the exchange as it came over the wire.

        Parameters
        ----------
        source : str
            Workload or pod that sends.
        url : str
            ``host:port/path``; a leading ``http://`` is allowed.
        via : str
            ``proxy``: from inside the caller's proxy and past it, as the article's curl does.
            ``app``: as the application, through both proxies.
        timeout : float
            Seconds for the whole exchange.
        pod : str
            The pod of the service that is to answer, one of `endpoints`; empty is any, each in turn.
        received : bool
            Look at the request as the service receives it, too; where that cannot be seen, the exchange says why.
        levels : bool
            For that, log levels of proxies may be raised for this request, which their logs then have with its headers.

        Raises
        ------
        BadNameError
            There is no such source, or the service has no such pod.
        UsageError
            There is no such way, or a pod was asked for and the caller's proxy is the one that chooses (``app``).
        TrafficError
            There is no such service or port, or no answer.
        """

    def endpoints(self, url: str) -> list[str]:
        """Name the pods behind the service that a URL names.

        Raises
        ------
        TrafficError
            There is no such service or port.
        """

    def counts(self) -> Counts:
        """Say of each pod how many requests its proxy answered, and how many of them with a 5xx status."""

    def metrics(self) -> Metrics:
        """Give the metrics that filters define, of each proxy; one that cannot tell says why."""

    def properties(self, pod: str) -> Properties:
        """Give what a filter can read and call on a pod: properties and clusters of its proxy.

        Raises
        ------
        BadNameError
            There is no such pod.
        MeshError
            Its proxy does not answer, or there is none.
        """

    def logs(self, pod: str, *, tail: int | None = None) -> Logs:
        """Give the lines that a pod's proxy logged, oldest first; traps carry function names and cell lines."""

    def watch(self) -> Watch:
        """Watch pods, plugins and verdicts."""

    def doctor(self) -> Checks:
        """Look at what it needs; what could not be looked at is a row too."""

    def stop(self) -> None:
        """Let go of the mesh; what it started itself ends, and leaves nothing behind."""


@dataclass(frozen=True)
class Origin:
    """Who put a plugin in force, and when.

    Parameters
    ----------
    by : str
        The user's name on the machine that it was done from.
    at : datetime
    notebook : str
        The name of the notebook's file; empty where there was none.
    """

    by: str
    at: datetime
    notebook: str = ""

    def __str__(self) -> str:
        return f"{self.by}, {self.at:%Y-%m-%d %H:%M:%S} UTC{', ' if self.notebook else ''}{self.notebook}"


@runtime_checkable
class MeshOfObjects(Protocol):
    """A mesh whose plugins are objects that others can change: its ``apply`` has ``take_over``, to take them back."""

    def changed_by_others(self, id: str) -> tuple[str, ...]:  # noqa: A002 - the field's own word
        """Say who changed which fields of a plugin's objects, and when; nothing where nobody did.

        Raises
        ------
        ForbiddenError, MeshError
        """

    def origin(self, id: str) -> Origin | None:  # noqa: A002
        """Say who put a plugin in force as it is now; None where its object does not tell.

        Raises
        ------
        BadNameError
            Nothing is in force under this id.
        ForbiddenError, MeshError
        """


@runtime_checkable
class MeshOfMany(Protocol):
    """A mesh of so many pods that a look is at some of them, or judges some by what was seen a moment ago."""

    @property
    def sample(self) -> int | None:
        """How many of the pods that a plugin is for a look is at; None is all."""

    def look_anew(self) -> None:
        """Have the next look judge no pod by what was seen before."""


@runtime_checkable
class MeshOfOthers(Protocol):
    """A mesh that somebody works on: nothing is sent to its applications unless that was allowed."""

    @property
    def place(self) -> str:
        """Where its applications are, in a few words, for who is asked."""

    def allow(self, prove: Proof) -> None:
        """Say how plugins may be seen to act from now on; CONFIG takes back what was allowed."""


@runtime_checkable
class MeshInNamespace(Protocol):
    """A mesh that is one of several namespaces of a cluster."""

    namespace: str

    def namespaces(self) -> list[str]:
        """List the namespaces of its cluster.

        Raises
        ------
        ForbiddenError, MeshError
        """


@runtime_checkable
class MeshTryingAhead(Protocol):
    """A mesh that tries a plugin on an Envoy here before any pod has it, and keeps what was seen."""

    def examine(
        self, plugin: Plugin, *, probes: Mapping[str, Sequence[Probe]] | None = None, allow_trap: bool = False
    ) -> bool:
        """Try a plugin; say whether it was tried. Nothing is put in force, and no pod and no cluster is asked anything.

        Parameters
        ----------
        plugin : Plugin
        probes : mapping of str to sequence of Probe, optional
            Requests, by the pods that they are for, on which it may be seen to act.
        allow_trap : bool
            Let it pass although its VM crashes on a request.

        Raises
        ------
        ModuleError, HangError
            As `Mesh.apply`.
        """


@runtime_checkable
class MeshLoadingAhead(Protocol):
    """A mesh whose pods can load a module before it is deployed, which takes half of the time then."""

    def preload(self, module: Module, selector: Mapping[str, str] | None = None, *, holder: str = "") -> bool:
        """Have pods load a module where nothing of it acts; say whether all of them did.

        Parameters
        ----------
        module : Module
        selector : mapping of str to str, optional
            Labels of the pods; without, those that run a plugin that is called as the module is.
        holder : str
            For whom, of whose modules the newest is kept; without, the module's name.

        Raises
        ------
        MeshError
        """

    def unload(self, name: str = "") -> None:
        """Let go of what was loaded of a module's name, for a holder, or of everything; what is deployed stays."""


@runtime_checkable
class MeshWithBookinfo(Protocol):
    """A mesh that bookinfo can be put into, or that has it anyway."""

    def bookinfo(
        self,
        action: str,
        *,
        images: str | Mapping[str, str] = "",
        timeout: float = 300.0,
        progress: Progress | None = None,
    ) -> tuple[str, ...]:
        """Apply the article's application, or delete what applying it made.

        Parameters
        ----------
        action : str
            ``apply`` or ``delete``.
        images : str or mapping
            Where images come from: ``PREFIX[:TAG]``, or one for each deployment; empty for upstream's.
        timeout : float
            Seconds until every pod of it must be ready.
        progress : Progress, optional

        Returns
        -------
        tuple of str
            What a reader should know of what was done.
        """
