from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from functools import partial

import pandas as pd
import pytest

from tests.views.things import (
    DIGEST,
    NOW,
    OTHER,
    check,
    deployment,
    diagnostic,
    exchange,
    plugin,
    pod,
    shown,
    verdict,
    verdicts,
)
from wasmnb.check import Checks
from wasmnb.compile import Filter
from wasmnb.display import Block, Record
from wasmnb.error_pages import Explanation
from wasmnb.image import package
from wasmnb.mesh import Verdict
from wasmnb.mesh.results import Logs, Pods
from wasmnb.module import BuildRecord, Module
from wasmnb.plugin.plugins import Plugins
from wasmnb.rollout.deployment import Removal
from wasmnb.session.results import BuildTime, BuildTimes, FilterResult, MeshState, Settings, module_table
from wasmnb.traffic import Capture, Headers
from wasmnb.traffic.measure import Comparison, Measurement
from wasmnb.views.build import build_record, diagnostics_record
from wasmnb.views.nouns import explanation_html, headers_html
from wasmnb.wording import Front, words_for

EMPTY_MODULE = b"\0asm\1\0\0\0"
FULL = {
    "pods": lambda: Pods((pod(), pod("ratings-v1", "1/2", "NotReady", "refused")), verdicts=(verdict(),), at=NOW),
    "verdicts": lambda: verdicts(verdict(), verdict(Verdict.OLD, "b", running=OTHER)),
    "deploy": lambda: deployment(verdict(), stages=(("compile", 0.05),)),
    "undeploy": lambda: Removal(plugin(), ("details-v1",), at=NOW),
    "plugins": lambda: Plugins((plugin(),), at=NOW),
    "logs": lambda: Logs(("a", "b"), pod="details-v1", at=NOW),
    "headers": lambda: Capture(exchange(("b", "1")), exchange(("a", "1"))),
    "doctor": lambda: Checks((check(), check(ok=False)), at=NOW),
    "config": lambda: Settings({"mesh": "local", "registry": None, "timeout": 5.0}),
}
EMPTY = {
    "pods": lambda: Pods(at=NOW),
    "verdicts": verdicts,
    "deploy": deployment,
    "plugins": lambda: Plugins(at=NOW),
    "logs": lambda: Logs(pod="details-v1", at=NOW),
    "headers": lambda: Capture(exchange()),
    "doctor": lambda: Checks(at=NOW),
    "config": lambda: Settings({}),
}
RECORDS = {
    **{name: partial(lambda make: shown(make()), make) for name, make in FULL.items()},
    "diagnostics": lambda: diagnostics_record([diagnostic()]),
}
EMPTY_RECORDS = {
    **{name: partial(lambda make: shown(make()), make) for name, make in EMPTY.items()},
    "diagnostics": lambda: diagnostics_record([]),
}


@pytest.mark.parametrize("name", EMPTY_RECORDS)
def test_a_frame_has_the_same_columns_and_dtypes_when_empty(name):
    full, empty = RECORDS[name]().frame, EMPTY_RECORDS[name]().frame
    assert list(full.columns) == list(empty.columns)
    assert [str(dtype) for dtype in full.dtypes] == [str(dtype) for dtype in empty.dtypes]
    assert "object" not in {str(dtype) for dtype in full.dtypes}


@pytest.mark.parametrize("name", FULL)
def test_a_record_has_the_frame_of_its_result(name):
    result = FULL[name]()
    assert shown(result).frame.equals(result.frame)
    assert list(shown(result).frame) == list(result.frame)


@pytest.mark.parametrize("name", RECORDS)
def test_json_is_plain(name):
    told = json.loads(json.dumps(RECORDS[name]().to_dict()))
    assert {"title", "status", "rows", "blocks", "notes"} == set(told)


@pytest.mark.parametrize("name", FULL)
def test_json_of_a_result_is_plain(name):
    assert json.loads(json.dumps(FULL[name]().to_dict()))


