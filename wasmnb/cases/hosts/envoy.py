"""A real Envoy as the host of cases: a fresh VM per case, requests over HTTP/2, and services that play the answers."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import threading
import time
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from wasmnb.cases.hosts.envoy_config import bootstrap
from wasmnb.cases.hosts.exchanges import HUNG, PATIENCE, Run, timed
from wasmnb.cases.hosts.playback import Playback
from wasmnb.cases.model import Stream
from wasmnb.cases.observation import Observation
from wasmnb.envoy.bootstrap import Site, command
from wasmnb.envoy.log import LASTING, reasons, said
from wasmnb.envoy.patience import Patience
from wasmnb.envoy.processes import Processes, new_folder
from wasmnb.envoy.program import find_envoy
from wasmnb.envoy.proxy import Applied, Chain, Proxy
from wasmnb.errors import MeshError
from wasmnb.image import package
from wasmnb.module.check import unchecked
from wasmnb.plugin import Plugin

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator, Mapping, Sequence

    from wasmnb.cases.model import Case, Environment
    from wasmnb.module import Module

__all__ = ["EnvoyHost"]

_T = TypeVar("_T")
_START = 20.0
_STEP = 0.002
_GONE = 2.0
_MERGED = 0.5
_METRICS = "/stats?filter=^wasmcustom%5C.&histogram_buckets=cumulative"
# Of each bucket of a histogram: how many values are not above it, in the last interval and in all.
_BUCKETS = re.compile(r"B[\d.e+]+\(\d+,(\d+)\)")
_LOG_BYTES = 1 << 28


class EnvoyHost:
    """Runs cases in an Envoy of its own; a context manager.

    Parameters
    ----------
    clusters : sequence of str
        The services that filters call.
    level : str
        What Envoy logs of its filters: at ``trace``, all that cases are judged by; anything less is for `seconds`.

    Raises
    ------
    MeshError
        There is no Envoy for this platform, or it does not start.
    """

    name = "envoy"

    def __init__(self, clusters: Sequence[str] = (), *, level: str = "trace") -> None:
        self.clusters = frozenset(clusters)
        envoy = find_envoy()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="wasmnb-cases", daemon=True)
        self._thread.start()
        self._playback = Playback()
        self._number = 0
        self._run(self._playback.listen(sorted(self.clusters)))
        folder, lock = new_folder()
        try:
            for name in ("chain", "network"):
                (folder / "0" / name).mkdir(parents=True)
            (folder / "modules").mkdir()
            site = Site("cases-0", "cases", str(folder / "0"), None, 0, None, "cases", None)
            self._proxy = Proxy(site, {}, None)
            self._proxy.write(Chain(1))
            file = self._proxy.folder / "bootstrap.json"
            file.write_text(json.dumps(bootstrap(site.folder, self._playback.ports)), "utf-8")
        except BaseException:
            os.close(lock)
            shutil.rmtree(folder, ignore_errors=True)
            raise
        argv = command(envoy, str(file), level)
        process = {"name": site.name, "argv": argv, "log": str(self._proxy.log.path), "keep": LASTING}
        self._processes = Processes(folder, lock, [process], (), log_bytes=_LOG_BYTES)
        try:
            self._await_ready()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> EnvoyHost:  # noqa: PYI034 - Self came with Python 3.11
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the Envoy and the services."""
        self._proxy.admin.close()
        self._processes.stop()
        self._run(self._playback.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def stop(self) -> None:
        """End the Envoy, so that what waits for it fails."""
        self._processes.stop()

    def run(self, case: Case, modules: Sequence[Module]) -> Observation:
        """Run a case in fresh VMs.

        Parameters
        ----------
        case : Case
        modules : sequence of Module
            One for each of the case's filters, or the one under test.

        Raises
        ------
        MeshError
            The Envoy is gone and does not come back.
        """
        begin = self._proxy.log.size()
        before = self._metrics_before(case)
        environments = [one.environment for one in case.filters] or [case.environment]
        pairs = list(zip(modules, environments, strict=True))
        run = Run(self._proxy, case, modules, begin, self._patience)
        refused = self._load([self._applied(module, environment) for module, environment in pairs], begin)
        try:
            if refused:
                return Observation(run.callbacks(), refused=tuple(refused))
            start = self._run(run.started())
            self._playback.answers(case.callouts)
            exchanges = self._run(run.exchanges(self._playback))
            if any(one.failure == HUNG for one in exchanges):
                self._restart()
                return Observation(start, exchanges, calls=tuple(self._playback.calls))
            calls, headers = tuple(self._playback.calls), tuple(self._playback.call_headers)
            metrics = self._metrics_after(case, before)
            return Observation(start, exchanges, calls=calls, call_headers=headers, metrics=metrics)
        finally:
            self._unload()

    @contextmanager
    def loaded(self, module: Module, environment: Environment) -> Iterator[list[str]]:
        """Have the Envoy load one filter, and let go of it afterwards; gives why it does not."""
        begin = self._proxy.log.size()
        refused = self._load([self._applied(module, environment)], begin)
        try:
            yield refused
        finally:
            self._unload()

    def seconds(self, case: Case, count: int) -> list[float]:
        """Send the first request of a case so often, one after the other, and give how long each took.

        Raises
        ------
        MeshError
            One is not answered.
        """
        self._playback.answers(case.callouts)
        stream = case.streams[0] if case.streams else Stream()
        return self._run(timed(str(self._proxy.folder / "inbound.sock"), self._playback, stream, count))

    def _run(self, work: Coroutine[Any, Any, _T]) -> _T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def _applied(self, module: Module, environment: Environment) -> Applied:
        self._number += 1
        path = self._processes.folder / "modules" / f"{module.digest.removeprefix('sha256:')}.wasm"
        if not path.exists():
            path.write_bytes(module.wasm)
        # Its id names the VM: each case has one of its own.
        plugin = Plugin(
            f"case-{self._number}",
            package(module, f"local/{module.name}"),
            config=environment.config,
            env=environment.variables,
            vm_config=environment.vm_config,
        )
        root_id = unchecked(module, environment.root_id)
        return Applied(plugin, root_id, str(path))

    def _load(self, applied: Sequence[Applied], begin: int) -> list[str]:
        """Have the Envoy take filters; give why it does not."""
        patience = self._patience(PATIENCE + sum(one.loading for one in applied))
        # It answers nothing while it lets go of the case before, which takes long for a large module.
        rejected = self._proxy.admin.discovery(timeout=patience.seconds).rejected
        self._proxy.write(Chain(self._number + 1, tuple(applied)))
        while patience.left() > 0:
            try:
                found = self._proxy.admin.discovery()
            except OSError:
                found = None
            if found is not None and found.version == self._proxy.chain.version:
                return []
            if found is not None and found.rejected > rejected:
                lines = self._proxy.log.since(begin)
                return [*said(lines), *reasons(lines)] or ["Envoy gave no reason"]
            if self._gone():
                self._await_ready()
                return ["Envoy ended while it loaded the filter", *self._critical(begin)]
            time.sleep(_STEP)
        self._restart()
        return ["the filter does not return from onStart or onConfigure"]

    def _unload(self) -> None:
        if self._gone():
            self._restart()
        self._proxy.write(Chain(1))

    def _patience(self, seconds: float) -> Patience:
        state = self._processes.state(self._proxy.name)
        return Patience(state.pid if state else 0, seconds)

    def _gone(self) -> bool:
        state = self._processes.state(self._proxy.name)
        return state is None or state.pid == 0

    def _critical(self, begin: int) -> list[str]:
        return [line for line in self._proxy.log.since(begin) if "][critical][" in line][:4]

    def _restart(self) -> None:
        self._proxy.write(Chain(1))
        before = self._processes.state(self._proxy.name)
        self._processes.restart(self._proxy.name)
        deadline = time.monotonic() + PATIENCE
        while self._processes.state(self._proxy.name) == before and time.monotonic() < deadline:
            self._processes.wait_change(0.02)
        self._await_ready()

    def _await_ready(self) -> None:
        deadline = time.monotonic() + _START
        while time.monotonic() < deadline and self._processes.alive:
            try:
                if self._proxy.admin.discovery().version:
                    return
            except OSError:
                pass
            time.sleep(_STEP)
        raise MeshError("The Envoy that runs the cases does not start.", why=self._proxy.log.shown()[-3:])

    def _metrics_before(self, case: Case) -> dict[str, int]:
        """Give the metrics of before; those of the last case go with its VMs, which takes a moment."""
        found = self._metrics()
        deadline = time.monotonic() + _GONE
        while case.outcome is not None and case.outcome.metrics and found and time.monotonic() < deadline:
            time.sleep(_STEP)
            found = self._metrics()
        return found

    def _metrics_after(self, case: Case, before: Mapping[str, int]) -> dict[str, int]:
        """Give by how much they grew; an Envoy puts the histograms of its threads together a moment later."""
        asked = {} if case.outcome is None else case.outcome.metrics
        patience = self._patience(_MERGED)
        while True:
            found = {name: value - before.get(name, 0) for name, value in self._metrics().items()}
            if all(found.get(name) == value for name, value in asked.items()) or patience.left() <= 0:
                return found
            time.sleep(_STEP)

    def _metrics(self) -> dict[str, int]:
        found: Counter[str] = Counter()
        page = self._proxy.admin.get(_METRICS, timeout=PATIENCE)
        for line in page.splitlines():
            name, _, value = line.removeprefix("wasmcustom.").partition(": ")
            if (buckets := _BUCKETS.findall(value)) != []:
                found[name] = int(buckets[-1])
            elif value.lstrip("-").isdigit():
                found[name] = int(value)
        return found
