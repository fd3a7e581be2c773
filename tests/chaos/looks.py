"""One look: the truth, the verdicts, the truth once more; and what a verdict got wrong."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from tests.chaos.filters import BUILDS, LANGUAGES
from tests.chaos.truth import Fate, Truth
from wasmnb.mesh import Cause, Handling, PodVerdict, Verdict


class Wrong(str, Enum):
    """How a verdict differs from the truth. Closed."""

    NOTHING = ""
    FALSE_LIVE = "LIVE, though it does not act"
    FALSE_LOADED = "LOADED, though it does not act"
    FALSE_NOT_LIVE = "not LIVE, though it acts"
    STAYS = "taken away, though it acts"
    WORDS = "wrong words about what happens to requests"
    CRASH = "an error that is none of the package's own"


@dataclass(frozen=True)
class Expected:
    """What the filter on a pod would show if it acted: its mark, and its configuration."""

    tag: str
    config: str

    def shown_by(self, truth: Truth) -> bool:
        """Whether requests show it. A filter beside it may leave its mark too."""
        return truth.fate is Fate.FILTERED and self.marks(truth)

    def marks(self, truth: Truth) -> bool:
        """Whether requests have its mark, be they answered or refused."""
        return self.tag in truth.tag.split() and self.config == truth.config


_PASSES, _ANSWERED = {Fate.FILTERED, Fate.UNFILTERED}, {Fate.REFUSED}
_SAID = {
    Handling.FILTERED: {Fate.FILTERED, Fate.REFUSED},  # a filter marks what fails, too
    Handling.FILTERED_BY_OLD: {Fate.FILTERED},
    Handling.UNFILTERED: _PASSES,  # another filter may mark them
    Handling.ANSWERED_403: _ANSWERED,
    Handling.ANSWERED_500: _ANSWERED,
    Handling.ANSWERED_503: _ANSWERED,
}


def compare(
    verdict: PodVerdict | None, truth: Truth, expected: Expected | None, right: Verdict = Verdict.LIVE
) -> Wrong:
    """Say what is wrong of a verdict.

    Parameters
    ----------
    verdict : PodVerdict or None
        None where nothing is said to be in force.
    truth : Truth
    expected : Expected or None
        What the filter in force would show; None where there is none, or it shows nothing.
    right : Verdict
        What is right of a filter that acts: LOADED where nobody may look whether it does.
    """
    acts = expected is not None and all(map(expected.shown_by, truth.each))
    said = verdict.verdict if verdict is not None else None
    if verdict is None and expected is None:
        tags = {tag for one in truth.each for tag in one.tag.split()}
        return Wrong.STAYS if tags & {*BUILDS, *LANGUAGES} else Wrong.NOTHING
    if said is Verdict.LIVE:
        return Wrong.NOTHING if expected is not None and all(map(expected.marks, truth.each)) else Wrong.FALSE_LIVE
    if said is right:
        marked = expected is None or all(map(expected.marks, truth.each))
        return Wrong.NOTHING if marked else Wrong.FALSE_LOADED
    if verdict is not None and _misled(verdict.requests, truth, expected):
        return Wrong.WORDS
    # What crashed is told until it is deployed again; that another deployment started its VM anew is said as well.
    told = verdict is not None and verdict.cause is Cause.VM_CRASHED and verdict.requests is Handling.FILTERED
    return Wrong.FALSE_NOT_LIVE if acts and not told else Wrong.NOTHING


def _misled(said: Handling, truth: Truth, expected: Expected | None) -> bool:
    """Whether it was said that something else happens to requests than does; of several workers one may be meant."""
    meant = [one for one in truth.each if said in _SAID and one.fate in _SAID[said]]
    if said is Handling.UNFILTERED and expected is not None:
        meant = [one for one in meant if not expected.shown_by(one)]
    return said in _SAID and not meant
