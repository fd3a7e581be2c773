"""A run: a world, up to three faults at once, looks in between, everything mended, and the filter taken away."""

from __future__ import annotations

import contextlib
import random
import time
import traceback
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import quantiles
from typing import Any

from tests.chaos.faults import Catalogue, Mend
from tests.chaos.grounds import Begin, Ground
from tests.chaos.looks import Wrong, compare
from tests.chaos.truth import Fate, Truth
from wasmnb.errors import WasmnbError
from wasmnb.mesh import Cause

_GRACE = 2.0  # seconds after a fault in which a verdict may still be of the time before
_LATE = 10.0  # seconds after which a verdict that is not LIVE counts as wrong
_PAUSE = 0.2
_STAYS = 2  # more looks once every verdict is right: what a fault does may show later, and no verdict is to change
_RUNS_OF_A_MESH = 20
_SLOWEST = 8


@dataclass(frozen=True)
class Finding:
    """A verdict that was wrong, and how it came to it."""

    run: int
    pod: str
    wrong: Wrong
    verdict: str
    reason: str
    truth: Truth
    story: tuple[str, ...]
    after: float

    def __str__(self) -> str:
        lines = [f"run {self.run}, {self.pod}, {self.after:.1f} s after the last fault: {self.wrong.value}"]
        lines += [f"  verdict   {self.verdict} {self.reason}", f"  requests  {self.truth}"]
        return "\n".join([*lines, *(f"  {number}. {what}" for number, what in enumerate(self.story, 1))])


@dataclass(frozen=True)
class Wait:
    """How long it took until every verdict was right.

    Parameters
    ----------
    seconds : float
        From when it had happened until the verdicts were given.
    after : str
        What had happened last.
    looks : int
        So many were needed.
    moving : int
        In so many of them requests to a pod showed something else before than after.
    asking : float
        Seconds of it that the verdicts themselves took; the others are those of the requests that show the truth.
    """

    seconds: float
    after: str
    looks: int
    moving: int
    asking: float

    def __str__(self) -> str:
        looks = f"{self.looks} looks, {self.moving} of them at what moved, {self.asking:.1f} s for the verdicts"
        return f"{self.seconds:.1f} s after {self.after}: {looks}"


@dataclass
class Report:
    """What came of all runs.

    Parameters
    ----------
    looks : int
        Verdicts about a pod that were compared with a truth that held still.
    moving : int
        Those that were not, because requests showed something else before than after.
    fates : Counter
        How often what happened to requests.
    unproven : Counter
        How often something that acts stayed unproven because a fault had taken away what would prove it, or because
        what it does was there before, by cause.
    waits : list of Wait
    """

    mesh: str
    seed: int
    runs: int = 0
    looks: int = 0
    moving: int = 0
    fates: Counter[str] = field(default_factory=Counter)
    verdicts: Counter[str] = field(default_factory=Counter)
    struck: Counter[str] = field(default_factory=Counter)
    unproven: Counter[str] = field(default_factory=Counter)
    waits: list[Wait] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    def count(self, wrong: Wrong) -> int:
        return sum(one.wrong is wrong for one in self.findings)

    def to_dict(self) -> dict[str, Any]:
        """Give it as plain JSON values."""
        seconds = [one.seconds for one in self.waits]
        cuts = quantiles(seconds, n=100, method="inclusive") if len(seconds) > 1 else [0.0] * 99
        slowest = sorted(self.waits, key=lambda one: one.seconds, reverse=True)[:_SLOWEST]
        return {
            "mesh": self.mesh,
            "seed": self.seed,
            "runs": self.runs,
            "looks": self.looks,
            "moving": self.moving,
            **{wrong.name.lower(): self.count(wrong) for wrong in Wrong if wrong.value},
            "time_to_truth_p50_s": round(cuts[49], 2),
            "time_to_truth_p99_s": round(cuts[98], 2),
            "slowest": [str(one) for one in slowest],
            "unproven": dict(self.unproven),
            "faults": dict(self.struck),
            "requests": dict(self.fates),
            "verdicts": dict(self.verdicts),
            "findings": [str(one) for one in self.findings],
        }

    def __str__(self) -> str:
        facts = self.to_dict()
        found, slowest = facts.pop("findings"), facts.pop("slowest")
        width = max(map(len, facts))
        return "\n".join([*(f"{name:{width}}  {value}" for name, value in facts.items()), "", *slowest, "", *found])


def chaos(ground: Ground, runs: int, seed: int, say: Callable[[str], None], faults: Sequence[str] = ()) -> Report:
    """Do so many runs.

    Parameters
    ----------
    ground : Ground
        The kind of mesh.
    runs : int
    seed : int
        The same makes the same choices.
    say : callable
        Takes a line about each run.
    faults : sequence of str
        Which of the ground's may happen; all when empty.
    """
    report = Report(ground.name, seed)
    chosen = {name: ground.faults[name] for name in faults or ground.faults}
    # Who stops it gets a report of what there is.
    with contextlib.suppress(KeyboardInterrupt):
        _do(report, ground, runs, chosen, say)
    return report


