"""The embedded mesh: real Envoys on this machine, each beside its own service."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import shutil
import threading
import time
import weakref
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from wasmnb.errors import BadNameError, DeployError, MeshError, UsageError
from wasmnb.mesh.local.admin import ask_all
from wasmnb.mesh.local.canary import Canary
from wasmnb.mesh.local.doctor import examine
from wasmnb.mesh.local.judge import ANSWER, gather, judge, not_selected
from wasmnb.mesh.local.names import check_id, did_you_mean, find, locate, no_pod
from wasmnb.mesh.local.plan import Plan, plan
from wasmnb.mesh.local.pods import describe
from wasmnb.mesh.local.processes import Processes, new_folder
from wasmnb.mesh.local.proxy import Applied, Chain, Proxy
from wasmnb.mesh.local.rollout import refusal, roll
from wasmnb.mesh.local.traces import annotated
from wasmnb.mesh.local.watch import LocalWatch, Snapshot
from wasmnb.mesh.local.workload import BOOKINFO, GATEWAY, Workload
from wasmnb.mesh.protocol import Pod, PodVerdict, Verdict
from wasmnb.plugin.envoy import in_order, wasm_filter

if TYPE_CHECKING:
    from wasmnb.checks import Check
    from wasmnb.module import Module
    from wasmnb.plugin import Plugin
    from wasmnb.progress import Progress
    from wasmnb.traffic import Exchange

__all__ = ["LocalMesh"]

_START = 60.0
_CRASHES = 3
_LASTING = {Verdict.LIVE, Verdict.REJECTED, Verdict.TRAPPED, Verdict.UNPROVEN, Verdict.NO_SIDECAR}
_LEVELS = ("trace", "debug", "info", "warning", "error", "critical", "off")


class LocalMesh:
    """A mesh of real Envoys on this machine; `start` makes one. Every method may be called from any thread.

    It ends with `stop`, at the end of a ``with`` block, when nothing refers to it any more, and in any case with the
    process that started it. A plugin whose selector is empty is for every workload; like the workloads of one
    namespace in Istio these do not include the ingress gateway, which a selector must name
    (``app=istio-ingressgateway`` or ``istio=ingressgateway``).
    """

    name = "local"

    def __init__(self, parts: Plan, processes: Processes) -> None:
        self._plan = parts
        self._processes = processes
        self._canary = Canary(parts.canary, processes)
        self._lock = threading.RLock()
        self._numbers = itertools.count(2)
        self._applied: dict[str, Applied] = {}
        self._history: dict[str, list[Plugin]] = {}
        self._watches: list[LocalWatch] = []
        self._stopped = False
        watches = self._watches
        processes.listeners.append(lambda: [watch.wake() for watch in list(watches)])
        self._end = weakref.finalize(self, processes.stop)

    @classmethod
    def start(
        cls,
        *,
        workloads: Sequence[Workload] | None = None,
        extra: Sequence[Workload] = (),
        gateway_port: int = 0,
        log_level: str = "info",
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
        progress : Progress, optional

        Raises
        ------
        MeshError
            There is no Envoy for this platform, the port is in use, or an Envoy does not come up.
        BadNameError, ConfigError
            A workload's name or address is not what it must be.
        """
        if log_level not in _LEVELS:
            raise UsageError(f"{log_level!r} is no log level.", hint=did_you_mean(log_level, _LEVELS))
        chosen = [*(BOOKINFO if workloads is None else workloads), *extra]
        folder, lock = new_folder()
        try:
            parts = plan(folder, chosen, gateway_port=gateway_port, log_level=log_level)
            processes = Processes(folder, lock, parts.processes, parts.held)
        except BaseException:
            _give_up(folder, lock)
            raise
        mesh = cls(parts, processes)
        try:
            mesh._await_proxies(progress)
            processes.start(parts.spare[0])
        except BaseException:
            mesh.stop()
            raise
        return mesh

    def __enter__(self) -> LocalMesh:
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
        return _address(self._plan.gateway)

    def pods(self) -> list[Pod]:
        """List the pods as they are now: whether each service answers HTTP, and each proxy's worker does."""
        self._check()
        return describe(self._plan.proxies, self._processes)

    def render(self, plugin: Plugin) -> str:
        """Give the HTTP filter that selected proxies would get, as JSON."""
        root_id = _root_id(plugin)
        filename = f"modules/{plugin.image.module.digest.removeprefix('sha256:')}.wasm"
        return json.dumps(wasm_filter(plugin, filename=filename, root_id=root_id), indent=2, ensure_ascii=False)

    def apply(self, plugin: Plugin, *, wait: float = 10.0, progress: Progress | None = None) -> list[PodVerdict]:
        """Put a plugin in force on every pod it selects, or on none.

        Parameters
        ----------
        plugin : Plugin
        wait : float
            Seconds for the pods to take it over, once the canary has let it pass.
        progress : Progress, optional

        Returns
        -------
        list of PodVerdict
            One for each selected pod.

        Raises
        ------
        SelectorError
            No pod carries the labels.
        ModuleError
            The module is none that Envoy loads, or refuses its configuration.
        HangError
            A callback does not come back.
        DeployError
            A pod did not take it over. In each case what was in force before still is.
        """
        with self._lock:
            self._check()
            check_id(plugin.id)
            if not self._selected(plugin):
                raise no_pod(plugin.selector, self._plan.everyone)
            current = self._applied.get(plugin.id)
            if current is not None and current.plugin == plugin:
                return self._judged(plugin.id, note="unchanged: nothing was written")
            applied = Applied(plugin, _root_id(plugin), self._store(plugin.image.module))
            if progress is not None:
                progress.update("trying the module on the canary Envoy")
            applied = Applied(plugin, applied.root_id, applied.filename, self._canary.examine(applied))
            if progress is not None:
                progress.update(f"handing {plugin.id} to {len(self._selected(plugin))} pods")
            self._put(plugin.id, applied, wait)
            self._history.setdefault(plugin.id, []).insert(0, plugin)
            self._wake()
            return self._judged(plugin.id)

    def remove(self, id: str) -> Plugin:  # noqa: A002 - the protocol's word
        """Take a plugin away from every pod.

        Raises
        ------
        BadNameError
            Nothing is in force under this id.
        DeployError
            A pod did not let go of it; it is still in force on all.
        """
        with self._lock:
            self._check()
            applied = self._find(id)
            self._put(id, None, 10.0)
            self._wake()
            return applied.plugin

    def plugins(self) -> list[Plugin]:
        """List what is in force, in the order in which requests meet it."""
        self._check()
        return in_order(applied.plugin for applied in list(self._applied.values()))

    def history(self, id: str) -> list[Plugin]:  # noqa: A002
        """List what was in force under an id, newest first; also after it was removed.

        Raises
        ------
        BadNameError
            There never was anything under this id.
        """
        self._check()
        if id not in self._history:
            raise BadNameError(f"No plugin {id!r} was ever in force here.", hint=did_you_mean(id, self._history))
        return list(self._history[id])

    def wait(self, id: str, *, timeout: float = 10.0) -> list[PodVerdict]:  # noqa: A002
        """Wait until a plugin is LIVE on every selected pod, or cannot become so; give the verdicts then."""
        deadline = time.monotonic() + timeout
        while True:
            self._check()
            found = self._judged(id)
            if all(one.verdict in _LASTING for one in found) or time.monotonic() > deadline:
                return found
            self._processes.wait_change(0.05)

    def verdicts(self, id: str | None = None) -> list[PodVerdict]:  # noqa: A002
        """Judge every (pod, plugin) that belong together, or one plugin on every pod, now.

        Raises
        ------
        BadNameError
            Nothing is in force under the id.
        """
        self._check()
        chosen = list(self._applied.values()) if id is None else [self._find(id)]
        evidence = {one.proxy: one for one in gather(self._plan.everyone, self._processes)} if chosen else {}
        found = []
        for proxy in self._plan.everyone:
            for applied in _sorted(chosen):
                if self._is_for(applied.plugin, proxy):
                    found.append(judge(evidence[proxy], applied))
                elif id is not None and proxy is not self._plan.gateway:
                    found.append(not_selected(proxy, applied))
        return found

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

        Raises
        ------
        BadNameError
            There is no such source.
        TrafficError
            There is no such service or port, or no answer.
        """
        from wasmnb.traffic import Headers, Request  # noqa: PLC0415 - not needed to start a mesh
        from wasmnb.traffic.send import send  # noqa: PLC0415

        self._check()
        if via not in ("proxy", "app"):
            raise UsageError(f"via {via!r} is no way to send.", hint=did_you_mean(via, ("proxy", "app")))
        origin = find(source, self._plan.everyone)
        target = locate(url, self._plan.services)
        request = Request(method, target.authority, target.path, Headers(tuple(headers)), body)
        proxy, port = self._way(origin, target.service.next(), via)
        several = via == "app" and len(target.service.proxies) > 1
        pod = target.service.name if several else proxy.name
        return send(("127.0.0.1", port), request, source=source, pod=pod, via=via, timeout=timeout)

    def logs(self, pod: str, *, tail: int | None = None) -> list[str]:
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
        return lines if tail is None else lines[max(0, len(lines) - tail) :]

    def watch(self) -> LocalWatch:
        """Watch pods, plugins and verdicts; close it, or use it in a ``with`` block."""
        self._check()
        watch = LocalWatch(self._snapshot, self._watches.remove)
        self._watches.append(watch)
        return watch

    def doctor(self) -> list[Check]:
        """Look at what the mesh needs: Envoy, its processes, its folder."""
        return examine(self._plan, self._processes, stopped=self._stopped)

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
                "This mesh was stopped." if self._stopped else "The local mesh does not run any more.",
                hint="start one: %wasm_mesh local, or LocalMesh.start()",
            )

    def _await_proxies(self, progress: Progress | None) -> None:
        plan_ = self._plan
        questions = [proxy.health for proxy in plan_.everyone]
        own = {process["name"] for process in plan_.processes}
        questions += [one.service for one in plan_.proxies if one.service and f"{one.name}/service" in own]
        deadline = time.monotonic() + _START
        while waiting := [reason for reason in ask_all(questions, timeout=ANSWER) if reason]:
            if progress is not None:
                progress.update("starting the mesh", len(questions) - len(waiting), len(questions))
            for proxy in plan_.everyone:
                state = self._processes.state(proxy.name)
                if (state and state.restarts >= _CRASHES) or time.monotonic() > deadline or not self._processes.alive:
                    raise MeshError(f"The Envoy of {proxy.name} does not come up.", why=proxy.log.shown()[-4:])
            time.sleep(0.01)

    def _store(self, module: Module) -> str:
        folder = self._plan.folder / "modules"
        folder.mkdir(exist_ok=True)
        path = folder / f"{module.digest.removeprefix('sha256:')}.wasm"
        if not path.exists():
            temporary = path.with_suffix(".part")
            temporary.write_bytes(module.wasm)
            os.replace(temporary, path)
        return str(path)

    def _is_for(self, plugin: Plugin, proxy: Proxy) -> bool:
        if proxy is self._plan.gateway and not plugin.selector:
            return False
        return plugin.selects(proxy.labels)

    def _selected(self, plugin: Plugin) -> list[Proxy]:
        return [proxy for proxy in self._plan.everyone if self._is_for(plugin, proxy)]

    def _put(self, id_: str, applied: Applied | None, wait: float) -> None:
        wanted = {**self._applied}
        wanted.pop(id_, None)
        if applied is not None:
            wanted[id_] = applied
        chains = {}
        for proxy in self._plan.everyone:
            plugins = _sorted([one for one in wanted.values() if self._is_for(one.plugin, proxy)])
            if not proxy.chain.same(plugins):
                chains[proxy] = Chain(next(self._numbers), tuple(plugins))
        problems = roll(chains, self._processes, wait=wait)
        if problems:
            error = DeployError(
                f"{id_} was not {'taken over by' if applied else 'removed from'} {', '.join(p.name for p in problems)}.",
                why=[line for problem in problems.values() for line in problem.lines][:4],
                hint="every pod has been given back what it had",
            )
            if applied is not None:
                error.verdicts = tuple(refusal(proxy, applied, problems) for proxy in self._selected(applied.plugin))
            raise error
        self._applied = wanted

    def _judged(self, id_: str, note: str = "") -> list[PodVerdict]:
        applied = self._find(id_)
        found = [judge(one, applied) for one in gather(self._selected(applied.plugin), self._processes)]
        if not note:
            return found
        return [_with_note(one, note) for one in found]

    def _find(self, id_: str) -> Applied:
        applied = self._applied.get(id_)
        if applied is None:
            raise BadNameError(f"No plugin {id_!r} is in force.", hint=did_you_mean(id_, self._applied))
        return applied

    def _way(self, origin: Proxy, target: Proxy, via: str) -> tuple[Proxy, int]:
        if via == "proxy":
            return target, target.site.inbound[1] if target.site.inbound else 0
        if not origin.site.outbound:
            raise UsageError(f"{GATEWAY} has no application that could send.", hint="send as one of the pods")
        return target, origin.site.outbound

    def _snapshot(self) -> Snapshot | None:
        try:
            found = {("pod", pod.name): pod.to_dict() for pod in self.pods()}
            found |= {("plugin", plugin.id): describe_plugin(plugin) for plugin in self.plugins()}
            found |= {("verdict", f"{one.pod}/{one.plugin}"): one.to_dict() for one in self.verdicts()}
        except MeshError:
            return None
        return found

    def _wake(self) -> None:
        for watch in list(self._watches):
            watch.wake()


def describe_plugin(plugin: Plugin) -> dict[str, object]:
    """Give a plugin as plain JSON values."""
    return {
        "id": plugin.id,
        "image": plugin.image.reference,
        "digest": plugin.image.digest,
        "selector": dict(plugin.selector),
        "config": plugin.config_text,
        "root_id": plugin.root_id,
        "phase": plugin.phase.value,
        "priority": plugin.priority,
        "fail_policy": plugin.fail_policy.value,
    }


def _address(proxy: Proxy) -> str:
    return "{}:{}".format(*proxy.site.inbound) if proxy.site.inbound else ""


def _root_id(plugin: Plugin) -> str:
    from wasmnb.module.check import check  # noqa: PLC0415 - the parser comes with the first module

    return check(plugin.image.module, plugin.root_id)


def _sorted(chosen: Iterable[Applied]) -> list[Applied]:
    by_id = {applied.plugin.id: applied for applied in chosen}
    return [by_id[plugin.id] for plugin in in_order(applied.plugin for applied in by_id.values())]


def _with_note(verdict: PodVerdict, note: str) -> PodVerdict:
    return replace(verdict, reason=f"{verdict.reason}; {note}" if verdict.reason else note)


def _give_up(folder: Path, lock: int) -> None:
    with contextlib.suppress(OSError):
        os.close(lock)
    shutil.rmtree(folder, ignore_errors=True)
