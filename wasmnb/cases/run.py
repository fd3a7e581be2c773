"""Running cases: on a real Envoy, and on the emulator where an Envoy cannot do what a case asks for."""

from __future__ import annotations

import os
import time
from contextlib import ExitStack
from dataclasses import replace
from enum import Enum
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from wasmnb.cases.judge import judge
from wasmnb.cases.lanes import side_by_side
from wasmnb.cases.needs import needs_emulator
from wasmnb.cases.results import CaseResult, TestResults
from wasmnb.errors import UsageError, did_you_mean
from wasmnb.module import Module

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from wasmnb.cases.model import Case, Suite
    from wasmnb.cases.observation import Observation

__all__ = ["Host", "HostName", "Runner", "modules_of", "run"]

_LANES = 4  # Envoys at most: each compiles the module for each case, which takes all of a processor
_LONG = 8  # cases for which it pays to start one more


class HostName(Enum):
    """Who runs cases."""

    AUTO = "auto"
    ENVOY = "envoy"
    EMULATOR = "emulator"


class Host(Protocol):
    """What runs a case."""

    name: str

    def run(self, case: Case, modules: Sequence[Module]) -> Observation:
        """Run it in fresh VMs."""

    def close(self) -> None:
        """End what it started."""

    def stop(self) -> None:
        """Have the case under way fail at once, in whichever thread; nothing can be run afterwards."""


class Runner:
    """Hosts that are started when first needed; a context manager.

    Parameters
    ----------
    host : HostName or str
        ``envoy``, ``emulator``, or ``auto``: an Envoy, and the emulator for what an Envoy cannot do.

    Raises
    ------
    UsageError
        There is no such host.
    """

    def __init__(self, host: HostName | str = HostName.AUTO) -> None:
        try:
            self.host = HostName(host)
        except ValueError:
            names = [name.value for name in HostName]
            raise UsageError(
                f"There is no host {host!r}.", hint=did_you_mean(str(host), names) or f"one of {', '.join(names)}"
            ) from None
        self._open: dict[HostName, Host] = {}
        self._clusters: set[str] = set()
        self._others: list[Runner] = []

    def __enter__(self) -> Runner:  # noqa: PYI034 - Self came with Python 3.11
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the hosts."""
        with ExitStack() as stack:
            for host in self._open.values():
                stack.callback(host.close)
            for other in self._others:
                stack.callback(other.close)
        self._open.clear()
        self._others.clear()

    def stop(self) -> None:
        """Have the case fail that another thread runs."""
        for host in [*self._open.values()]:
            host.stop()

    def run(self, suite: Suite, module: Module, modules: Mapping[str, Module] | None = None) -> TestResults:
        """Run every case of a suite; a long one in several Envoys side by side, each case in one of them.

        Parameters
        ----------
        suite : Suite
        module : Module
            The filter under test.
        modules : mapping of str to Module, optional
            Further ones, by the names that cases with several filters use.

        Raises
        ------
        MeshError
            There is no Envoy for this platform, or it does not start.
        ModuleError
            A module that a case names cannot be read.
        """
        self._clusters |= {cluster for case in suite.cases for cluster in case.callouts}
        found: dict[int, CaseResult] = {}

        def on(runner: Runner) -> Callable[[int], None]:
            def do(index: int) -> None:
                found[index] = runner.one(suite.cases[index], suite, module, modules)

            return do

        count = len(suite.cases)
        shared = [index for index, case in enumerate(suite.cases) if self._for_envoy(case)]
        lanes = min(_LANES, os.cpu_count() or 1, len(shared) // _LONG)
        while len(self._others) < lanes - 1:
            self._others.append(Runner(HostName.ENVOY))
        others = self._others[: max(0, lanes - 1)]

        def stop() -> None:
            for other in others:
                other.stop()

        side_by_side(shared, on(self), [on(other) for other in others], stop)
        for index in sorted({*range(count)} - {*shared}):
            on(self)(index)
        return TestResults(tuple(found[index] for index in range(count)), name=module.name)

    def _for_envoy(self, case: Case) -> bool:
        return self.host is not HostName.EMULATOR and not needs_emulator(case)

    def one(self, case: Case, suite: Suite, module: Module, modules: Mapping[str, Module] | None = None) -> CaseResult:
        """Run one case of a suite; what is given is as for `run`."""
        self._clusters |= {cluster for each in suite.cases for cluster in each.callouts}
        done = self.case(case, modules_of(case, suite, module, modules or {}))
        again = ""
        if done.failed and case.said:
            from wasmnb.cases.reproduction import reproduction  # noqa: PLC0415 - for what fails

            again = reproduction(case.said, done.failed, name=module.name, folder=suite.folder or Path())
        return replace(done, source=suite.source, again=again)

    def case(self, case: Case, modules: Sequence[Module]) -> CaseResult:
        """Run one case."""
        host = self.host if self.host is not HostName.AUTO else HostName.ENVOY
        other = needs_emulator(case) if host is HostName.ENVOY else ""
        if other and self.host is HostName.AUTO and find_spec("wasmtime") is not None:
            host, other = HostName.EMULATOR, ""
        if other:
            return CaseResult(case.name, line=case.line, skipped=other)
        running = self._host(host, {*case.callouts})
        begin = time.perf_counter()
        seen = running.run(case, modules)
        seconds = time.perf_counter() - begin
        return CaseResult(case.name, running.name, judge(case, seen), seconds, case.line, "", seen)

    def _host(self, name: HostName, clusters: set[str]) -> Host:
        self._clusters |= clusters
        running = self._open.get(name)
        if running is not None and self._clusters <= getattr(running, "clusters", self._clusters):
            return running
        if running is not None:
            running.close()
            del self._open[name]
        self._open[name] = self._start(name)
        return self._open[name]

    def _start(self, name: HostName) -> Host:
        if name is HostName.ENVOY:
            from wasmnb.cases.hosts.envoy import EnvoyHost  # noqa: PLC0415 - starts nothing that is not asked for

            return EnvoyHost(sorted(self._clusters))
        from wasmnb.cases.hosts.emulator import EmulatorHost  # noqa: PLC0415 - needs an extra

        return EmulatorHost(self._clusters)


def modules_of(case: Case, suite: Suite, module: Module, known: Mapping[str, Module]) -> list[Module]:
    """Give the module of each of a case's filters, in their order."""
    if not case.filters:
        return [module]
    found = []
    for one in case.filters:
        if not one.module or one.module == module.name:
            found.append(module)
        elif one.module in known:
            found.append(known[one.module])
        else:
            found.append(Module.load((suite.folder or Path()) / one.module))
    return found


def run(
    suite: Suite,
    module: Module,
    *,
    host: HostName | str = HostName.AUTO,
    modules: Mapping[str, Module] | None = None,
) -> TestResults:
    """Run the cases of a suite.

    Parameters
    ----------
    suite : Suite
    module : Module
        The filter under test.
    host : HostName or str
        ``envoy``, ``emulator``, or ``auto``: an Envoy, and the emulator (an extra) for what an Envoy cannot do.
    modules : mapping of str to Module, optional
        Further ones, by the names that cases with several filters use.

    Raises
    ------
    UsageError
        There is no such host, or the emulator is not installed.
    MeshError
        There is no Envoy for this platform, or it does not start.
    """
    with Runner(host) as runner:
        return runner.run(suite, module, modules)