def _do(report: Report, ground: Ground, runs: int, chosen: Catalogue, say: Callable[[str], None]) -> None:
    for first in range(0, runs, _RUNS_OF_A_MESH):
        with ground.begin() as begin:
            for number in range(first, min(runs, first + _RUNS_OF_A_MESH)):
                known = len(report.findings)
                _Run(report, number, begin, ground, chosen).do()
                say(f"run {number + 1} of {runs}: {report.looks} looks, {len(report.findings)} wrong")
                for finding in report.findings[known:]:
                    say(str(finding))


class _Run:
    def __init__(
        self,
        report: Report,
        number: int,
        begin: Begin,
        ground: Ground,
        faults: Catalogue,
    ) -> None:
        self.report = report
        self.number = number
        self.choose = choose = random.Random(f"{report.seed} {number}")
        self.faults, self.blind, self.right = faults, ground.blind, ground.right
        self.world = begin(choose, f"probed-{number}")
        self.story = self.world.story
        self.at = time.monotonic()

    def do(self) -> None:
        self.report.runs += 1
        mends: list[Mend] = []
        try:
            self.settle()
            for _ in range(self.choose.randint(1, 3)):
                mends += filter(None, [self.strike(self.choose.choice(list(self.faults)))])
                self.settle()
        except Exception:  # noqa: BLE001 - whatever it is, it is found
            words = traceback.format_exc()
            crash = Finding(self.number, "", Wrong.CRASH, "", words, Truth(Fate.MIXED), tuple(self.story), 0.0)
            self.report.findings.append(crash)
        finally:
            self.choose.shuffle(mends)
            for mend in mends:
                with contextlib.suppress(WasmnbError):
                    mend()
            self.story.append("mended")
        self.world.recover()
        self.at = time.monotonic()
        self.settle()
        self.end()

    def strike(self, name: str) -> Mend | None:
        self.report.struck[name] += 1
        self.story.append(name)
        mend = self.faults[name](self.world)
        self.at = time.monotonic()
        return mend

    def settle(self) -> None:
        """Look until every verdict is right, or has had its time to become so; what is wrong then is a finding."""
        looks, moving, asking = 0, 0, 0.0
        while True:
            before = self.report.moving
            wrong, begun, given = self.look()
            moved = self.report.moving > before
            looks, moving, asking, since = looks + 1, moving + moved, asking + given - begun, given - self.at
            limit = _LATE if {one.wrong for one in wrong} <= {Wrong.FALSE_NOT_LIVE} else _GRACE
            if not (wrong or moved) or since > limit:
                break
            time.sleep(_PAUSE)
        if not (wrong or moved):
            self.report.waits.append(Wait(round(since, 2), self.story[-1], looks, moving, round(asking, 2)))
            wrong = [finding for _ in range(_STAYS) for finding in self.look()[0]]
        known = {(one.pod, one.wrong, one.verdict) for one in self.report.findings if one.run == self.number}
        self.report.findings += [one for one in wrong if (one.pod, one.wrong, one.verdict) not in known]

    def look(self) -> tuple[list[Finding], float, float]:
        """Compare the verdict of each pod with the truth, where that is the same before and after.

        Returns
        -------
        list of Finding, float, float
            What was wrong, and the moments when the verdicts were asked for and given.
        """
        before = self.world.truth()
        begun = time.monotonic()
        verdicts, expected = self.world.verdicts(), self.world.expected()
        given = time.monotonic()
        after = self.world.truth()
        found = []
        for pod, truth in after.items():
            if before.get(pod) != truth:
                self.report.moving += 1
                continue
            verdict = verdicts.get(pod)
            self.report.looks += 1
            self.report.fates[truth.fate.value] += 1
            self.report.verdicts[verdict.verdict.value if verdict else "none"] += 1
            wrong = compare(verdict, truth, expected, self.right)
            blind = self.blind | ({Cause.UNSEEN} if self.world.alike else set())
            if wrong is Wrong.FALSE_NOT_LIVE and verdict is not None and verdict.cause in blind:
                self.report.unproven[verdict.cause.value] += 1
                continue
            if wrong is not Wrong.NOTHING:
                said = (verdict.verdict.value, verdict.reason) if verdict is not None else ("none", "")
                found.append(Finding(self.number, pod, wrong, *said, truth, tuple(self.story), begun - self.at))
        return found, begun, given

    def end(self) -> None:
        """Take everything away; what still acts then is as wrong as a LIVE that does not."""
        for plugin in self.world.mesh.plugins():
            with contextlib.suppress(WasmnbError):
                self.world.mesh.remove(plugin.id)
        self.at = time.monotonic()
        self.settle()
