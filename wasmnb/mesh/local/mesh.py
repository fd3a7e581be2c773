"""The embedded mesh: real Envoys on this machine, each beside its own service."""

from __future__ import annotations

import json
import time
import weakref
from functools import partial
from typing import TYPE_CHECKING

from wasmnb.check import Checks
from wasmnb.envoy.traps import annotated
from wasmnb.errors import MeshError, UsageError
from wasmnb.interrupts import uninterrupted
from wasmnb.mesh.local.deployments import Deployments
from wasmnb.mesh.local.doctor import examine
from wasmnb.mesh.local.judge import ANSWER
from wasmnb.mesh.local.lookup import find, locate
from wasmnb.mesh.local.plugin_scope import check_scope
from wasmnb.mesh.local.pods import Rested, describe
from wasmnb.mesh.local.request_counts import count, metrics
from wasmnb.mesh.local.requests import Way, exchange
from wasmnb.mesh.local.shares import Shares
from wasmnb.mesh.local.startup import await_answers, begin, takeover_notes
from wasmnb.mesh.local.watch import LocalWatch
from wasmnb.mesh.local.workload import BOOKINFO, Workload
from wasmnb.mesh.properties import CLUSTERS, SERVER, read
from wasmnb.mesh.results import Counts, Logs, Metrics, Pods, Properties, Reading, Verdicts
from wasmnb.mesh.suggestion import suggestion
from wasmnb.plugin.plugins import Plugins
from wasmnb.plugin.rendering.envoy import wasm_filter
from wasmnb.plugin.verdict import Proof, Verdict
from wasmnb.progress import Silent
from wasmnb.wording import Verb, Wording

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType

    from wasmnb.envoy.exchange import Probe
    from wasmnb.envoy.processes import Processes
    from wasmnb.envoy.taken_over import TakenOver
    from wasmnb.mesh.local.topology import Plan
    from wasmnb.mesh.shares import Share
    from wasmnb.mesh.stream import Snapshot
    from wasmnb.module import Module
    from wasmnb.plugin import Plugin
    from wasmnb.progress import Progress
    from wasmnb.traffic import Exchange

__all__ = ["LocalMesh"]

_LASTING = {Verdict.LIVE, Verdict.LOADED, Verdict.UNPROVEN}
_WAIT = 10.0
_LEVELS = ("trace", "debug", "info", "warning", "error", "critical", "off")


