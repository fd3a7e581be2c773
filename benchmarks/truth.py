"""How long it takes until every verdict is right after something broke: the chaos of the tests, on both meshes."""

from __future__ import annotations

import sys
from pathlib import Path
from statistics import quantiles

sys.path.insert(0, str(Path(__file__).parent.parent))

from measure import Figures, runs

from tests.chaos.grounds import EMBEDDED, Ground, istio
from tests.chaos.run import chaos
from tests.cluster import life

_SEED = 2026
_NAME = "bench-truth"


def truth(figures: Figures) -> None:
    """Measure from a fault until every verdict is what requests show; on a cluster too, where there can be one."""
    _measure(figures, EMBEDDED, "time_to_truth", runs(20))
    running = life.find()
    if running is None and (reason := life.unfit()):
        print(f"no figures of a cluster: {reason}")
        return
    try:
        _measure(figures, istio(running or life.up(_NAME, owned=True)), "time_to_truth_istio", runs(10))
    finally:
        if running is None:
            life.down(_NAME)


def _measure(figures: Figures, ground: Ground, name: str, count: int) -> None:
    report = chaos(ground, count, _SEED, lambda _: None)
    seconds = [one.seconds for one in report.waits]
    for took in seconds:
        figures.add(f"{name}_s", took, "s", "<= 2")
    if len(seconds) > 1:
        # Of few values, the other method gives more than the largest.
        figures.add(f"{name}_p99_s", quantiles(seconds, n=100, method="inclusive")[98], "s", "<= 10")
    figures.add(f"{name}_wrong", len(report.findings), "verdicts", "0")
