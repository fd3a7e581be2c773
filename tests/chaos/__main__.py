"""``python -m tests.chaos [--runs N] [--seed N] [--only FAULT]``: a report as text, and in build/chaos.json."""

from __future__ import annotations

import argparse
import json
import random
import sys
from pathlib import Path

from tests.chaos.faults import FAULTS
from tests.chaos.run import chaos


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--runs", type=int, default=300)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6), help="the same makes the same choices")
    parser.add_argument("--only", action="append", choices=FAULTS, metavar="FAULT", help=f"one of: {', '.join(FAULTS)}")
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    report = chaos(options.runs, options.seed, lambda line: print(line, flush=True), options.only or tuple(FAULTS))
    print(f"\n{report}")
    path = Path(__file__).parent.parent.parent / "build" / "chaos.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(report.to_dict(), indent=2) + "\n")
    return 1 if report.findings else 0


if __name__ == "__main__":
    sys.exit(main())
