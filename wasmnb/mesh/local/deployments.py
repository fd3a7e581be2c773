"""What is in force on a local mesh, and how that changes: on every selected pod, or on none."""

from __future__ import annotations

import itertools
import threading
import time
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from wasmnb.display.text import several
from wasmnb.envoy.canary import Canary
from wasmnb.envoy.proxy import Applied, Chain, Proxy, Standing
from wasmnb.errors import BadNameError, MeshError
from wasmnb.mesh.local.chain_swap import refusal, roll
from wasmnb.mesh.local.judge import Evidence, gather, judge, keep_crashes, not_selected, removal
from wasmnb.mesh.local.lookup import no_pod
from wasmnb.mesh.local.plugin_scope import check_network, check_scope, is_for, no_proxy
from wasmnb.mesh.local.preloads import LARGEST, Preloads
from wasmnb.mesh.local.proving import Proving
from wasmnb.mesh.suggestion import suggestion
from wasmnb.plugin.errors import DeployError
from wasmnb.plugin.identity import check_id
from wasmnb.plugin.rendering.envoy import in_order
from wasmnb.plugin.scope import carries
from wasmnb.plugin.verdict import PodVerdict, Proof, Verdict
from wasmnb.wording import Verb, Wording

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from wasmnb.envoy.exchange import Probe
    from wasmnb.envoy.processes import Processes
    from wasmnb.mesh.local.chain_swap import Problem
    from wasmnb.mesh.local.topology import Plan
    from wasmnb.module import Module
    from wasmnb.plugin import Plugin
    from wasmnb.progress import Progress
    from wasmnb.wording import Text

__all__ = ["Deployments"]

_REMOVAL = 10.0
_TRIES = 3  # looks at what is in force, while that changes
_MOST_HISTORY = 32  # plugins that are kept per id, with their modules


