"""Results told in lines: for each thing that failed what was expected and what came, and what the filter did there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wasmnb.cases.model import Phase
from wasmnb.cases.observation import phases_of
from wasmnb.wording import Front, front

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wasmnb.cases.judge import Check
    from wasmnb.cases.results import CaseResult

__all__ = ["told"]

_MOST = 20  # host calls and log lines that are told of a phase


def told(result: CaseResult) -> list[str]:
    """Tell what failed in a case.

    Parameters
    ----------
    result : CaseResult
    """
    place = f"{result.source} line {result.line}: " if result.line else ""
    lines = [f"{place}{result.name} ({result.host})"]
    for check in result.failed:
        lines += _check(check)
    for where in dict.fromkeys(check.where.rpartition(": ")[2].split(" ")[0] for check in result.failed):
        lines += _phase(result, where)
    if result.again:
        first, *cases = result.again.splitlines()
        lines += (
            ["  a file with this case alone:"] if front() is Front.SHELL else ["  a cell with this case alone:", first]
        )
        lines += cases
    return lines


def _check(check: Check) -> Iterator[str]:
    line = f"line {check.line}, " if check.line else ""
    yield f"  {line}{check.where}: {check.what}"
    for word, text in (("expected", check.expected), ("actual", check.actual)):
        first, *rest = text.splitlines() or ["nothing"]
        yield f"    {word + ':':<10}{first}"
        yield from (f"    {'':<10}{one}" for one in rest)


def _phase(result: CaseResult, where: str) -> Iterator[str]:
    """Tell what the filter called and logged in a phase."""
    known = {phase.value: phase for phase in Phase}
    if where not in known:
        return
    callbacks = [
        one
        for stream in result.observation.exchanges
        for one in phases_of(stream.callbacks, Phase.STREAM_INIT).get(known[where], [])
    ]
    if known[where] is Phase.PLUGIN_INIT:
        callbacks = list(result.observation.start)
    for one in callbacks:
        yield f"  {one.name}{one.arguments} = {one.returned or 'nothing'}"
        said = [*(f"log {line}" for line in one.log), *(one.calls if result.host == "emulator" else ())]
        yield from (f"    {line}" for line in said[:_MOST])
        if len(said) > _MOST:
            yield f"    ... and {len(said) - _MOST} more"
