from __future__ import annotations

import json
from datetime import timedelta

import pandas as pd
import pytest

from tests.views.things import DIGEST, NOW, OTHER, check, diagnostic, exchange, plugin, pod, verdict
from wasmnb.mesh import Verdict
from wasmnb.module import BuildRecord, Module
from wasmnb.views import (
    build_record,
    config_record,
    deploy_record,
    diagnostic_lines,
    diagnostics_record,
    doctor_record,
    headers_record,
    logs_record,
    plugins_record,
    pods_record,
    undeploy_record,
    verdicts_record,
)

EMPTY_MODULE = b"\0asm\1\0\0\0"
FULL = {
    "pods": lambda: pods_record([pod(), pod("ratings-v1", "1/2", "NotReady", "refused")], [verdict()]),
    "verdicts": lambda: verdicts_record([verdict(), verdict(Verdict.OLD, "b", running=OTHER)]),
    "deploy": lambda: deploy_record(plugin(), [verdict()], [("compile", 0.05)]),
    "undeploy": lambda: undeploy_record(plugin(), ["details-v1"]),
    "plugins": lambda: plugins_record([plugin()]),
    "logs": lambda: logs_record(["a", "b"], "details-v1"),
    "headers": lambda: headers_record(exchange(("a", "1")), exchange(("b", "1"))),
    "doctor": lambda: doctor_record([check(), check(ok=False)]),
    "config": lambda: config_record({"mesh": "local", "registry": None, "timeout": 5.0}),
    "diagnostics": lambda: diagnostics_record([diagnostic()]),
}
EMPTY = {
    "pods": lambda: pods_record([]),
    "verdicts": lambda: verdicts_record([]),
    "deploy": lambda: deploy_record(plugin(), []),
    "plugins": lambda: plugins_record([]),
    "logs": lambda: logs_record([], "details-v1"),
    "headers": lambda: headers_record(None, exchange()),
    "doctor": lambda: doctor_record([]),
    "config": lambda: config_record({}),
    "diagnostics": lambda: diagnostics_record([]),
}


@pytest.mark.parametrize("name", EMPTY)
def test_a_frame_has_the_same_columns_and_dtypes_when_empty(name):
    full, empty = FULL[name]().frame, EMPTY[name]().frame
    assert list(full.columns) == list(empty.columns)
    assert [str(dtype) for dtype in full.dtypes] == [str(dtype) for dtype in empty.dtypes]
    assert "object" not in {str(dtype) for dtype in full.dtypes}


@pytest.mark.parametrize("name", FULL)
def test_json_is_plain(name):
    told = json.loads(json.dumps(FULL[name]().to_dict()))
    assert {"title", "status", "rows", "blocks", "notes"} == set(told)


def test_pods():
    record = FULL["pods"]()
    assert record.status == "1 of 2 ready"
    frame = record.frame
    assert list(frame["plugins"]) == ["header-filter=LIVE", ""]
    assert frame["started"][0] == pd.Timestamp(NOW - timedelta(seconds=40))
    assert str(frame["started"].dtype) == "datetime64[us, UTC]"
    assert list(frame["labels"]) == ["app=details,version=v1", "app=ratings,version=v1"]
    assert pods_record([pod()], now=NOW).grid()[1][0][4].text == "40s"


def test_a_verdict_is_sign_and_word_and_its_evidence_is_quoted():
    record = verdicts_record(
        [
            verdict(),
            verdict(Verdict.REJECTED, "b", "Envoy refused it", ["missing import: env.foo"]),
            verdict(Verdict.NOT_SELECTED, "c", running=""),
        ]
    )
    text = repr(record)
    assert record.status == "1 of 2 live"
    assert "✓ LIVE" in text
    assert "✗ REJECTED" in text
    assert "missing import: env.foo" in text
    assert set(record.frame["verdict"].cat.categories) == {one.value for one in Verdict}
    assert list(record.frame["wanted"]) == [DIGEST] * 3


@pytest.mark.parametrize("one", Verdict)
def test_every_verdict_can_be_shown(one):
    assert one.value in repr(verdicts_record([verdict(one)]))


def test_deploy_says_where_and_how_long():
    stages = [("compile", 0.052), ("link", 0.021), ("canary", 0.009), ("swap", 0.0144)]
    record = deploy_record(plugin(), [verdict(), verdict(Verdict.NOT_SELECTED, "b", running="")], stages)
    assert record.status == "live on the 1 pod selected after 96 ms: compile 52, link 21, canary 9, swap 14"
    assert record.tone == "good"
    assert len(record.frame) == 1
    slow = deploy_record(plugin(), [verdict(Verdict.HUNG)], [("compile", 70.2), ("swap", 0.01)])
    assert slow.status == "live on 0 of 1 pod selected after 70 s: compile 70 s, swap 10 ms"
    assert slow.tone == "bad"
    assert "nothing changed" in deploy_record(plugin(), [verdict()], unchanged=True).status
    assert deploy_record(plugin(), []).tone == "bad"


