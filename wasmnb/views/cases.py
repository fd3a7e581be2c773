"""Records of cases: what passed, and for what failed expected beside actual."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from wasmnb.cases.report import told
from wasmnb.cases.results import Mark
from wasmnb.display import Block, Cell, Record
from wasmnb.display.text import duration, several

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from wasmnb.cases.bench import Costs
    from wasmnb.cases.results import CaseResult, TestResults
    from wasmnb.cases.timings import Timing
    from wasmnb.display.record import Tone

__all__ = ["case_record", "costs_record", "results_record"]

_MOST = 20  # functions that are shown
_MARKS: dict[str, tuple[str, Tone]] = {
    Mark.PASSED.value: ("✓", "good"),
    Mark.FAILED.value: ("✗", "bad"),
    Mark.SKIPPED.value: ("○", "quiet"),
}


def results_record(results: TestResults) -> Record:
    """Show what became of cases."""
    counted = any(one.observation.instructions is not None for one in results)
    columns = results.table.look(
        hidden=("checks", "failed"),
        result={"show": _mark},
        host={"shown": len({one.host for one in results}) > 1},
        seconds={"heading": "took", "show": lambda seconds: Cell(duration(seconds))},
        instructions={"shown": counted},
        why={"shown": any(one.why for one in results)},
    )
    hosts = ", ".join(dict.fromkeys(one.host for one in results if one.host))
    status = results.summary + (f" on {hosts}" if hosts else "")
    skipped = results.counts[Mark.SKIPPED.value]
    blocks = tuple(Block(one.name, tuple(told(one))) for one in results.failures)
    tone: Tone = "bad" if results.failures else "warn" if skipped else "good"
    return Record("Cases", status, tone, columns, results.table.rows, blocks)


def case_record(result: CaseResult) -> Record:
    """Show what a case asked for, beside what came."""
    columns = result.table.look(passed={"show": _passed}, expected={"code": True}, actual={"code": True})
    log = tuple(str(line) for line in result.observation.log)
    blocks = (Block("log", log, open=result.mark is Mark.FAILED),) if log else ()
    tone = _MARKS[result.mark.value][1]
    status = result.mark.value + (f" on {result.host}" if result.host else f": {result.skipped}")
    return Record(result.name, status, tone, columns, result.table.rows, blocks)


def costs_record(costs: Costs) -> Record:
    """Show what a filter costs, and what it cost before."""
    compared = bool(costs.against)
    columns = costs.table.look(
        what={"code": True},
        now={"show": _count},
        before={"show": _count, "shown": compared},
        change={"show": _change, "shown": compared},
    )
    note = "instructions are wasmtime's, equal in each run; they are not Envoy's cost"
    status = f"{costs.instructions:,} instructions in all cases"
    blocks = (*_timings(costs.timings), *_functions(costs.functions))
    return Record(costs.name, status, "good", columns, costs.table.rows, blocks, (note,))


def _timings(taken: Sequence[Timing]) -> Iterator[Block]:
    if taken:
        lines = [
            f"{one.what:<8}loads in {duration(one.load):<10} p50 {duration(one.p50):<10} p99 {duration(one.p99)}"
            for one in taken
        ]
        yield Block(f"in an Envoy of this machine, {several(taken[0].requests, 'request')} each, in turn", tuple(lines))


def _functions(sizes: Mapping[str, int]) -> Iterator[Block]:
    if sizes:
        lines = [f"{size:>9,}  {name}" for name, size in islice(sizes.items(), _MOST)]
        more = [f"{'...':>9}  and {len(sizes) - _MOST} more"] if len(sizes) > _MOST else []
        label = f"{several(len(sizes), 'function')}, bytes of code"
        yield Block(label, (*lines, *more), open=False)


def _count(number: int | None) -> Cell:
    return Cell("" if number is None else f"{number:,}")


def _change(percent: float | None) -> Cell:
    if percent is None:
        return Cell("")
    return Cell(f"{percent:+.1f} %", tone="warn" if percent > 0 else "good" if percent < 0 else "quiet")


def _mark(word: str) -> Cell:
    sign, tone = _MARKS[word]
    return Cell(word, sign=sign, tone=tone)


def _passed(passed: bool) -> Cell:
    return Cell("yes", sign="✓", tone="good") if passed else Cell("no", sign="✗", tone="bad")
