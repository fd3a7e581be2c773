"""The error of cases that failed, which carries the results."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wasmnb.cases.report import told
from wasmnb.errors import WasmnbError

if TYPE_CHECKING:
    from wasmnb.cases.results import TestResults

__all__ = ["CasesFailedError"]


class CasesFailedError(WasmnbError):
    """Cases of a filter failed; ``results`` has all that ran."""

    code = "WNB3011"

    def __init__(self, what: str, *, results: TestResults | None = None, **parts: Any) -> None:
        super().__init__(what, **parts)
        self.results = results

    @classmethod
    def of(cls, results: TestResults) -> CasesFailedError:
        """Make the error of results of which some failed."""
        failed, total = len(results.failures), len(results)
        lines = [line for one in results.failures for line in told(one)]
        return cls(f"{failed} of {total} cases of {results.name} failed.", results=results, why=lines)
