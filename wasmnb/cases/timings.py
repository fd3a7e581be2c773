"""How long an Envoy needs to load a filter, and requests through it, in turn with a filter that does nothing.

These are times of this machine at this moment; the no-op beside them says what of that is the filter's.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from statistics import median, quantiles
from typing import TYPE_CHECKING, Any

from wasmnb.cases.hosts.envoy import EnvoyHost
from wasmnb.cases.model import Case, Environment
from wasmnb.cases.needs import needs_emulator
from wasmnb.errors import ModuleError
from wasmnb.module import Module

if TYPE_CHECKING:
    from collections.abc import Mapping

    from wasmnb.cases.model import Suite

__all__ = ["NOOP", "Timing", "timings"]

NOOP = "no-op"
"""What the filter that does nothing is called."""

_REQUESTS = 100  # of each filter per turn
_TURNS = 3
_WARM = 10
# A plugin in WebAssembly text: it lets everything pass.
_NOOP = """(module
  (memory (export "memory") 1)
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "proxy_on_memory_allocate") (param i32) (result i32) i32.const 0)
  (func (export "proxy_on_context_create") (param i32 i32))
  (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) i32.const 0)
  (func (export "proxy_on_response_headers") (param i32 i32 i32) (result i32) i32.const 0))
"""


@dataclass(frozen=True)
class Timing:
    """What was measured of one filter in an Envoy.

    Parameters
    ----------
    what : str
        ``no-op``, ``now`` or ``before``.
    load : float
        Seconds from the change of Envoy's configuration until it is in force; the median of the turns.
    p50, p99 : float
        Seconds of a request through the filter.
    requests : int
    """

    what: str
    load: float
    p50: float
    p99: float
    requests: int

    def to_dict(self) -> dict[str, Any]:
        """Give it as plain JSON values."""
        return {
            "what": self.what,
            "load": self.load,
            "p50": self.p50,
            "p99": self.p99,
            "requests": self.requests,
        }


def timings(suite: Suite, modules: Mapping[str, Module]) -> tuple[Timing, ...]:
    """Measure filters in turn with one that does nothing, with the first request of a suite that an Envoy can send.

    Parameters
    ----------
    suite : Suite
    modules : mapping of str to Module
        By what they are called in the result.

    Raises
    ------
    ModuleError
        Envoy does not load one.
    MeshError
        There is no Envoy for this platform, or it does not start.
    """
    usable = (one for one in suite.cases if not (needs_emulator(one) or one.filters or one.refused))
    case = next(usable, Case("GET"))
    every = {NOOP: _noop(), **modules}
    loads: dict[str, list[float]] = {what: [] for what in every}
    taken: dict[str, list[float]] = {what: [] for what in every}
    with EnvoyHost(sorted(case.callouts), level="critical") as host:
        for _ in range(_TURNS):
            for what, module in every.items():
                environment = Environment() if what == NOOP else case.environment
                begin = time.perf_counter()
                with host.loaded(module, environment) as refused:
                    if refused:
                        raise ModuleError(f"Envoy does not load {module.name}.", why=refused)
                    loads[what].append(time.perf_counter() - begin)
                    taken[what] += host.seconds(case, _WARM + _REQUESTS)[_WARM:]
    return tuple(
        Timing(what, median(loads[what]), median(found), quantiles(found, n=100)[98], len(found))
        for what, found in taken.items()
    )


def _noop() -> Module:
    from wasmnb.emulator.engine import wasmtime_package  # noqa: PLC0415 - an extra

    return Module("no-op", bytes(wasmtime_package().wat2wasm(_NOOP)))