def test_pods():
    record = shown(FULL["pods"]())
    assert record.status == "1 of 2 ready"
    frame = record.frame
    assert list(frame["plugins"]) == ["header-filter=LIVE", ""]
    assert frame["started"][0] == pd.Timestamp(NOW - timedelta(seconds=40))
    assert str(frame["started"].dtype) == "datetime64[us, UTC]"
    assert list(frame["labels"]) == ["app=details,version=v1", "app=ratings,version=v1"]
    assert shown(Pods((pod(),), at=NOW)).grid()[1][0][4].text == "40s"


def test_a_verdict_is_sign_and_word_and_its_evidence_is_quoted():
    record = shown(
        verdicts(
            verdict(),
            verdict(Verdict.REJECTED, "b", "Envoy refused it", ["missing import: env.foo"]),
            verdict(Verdict.NOT_SELECTED, "c", running=""),
        )
    )
    text = repr(record)
    assert record.status == "1 of 2 live"
    assert "✓ LIVE" in text
    assert "✗ REJECTED" in text
    assert "missing import: env.foo" in text
    assert set(record.frame["verdict"].cat.categories) == {one.value for one in Verdict}
    assert list(record.frame["wanted"]) == [DIGEST] * 3


def test_what_a_verdict_means_and_where_to_read_what_to_do_stands_below_the_table():
    loaded, down = verdict(Verdict.LOADED, "b"), verdict(Verdict.REJECTED, "c")
    with words_for(Front.NOTEBOOK):
        record = shown(verdicts(verdict(), loaded, down, loaded, verdict(Verdict.NOT_SELECTED, "d")))
    assert record.notes == (
        "LOADED: the proxy has it, and nobody has seen it act; %wasm_explain LOADED says what to do",
        "REJECTED: Envoy refused it; %wasm_explain REJECTED says what to do",
    )
    assert not shown(verdicts(verdict())).notes, "LIVE asks nothing of the reader"
    note = shown(verdicts(loaded)).notes[0]
    assert note.endswith("; wasmnb.explain('LOADED') says what to do")


def test_what_is_loaded_is_neither_green_nor_said_to_have_failed():
    loaded, done = verdict(Verdict.LOADED), FULL["deploy"]()
    record = shown(replace(done, verdicts=(verdict(), loaded), stages=(), notes=(), left=()))
    assert record.status.startswith("live on 1 of 2 pods, loaded on 1")
    assert record.tone == "warn"
    assert shown(verdicts(verdict(), loaded)).status == "1 of 2 live, loaded on 1"
    assert shown(verdicts(verdict(), loaded)).tone == "warn"
    assert shown(verdicts(loaded, verdict(Verdict.UNPROVEN))).tone == "bad"


def test_words_of_tables_say_what_they_mean_when_the_pointer_is_over_them():
    made = shown(verdicts(verdict()))._repr_html_()
    assert '<span title="LIVE: this image was seen to act in this pod">LIVE</span>' in made
    made = shown(Pods((pod(),), at=NOW))._repr_html_()
    assert '<span title="containers of the pod that are ready, and how many it has">2/2</span>' in made


def test_the_gateway_of_a_mesh_is_an_address_that_leads_there():
    state = MeshState("local", (pod(),), "started", 1.0, gateway="127.0.0.1:80", at=NOW)
    link = '<a href="http://127.0.0.1:80" target="_blank" rel="noopener noreferrer">http://127.0.0.1:80</a>'
    assert f"gateway: {link}, on the machine that the mesh runs on" in shown(state)._repr_html_()
    assert "127.0.0.1" not in shown(state).saved()


def test_an_error_that_may_be_the_senders_own_proxys_is_not_told_of_the_pod():
    lost = replace(exchange(status=502), via="app")
    assert "502 OK on the way to details-v1 in" in shown(Capture(lost)).status
    answered = replace(exchange(("X-Envoy-Upstream-Service-Time", "1"), status=502), via="app")
    assert "502 OK from details-v1 in" in shown(Capture(answered)).status
    assert "502 OK from details-v1 in" in shown(Capture(exchange(status=502))).status


