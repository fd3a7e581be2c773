"""Verdicts and causes: closed enums, each with a code that stays."""

from datetime import datetime, timezone

from wasmnb.mesh import Cause, Handling, PodVerdict, Verdict


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


def test_what_happens_to_requests_is_what_was_seen_else_what_the_verdict_says():
    at = datetime(2026, 7, 1, tzinfo=timezone.utc)

    def made(verdict: Verdict, cause: Cause = Cause.NONE, **more) -> PodVerdict:
        return PodVerdict("details-v1-0", "guard", verdict, "a", "b", "", (), at, cause, **more)

    assert made(Verdict.LIVE).requests is Handling.FILTERED
    assert made(Verdict.DENY_ALL).requests is Handling.ANSWERED_403
    assert made(Verdict.DENY_ALL, observed=Handling.FILTERED_BY_OLD).requests is Handling.FILTERED_BY_OLD
    assert made(Verdict.TRAPPED).requests is made(Verdict.LOADED).requests is Handling.UNKNOWN
    assert made(Verdict.HUNG, Cause.PROXY_SILENT).requests is Handling.UNKNOWN
    hung = made(Verdict.HUNG, Cause.WORKER_HUNG, hanging=(1, 4)).to_dict()
    assert (hung["requests"], hung["hanging"]) == ("HANGING", {"workers": 1, "of": 4})
    assert made(Verdict.OLD).to_dict()["hanging"] is None
