"""One side of a comparison: run parts of a checkout's benchmarks on the wasmnb that is installed first, print samples.

``samples.py BENCHMARKS PART...``: the folder may be that of another commit, with other modules in it.
"""

from __future__ import annotations

import contextlib
import json
import sys

import wasmnb  # noqa: F401 - before a benchmark puts its own checkout on the path


def main(benchmarks: str, *parts: str) -> None:
    """Print ``{metric: {"values": [...], "unit": ..., "goal": ...}}`` as the last line."""
    sys.path.insert(0, benchmarks)
    import bench  # noqa: PLC0415 - which one it is was said just now

    figures = bench.Figures()
    with contextlib.redirect_stdout(sys.stderr):
        for name in parts:
            if name in bench.PARTS:
                bench.PARTS[name](figures)
            else:
                bench.languages(figures, [name])
    taken = {
        metric: {"values": values, "unit": figures.units[metric], "goal": figures.goals[metric]}
        for metric, values in figures.samples.items()
    }
    print(json.dumps(taken))


if __name__ == "__main__":
    main(*sys.argv[1:])
