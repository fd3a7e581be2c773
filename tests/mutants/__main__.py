"""``python -m tests.mutants [--runs N] [--seed N]``: changes the templates' sources, and runs the templates' own cases.

A mutant is caught when a case fails or it does not compile. It ends with 1 when fewer than nine in ten are caught, or
when one is not that is not listed here.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tests.mutants.mutate import Mutant, mutants
from wasmnb import cases
from wasmnb.cases import Runner, Suite
from wasmnb.compile import Filter
from wasmnb.emulator import machine
from wasmnb.errors import CompileError, LinkError
from wasmnb.module import Module
from wasmnb.project import templates

if TYPE_CHECKING:
    from collections.abc import Sequence

_KINDS = Path(templates.__file__).parent / "templates" / "kinds"
_ENOUGH = 0.9
#: How many points the name of a file of cases has that is not about another language alone.
_PLAIN = 2

_STOPPED = "StopIteration; is Continue;: return FilterHeadersStatus::StopIteration;"
_ANSWERED = "Envoy stops a stream that the filter answered, whatever the callback returns"
_HISTOGRAM = "of a histogram a case sees how many values there are, not which"

EQUIVALENT = {
    ("auth", _STOPPED): _ANSWERED,
    ("rate-limit", _STOPPED): _ANSWERED,
    ("cors", _STOPPED): _ANSWERED,
    ("maintenance", _STOPPED): _ANSWERED,
    ("redaction", _STOPPED): _ANSWERED,
    ("callout-cache", _STOPPED): _ANSWERED,
    ("jwt", _STOPPED): _ANSWERED,
    ("circuit-breaker", _STOPPED): _ANSWERED,
    (
        "http-callout",
        r'503 is 504: if (!answered) return refuse(503, "the service that decides does not answer\n");',
    ): "Envoy itself answers a call for a service that does not, so that there are headers",
    (
        "metrics",
        "&& is ||: if (status[0] >= '1' && status[0] <= '5') incrementMetric(metrics->responses[status[0] - '1'], 1);",
    ): "no status of HTTP begins otherwise",
}
"""Survivors that no request can tell from the original, by template and change, with why."""

UNCAUGHT = {
    (
        "request-id",
        "Continue; is StopIteration;: if (id_.empty()) return FilterHeadersStatus::Continue;",
    ): "an answer of a filter before this one, which never saw the request",
    ("metrics", "left out: began_ = getCurrentTimeNanoseconds();"): _HISTOGRAM,
    ("metrics", "emptied: FilterHeadersStatus onRequestHeaders(uint32_t, bool) override {"): _HISTOGRAM,
}
"""Survivors that a case could catch, with the case that is missing."""


def _caught(name: str, mutant: Mutant, suites: Sequence[Suite], runner: Runner) -> bool:
    try:
        module: Module = Filter(name, mutant.source, "cpp").build()
    except (CompileError, LinkError):
        return True
    return not all(runner.run(suite, module).passed for suite in suites)


def main() -> int:
    """Run it."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("--runs", type=int, help="at most so many mutants, chosen at random")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 30))
    parser.add_argument("--only", help="one template")
    options = parser.parse_args()
    made: list[tuple[str, Mutant]] = []
    for folder in sorted(_KINDS.iterdir()):
        if options.only in (None, folder.name):
            made += [(folder.name, one) for one in mutants((folder / "filter.cc").read_text("utf-8"))]
    if options.runs is not None and options.runs < len(made):
        made = random.Random(options.seed).sample(made, options.runs)
    # A loop that a change made endless is seen early.
    machine._FUEL = 5_000_000
    begin, survived, unknown = time.perf_counter(), 0, 0
    equal = sum((name, mutant.what) in EQUIVALENT for name, mutant in made)
    suites = {
        name: [cases.load(file) for file in (_KINDS / name).glob("*.wasmtest.yaml") if file.name.count(".") == _PLAIN]
        for name, _ in made
    }
    with Runner("emulator") as runner:
        for name, mutant in made:
            if _caught(name, mutant, suites[name], runner):
                continue
            key = (name, mutant.what)
            survived += key not in EQUIVALENT
            unknown += key not in EQUIVALENT and key not in UNCAUGHT
            why = (
                f"equivalent: {EQUIVALENT[key]}"
                if key in EQUIVALENT
                else f"missing: {UNCAUGHT.get(key, 'which case?')}"
            )
            print(f"{name}: {mutant.what}\n    {why}", flush=True)
    real = len(made) - equal
    share = (real - survived) / max(1, real)
    print(
        f"{len(made)} mutants, {equal} of them equivalent; {real - survived} of the other {real} caught "
        f"({100 * share:.0f} %) in {time.perf_counter() - begin:.0f} s; --seed {options.seed}"
    )
    return 1 if unknown or share < _ENOUGH else 0


if __name__ == "__main__":
    sys.exit(main())
