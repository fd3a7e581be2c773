"""A mesh of Istio sidecars and gateways in one namespace of a Kubernetes cluster."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING, TypeVar

from wasmnb.check import Checks
from wasmnb.errors import MeshError, WasmnbError
from wasmnb.lazily import once
from wasmnb.mesh.istio.api import namespaces
from wasmnb.mesh.istio.api.cluster import Cluster
from wasmnb.mesh.istio.objects.images import Images
from wasmnb.mesh.istio.objects.objects import Objects
from wasmnb.mesh.istio.proxies import istiod
from wasmnb.mesh.istio.proxies.pod_list import PodList
from wasmnb.mesh.istio.proxies.pods import pod as described
from wasmnb.mesh.istio.proxies.sample import read_sample
from wasmnb.mesh.properties import CLUSTERS, SERVER, read
from wasmnb.mesh.results import Counts, Logs, Metrics, Pods, Properties, Reading, Verdicts
from wasmnb.plugin.plugins import Plugins
from wasmnb.progress import Silent
from wasmnb.wording import Option, Verb, Wording

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from wasmnb.envoy.exchange import Probe
    from wasmnb.envoy.preflight import Preflight
    from wasmnb.envoy.taken_over import TakenOver
    from wasmnb.image import Image
    from wasmnb.mesh.istio.objects.deployments import Deployments
    from wasmnb.mesh.istio.objects.shares import Shares
    from wasmnb.mesh.istio.parts import Parts
    from wasmnb.mesh.istio.proxies.admin import Admin
    from wasmnb.mesh.istio.proxies.proving import Proving
    from wasmnb.mesh.istio.proxies.verdicts import VerdictReader
    from wasmnb.mesh.istio.watch import IstioWatch
    from wasmnb.mesh.protocol import Origin
    from wasmnb.mesh.shares import Share
    from wasmnb.plugin import Plugin
    from wasmnb.plugin.verdict import Proof
    from wasmnb.progress import Progress
    from wasmnb.traffic import Exchange

__all__ = ["IstioMesh"]

T = TypeVar("T")

_UNSEEN = Wording(
    "on a cluster this raises log levels for a moment, and the request is in the proxy's log then, credentials too;"
    " {} allows it for this mesh",
    Option("received"),
)


class IstioMesh:
    """Istio's proxies in one namespace; `connect` makes one. Every method may be called from any thread.

    Nothing of it runs here but connections: `stop` lets go of the cluster and changes nothing in it.
    """

    name = "istio"
    needs_registry = True
    gateway = ""
    remains = ("what is in force in the cluster stays; connect again to take it away",)

    def __init__(
        self,
        cluster: Cluster,
        namespace: str,
        istio: istiod.Istio,
        *,
        as_: str = "",
        preflight: Preflight | None = None,
        fetch: Callable[[str], Image] | None = None,
        prove: Proof | None = None,
        sample: int | None = None,
        looks_only: bool = False,
    ) -> None:
        self.cluster = cluster
        self.namespace = namespace
        self.istio = istio
        self.preflight = preflight
        self._as, self._prove, self._sample, self._looks_only = as_, prove, sample, looks_only
        self._images = Images(fetch)
        self._pods = PodList(cluster, namespace)
        self._objects = Objects(cluster, namespace, istio.kinds)
        self._watches: list[IstioWatch] = []
        self._stopped = False

    @once
    def _parts(self) -> Parts:
        from wasmnb.mesh.istio.parts import Parts  # noqa: PLC0415 - where something is in force, or is to be

        return Parts(
            self.cluster,
            self.istio,
            self._objects,
            self._images,
            self._pods,
            as_=self._as,
            prove=self._prove,
            sample=self._sample,
            looks_only=self._looks_only,
            preflight=lambda: self.preflight,
            wake=self._wake,
        )

    @property
    def _admin(self) -> Admin:
        return self._parts.admin

    @property
    def _shares(self) -> Shares:
        return self._parts.shares

    @property
    def _proving(self) -> Proving:
        return self._parts.proving

    @property
    def _reader(self) -> VerdictReader:
        return self._parts.reader

    @property
    def _deployments(self) -> Deployments:
        return self._parts.deployments

    @classmethod
    def connect(
        cls,
        context: str | None = None,
        namespace: str | None = None,
        *,
        system: str = "istio-system",
        as_: str = "",
        preflight: bool = True,
        fetch: Callable[[str], Image] | None = None,
        prove: Proof | None = None,
        sample: int | None = None,
        looks_only: bool = False,
    ) -> IstioMesh:
        """Look at a cluster: does it answer, is there an Istio, and what may be done.

        Parameters
        ----------
        context : str, optional
            Of the kubeconfig, or ``in-cluster``; without it the current one.
        namespace : str, optional
            Without it, the one that the context names.
        system : str
            Istio's own namespace.
        as_ : str
            The kind of object that plugins become: ``TrafficExtension``, ``WasmPlugin``, ``EnvoyFilter``; empty for
            the newest that this Istio knows.
        preflight : bool
            Load every module in the embedded Envoy before it is applied.
        fetch : callable, optional
            Gives the image of a pinned reference, for plugins that others deployed.
        prove : Proof, optional
            EFFECT allows sending requests of ours to the applications of pods that a plugin is put on: LIVE is then
            what was seen to act, and LOADED what was not. TRACE also allows raising the log levels of their proxies for
            a moment, where no effect shows. CONFIG sends nothing and takes LOADED for enough. None sends
            nothing either, and LOADED is then not enough.
        sample : int, optional
            Look at so many of the pods that a plugin is for, some of each workload, and at all of a workload in which
            one is not well; each verdict says so. The others are not asked, and have no verdict.
        looks_only : bool
            Nothing is ever sent to an application, and no log level changed, not even one that a proof which was
            interrupted has left raised.

        Raises
        ------
        UsageError
            The sample is not a number above zero.
        MeshError
            No cluster, no Istio, or no such namespace; the message says what brings them.
        ForbiddenError
            Pods may not be listed, or no requests sent for the proof.
        """
        sample = read_sample(sample)
        cluster = Cluster.connect(context)
        home = namespace or cluster.namespace
        namespaces.require(cluster, home)
        istio = istiod.find(cluster, home, system)
        tried = _preflight() if preflight else None
        mesh = cls(
            cluster,
            home,
            istio,
            as_=as_,
            preflight=tried,
            fetch=fetch,
            prove=prove,
            sample=sample,
            looks_only=looks_only,
        )
        try:
            if prove is not None:
                mesh._proving.require(prove)
            mesh.pods()
            if mesh.preflight is not None:
                mesh.preflight.start()
        except BaseException:
            mesh.stop()
            raise
        return mesh

    def __repr__(self) -> str:
        version = self.istio.version or "of unknown version"
        return f"<IstioMesh: namespace {self.namespace} of {self.cluster.context}, Istio {version}>"

    @property
    def prove(self) -> Proof | None:
        """How plugins may be seen to act; None allows nothing to be sent to an application."""
        return self._proving.wanted if self._used else self._prove

    def allow(self, prove: Proof) -> None:
        """Say how plugins may be seen to act from now on, as for `connect`."""
        self._proving.permit(prove)

    @property
    def place(self) -> str:
        """Where its applications are: namespace and context."""
        return f"namespace {self.namespace}, context {self.cluster.context}"

    @property
    def fetch(self) -> Callable[[str], Image] | None:
        """What gives the image of a pinned reference, for plugins that others deployed."""
        return self._images.fetch

    @property
    def about(self) -> tuple[str, ...]:
        """What a user should know of the mesh: cluster, Istio, injection, and what is not seen."""
        istio = self.istio
        version = f"Istio {istio.version or 'of unknown version'}"
        version += f", revision {istio.revision}" if istio.revision else ""
        lines = [f"context {self.cluster.context}, namespace {self.namespace}, {version}"]
        lines.append(namespaces.injected(self.cluster, self.namespace) or "pods of the namespace get a sidecar")
        lines += [f"less can be proven: {istio.why_blind}"] if istio.why_blind else []
        return tuple(lines)

    def namespaces(self) -> list[str]:
        """List the namespaces of the cluster.

        Raises
        ------
        ForbiddenError, MeshError
        """
        return self.cluster.namespaces()

    def pods(self) -> Pods:
        """List the namespace's pods as kubectl would."""
        self._check()
        return Pods(tuple(described(item) for item in self._pods.read()))

    def render(self, plugin: Plugin) -> str:
        """Give the YAML of the object that the plugin would become."""
        return self._deployments.text(plugin)

    def rendered(self, id: str) -> str:  # noqa: A002 - the protocol's word
        """Give the YAML of the objects that hold a plugin now; empty when none does."""
        from wasmnb.mesh.istio.objects.objects_writer import text_of  # noqa: PLC0415 - where something is in force

        self._check()
        return "---\n".join(text_of(one.item) for one in self._objects.all(id))

    def apply(
        self,
        plugin: Plugin,
        *,
        only: Mapping[str, str] | None = None,
        preflight: bool = True,
        allow_trap: bool = False,
        prove: Proof | None = None,
        probes: Mapping[str, Sequence[Probe]] | None = None,
        take_over: bool = False,
        wait: float | None = 10.0,
        progress: Progress | None = None,
    ) -> Verdicts:
        """Put a plugin in force, and wait until every pod concerned has a verdict that will last.

        Parameters
        ----------
        plugin : Plugin
            Its image by a reference that the proxies can fetch.
        only : mapping of str to str, optional
            See `wasmnb.mesh.Mesh.apply`.
        preflight : bool
            Load the module, with its configuration, in the embedded Envoy first.
        allow_trap : bool
            Apply it although its VM crashed on a request there.
        prove : Proof, optional
            As for `connect`: EFFECT and TRACE from now on, CONFIG for this plugin alone.
        probes : mapping of str to sequence of Probe, optional
            Requests, by the pods that they are for, on which it may be seen to act, where that is allowed.
        take_over : bool
            Take the object, or fields of it, that somebody else has changed or made.
        wait : float or None
            Seconds for the proxies; what a large module takes to compile comes on top. None does not wait.
        progress : Progress, optional

        Raises
        ------
        SelectorError
            No pod carries the labels.
        ModuleError, HangError
            The embedded Envoy does not take the module with this configuration, or the filter crashes there on a
            plain request; nothing was applied.
        DeployError
            The object belongs to somebody else, or was changed by somebody else; or another kernel has put the same
            plugin in force at the same moment. Nothing was applied.
        ForbiddenError, MeshError
        """
        self._check()
        if prove is not None:
            self._proving.allow(prove, plugin.id)
        tried = self.preflight if preflight else None
        found = self._deployments.apply(
            plugin,
            only=only,
            preflight=tried,
            allow_trap=allow_trap,
            probes=probes or {},
            take_over=take_over,
            wait=wait,
            progress=progress or Silent(),
        )
        if only is None:
            self._shares.drop(plugin.id)
        return Verdicts(tuple(found))

    def examine(
        self, plugin: Plugin, *, probes: Mapping[str, Sequence[Probe]] | None = None, allow_trap: bool = False
    ) -> bool:
        """Try a plugin on the embedded Envoy, as `apply` does first; what was seen is kept. The cluster is not asked.

        Raises
        ------
        ModuleError, HangError
        """
        from wasmnb.mesh.istio.objects.deployments import examined  # noqa: PLC0415 - where something is put in force

        self._check()
        sent = dict.fromkeys(probe for own in (probes or {}).values() for probe in own)
        return examined(plugin, self.preflight, tuple(sent), Silent(), allow_trap=allow_trap)[0] is not None

    def remove(self, id: str) -> Plugin:  # noqa: A002
        """Delete a plugin's objects, whoever deployed it, and wait until no proxy has it any more.

        Raises
        ------
        BadNameError
            Nothing of ours is in force under this id.
        """
        self._check()
        try:
            plugin = self._deployments.remove(id)
        except BaseException as error:
            self._drop_after(id, error)
            raise
        self._shares.drop(id)
        return plugin

    def _drop_after(self, id_: str, first: BaseException) -> None:
        """Delete the routes for a plugin although something else has failed, which is what is told."""
        try:
            self._shares.drop(id_)
        except WasmnbError as error:
            if isinstance(first, WasmnbError):
                first.add_why(f"its routes were not deleted either: {error.what}")

    def removed(self, id: str) -> Verdicts:  # noqa: A002
        """Give what was seen of each pod that had a plugin when this session took it away last; GONE where proven."""
        self._check()
        return Verdicts(tuple(self._deployments.removed(id)))

    def rendered_share(self, plugin: Plugin, labels: Mapping[str, str], percent: float) -> str:
        """Give the YAML of the objects that `share` would apply; see `wasmnb.mesh.MeshOfShares`.

        Raises
        ------
        DeployError, ForbiddenError, MeshError
        """
        self._check()
        return self._shares.text(plugin, labels, percent)

    def share(self, plugin: Plugin, labels: Mapping[str, str], percent: float, *, wait: float = 10.0) -> Share:
        """Send a share of a service's requests to the pods that carry some labels, by routes of our own.

        Raises
        ------
        DeployError, ForbiddenError, MeshError
        """
        self._check()
        return self._shares.put(plugin, labels, percent, wait)

    def shares(self, id: str | None = None) -> tuple[Share, ...]:  # noqa: A002
        """List the shares of requests that routes of ours set, or those of one plugin."""
        self._check()
        return self._shares.there(id)

    def unshare(self, id: str) -> None:  # noqa: A002
        """Delete the routes of ours for a plugin."""
        self._check()
        self._shares.drop(id)

    def plugins(self) -> Plugins:
        """List what is in force, in the order in which requests meet it."""
        self._check()
        return Plugins(tuple(self._deployments.plugins()))

    def changed_by_others(self, id: str) -> tuple[str, ...]:  # noqa: A002
        """Say who changed which fields of a plugin's objects, and when; nothing where nobody did."""
        self._check()
        return self._deployments.changed_by_others(id)

    def origin(self, id: str) -> Origin | None:  # noqa: A002
        """Say who put a plugin in force as it is now; None where its object does not tell.

        Raises
        ------
        BadNameError
            Nothing is in force under this id.
        """
        self._check()
        return self._deployments.origin(id)

    def history(self, id: str) -> Plugins:  # noqa: A002
        """List what was in force under an id, newest first; after it was removed, what this session saw of it.

        Raises
        ------
        BadNameError
        """
        self._check()
        return Plugins(tuple(self._deployments.history(id)))

    def wait(self, id: str, *, timeout: float = 10.0) -> Verdicts:  # noqa: A002
        """Wait until a plugin is LIVE on every selected pod, or cannot become so; give the verdicts then."""
        with self._connected():
            return Verdicts(tuple(self._parts.convergence.settled(self._deployments.find(id), timeout, Silent())))

    def verdicts(self, id: str | None = None) -> Verdicts:  # noqa: A002
        """Judge every (pod, plugin) that belong together, or one plugin on every pod.

        Raises
        ------
        BadNameError
            Nothing is in force under the id.
        """
        with self._connected():
            stored = self._objects.all() if id is None else self._deployments.find(id)
            if not stored:
                return Verdicts(())
            from wasmnb.mesh.istio.proxies.kept_evidence import aged  # noqa: PLC0415 - where something is in force

            begun = datetime.now(timezone.utc)
            found = self._reader.judged(self._reader.serving(), stored, rest=id is not None)
        return Verdicts(tuple(aged(one, begun) for one in found))

    @property
    def sample(self) -> int | None:
        """How many of the pods that a plugin is for are looked at; None is all."""
        return self._sample

    def look_anew(self) -> None:
        """Have the next look ask every proxy; without, of many some are judged by what was seen a moment ago."""
        if self._used:
            self._reader.look_anew()

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
        """Send one request as a pod of the mesh; see `wasmnb.mesh.istio.requests.send`."""
        from wasmnb.mesh.istio.requests import echo  # noqa: PLC0415 - not needed to deploy
        from wasmnb.mesh.istio.requests.received import observed  # noqa: PLC0415
        from wasmnb.mesh.istio.requests.send import exchange  # noqa: PLC0415 - not needed to deploy

        self._check()

        def send(lines: Sequence[tuple[str, str]]) -> Exchange:
            return exchange(
                self.cluster,
                self.namespace,
                source,
                url,
                method=method,
                headers=lines,
                body=body,
                via=via,
                timeout=timeout,
                pod=pod,
                root=self.istio.namespace,
            )

        if received and echo.is_echo(url, self.namespace):
            return echo.observed(self.cluster, self.namespace, self._parts.tunnels, send, url, headers=headers)
        if received and levels:
            return observed(
                self.cluster, self.namespace, self._proving.trace.raised, send, url, headers=headers, pod=pod
            )
        taken = send(headers)
        self._proving.known.remember(taken.pod, taken.request)
        return replace(taken, unseen=str(_UNSEEN)) if received else taken

    def endpoints(self, url: str) -> list[str]:
        """Name the pods behind the service that a URL names."""
        from wasmnb.mesh.istio.requests.services import endpoints  # noqa: PLC0415 - not needed to deploy

        self._check()
        return endpoints(self.cluster, self.namespace, url)

    def bookinfo(
        self,
        action: str,
        *,
        images: str | Mapping[str, str] = "",
        timeout: float = 300.0,
        progress: Progress | None = None,
    ) -> tuple[str, ...]:
        """Apply the article's application, or delete it again; see `wasmnb.mesh.istio.bookinfo.bookinfo`."""
        from wasmnb.mesh.istio.bookinfo import bookinfo  # noqa: PLC0415 - not needed to deploy

        self._check()
        if action == "delete":
            return bookinfo.delete(self.cluster, self.namespace, progress=progress)
        return bookinfo.apply(
            self.cluster,
            self.namespace,
            images=images,
            revision=self.istio.revision,
            timeout=timeout,
            progress=progress,
        )

    def counts(self) -> Counts:
        """Say of each pod how many requests its proxy answered, and how many with a 5xx, where its statistics tell."""
        from wasmnb.mesh.istio.proxies.request_counts import counts  # noqa: PLC0415 - not needed to deploy

        self._check()
        return Counts(tuple(counts(self._admin, self._reader.serving(), self._proving.requests.own)))

    def metrics(self) -> Metrics:
        """Give the metrics that filters define, of each pod that has a proxy."""
        from wasmnb.mesh.istio.proxies.request_counts import metrics  # noqa: PLC0415 - not needed to deploy

        self._check()
        return Metrics(tuple(map(Reading, metrics(self._admin, self._reader.serving()))))

    def properties(self, pod: str) -> Properties:
        """Give what a filter can read and call on a pod, workload or app (the first pod of several).

        Raises
        ------
        BadNameError
            There is no such pod.
        MeshError, ForbiddenError
        """
        return Properties(tuple(self._asked(pod, read)))

    def proxy(self, pod: str) -> TakenOver:
        """Give what an embedded proxy takes over of a pod's, or a workload's or an app's first: node and clusters.

        Raises
        ------
        BadNameError
            There is no such pod.
        MeshError, ForbiddenError
        """
        from wasmnb.envoy.taken_over import read_proxy  # noqa: PLC0415 - for those who take one over

        return self._asked(pod, read_proxy)

    def _asked(self, pod: str, reading: Callable[[str, str, str], T]) -> T:
        """Read what a pod's proxy answers to `SERVER` and `CLUSTERS`."""
        from wasmnb.mesh.istio.proxies.logs import find  # noqa: PLC0415 - not needed to deploy

        self._check()
        name = str(find(pod, self._reader.items())["metadata"]["name"])
        try:
            return reading(name, *(self._admin.get(name, page) for page in (SERVER, CLUSTERS)))
        except (TimeoutError, ValueError):
            raise MeshError(f"The proxy of {name} does not answer.", hint="look at the pods, then try again") from None

    def logs(self, pod: str, *, tail: int | None = None) -> Logs:
        """Give what a pod's proxy logged, oldest first; traps carry function names and cell lines.

        Parameters
        ----------
        pod : str
            Pod, workload or app (the first pod of several).
        tail : int, optional
        """
        from wasmnb.mesh.istio.proxies.logs import lines  # noqa: PLC0415 - not needed to deploy

        self._check()
        modules = list(self._images.modules().values())
        return Logs(tuple(lines(self.cluster, self.namespace, self._reader.items(), pod, tail, modules)), pod=pod)

    def watch(self) -> IstioWatch:
        """Watch pods, plugins and verdicts; close it, or use it in a ``with`` block."""
        self._check()
        from wasmnb.mesh.istio.watch import IstioWatch  # noqa: PLC0415 - for those who look on

        watch = IstioWatch(
            self.cluster,
            self.namespace,
            self._objects,
            self._reader.judged,
            unsure=self._reader.unsure,
            keep=self._reader.keep,
            closed=self._watches.remove,
        )
        self._watches.append(watch)
        if self._stopped:
            # By another thread meanwhile, which did not know of it.
            watch.close()
        self._check()
        return watch

    def doctor(self) -> Checks:
        """Look at what the mesh needs: the cluster, Istio, every right."""
        from wasmnb.mesh.istio.doctor import examine  # noqa: PLC0415 - for those who ask it

        found = examine(
            self.cluster,
            self.namespace,
            self.istio,
            self._admin,
            left_raised=self._reader.left_raised,
            shares=self._shares.left,
        )
        return Checks(tuple(found))

    def stop(self) -> None:
        """Let go of the cluster; what is in force there stays."""
        self._stopped = True
        for watch in list(self._watches):
            watch.close()
        if self._used:
            self._parts.close()
        self.cluster.close()
        if self.preflight is not None:
            self.preflight.close()

    def _check(self) -> None:
        if self._stopped:
            raise MeshError(
                "The mesh istio was disconnected.", hint=Wording("{} connects again", Verb("mesh", ("istio",)))
            )

    @contextmanager
    def _connected(self) -> Iterator[None]:
        """Look in the block: when another thread disconnects meanwhile, nothing that is seen is true."""
        self._check()
        try:
            yield
        except Exception:
            # Threads and connections that are gone, whatever each of them says.
            self._check()
            raise
        self._check()

    @property
    def _used(self) -> bool:
        """Whether its parts have been made."""
        return "_parts" in vars(self)

    def _wake(self) -> None:
        for watch in list(self._watches):
            watch.wake()


def _preflight() -> Preflight | None:
    from wasmnb.envoy.preflight import Preflight  # noqa: PLC0415 - for this alone

    return Preflight.at_hand()
