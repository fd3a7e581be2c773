"""How figures are taken and shown: medians over runs, with their spread."""

from __future__ import annotations

import json
import os
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Figures:
    """Samples by metric."""

    samples: dict[str, list[float]] = field(default_factory=dict)
    units: dict[str, str] = field(default_factory=dict)
    goals: dict[str, str] = field(default_factory=dict)

    def add(self, metric: str, value: float, unit: str, goal: str = "") -> None:
        """Take one sample."""
        self.samples.setdefault(metric, []).append(value)
        self.units[metric] = unit
        self.goals.setdefault(metric, goal)

    def median(self, metric: str) -> float:
        """Give the median of what was sampled."""
        return statistics.median(self.samples[metric])

    def table(self) -> str:
        """Give a table for people."""
        rows = [("metric", "median", "min", "max", "unit", "n", "reach for")]
        for metric, values in self.samples.items():
            figures = (f"{v:,.2f}" for v in (self.median(metric), min(values), max(values)))
            rows.append((metric, *figures, self.units[metric], str(len(values)), self.goals[metric]))
        widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
        return "\n".join("  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip() for row in rows)

    def write(self, path: Path) -> None:
        """Write what other programs read."""
        path.parent.mkdir(exist_ok=True)
        figures = {
            metric: {
                "median": self.median(metric),
                "unit": self.units[metric],
                "n": len(values),
                "min": min(values),
                "max": max(values),
            }
            for metric, values in self.samples.items()
        }
        path.write_text(json.dumps(figures, indent=1) + "\n")


def seconds(work: Callable[[], object]) -> float:
    """Time one call on the wall clock."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def runs(usual: int) -> int:
    """Give how often to measure: so many times, or ``$RUNS`` times at most, for a quick look."""
    return min(usual, int(os.environ.get("RUNS") or usual))