def test_settings_name_the_mesh_that_runs():
    assert not shown(Settings({"mesh": None})).notes
    (note,) = shown(Settings({"mesh": None}, mesh="local")).notes
    assert note.startswith("local runs; mesh is the one that ")


def test_each_stage_of_a_build_that_has_no_plain_name_is_explained():
    at, stages = datetime.now(timezone.utc), (("prepare", 0.1), ("compile", 0.2), ("store", 0.1), ("rest", 0.1))
    record = shown(BuildTimes((BuildTime(at, "greeter", "cpp", stages),)))
    assert [note.partition(":")[0] for note in record.notes] == ["prepare", "store", "rest"]
    (cached,) = shown(BuildTimes((BuildTime(at, "greeter", "cpp", (("cache", 0.1),)),))).notes
    assert cached == "cache: the module was in the cache, and nothing was compiled"


def test_the_page_of_a_code_has_no_backquotes_in_a_notebook():
    page = Explanation("WNB1", "X", "t", "run `wasmnb <x>` & see", "o", "r")
    made = explanation_html(page)
    assert "run <code>wasmnb &lt;x&gt;</code> &amp; see" in made
    # What came over the wire is shown as it came.
    assert "`" in headers_html(Headers((("x-a", "`b`"),)))


def test_a_reason_that_the_table_cuts_is_quoted_whole():
    reason = "its VM crashed in proxy_on_request_headers: " + "and this is what the filter wrote " * 5 + "last"
    lines = repr(shown(verdicts(verdict(Verdict.TRAPPED, reason=reason)))).splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("evidence: "))
    assert " ".join(line.strip() for line in lines[start + 1 :]).startswith(reason)


@pytest.mark.parametrize("one", Verdict)
def test_every_verdict_can_be_shown(one):
    assert one.value in repr(shown(verdicts(verdict(one))))


def test_deploy_says_where_and_how_long():
    stages = (("compile", 0.052), ("link", 0.021), ("canary", 0.009), ("swap", 0.0144))
    record = shown(deployment(verdict(), verdict(Verdict.NOT_SELECTED, "b", running=""), stages=stages))
    assert record.status == "live on 1 pod after 96 ms (build 82 ms, deploy 14 ms)"
    assert record.tone == "good"
    assert len(record.frame) == 1
    slow = shown(deployment(verdict(Verdict.HUNG), stages=(("compile", 70.2), ("swap", 0.01))))
    assert slow.status == "live on 0 of 1 pod after 70 s (build 70 s, deploy 10 ms)"
    assert slow.tone == "bad"
    first = shown(deployment(verdict(), stages=(("prepare", 4.8), ("compile", 0.6), ("swap", 0.4))))
    assert first.status.endswith("after 5.8 s (build 5.4 s with 4.8 s to prepare the compiler, once; deploy 400 ms)")
    assert "nothing changed" in shown(deployment(verdict(), unchanged=True)).status
    assert shown(deployment()).tone == "bad"


def test_secrets_are_masked_everywhere():
    for result in (Plugins((plugin(),)), Removal(plugin())):
        record = shown(result)
        own = (json.dumps(result.to_dict()), result.frame.to_csv())
        for text in (repr(record), record._repr_html_(), json.dumps(record.to_dict()), record.frame.to_csv(), *own):
            assert "s3cr3t-value" not in text
            assert "hello" in text
    before, after = (
        exchange(("set-cookie", "s=s3cr3t-1")),
        exchange(("set-cookie", "s=s3cr3t-2"), ("x-api-key", "s3cr3t-3")),
    )
    capture = Capture(after, before)
    record = shown(capture)
    assert "s3cr3t" not in json.dumps(capture.to_dict()) + capture.frame.to_csv()
    assert "s3cr3t" not in repr(record) + record._repr_html_() + json.dumps(record.to_dict())
    assert list(record.frame["change"]) == ["same", "changed", "added"]
    body = shown(Capture(exchange(body=b'{"token": "s3cr3t-4", "id": 1}')))
    assert "s3cr3t" not in repr(body)
    changed = shown(Capture(exchange(body=b'{"token": "s3cr3t-89"}'), exchange(body=b'{"token": "s3cr3t-7"}')))
    assert "s3cr3t" not in repr(changed)
    assert list(changed.frame["before"])[-1] == "21 bytes"
    config = Settings({"password": "s3cr3t-5", "registry": "http://user:s3cr3t-6@localhost:5000"})
    assert "s3cr3t" not in repr(config) + repr(shown(config)) + str(config.to_dict()) + config.frame.to_csv()


