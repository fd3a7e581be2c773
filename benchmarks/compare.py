"""``make bench BASE=COMMIT``: the same figures of another commit, in turn and in the same run, and what got slower.

The other commit's wheel is built once, below build/base, and measured by that commit's own benchmarks, so that neither
has to know the other's modules. Each round measures both, one after the other, the first one in turn; a round's figure
is the median of its samples. What a figure differs by between rounds of the same side is noise; slower is what is so
in every round, by more than that.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
SIDES = ("base", "now")
#: Parts that take seconds, so that five rounds of both sides take minutes.
USUAL = ("load_ext", "mesh_up", "article")
_ROUNDS = 5
_RUNS = "5"


@dataclass(frozen=True)
class Compared:
    """One figure on both sides: the medians of its rounds."""

    metric: str
    unit: str
    more_is_better: bool
    base: tuple[float, ...]
    now: tuple[float, ...]

    @property
    def ratio(self) -> float:
        """How many times as much it is now."""
        base, now = statistics.median(self.base), statistics.median(self.now)
        return now / base if base else float(now != 0) + 1

    @property
    def noise(self) -> float:
        """The larger of the two sides' half spreads between rounds, without the outermost round, as a share."""
        return max(_spread(self.base), _spread(self.now))

    @property
    def verdict(self) -> str:
        """``slower``, ``faster``, or nothing: every round must say the same, and more than the noise."""
        difference = self.ratio - 1
        signs = {(now > base) - (now < base) for base, now in zip(self.base, self.now, strict=True)}
        if len(signs) > 1 or abs(difference) <= max(self.noise, 0.01):
            return ""
        return "slower" if (difference > 0) != self.more_is_better else "faster"


def compared(rounds: Sequence[dict[str, dict[str, dict]]]) -> list[Compared]:
    """Put together what the rounds measured: per round and side, a figure's samples."""
    found = []
    for metric, about in rounds[0]["now"].items():
        if any(metric not in side for one in rounds for side in one.values()):
            continue
        base, now = (tuple(statistics.median(one[side][metric]["values"]) for one in rounds) for side in SIDES)
        found.append(Compared(metric, about["unit"], about["goal"].startswith(">"), base, now))
    return found


def table(figures: Sequence[Compared]) -> str:
    """Give a table for people, and a sentence that says what got slower."""
    rows = [("metric", "base", "now", "unit", "ratio", "noise", "")]
    for one in figures:
        base, now = (f"{statistics.median(values):,.2f}" for values in (one.base, one.now))
        rows.append((one.metric, base, now, one.unit, f"{one.ratio:.3f}", f"±{one.noise:.3f}", one.verdict))
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = ["  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip() for row in rows]
    slower = [f"{one.metric} ({one.ratio - 1:+.0%})" for one in figures if one.verdict == "slower"]
    lines.append(f"slower by more than the noise: {', '.join(slower) or 'nothing'}")
    return "\n".join(lines)


def base_of(commit: str) -> Path:
    """Give a folder with a commit's tree and its installed wheel; built when missing."""
    asked = ["git", "-C", str(ROOT), "rev-parse", "--verify", f"{commit}^{{commit}}"]
    found = subprocess.run(asked, capture_output=True, text=True, check=False)
    if found.returncode:
        sys.exit(f"there is no commit {commit}")
    folder = ROOT / "build" / "base" / found.stdout.strip()[:12]
    if (folder / "site").is_dir():
        return folder
    tree = folder / "tree"
    tree.mkdir(parents=True, exist_ok=True)
    archive = subprocess.run(["git", "-C", str(ROOT), "archive", commit], capture_output=True, check=True)
    subprocess.run(["tar", "-x", "-C", str(tree)], input=archive.stdout, check=True)
    print(f"building the wheel of {commit}, with its C++ runtime: about two minutes ...", flush=True)
    pip = [sys.executable, "-m", "pip", "--quiet"]
    clean = {**os.environ, "PYTHONPATH": ""}
    made = ["wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), str(tree)]
    subprocess.run([*pip, *made], check=True, env=clean)
    (wheel,) = folder.glob("*.whl")
    with tempfile.TemporaryDirectory(dir=folder) as unfinished:
        site = Path(unfinished, "site")
        subprocess.run([*pip, "install", "--no-deps", "--target", str(site), str(wheel)], check=True, env=clean)
        site.rename(folder / "site")
    return folder


def measure(benchmarks: Path, package: Path, parts: Sequence[str]) -> dict[str, dict]:
    """Take one side's samples, in a process of its own."""
    environment = {**os.environ, "PYTHONPATH": str(package), "RUNS": os.environ.get("RUNS") or _RUNS}
    # What was installed has its bytecode; a checkout that may not write any would be compiled anew each time.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    with tempfile.TemporaryDirectory() as empty:
        done = subprocess.run(
            [sys.executable, Path(__file__).with_name("samples.py"), str(benchmarks), *parts],
            cwd=empty,
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
    return json.loads(done.stdout.splitlines()[-1])


def main(commit: str, *parts: str) -> None:
    """Compare, and print the table."""
    folder = base_of(commit)
    places = {"base": (folder / "tree" / "benchmarks", folder / "site"), "now": (ROOT / "benchmarks", ROOT)}
    rounds = []
    for number in range(_ROUNDS):
        order = SIDES if number % 2 == 0 else SIDES[::-1]
        rounds.append({side: measure(*places[side], parts or USUAL) for side in order})
        print(f"round {number + 1} of {_ROUNDS}", flush=True)
    print(table(compared(rounds)))


def _spread(values: Sequence[float]) -> float:
    inner = sorted(values)[1:-1] if len(values) > 4 else sorted(values)
    return (inner[-1] - inner[0]) / 2 / (statistics.median(values) or 1)


if __name__ == "__main__":
    main(*sys.argv[1:])
