"""The error of cases that failed, which carries the results."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wasmnb.cases.report import told
from wasmnb.errors import WasmnbError

if TYPE_CHECKING:
    from wasmnb.budget import Budget
    from wasmnb.cases.bench import Costs
    from wasmnb.cases.results import TestResults

__all__ = ["BudgetError", "CasesFailedError"]


class CasesFailedError(WasmnbError):
    """Cases of a filter failed; ``results`` has all that ran."""

    code = "WNB3011"
    most_reasons = 40

    def __init__(self, what: str, *, results: TestResults | None = None, **parts: Any) -> None:
        super().__init__(what, **parts)
        self.results = results

    @classmethod
    def of(cls, results: TestResults) -> CasesFailedError:
        """Make the error of results of which some failed."""
        failed, total = len(results.failures), len(results)
        lines = [line for one in results.failures for line in told(one)]
        return cls(f"{failed} of {total} cases of {results.name} failed.", results=results, why=lines)


class BudgetError(WasmnbError):
    """A filter costs more than it may; ``costs`` has all figures."""

    code = "WNB3012"

    def __init__(self, what: str, *, costs: Costs | None = None, **parts: Any) -> None:
        super().__init__(what, **parts)
        self.costs = costs

    @classmethod
    def of(cls, budget: Budget, costs: Costs) -> BudgetError:
        """Make the error of costs that a budget does not allow."""
        over = costs.over(budget)
        lines = [f"{one.case}, {one.what}: {one.before:,} to {one.now:,}, {one.change:+.1f} %" for one in over]
        return cls(f"{costs.name} grew by more than {budget.percent:g} % in {budget.what}.", costs=costs, why=lines)
