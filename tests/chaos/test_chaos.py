"""A short part of the chaos, with a seed, and proof that it would find what is wrong."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timezone

import pytest

from tests.chaos.grounds import EMBEDDED, istio
from tests.chaos.istio_faults import ISTIO
from tests.chaos.looks import Expected, Wrong, compare
from tests.chaos.run import Finding, Report, chaos
from tests.chaos.truth import Fate, Truth, together
from wasmnb.mesh import Cause, Handling, PodVerdict, Verdict

RUNS, SEED = 14, 2026
ON_A_CLUSTER = 3


def wrong(report: Report) -> list[Finding]:
    """Leave out what is late to become LIVE: that depends on the clock, and is for `make chaos` to tell."""
    return [one for one in report.findings if one.wrong is not Wrong.FALSE_NOT_LIVE]


@pytest.mark.compiler
@pytest.mark.envoy
def test_no_verdict_says_more_than_requests_show():
    report = chaos(EMBEDDED, RUNS, SEED, print)
    assert not wrong(report), str(report)
    assert report.looks > RUNS
    assert len(report.struck) > RUNS / 2


@pytest.mark.cluster
@pytest.mark.compiler
@pytest.mark.envoy
def test_no_verdict_on_a_cluster_is_live_where_it_does_not_act(cluster):
    # A mesh of few pods for a few runs: who looks, and over what, is left to `make chaos`.
    report = chaos(istio(cluster), ON_A_CLUSTER, SEED, print, list(ISTIO))
    assert not wrong(report), str(report)
    assert report.looks > ON_A_CLUSTER


def test_there_are_many_kinds_of_faults_on_each_mesh():
    assert len(EMBEDDED.faults) > 24
    assert len(ISTIO) > 40


def verdict(word: str) -> PodVerdict:
    return PodVerdict("pod", "probed", Verdict(word), "", "", "", (), datetime.now(timezone.utc))


ACTS = Truth(Fate.FILTERED, "a", "{}")
OF_TWO_WORKERS = together([ACTS, Truth(Fate.REFUSED)])


@pytest.mark.parametrize(
    ("said", "truth", "wrong"),
    [
        ("LIVE", ACTS, Wrong.NOTHING),
        ("LIVE", Truth(Fate.FILTERED, "other a", "{}"), Wrong.NOTHING),
        ("LIVE", Truth(Fate.FILTERED, "b", "{}"), Wrong.FALSE_LIVE),
        ("LIVE", Truth(Fate.FILTERED, "a", ""), Wrong.FALSE_LIVE),
        ("LIVE", Truth(Fate.UNFILTERED), Wrong.FALSE_LIVE),
        ("LIVE", Truth(Fate.SILENT), Wrong.FALSE_LIVE),
        ("LIVE", Truth(Fate.REFUSED), Wrong.FALSE_LIVE),
        ("LIVE", Truth(Fate.REFUSED, "a", "{}"), Wrong.NOTHING),
        ("LIVE", OF_TWO_WORKERS, Wrong.FALSE_LIVE),
        ("LIVE", together([ACTS, Truth(Fate.REFUSED, "a", "{}")]), Wrong.NOTHING),
        ("OLD", OF_TWO_WORKERS, Wrong.NOTHING),
        ("OLD", ACTS, Wrong.FALSE_NOT_LIVE),
        ("TRAPPED", Truth(Fate.REFUSED), Wrong.NOTHING),
        ("DENY_ALL", Truth(Fate.UNFILTERED), Wrong.WORDS),
        ("ALLOW_ALL", Truth(Fate.REFUSED), Wrong.WORDS),
        ("ALLOW_ALL", Truth(Fate.UNFILTERED), Wrong.NOTHING),
    ],
)
def test_a_verdict_is_held_against_what_requests_show(said, truth, wrong):
    assert compare(verdict(said), truth, Expected("a", "{}")) is wrong


@pytest.mark.parametrize(
    ("said", "truth", "wrong"),
    [
        (Handling.UNFILTERED, ACTS, Wrong.WORDS),
        (Handling.UNFILTERED, Truth(Fate.FILTERED, "b"), Wrong.NOTHING),
        (Handling.UNFILTERED, Truth(Fate.REFUSED), Wrong.WORDS),
        (Handling.ANSWERED_503, Truth(Fate.UNFILTERED), Wrong.WORDS),
        (Handling.ANSWERED_503, Truth(Fate.REFUSED), Wrong.NOTHING),
        (Handling.ANSWERED_503, OF_TWO_WORKERS, Wrong.NOTHING),
        (Handling.UNFILTERED, OF_TWO_WORKERS, Wrong.WORDS),
        (Handling.FILTERED_BY_OLD, Truth(Fate.UNFILTERED), Wrong.WORDS),
    ],
)
def test_what_is_said_of_requests_is_held_against_them(said, truth, wrong):
    assert compare(replace(verdict("TRAPPED"), observed=said), truth, Expected("a", "{}")) is wrong


def test_a_crash_may_be_told_of_what_was_started_anew_where_it_is_said_to_filter():
    crashed = replace(verdict("TRAPPED"), cause=Cause.VM_CRASHED)
    assert compare(crashed, ACTS, Expected("a", "{}")) is Wrong.FALSE_NOT_LIVE
    assert compare(replace(crashed, observed=Handling.FILTERED), ACTS, Expected("a", "{}")) is Wrong.NOTHING


def test_what_acts_though_nothing_is_in_force_is_found_and_what_nothing_would_show_is_never_live():
    assert compare(None, ACTS, Expected("a", "{}")) is Wrong.FALSE_NOT_LIVE
    assert compare(None, ACTS, None) is Wrong.STAYS
    assert compare(None, Truth(Fate.FILTERED, "lying"), None) is Wrong.NOTHING
    assert compare(None, Truth(Fate.UNFILTERED), None) is Wrong.NOTHING
    assert compare(verdict("LIVE"), ACTS, None) is Wrong.FALSE_LIVE


def test_where_nobody_may_look_loaded_is_held_against_what_requests_show():
    def seen(truth: Truth, word: str = "LOADED") -> Wrong:
        return compare(verdict(word), truth, Expected("a", "{}"), Verdict.LOADED)

    assert seen(ACTS) is Wrong.NOTHING
    assert seen(Truth(Fate.UNFILTERED)) is Wrong.FALSE_LOADED
    assert seen(OF_TWO_WORKERS) is Wrong.FALSE_LOADED
    assert seen(Truth(Fate.UNFILTERED), "LIVE") is Wrong.FALSE_LIVE
    assert compare(verdict("LOADED"), ACTS, Expected("a", "{}")) is Wrong.FALSE_NOT_LIVE


def test_a_report_is_plain_values():
    assert json.loads(json.dumps(Report("local", 1).to_dict()))["looks"] == 0
