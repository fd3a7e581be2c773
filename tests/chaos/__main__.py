"""Breaks meshes; makes a report and build/chaos.json. ``python -m tests.chaos --help`` lists what may be said."""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.chaos.grounds import EMBEDDED, Ground, istio
from tests.chaos.istio_faults import ISTIO, OUTSIDE
from tests.chaos.local_faults import LOCAL
from tests.chaos.run import chaos
from tests.cluster.life import down, find, unfit, up
from wasmnb.mesh import Proof

_NAME = "chaos"
_FAULTS = sorted({*LOCAL, *ISTIO, *OUTSIDE})


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--mesh", choices=("local", "istio"), help="one of them; both when not said")
    parser.add_argument("--runs", type=int, default=300, help="on each")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6), help="the same makes the same choices")
    parser.add_argument("--only", action="append", choices=_FAULTS, metavar="FAULT", help=", ".join(_FAULTS))
    proofs = [Proof.EFFECT.value.lower(), Proof.CONFIG.value.lower()]
    parser.add_argument(
        "--prove", choices=proofs, default=proofs[0], help="on the cluster; config asks whether LOADED is true"
    )
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    reports = []
    for name in (options.mesh,) if options.mesh else ("local", "istio"):
        if name == "istio" and not find() and (why := unfit()):
            print(f"no cluster: {why}", flush=True)
            continue
        with _ground(name, Proof(options.prove.upper())) as ground:
            faults = [one for one in options.only or () if one in ground.faults]
            reports.append(chaos(ground, options.runs, options.seed, _say, faults))
        _say(f"\n{reports[-1]}")
    path = Path(__file__).parent.parent.parent / "build" / "chaos.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps([report.to_dict() for report in reports], indent=2) + "\n")
    return 1 if any(report.findings for report in reports) else 0


@contextmanager
def _ground(name: str, prove: Proof) -> Iterator[Ground]:
    """Give the embedded mesh, or the cluster that is up, or one that comes and goes."""
    if name == "local":
        yield EMBEDDED
    elif (running := find() or find(_NAME)) is not None:
        yield istio(running, prove)
    else:
        try:
            yield istio(up(_NAME, say=_say), prove)
        finally:
            down(_NAME)


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