class Deployments:
    """The plugins of one mesh.

    Parameters
    ----------
    parts : Plan
    processes : Processes
    """

    def __init__(self, parts: Plan, processes: Processes) -> None:
        self._plan = parts
        self._processes = processes
        self._canary = Canary(parts.canary, processes)
        self.proving = Proving(parts, processes)
        self._preloads = Preloads(parts, processes)
        self._lock = threading.RLock()
        # Each proxy starts with an empty chain of number 1.
        self._numbers = itertools.count(2)
        self._standing: dict[str, Standing] = {}
        self._history: dict[str, list[Plugin]] = {}
        self._gone: dict[str, list[PodVerdict]] = {}

    def apply(
        self,
        plugin: Plugin,
        wait: float,
        progress: Progress,
        *,
        only: Mapping[str, str] | None = None,
        allow_trap: bool = False,
        prove: Proof | None = None,
        probes: Mapping[str, Sequence[Probe]],
    ) -> list[PodVerdict]:
        """Put a plugin in force; see `LocalMesh.apply`."""
        from wasmnb.module.check import check  # noqa: PLC0415 - the parser comes with the first module

        with self._lock, _files():
            check_id(plugin.id)
            self.proving.allow(plugin.id, requests=prove is not Proof.CONFIG)
            check_scope(plugin)
            chosen = self._chosen(plugin, only)
            check_network(plugin, chosen)
            self.proving.mean(chosen, probes)
            current = self._standing.get(plugin.id)
            if current is not None and current.has(plugin, chosen) and (only or current.pods.keys() == set(chosen)):
                if not only:
                    self._remember(plugin)
                return self._again(current, chosen, wait)
            root_id = check(plugin.image.module, plugin.root_id)
            progress.update("testing the module on the canary Envoy")
            try:
                applied = Applied(plugin, root_id, self._store(plugin.image.module))
                trial = self._canary.examine(applied, self.proving.probes(chosen), allow_trap=allow_trap)
                applied = replace(applied, trial=trial)
                progress.update(f"sending {plugin.id} to {several(len(chosen), 'pod')}")
                until = time.monotonic() + wait + applied.loading * len(chosen)
                self._put(plugin.id, Standing.on(applied, chosen, current if only else None), wait)
            finally:
                self._tidy()
            if not only:
                self._remember(plugin)
            found = self._judged(chosen, self._standing[plugin.id], until)
            # They run it now, or something newer.
            self._preloads.deployed(plugin.image.module)
            return found

    def examine(self, plugin: Plugin, probes: Mapping[str, Sequence[Probe]], *, allow_trap: bool) -> None:
        """Try a plugin ahead; see `LocalMesh.examine`."""
        from wasmnb.module.check import check  # noqa: PLC0415 - the parser comes with the first module

        with _files():
            check_id(plugin.id)
            check_scope(plugin)
            chosen = self._chosen(plugin, None)
            check_network(plugin, chosen)
            module = plugin.image.module
            folder = self._plan.folder / "tried"
            folder.mkdir(exist_ok=True)
            # Of this thread's alone: another one may be done with the same module sooner.
            path = folder / f"{module.digest.removeprefix('sha256:')}-{threading.get_ident()}.wasm"
            path.write_bytes(module.wasm)
            try:
                applied = Applied(plugin, check(module, plugin.root_id), str(path))
                self._canary.examine(applied, self.proving.foreseen(chosen, probes), allow_trap=allow_trap)
            finally:
                path.unlink(missing_ok=True)

    def preload(self, module: Module, labels: Mapping[str, str] | None, holder: str) -> bool:
        """Have pods load a module ahead; see `LocalMesh.preload`."""
        with _files():
            if not self._canary.load(module) or module.size > LARGEST:
                return False
            standing = self._standing.get(module.name)
            if labels is None:
                chosen = list(standing.pods) if standing else []
            else:
                chosen = [proxy for proxy in self._plan.everyone if carries(proxy.labels, labels)]
            able = bool(chosen) and all(proxy.site.ahead for proxy in chosen)
            loaded = able and self._preloads.load(module, chosen, holder)
            # Put in force meanwhile, it would be let go of by nobody.
            if loaded and self._run(chosen, module):
                self._preloads.drop(holder)
            return loaded

    def _run(self, proxies: Iterable[Proxy], module: Module) -> bool:
        """Say whether each of some proxies has a module in force."""
        standing = list(self._standing.values())
        running = {
            proxy
            for one in standing
            for proxy, applied in one.pods.items()
            if applied.plugin.image.module.wasm == module.wasm
        }
        return running.issuperset(proxies)

    def unload(self, name: str) -> None:
        """Have pods let go of what was loaded ahead; see `LocalMesh.unload`."""
        with _files():
            self._preloads.drop(name)

    def _chosen(self, plugin: Plugin, only: Mapping[str, str] | None) -> list[Proxy]:
        selected = [proxy for proxy in self._plan.everyone if is_for(plugin, proxy)]
        if not selected:
            raise no_proxy(plugin, self._plan.everyone)
        chosen = [proxy for proxy in selected if carries(proxy.labels, only or {})]
        if not chosen:
            raise no_pod({**plugin.selector, **(only or {})}, selected)
        return chosen

    def _remember(self, plugin: Plugin) -> None:
        known = self._history.get(plugin.id, [])
        if known[:1] != [plugin]:
            self._history[plugin.id] = [plugin, *known][:_MOST_HISTORY]

    def _again(self, current: Standing, chosen: list[Proxy], wait: float) -> list[PodVerdict]:
        found = self._judged(chosen, current)
        if not any(one.verdict is Verdict.TRAPPED for one in found):
            return [one.noted("unchanged: nothing was written") for one in found]
        applied = max((current.pods[proxy] for proxy in chosen), key=lambda one: one.attempt)
        afresh = replace(applied, attempt=applied.attempt + 1)
        self._put(applied.plugin.id, Standing.on(afresh, chosen, current), wait)
        note = "unchanged, but loaded afresh because its VM had crashed"
        return [one.noted(note) for one in self._judged(chosen, self._standing[applied.plugin.id])]

    def remove(self, id_: str) -> Plugin:
        """Take a plugin away; see `LocalMesh.remove`."""
        with self._lock, _files():
            standing = self._find(id_)
            self._put(id_, None, _REMOVAL)
            self._tidy()
            proxies = [proxy for proxy in self._plan.everyone if proxy in standing.pods]
            left = self.proving.left([(proxy, standing.pods[proxy]) for proxy in proxies])
            evidence = gather(proxies, self._processes)
            self._gone[id_] = [removal(one, standing.pods[one.proxy], left.get(one.proxy)) for one in evidence]
            return standing.newest.plugin

    def removed(self, id_: str) -> list[PodVerdict]:
        """Give what was seen of each pod when a plugin was taken away last."""
        return list(self._gone.get(id_, ()))

    def plugins(self) -> list[Plugin]:
        """List what is in force, in the order in which requests meet it."""
        return in_order(standing.newest.plugin for standing in list(self._standing.values()))

    def newest(self, id_: str) -> Plugin | None:
        """Give what was applied last under an id and is in force."""
        standing = self._standing.get(id_)
        return standing.newest.plugin if standing else None

    def _others(self, id_: str) -> Text:
        """Name what else was in force, or how something comes to be."""
        return suggestion(id_, self._history) if self._history else Wording("{} puts one in force", Verb("deploy"))

    def history(self, id_: str) -> list[Plugin]:
        """List what was in force under an id, newest first."""
        if id_ not in self._history:
            raise BadNameError(f"No plugin {id_!r} was ever in force here.", hint=self._others(id_))
        return list(self._history[id_])

    def judged(self, id_: str) -> list[PodVerdict]:
        """Judge a plugin on the pods it is for."""
        standing = self._find(id_)
        return self._judged([proxy for proxy in self._plan.everyone if proxy in standing.pods], standing)

    def _judged(self, proxies: list[Proxy], standing: Standing, until: float = 0.0) -> list[PodVerdict]:
        self.proving.look([(proxy, standing.pods[proxy]) for proxy in proxies], until=until)
        return [self._judge(one, standing.pods[one.proxy]) for one in gather(proxies, self._processes)]

    def _judge(self, evidence: Evidence, applied: Applied) -> PodVerdict:
        verdict = judge(evidence, applied, self.proving.seen(evidence.proxy, applied))
        return self.proving.handled(evidence.proxy, applied, verdict)

    def verdicts(self, id_: str | None) -> list[PodVerdict]:
        """Judge every (pod, plugin) that belong together, or one plugin on every pod; anew when another is in force."""
        for _ in range(_TRIES):
            there = self._standing
            found = self._verdicts(dict(there) if id_ is None else {id_: self._find(id_)}, every=id_ is not None)
            if self._standing is there:
                break
        return found

    def _verdicts(self, standing: Mapping[str, Standing], *, every: bool) -> list[PodVerdict]:
        order = [one.plugin.id for one in _sorted(one.newest for one in standing.values())]
        proxies = [proxy for proxy in self._plan.everyone if any(proxy in one.pods for one in standing.values())]
        self.proving.look(
            [(proxy, one.pods[proxy]) for proxy in proxies for one in standing.values() if proxy in one.pods]
        )
        evidence = {one.proxy: one for one in gather(proxies, self._processes)}
        found = []
        for proxy in self._plan.everyone:
            for one in (standing[name] for name in order):
                if proxy in one.pods:
                    found.append(self._judge(evidence[proxy], one.pods[proxy]))
                elif every and proxy is not self._plan.gateway:
                    found.append(not_selected(proxy, one.newest, unreached=is_for(one.newest.plugin, proxy)))
        return found

    def _find(self, id_: str) -> Standing:
        standing = self._standing.get(id_)
        if standing is None:
            raise BadNameError(f"No plugin {id_!r} is in force.", hint=suggestion(id_, self._standing))
        return standing

    def _store(self, module: Module) -> str:
        folder = self._plan.folder / "modules"
        folder.mkdir(exist_ok=True)
        path = folder / f"{module.digest.removeprefix('sha256:')}.wasm"
        if not path.exists():
            temporary = path.with_suffix(".part")
            temporary.write_bytes(module.wasm)
            temporary.replace(path)
        return str(path)

    def _tidy(self) -> None:
        """Remove the modules that no proxy would load any more, not even one that is started again."""
        used = {one.filename for proxy in self._plan.everyone for one in proxy.chain.plugins}
        for path in (self._plan.folder / "modules").iterdir():
            if str(path) not in used:
                path.unlink(missing_ok=True)

    def _put(self, id_: str, standing: Standing | None, wait: float) -> None:
        """Give each proxy the chain that it has with the plugin as it is to be (None: without it)."""
        wanted = {name: one for name, one in self._standing.items() if name != id_}
        if standing is not None:
            wanted[id_] = standing
        chains = {}
        for proxy in self._plan.everyone:
            plugins = _sorted(one.pods[proxy] for one in wanted.values() if proxy in one.pods)
            if not proxy.chain.same(plugins):
                chains[proxy] = Chain(next(self._numbers), tuple(plugins))
        # All of them compile the module at the same time, on the same cores.
        loading = standing.newest.loading * len(chains) if standing else 0.0
        until = time.monotonic() + wait + loading
        with self._tentative(id_):
            if standing is not None:
                newest = standing.newest
                asked = [proxy for proxy in chains if standing.pods.get(proxy) is newest]
                self.proving.before(newest, asked, until=until - wait / 2)
            for proxy, chain in chains.items():
                keep_crashes(proxy, chain)
            problems = roll(chains, self._processes, wait=until - time.monotonic())
            if problems:
                raise self._not_taken(id_, standing, problems)
        self._standing = wanted

    @contextmanager
    def _tentative(self, id_: str) -> Iterator[None]:
        """Put a build in force in the block; where that fails, what pods had answered before it counts again."""
        put_back = self.proving.snapshot(id_)
        try:
            yield
        except BaseException:
            put_back()
            raise

    def _not_taken(self, id_: str, standing: Standing | None, problems: Mapping[Proxy, Problem]) -> DeployError:
        """Make the error for a change that some proxies did not take."""
        verb = "taken over by" if standing else "removed from"
        carrying = standing.newest if standing is not None else None
        return DeployError(
            f"{id_} was not {verb} {', '.join(proxy.name for proxy in problems)}.",
            why=[line for problem in problems.values() for line in problem.lines][:4],
            hint="every pod has been given back what it had",
            verdicts=[
                refusal(proxy, carrying, problems)
                for proxy in self._plan.everyone
                if standing is not None and carrying is not None and standing.pods.get(proxy) is carrying
            ],
        )


@contextmanager
def _files() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise MeshError(
            f"A file of the mesh cannot be written: {error.strerror or error}.",
            hint="is the disk full, or was the mesh stopped meanwhile? what was in force before still is",
        ) from error


def _sorted(chosen: Iterable[Applied]) -> list[Applied]:
    by_id = {applied.plugin.id: applied for applied in chosen}
    return [by_id[plugin.id] for plugin in in_order(applied.plugin for applied in by_id.values())]
