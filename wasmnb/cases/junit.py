"""Results as JUnit's XML, which the usual continuous integrations show."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element, SubElement, tostring

from wasmnb.cases.results import Mark

if TYPE_CHECKING:
    from wasmnb.cases.judge import Check
    from wasmnb.cases.results import CaseResult, TestResults

__all__ = ["junit"]

# What XML 1.0 cannot hold.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(results: TestResults) -> str:
    """Write results down.

    Parameters
    ----------
    results : TestResults
    """
    counts = results.counts
    suite = Element(
        "testsuite",
        name="wasmnb",
        tests=str(len(results)),
        failures=str(counts[Mark.FAILED.value]),
        skipped=str(counts[Mark.SKIPPED.value]),
        time=f"{sum(one.seconds for one in results.items):.3f}",
        timestamp=results.at.isoformat(),
    )
    for one in results.items:
        _case(suite, one)
    root = Element("testsuites")
    root.append(suite)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + tostring(root, "unicode") + "\n"


def _case(suite: Element, one: CaseResult) -> None:
    case = SubElement(
        suite,
        "testcase",
        name=_clean(one.name),
        classname=_clean(one.source or "cases"),
        line=str(one.line),
        time=f"{one.seconds:.3f}",
    )
    if one.mark is Mark.SKIPPED:
        SubElement(case, "skipped", message=_clean(one.skipped))
    elif one.mark is Mark.FAILED:
        failure = SubElement(case, "failure", message=_clean(one.why))
        failure.text = _clean("\n\n".join(_told(check) for check in one.failed))
    log = [str(line) for line in one.observation.log]
    if log:
        SubElement(case, "system-out").text = _clean("\n".join(log))


def _told(check: Check) -> str:
    place = f"line {check.line}, {check.where}: {check.what}"
    return f"{place}\nexpected: {check.expected}\nactual:   {check.actual}"


def _clean(text: str) -> str:
    return _FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", text)
