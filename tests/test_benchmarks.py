"""The benchmarks can be started, and a comparison tells a difference from noise."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "benchmarks"))

from compare import Compared, compared, table  # noqa: E402 - not a package


@pytest.mark.slow
def test_every_part_of_the_benchmarks_can_be_imported():
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "benchmarks")])}
    listed = [sys.executable, "-c", "import bench; print(*bench.PARTS)"]
    done = subprocess.run(listed, env=environment, capture_output=True, text=True, timeout=120)
    assert "load_ext" in done.stdout, done.stderr


@pytest.mark.parametrize(
    ("base", "now", "verdict"),
    [
        ((100, 101, 99, 100, 100), (120, 121, 119, 120, 122), "slower"),
        ((100, 101, 99, 100, 100), (80, 81, 79, 80, 80), "faster"),
        ((100, 140, 80, 120, 90), (120, 150, 90, 110, 130), ""),
        ((100, 100, 100, 100, 300), (100, 101, 100, 99, 100), ""),
        ((0, 0, 0, 0, 0), (0, 0, 0, 0, 0), ""),
    ],
)
def test_a_difference_counts_when_it_is_above_the_noise(base, now, verdict):
    assert Compared("x_ms", "ms", False, base, now).verdict == verdict
    turned = {"slower": "faster", "faster": "slower", "": ""}
    assert Compared("x_per_s", "1/s", True, base, now).verdict == turned[verdict]


def test_the_table_names_what_got_slower_and_leaves_out_what_one_side_lacks():
    def side(*values, **more):
        return {"x_ms": {"values": list(values), "unit": "ms", "goal": "<= 10"}, **more}

    new = {"new_ms": {"values": [1], "unit": "ms", "goal": ""}}
    rounds = [{"base": side(10, 11, 30), "now": side(20, 22, 21, **new)} for _ in range(3)]
    (only,) = compared(rounds)
    assert (only.base, only.now) == ((11, 11, 11), (21, 21, 21))
    assert table([only]).splitlines()[-1] == "slower by more than the noise: x_ms (+91%)"