def test_headers_before_and_after():
    before = exchange(("server", "istio-envoy"), ("date", "1"))
    after = exchange(("server", "istio-envoy"), ("date", "2"), ("你好", "六翁"), pod="details-v2", notes=["a note"])
    record = shown(Capture(after, before))
    assert record.status == "200 OK from details-v2 in 3.1 ms; + 你好: 六翁 (since 03:04:05 UTC)"
    lines = repr(record).splitlines()
    assert [line.split() for line in lines[1:7]] == [
        ["NAME", "BEFORE", "AFTER", "CHANGE"],
        ["你好", "六翁", "+", "added"],
        ["3", "lines", "unchanged"],
        ["=", ":status:", "200", "OK"],
        ["=", "server:", "istio-envoy"],
        ["≈", "date"],
    ]
    assert list(record.frame["change"]) == ["same", "same", "varies", "added"]
    assert "note: a note" in lines
    assert any("details-v1" in note for note in record.notes)
    assert record.title == "productpage → details:9080/details/123"
    alone = shown(Capture(after))
    assert "BEFORE" not in repr(alone)
    assert "since" not in alone.status


def test_what_was_in_force_stands_above_what_came_back():
    before = replace(exchange(), in_force=())
    after = replace(exchange(("x", "1")), in_force=("greeter@99397533",), at=NOW + timedelta(seconds=4))
    record = shown(Capture(after, before))
    assert [line.split() for line in repr(record).splitlines()[1:5]] == [
        ["NAME", "BEFORE", "AFTER", "CHANGE"],
        ["no", "filter", "greeter@99397533"],
        ["03:04:05", "03:04:09"],
        ["x", "1", "+", "added"],
    ]
    assert "after · greeter@99397533 · 03:04:09<" in record._repr_html_()
    assert "greeter@99397533" in record.saved()
    assert "03:04:0" not in record.saved(), "another run has other times"
    many = shown(Capture(replace(after, in_force=("a@1", "b@2", "c@3")), before))
    assert "3 filters" in repr(many)
    assert "no filter" not in repr(shown(Capture(after))), "nothing is compared"


def test_a_line_that_came_and_varies_is_no_change_of_a_saved_text():
    record = shown(Capture(exchange(("server", "envoy"), ("x-request-id", "7a")), exchange(("server", "envoy"))))
    assert "x-request-id" in record.saved()
    assert "7a" in repr(record).partition("\n")[2]
    assert "7a" not in record.saved().partition("\n")[2]


def test_bodies_of_json_are_compared_by_their_values():
    before = exchange(body=b'{"stars": [1, 2], "note": "a", "old": true}')
    after = exchange(body=b'{"stars": [5, 1, 2], "note": "b", "new": null}')
    lines = repr(shown(Capture(after, before))).splitlines()
    at = lines.index("body, compared as JSON: 2 added, 1 changed, 1 removed")
    assert lines[at + 1 : at + 5] == [
        "    + stars[0]: 5",
        '    ~ note: "a" → "b"',
        "    - old: true",
        "    + new: null",
    ]
    one = shown(Capture(exchange(body=b'{"id":124}'), exchange()))
    assert "; ~ body id: 123 → 124 (since " in one.status
    assert ":body" not in repr(one), "its values say it"
    assert ":body" in set(one.frame["name"])
    written = shown(Capture(exchange(body=b'{ "id": 123 }'), exchange()))
    assert "body: the same JSON, written in another way" in repr(written)
    many = shown(Capture(exchange(body=json.dumps(list(range(1000))).encode()), exchange(body=b"[]")))
    assert "… 980 more" in repr(many)
    secret = shown(
        Capture(exchange(body=b'{"token": {"a": "s3cr3t-89"}}'), exchange(body=b'{"token": {"a": "s3cr3t-7"}}'))
    )
    assert "~ token.a: *** → *** (another value)" in repr(secret)


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ((("x", "1"),), (("x", "2"),), "~ x: 1 → 2"),
        ((("x", "1"),), (), "- x: 1"),
        ((), (("x", "1"), ("y", "2")), "+ x: 1, + y: 2"),
        ((), (("x", "1"), ("y", "2"), ("z", "3")), "3 added"),
        ((), (("x", "v" * 100),), "1 added"),
        ((), (), "nothing changed"),
    ],
)
def test_the_headline_says_what_a_filter_did(before, after, told):
    record = shown(Capture(exchange(*after), exchange(*before)))
    assert record.status == f"200 OK from details-v1 in 3.1 ms; {told} (since 03:04:05 UTC)"


