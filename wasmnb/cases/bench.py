"""What a filter costs in WebAssembly instructions: a number without noise, equal in each run on any machine.

It is wasmtime's fuel on the emulator, and not Envoy's time: V8 turns other code into fewer machine instructions. What
an Envoy takes on this machine stands beside it (`wasmnb.cases.timings`), and no budget looks at that.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from wasmnb.cases.hosts.emulator import EmulatorHost
from wasmnb.cases.reader import read
from wasmnb.cases.run import modules_of
from wasmnb.cases.timings import timings
from wasmnb.compile.backtrace import function_sizes
from wasmnb.display.record import Column
from wasmnb.display.result import Dated, Plural
from wasmnb.display.table import Table
from wasmnb.errors import ModuleError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from wasmnb.budget import Budget
    from wasmnb.cases.model import Suite
    from wasmnb.cases.observation import Observation
    from wasmnb.cases.timings import Timing
    from wasmnb.module import Module

__all__ = ["PLAIN", "WHATS", "Cost", "Costs", "measure"]

PLAIN = read(
    """
test:
- name: GET
  request: GET /
  response_body: [{input: {content: hello}}]
- name: POST
  request: POST /
  request_body: [{input: {content: hello}}]
  response_body: [{input: {content: hello}}]
""",
    source="plain requests",
)
"""What a filter without cases is measured with."""

WHATS = ("instructions", "memory", "size")
"""What there are budgets of."""
_WHOLE = "module"
_COLUMNS = (
    Column("case"),
    Column("what"),
    Column("now", "Int64"),
    Column("before", "Int64"),
    Column("change", "Float64"),
)


@dataclass(frozen=True)
class Cost:
    """One figure.

    Parameters
    ----------
    case : str
        Of the case, or ``module``.
    what : str
        A callback (its instructions), ``memory`` (bytes that the filter had at most in this case) or ``size`` (bytes of
        the module).
    now : int
    before : int or None
        Of the other module.
    """

    case: str
    what: str
    now: int
    before: int | None = None

    @property
    def change(self) -> float | None:
        """By how many percent it grew; None where there is nothing to compare with."""
        return None if not self.before else 100 * (self.now - self.before) / self.before

    def over(self, budget: Budget) -> bool:
        """Whether it grew by more than a budget allows."""
        kind = self.what if self.what in WHATS else "instructions"
        return kind == budget.what and self.change is not None and self.change > budget.percent


@dataclass(frozen=True)
class Costs(Plural[Cost], Dated):
    """What a filter costs.

    Parameters
    ----------
    name : str
    against : str
        What it is compared with; empty when with nothing.
    functions : mapping of str to int
        Bytes of code of each function, the largest first.
    timings : tuple of Timing
        What an Envoy took, beside a filter that does nothing; empty when none was asked.
    """

    name: str = ""
    against: str = ""
    functions: Mapping[str, int] = field(default_factory=dict, repr=False)
    timings: tuple[Timing, ...] = field(default=(), repr=False, compare=False)

    @property
    def table(self) -> Table:
        """One row per figure: ``case``, ``what``, ``now``, ``before`` and ``change`` (percent)."""
        return Table(_COLUMNS, tuple((one.case, one.what, one.now, one.before, one.change) for one in self.items))

    @property
    def instructions(self) -> int:
        """All instructions of all cases."""
        return sum(one.now for one in self.items if one.what not in WHATS)

    def over(self, budget: Budget) -> tuple[Cost, ...]:
        """Give the figures that grew by more than a budget allows."""
        return tuple(one for one in self.items if one.over(budget))

    def to_dict(self) -> dict[str, Any]:
        """Give them as plain JSON values."""
        return {
            "name": self.name,
            "against": self.against,
            "instructions": self.instructions,
            "costs": [
                {"case": one.case, "what": one.what, "now": one.now, "before": one.before, "change": one.change}
                for one in self.items
            ],
            "functions": dict(self.functions),
            "timings": [one.to_dict() for one in self.timings],
        }


def measure(suite: Suite, module: Module, *, against: Module | None = None, envoy: bool = False) -> Costs:
    """Count what a filter does in each case of a suite.

    Parameters
    ----------
    suite : Suite
    module : Module
    against : Module, optional
        What it is compared with: an earlier build.
    envoy : bool
        Measure load and latency in a real Envoy, too.

    Raises
    ------
    ModuleError
        wasmtime is not installed, or a module does not start.
    MeshError
        There is no Envoy for this platform, or it does not start.
    """
    now = _figures(suite, module)
    before = _figures(suite, against) if against is not None else {}
    costs = tuple(Cost(case, what, value, before.get((case, what))) for (case, what), value in now.items())
    taken: tuple[Timing, ...] = ()
    if envoy:
        taken = timings(suite, {"now": module, **({"before": against} if against is not None else {})})
    return Costs(
        costs,
        name=module.name,
        against=against.digest if against is not None else "",
        functions=function_sizes(module),
        timings=taken,
    )


def _figures(suite: Suite, module: Module) -> dict[tuple[str, str], int]:
    host = EmulatorHost({cluster for case in suite.cases for cluster in case.callouts})
    found: dict[tuple[str, str], int] = {}
    for case in suite.cases:
        seen = host.run(case, modules_of(case, suite, module, {}))
        if seen.refused and not case.refused:
            raise ModuleError(f"{module.name} does not start with {case.name}.", why=seen.refused)
        found |= {(case.name, name): count for name, count in _instructions(seen).items()}
        found[case.name, "memory"] = seen.memory or 0
    return {**found, (_WHOLE, "size"): module.size}


def _instructions(seen: Observation) -> dict[str, int]:
    found: dict[str, int] = {}
    for one in seen.callbacks:
        found[one.name] = found.get(one.name, 0) + (one.instructions or 0)
    return found