class LocalMesh:
    """A mesh of real Envoys on this machine; `start` makes one. Every method may be called from any thread.

    It ends with `stop`, at the end of a ``with`` block, when nothing refers to it any more, and in any case with the
    process that started it. A plugin whose selector is empty is for every workload; like the workloads of one
    namespace in Istio these do not include the ingress gateway, which a selector must name
    (``app=istio-ingressgateway`` or ``istio=ingressgateway``).
    """

    name = "local"
    needs_registry = False
    prove: Proof | None = None
    about: tuple[str, ...] = ()
    remains: tuple[str, ...] = ()

    def __init__(self, parts: Plan, processes: Processes) -> None:
        self._plan: Plan = parts
        self._processes = processes
        self._deployments = Deployments(parts, processes)
        self._shares = Shares(parts)
        self._watches: list[LocalWatch] = []
        self._stopped = False
        watches = self._watches
        processes.listeners.append(partial(_wake_all, watches))
        self._end = weakref.finalize(self, processes.stop)

    @classmethod
    def start(
        cls,
        *,
        workloads: Sequence[Workload] | None = None,
        extra: Sequence[Workload] = (),
        gateway_port: int = 0,
        log_level: str = "info",
        taken: TakenOver | None = None,
        progress: Progress | None = None,
    ) -> LocalMesh:
        """Start a mesh, and wait until every proxy in it answers.

        Parameters
        ----------
        workloads : sequence of Workload, optional
            Running services of the user's, a sidecar before each; None is bookinfo.
        extra : sequence of Workload
            More of them, beside ``workloads`` or bookinfo.
        gateway_port : int
            Loopback port of the ingress gateway; 0 takes a free one.
        log_level : str
            From which level on proxies keep what filters log.
        taken : TakenOver, optional
            What a proxy elsewhere has: the pod of the same workload has its node, its labels and its clusters. Those
            of services whose names are here lead to them, and the others answer 503.
        progress : Progress, optional

        Raises
        ------
        MeshError
            There is no Envoy for this platform, the port is in use, or an Envoy does not start.
        BadNameError, ConfigError
            A workload's name or address is not what it must be, or none is called as the one that is taken over.
        """
        if log_level not in _LEVELS:
            raise UsageError(f"{log_level!r} is not a log level.", hint=suggestion(log_level, _LEVELS))
        chosen = [*(BOOKINFO if workloads is None else workloads), *extra]
        mesh = None
        try:
            with uninterrupted():
                mesh = cls(*begin(chosen, gateway_port=gateway_port, log_level=log_level, taken=taken))
            await_answers(mesh._plan, mesh._processes, progress or Silent())
            if taken is not None:
                mesh.about = takeover_notes(mesh._plan)
        except BaseException:
            if mesh is not None:
                mesh.stop()
            raise
        return mesh

    def __enter__(self) -> LocalMesh:  # noqa: PYI034 - Python 3.10 has no Self
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def __repr__(self) -> str:
        state = "stopped" if self._stopped else f"gateway {self.gateway}"
        return f"<LocalMesh: {len(self._plan.proxies)} pods, {state}>"

    @property
    def gateway(self) -> str:
        """``host:port`` of the ingress gateway."""
        return self._plan.gateway.address

    def pods(self) -> Pods:
        """List the pods as they are now: whether each service answers HTTP, and each proxy's worker does."""
        self._check()
        return Pods(tuple(describe(self._plan.proxies, self._processes)))

    def render(self, plugin: Plugin) -> str:
        """Give the HTTP filter that selected proxies would get, as JSON."""
        from wasmnb.module.check import check  # noqa: PLC0415 - the parser comes with the first module

        check_scope(plugin)
        root_id = check(plugin.image.module, plugin.root_id)
        filename = f"modules/{plugin.image.module.digest.removeprefix('sha256:')}.wasm"
        return json.dumps(wasm_filter(plugin, filename=filename, root_id=root_id), indent=2, ensure_ascii=False)

    def rendered(self, id: str) -> str:  # noqa: A002 - the protocol's word
        """Give what is in force under an id, in the form of `render`; empty when nothing is."""
        self._check()
        plugin = self._deployments.newest(id)
        return self.render(plugin) if plugin is not None else ""

    def apply(
        self,
        plugin: Plugin,
        *,
        only: Mapping[str, str] | None = None,
        preflight: bool = True,  # noqa: ARG002 - the canary costs a moment, and saves the pods
        allow_trap: bool = False,
        prove: Proof | None = None,
        probes: Mapping[str, Sequence[Probe]] | None = None,
        wait: float | None = _WAIT,
        progress: Progress | None = None,
    ) -> Verdicts:
        """Put a plugin in force on every pod it selects, or on none.

        Parameters
        ----------
        plugin : Plugin
        only : mapping of str to str, optional
            On those of the selected pods only that also carry these labels; the others keep what they have.
        allow_trap : bool
            Put it in force although its VM crashed on the canary.
        prove : Proof, optional
            CONFIG: send nothing through it. Else it is looked for by its effect, then by trace.
        probes : mapping of str to sequence of Probe, optional
            Requests, by the pods that they are for, on which it may be seen to act.
        wait : float or None
            Seconds for the pods to take it over, once the canary has let it pass. None waits no longer than handing it
            over takes, which is 10 s at most: none of the pods keeps it when one does not take it.
        progress : Progress, optional

        Returns
        -------
        Verdicts
            One for each pod that it was put in force on.

        Raises
        ------
        SelectorError
            No pod carries the labels.
        ModuleError
            The module is none that Envoy loads, or refuses its configuration, or crashes on a request.
        HangError
            A callback does not come back.
        DeployError
            A pod did not take it over. In each case what was in force before still is.
        """
        self._check()
        found = self._deployments.apply(
            *(plugin, _WAIT if wait is None else wait, progress or Silent()),
            only=only,
            allow_trap=allow_trap,
            prove=prove,
            probes=probes or {},
        )
        if only is None:
            self._shares.drop(plugin.id)
        _wake_all(self._watches)
        return Verdicts(tuple(found))

    def examine(
        self, plugin: Plugin, *, probes: Mapping[str, Sequence[Probe]] | None = None, allow_trap: bool = False
    ) -> bool:
        """Try a plugin on the canary, as `apply` does first; what was seen is kept, and `apply` need not look again.

        No pod learns of it, and it may be called from any thread, also while something is applied.

        Parameters
        ----------
        plugin : Plugin
        probes : mapping of str to sequence of Probe, optional
            Requests, by the pods that they are for, on which it may be seen to act.
        allow_trap : bool
            Let it pass although its VM crashes on a request.

        Raises
        ------
        SelectorError, ModuleError, HangError, DeployError
            What `apply` would raise before any pod has it.
        MeshError
        """
        self._check()
        self._deployments.examine(plugin, probes or {}, allow_trap=allow_trap)
        return True

    def preload(self, module: Module, selector: Mapping[str, str] | None = None, *, holder: str = "") -> bool:
        """Have pods load a module that may be deployed soon: then it is compiled already, and live in half the time.

        The canary loads it first; where it does not come through that, no pod gets it. In a pod nothing of it acts: no
        callback is called and no function of the proxy can be, and no request meets it. What an SDK does before any
        callback (static constructors) is done. A pod keeps the newest module of each of three names at most, until a
        plugin of such a module is applied or the pod's proxy ends; `unload` frees it sooner. It waits until the pods
        have it, and may be called from any thread, also while something is applied.

        Parameters
        ----------
        module : Module
        selector : mapping of str to str, optional
            Labels of the pods that are to have it; without, those that run a plugin that is called as the module is.
        holder : str
            For whom, of whose modules the newest is kept; without, the module's name. It is let go of when that very
            module is applied.

        Returns
        -------
        bool
            Whether all those pods have it. False where only the canary has, which saves half as much: no pod is meant,
            it was refused, it is larger than 4 MiB, which would keep the pods' proxies from taking over anything else
            for too long, or Linux has less than 512 `inotify` instances for each user, of which each pod takes one.

        Raises
        ------
        MeshError
        """
        self._check()
        return self._deployments.preload(module, selector, holder or module.name)

    def unload(self, name: str = "") -> None:
        """Let go of what `preload` had loaded of a name, for a holder, or of everything; what is deployed stays."""
        self._check()
        self._deployments.unload(name)

    def remove(self, id: str) -> Plugin:  # noqa: A002 - the protocol's word
        """Remove a plugin from every pod.

        Raises
        ------
        BadNameError
            Nothing is in force under this id.
        DeployError
            A pod did not let go of it; it is still in force on all.
        """
        self._check()
        plugin = self._deployments.remove(id)
        self._shares.drop(id)
        _wake_all(self._watches)
        return plugin

    def rendered_share(self, plugin: Plugin, labels: Mapping[str, str], percent: float) -> str:
        """Give the runtime values that `share` would set, as JSON; see `wasmnb.mesh.MeshOfShares`.

        Raises
        ------
        DeployError
        """
        self._check()
        return self._shares.text(plugin, labels, percent)

    def share(
        self,
        plugin: Plugin,
        labels: Mapping[str, str],
        percent: float,
        *,
        wait: float = _WAIT,  # noqa: ARG002 - proxies take it over at once
    ) -> Share:
        """Send a share of a service's requests to the pods that carry some labels, from every proxy.

        Raises
        ------
        DeployError, MeshError
        """
        self._check()
        return self._shares.put(plugin, labels, percent)

    def shares(self, id: str | None = None) -> tuple[Share, ...]:  # noqa: A002
        """List the shares of requests that there are, or those of one plugin."""
        self._check()
        return self._shares.there(id)

    def unshare(self, id: str) -> None:  # noqa: A002
        """Have each pod asked in turn again."""
        self._check()
        self._shares.drop(id)

    def removed(self, id: str) -> Verdicts:  # noqa: A002
        """Give what was seen of each pod that had a plugin when this session took it away last; GONE where proven."""
        self._check()
        return Verdicts(tuple(self._deployments.removed(id)))

    def plugins(self) -> Plugins:
        """List what is in force, in the order in which requests meet it."""
        self._check()
        return Plugins(tuple(self._deployments.plugins()))

    def history(self, id: str) -> Plugins:  # noqa: A002
        """List what was in force on every pod under an id, newest first, the newest 32; also after it was removed.

        Raises
        ------
        BadNameError
            There never was anything under this id.
        """
        self._check()
        return Plugins(tuple(self._deployments.history(id)))

    def wait(self, id: str, *, timeout: float = 10.0) -> Verdicts:  # noqa: A002
        """Wait until a plugin is LIVE on every selected pod, or cannot become so on one; give the verdicts then."""
        deadline = time.monotonic() + timeout
        while True:
            self._check()
            found = self._deployments.judged(id)
            final = any(one.verdict.final for one in found) or all(one.verdict in _LASTING for one in found)
            if final or time.monotonic() > deadline:
                return Verdicts(tuple(found))
            self._processes.wait_change(0.05)

    def verdicts(self, id: str | None = None) -> Verdicts:  # noqa: A002
        """Judge every (pod, plugin) that belong together, or one plugin on every pod, now.

        Raises
        ------
        BadNameError
            Nothing is in force under the id.
        """
        self._check()
        found = self._deployments.verdicts(id)
        # Of a mesh that another thread has stopped meanwhile nothing is true.
        self._check()
        return Verdicts(tuple(found))

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
        levels: bool = False,  # noqa: ARG002 - a tap tells
    ) -> Exchange:
        """Send one request as a pod of the mesh.

        Parameters
        ----------
        source : str
            Pod, workload or app that sends.
        url : str
            ``service:port/path``.
        via : str
            ``proxy``: straight to the proxy of a pod of the service, each of them in turn. ``app``: through the
            source's own proxy too, which chooses the pod itself.
        timeout : float
            Seconds for the whole exchange.
        pod : str
            The pod of the service that is to answer; any when empty.
        received : bool
            Look at the request as the service receives it, too. It is then sent with an ``x-request-id`` of its own,
            unless it has one; a proxy gives one to each request that has none.
        levels : bool
            Means nothing here: no log level is changed.

        Raises
        ------
        BadNameError
            There is no such source, or the service has no such pod.
        UsageError
            A pod was asked for, and ``via="app"`` leaves the choice among several to the source's proxy.
        TrafficError
            There is no such service or port, or no answer.
        """
        from wasmnb.traffic import Headers, Request  # noqa: PLC0415 - not needed to start a mesh

        self._check()
        target = locate(url, self._plan.services)
        request = Request(method, target.authority, target.path, Headers(tuple(headers)), body)
        way = Way(source, target.service, via, pod, received=received)
        answered = exchange(self._plan, self._processes, way, request, timeout=timeout)
        # What is not answered may have made a worker hang, and is not to be sent again by us.
        self._deployments.proving.remember(target.service.name, request)
        return answered

    def endpoints(self, url: str) -> list[str]:
        """Name the pods behind the service that a URL names.

        Raises
        ------
        TrafficError
            There is no such service or port.
        """
        self._check()
        return [proxy.name for proxy in locate(url, self._plan.services).service.proxies]

    def bookinfo(
        self,
        action: str,
        *,
        images: str | Mapping[str, str] = "",  # noqa: ARG002 - its services are programs of ours
        timeout: float = 300.0,  # noqa: ARG002 - they run since the mesh does
        progress: Progress | None = None,  # noqa: ARG002
    ) -> tuple[str, ...]:
        """Say that bookinfo is a part of this mesh: there is nothing to apply, and it ends with the mesh."""
        self._check()
        own, stop = {one.name for one in BOOKINFO}, Verb("mesh", ("stop",))
        if not own <= {proxy.site.workload for proxy in self._plan.proxies}:
            return (
                str(
                    Wording(
                        "this mesh was started without bookinfo; {}, then {} has it", stop, Verb("mesh", ("local",))
                    )
                ),
            )
        if action == "delete":
            return (str(Wording("bookinfo is a part of this mesh, and ends with it: {}", stop)),)
        return ("bookinfo is a part of this mesh already; nothing was done",)

    def counts(self) -> Counts:
        """Say of each pod, and of the gateway, how many requests its proxy answered, and how many with a 5xx."""
        self._check()
        return Counts(tuple(count(self._plan.everyone, self._processes)))

    def metrics(self) -> Metrics:
        """Give the metrics that filters define, of each pod's proxy and of the gateway's."""
        self._check()
        return Metrics(tuple(map(Reading, metrics(self._plan.everyone))))

    def properties(self, pod: str) -> Properties:
        """Give what a filter can read and call on a pod, workload or app, or on the gateway.

        Raises
        ------
        BadNameError
            There is no such pod.
        MeshError
            Its proxy does not answer.
        """
        self._check()
        proxy = find(pod, self._plan.everyone)
        try:
            pages = (proxy.admin.get(page, timeout=ANSWER) for page in (SERVER, CLUSTERS))
            return Properties(tuple(read(proxy.name, *pages)))
        except (OSError, ValueError) as error:
            raise MeshError(
                f"The proxy of {proxy.name} does not answer.", why=[str(error)], hint="look at the pods, then try again"
            ) from None

    def logs(self, pod: str, *, tail: int | None = None) -> Logs:
        """Give what a pod's proxy logged, oldest first; each trap is followed by function names and cell lines.

        Parameters
        ----------
        pod : str
            Pod, workload or app; the gateway too.
        tail : int, optional
            Only so many lines, the last ones.
        """
        self._check()
        proxy = find(pod, self._plan.everyone)
        modules = {one.plugin.image.module: None for one in proxy.chain.plugins}
        lines = annotated(proxy.log.shown(), modules)
        return Logs(tuple(lines if tail is None else lines[max(0, len(lines) - tail) :]), pod=pod)

    def watch(self) -> LocalWatch:
        """Watch pods, plugins and verdicts; close it, or use it in a ``with`` block."""
        self._check()
        watch = LocalWatch(partial(self._snapshot, {}), self._watches.remove)
        self._watches.append(watch)
        return watch

    def doctor(self) -> Checks:
        """Look at what the mesh needs: Envoy, its processes, its folder."""
        return Checks(tuple(examine(self._plan, self._processes, stopped=self._stopped)))

    def stop(self) -> None:
        """End every process and remove the mesh's folder; once more does nothing."""
        self._stopped = True
        for watch in list(self._watches):
            watch.close()
        for proxy in [*self._plan.everyone, self._plan.canary]:
            proxy.admin.close()
        self._end()

    def _check(self) -> None:
        if self._stopped or not self._processes.alive:
            raise MeshError(
                "This mesh was stopped." if self._stopped else "The local mesh no longer runs.",
                hint=Wording(
                    "{} lets go of it, {} starts one (LocalMesh.start() in Python)",
                    Verb("mesh", ("stop",)),
                    Verb("mesh", ("local",)),
                    python="LocalMesh.start() starts one",
                ),
                code="WNB4004",
            )

    def _snapshot(self, rested: Rested) -> Snapshot | None:
        try:
            self._check()
            pods = describe(self._plan.proxies, self._processes, rested=rested)
            found = {("pod", pod.name): pod.to_dict() for pod in pods}
            found |= {("plugin", plugin.id): plugin.to_dict() for plugin in self.plugins()}
            found |= {("verdict", f"{one.pod}/{one.plugin}"): one.to_dict() for one in self.verdicts()}
        except MeshError:
            return None
        return found


def _wake_all(watches: list[LocalWatch]) -> None:
    for watch in list(watches):
        watch.wake()