@pytest.mark.parametrize(("status", "tone"), [(200, "good"), (302, "good"), (404, "warn"), (503, "bad")])
def test_the_status_has_a_sign(status, tone):
    assert shown(Capture(exchange(status=status))).tone == tone


def test_a_body_that_is_no_text_or_long():
    assert "not UTF-8 text" in repr(shown(Capture(exchange(body=b"\xff\xfe"))))
    assert len(repr(shown(Capture(exchange(body=b"x" * 100_000))))) < 3000
    assert "body" not in repr(shown(Capture(exchange(body=b""))))


def built(module):
    return build_record(module, module_table(module, package(module).digest))


def lines(*diagnostics):
    return [line for block in diagnostics_record(diagnostics).blocks for line in (block.label, *block.lines)]


def test_build():
    build = BuildRecord(0.0921, cached=False, warnings=(diagnostic(),), stages=(("compile", 0.052), ("link", 0.021)))
    record = built(Module("header-filter", EMPTY_MODULE, build))
    assert record.status == "built in 92 ms: compile 52 ms, link 21 ms"
    assert "warning, line 12: unused variable" in repr(record)
    row = record.frame.iloc[0]
    assert (row["size"], row["cached"], row["warnings"]) == (8, False, 1)
    assert row["module"].startswith("sha256:")
    assert row["module"] != row["image"]
    cached = built(Module("header-filter", EMPTY_MODULE, BuildRecord(0.002, cached=True)))
    assert cached.status == "unchanged: taken from the cache in 2 ms"
    loaded = built(Module("header-filter", EMPTY_MODULE))
    assert loaded.status == "8 bytes, not built here"
    assert [str(one) for one in loaded.frame.dtypes] == [str(one) for one in record.frame.dtypes]


def test_a_caret_stands_under_its_character():
    error = diagnostic(
        "error", "no such name", 7, 9, '  "六翁", nam();', notes=(diagnostic("note", "here", 3, 1, "int x;"),)
    )
    assert lines(error) == [
        "✗ error, line 7: no such name",
        '   7 |   "六翁", nam();',
        "     |           ^",
        "note, line 3: here",
        "   3 | int x;",
        "     | ^",
    ]
    assert lines(diagnostic(line=0, column=0, quote="", message="link failed")) == ["! warning: link failed"]
    assert lines(diagnostic(text="api.h", quote="", column=0)) == ["! warning, api.h line 12: unused variable"]


def test_diagnostics_are_counted():
    assert diagnostics_record([diagnostic("error"), diagnostic(), diagnostic()]).status == "1 error, 2 warnings"
    assert diagnostics_record([]).tone == "good"


def test_logs_mark_errors():
    start = "[2026-11-29 01:02:03.456][17]"
    lines = (
        f"{start}[info][main] [source/a.cc:1] fine",
        f"{start}[error][wasm] [source/b.cc:2] wasm log one r v: [cell.cc:9]::f() bad",
    )
    record = shown(Logs(lines, pod="details-v1"))
    assert record.status == "2 lines"
    heads, first, second = (line.split() for line in repr(record).splitlines()[1:4])
    assert " ".join(heads).lower() == "time (utc) level plugin cell line message"
    assert first == ["01:02:03.456", "info", "fine"]
    assert second == ["01:02:03.456", "✗", "error", "one", "9", "bad"]
    assert list(record.frame["text"]) == list(lines)


