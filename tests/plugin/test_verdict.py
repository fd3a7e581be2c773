"""Verdicts and causes: closed enums, each with a code that stays."""

from datetime import datetime, timezone

from wasmnb.mesh import Cause, PodVerdict, Verdict


def test_every_verdict_and_cause_has_a_code_of_its_own():
    verdicts, causes = [one.code for one in Verdict], [one.code for one in Cause]
    assert all(code.startswith("WNB5") for code in verdicts)
    assert all(code.startswith("WNB6") for code in causes)
    codes = [*verdicts, *causes]
    assert len(set(codes)) == len(codes)
    assert Verdict.LIVE.code == "WNB5001"
    assert Cause.NONE.code == "WNB6000"


def test_the_json_form_has_the_cause():
    at = datetime(2026, 7, 1, tzinfo=timezone.utc)
    verdict = PodVerdict("details-v1-0", "guard", Verdict.OLD, "a", "b", "", (), at, Cause.OTHER_DIGEST)
    assert verdict.to_dict()["cause"] == "OTHER_DIGEST"
    assert PodVerdict("details-v1-0", "guard", Verdict.LIVE, "a", "a", "", (), at).cause is Cause.NONE