def test_secrets_are_masked_everywhere():
    for record in (plugins_record([plugin()]), undeploy_record(plugin())):
        for text in (repr(record), record._repr_html_(), json.dumps(record.to_dict()), record.frame.to_csv()):
            assert "s3cr3t-value" not in text
            assert "hello" in text
    before, after = (
        exchange(("set-cookie", "s=s3cr3t-1")),
        exchange(("set-cookie", "s=s3cr3t-2"), ("x-api-key", "s3cr3t-3")),
    )
    record = headers_record(before, after)
    assert "s3cr3t" not in repr(record) + record._repr_html_() + json.dumps(record.to_dict())
    assert list(record.frame["change"]) == ["same", "changed", "added"]
    body = headers_record(None, exchange(body=b'{"token": "s3cr3t-4", "id": 1}'))
    assert "s3cr3t" not in repr(body)
    changed = headers_record(exchange(body=b'{"token": "s3cr3t-7"}'), exchange(body=b'{"token": "s3cr3t-89"}'))
    assert "s3cr3t" not in repr(changed)
    assert list(changed.frame["before"])[-1] == "21 bytes"
    config = config_record({"password": "s3cr3t-5", "registry": "http://user:s3cr3t-6@localhost:5000"})
    assert "s3cr3t" not in repr(config)


def test_headers_before_and_after():
    before = exchange(("server", "istio-envoy"), ("date", "1"))
    after = exchange(("server", "istio-envoy"), ("date", "2"), ("你好", "六翁"), pod="details-v2", notes=["a note"])
    record = headers_record(before, after)
    assert record.status == "200 OK from details-v2 in 3.1 ms; 1 added since 03:04:05 UTC"
    lines = repr(record).splitlines()
    assert [line.split() for line in lines[1:6]] == [
        ["NAME", "BEFORE", "AFTER", "CHANGE"],
        [":status", "200", "OK", "200", "OK", "=", "same"],
        ["server", "istio-envoy", "istio-envoy", "=", "same"],
        ["date", "1", "2", "≈", "varies"],
        ["你好", "六翁", "+", "added"],
    ]
    assert "note: a note" in lines
    assert any("details-v1" in note for note in record.notes)
    assert record.title == "productpage → details:9080/details/123"
    alone = headers_record(None, after)
    assert "BEFORE" not in repr(alone)
    assert "since" not in alone.status


@pytest.mark.parametrize(("status", "tone"), [(200, "good"), (302, "good"), (404, "warn"), (503, "bad")])
def test_the_status_has_a_sign(status, tone):
    assert headers_record(None, exchange(status=status)).tone == tone


def test_a_body_that_is_no_text_or_long():
    assert "no UTF-8 text" in repr(headers_record(None, exchange(body=b"\xff\xfe")))
    assert len(repr(headers_record(None, exchange(body=b"x" * 100_000)))) < 3000
    assert "body" not in repr(headers_record(None, exchange(body=b"")))


def test_build():
    build = BuildRecord(0.0921, cached=False, warnings=(diagnostic(),), stages=(("compile", 0.052), ("link", 0.021)))
    record = build_record(Module("header-filter", EMPTY_MODULE, build))
    assert record.status == "built in 92 ms: compile 52 ms, link 21 ms"
    assert "warning, line 12: unused variable" in repr(record)
    row = record.frame.iloc[0]
    assert (row["size"], row["cached"], row["warnings"]) == (8, False, 1)
    assert row["module"].startswith("sha256:")
    assert row["module"] != row["image"]
    cached = build_record(Module("header-filter", EMPTY_MODULE, BuildRecord(0.002, cached=True)))
    assert cached.status == "unchanged: taken from the cache in 2 ms"
    loaded = build_record(Module("header-filter", EMPTY_MODULE))
    assert loaded.status == "8 bytes, not built here"
    assert [str(one) for one in loaded.frame.dtypes] == [str(one) for one in record.frame.dtypes]


def test_a_caret_stands_under_its_character():
    error = diagnostic(
        "error", "no such name", 7, 9, '  "六翁", nam();', notes=(diagnostic("note", "here", 3, 1, "int x;"),)
    )
    assert diagnostic_lines([error]) == [
        "✗ error, line 7: no such name",
        '   7 |   "六翁", nam();',
        "     |           ^",
        "note, line 3: here",
        "   3 | int x;",
        "     | ^",
    ]
    assert diagnostic_lines([diagnostic(line=0, column=0, quote="", message="link failed")]) == [
        "! warning: link failed"
    ]
    assert diagnostic_lines([diagnostic(text="api.h", quote="", column=0)]) == [
        "! warning, api.h line 12: unused variable"
    ]


def test_diagnostics_are_counted():
    assert diagnostics_record([diagnostic("error"), diagnostic(), diagnostic()]).status == "1 error, 2 warnings"
    assert diagnostics_record([]).tone == "good"


def test_logs_mark_errors():
    record = logs_record(["[info] fine", "[error][wasm] trap"], "details-v1")
    assert record.status == "2 lines"
    assert repr(record).splitlines()[1:] == ["      [info] fine", "    ✗ [error][wasm] trap"]
    assert list(record.frame["text"]) == ["[info] fine", "[error][wasm] trap"]


def test_doctor():
    record = FULL["doctor"]()
    assert record.status == "1 of 2 checks failed"
    assert "✗ failed" in repr(record)
    assert "pip install x" in repr(record)
    assert doctor_record([check()]).status == "all 1 checks passed"