def test_a_backtrace_without_names_is_left_out_of_the_table_where_one_with_names_follows():
    start = "[2026-11-29 01:02:03.456][17][error][wasm] [source/b.cc:2] Function: proxy_on_log failed: unreachable"
    bare = ("Proxy-Wasm plugin in-VM backtrace:", "  0:  0x7a3 - unknown(function index:64)")
    named = ("wasmnb: one", "  at C::onLog() (cell line 8: crash();)")
    table = repr(shown(Logs((start, *bare, *named, start, *bare), pod="a"))).partition("as the proxy wrote it")[0]
    assert table.count("failed: unreachable") == 2
    assert table.count("0x7a3") == 1, "of the crash that nobody has named"
    assert "cell line 8" in table
    assert list(shown(Logs((start, *bare, *named), pod="a")).frame["text"]) == [start, *bare, *named]


def test_what_was_deployed_by_a_cell_says_what_its_verdicts_mean():
    done = replace(FULL["deploy"](), verdicts=(verdict(Verdict.LOADED),))
    made = Module("guard", EMPTY_MODULE, BuildRecord(0.1, cached=False))
    record = shown(FilterResult(Filter("guard", "", "cpp"), made, unchanged=False, deployment=done))
    assert any(note.startswith("LOADED: the proxy has it") for note in record.notes)


def test_evidence_goes_on_in_the_next_line_where_the_page_is_narrow_and_a_program_does_not():
    made = shown(verdicts(verdict(Verdict.REJECTED, evidence=["missing import: env.foo"])))._repr_html_()
    assert 'white-space:pre-wrap">missing import' in made
    assert 'white-space:pre">source' in Record("a", blocks=(Block("", ("source",)),))._repr_html_()


def test_doctor():
    record = shown(FULL["doctor"]())
    assert record.status == "1 of 2 required checks failed"
    assert "✗ broken" in repr(record)
    assert "pip install x" in repr(record)
    assert shown(Checks((check(),))).status == "the 1 required check passed"


def test_what_comes_at_first_use_or_is_not_needed_is_not_broken():
    good = replace(check(), ok=True)
    others = (replace(good, later=True), replace(good, needed=False, later=True), replace(good, ok=False, needed=False))
    checks = Checks((good, *others))
    record = shown(checks)
    assert checks.passed
    assert (record.tone, record.status) == (
        "good",
        "all 2 required checks passed; 2 parts are prepared at first use; 1 optional check failed",
    )
    for words in ("✓ ready", "○ at first use", "· unavailable"):
        assert words in repr(record)
    assert list(record.frame["state"]) == [one.to_dict()["state"] for one in checks]


def test_what_a_filter_costs_is_a_difference():
    at = datetime(2026, 1, 1, tzinfo=timezone.utc)
    before = Measurement("a request", (), (0.001,) * 4, (200,) * 4, at)
    after = Measurement("a request", ("one sha256:1",), (0.003,) * 4, (200, 200, 200, 503), at)
    record = shown(Comparison(after, before))
    assert record.status == "median 3 ms, 25.0 % errors (+2 ms); before 1 ms, 0.0 %"
    assert "25.0 %" in repr(record)
    alone = shown(Comparison(before))
    assert "WHEN" not in repr(alone), "nothing is before or after"
    assert list(alone.frame["when"]) == ["after"]
    assert not any("spread" in note for note in (*record.notes, *alone.notes))


def test_a_difference_that_may_be_the_machines_is_not_said_to_be_the_filters():
    at = datetime(2026, 1, 1, tzinfo=timezone.utc)
    before = Measurement("a request", (), (0.0010, 0.0011, 0.0012, 0.0013, 0.0040), (200,) * 5, at)
    after = replace(before, seconds=(0.0009, 0.0010, 0.0011, 0.0012, 0.0040))
    assert any("it may be the machine's doing" in note for note in shown(Comparison(after, before)).notes)
