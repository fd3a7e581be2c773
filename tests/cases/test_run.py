"""What both hosts tell of filters that do not what a case asks for."""

from __future__ import annotations

from xml.etree.ElementTree import fromstring

import pytest

from tests.cases.filters import faulty
from wasmnb import cases
from wasmnb.cases import (
    Case,
    CasesFailedError,
    Expectation,
    Invocation,
    Mark,
    Phase,
    Stream,
    Suite,
    TestResults,
)
from wasmnb.cases.hosts import exchanges
from wasmnb.cases.report import told
from wasmnb.emulator import machine
from wasmnb.errors import UsageError
from wasmnb.wording import Front, words_for

pytestmark = [pytest.mark.compiler, pytest.mark.envoy]


@pytest.fixture(scope="module", params=["envoy", "emulator"])
def runner(request):
    with cases.Runner(request.param) as running:
        yield running


TWO = "test: [{name: a, request: GET /}, {name: b, request: GET /, properties: [{path: a.b, value: c}]}]"


def run(runner, text, module=None):
    return runner.run(cases.read(text), module or faulty())


def test_expected_stands_beside_actual_at_the_line_of_the_case(runner) -> None:
    results = run(
        runner,
        """
test:
- name: wrong
  request: GET /x
  request_headers:
    result:
      has_header: [{key: X-A, value: '1, 2'}, {key: x-b, value: 1}]
      no_header:
      - key: x-a
      headers: [{exact: ':path: /x'}, {regex: 'x-a: .', invert: true}]
      log: [{regex: asked for /y}]
- name: right
  request: GET /x
""",
    )
    wrong, right = results
    assert (wrong.mark, right.mark, wrong.line, results.passed) == (Mark.FAILED, Mark.PASSED, 3, False)
    assert [(check.what, check.passed, check.line) for check in wrong.checks] == [
        ("has_header", True, 7),
        ("has_header", False, 7),
        ("no_header", False, 9),
        ("headers", True, 10),
        ("headers", True, 10),
        ("log", False, 11),
    ]
    missing, there, log = wrong.failed
    assert (missing.expected, missing.actual, there.actual) == ("x-b: 1", "", "x-a: 1, 2")
    assert log.actual == "asked for /x"
    assert results.frame["result"].tolist() == ["failed", "passed"]
    assert results.frame["host"].tolist() == [runner.host.value] * 2
    assert results.to_dict()["failed"] == 1
    xml = fromstring(cases.junit(results))
    assert (xml[0].get("failures"), xml[0][0].get("line")) == ("1", "3")
    assert "expected: x-b: 1" in xml[0][0].find("failure").text


def test_what_failed_can_be_pasted_into_a_cell(runner, tmp_path) -> None:
    (tmp_path / "body").write_text("a", "utf-8")
    text = """
env: {log_level: DEBUG, wasm_path: none.wasm, config: c}
test:
- name: several
  requests:
  - {request: GET /x, request_headers: {result: {has_header: [{key: x-a, value: '1, 2'}]}}}
  - request: POST /x
    request_body: [{input: {file: body}}]
    request_headers: {result: {has_header: [{key: x-a, value: 1}]}}
    response_headers: {result: {no_header: [{key: x}]}}
  - {request: GET /y}
  outcome: {log: [{regex: .*}]}
"""
    (one,) = runner.run(cases.read(text, folder=tmp_path), faulty())
    head, _, cell = one.again.partition("\n")
    assert head == "%%wasm_test faulty"
    assert one.again in "\n".join(CasesFailedError.of(TestResults((one,), name="faulty")).why) + "\n"
    with words_for(Front.SHELL):
        assert f"  a file with this case alone:\n{cell}" in "\n".join([*told(one), ""])
    (again,) = cases.read(cell).cases
    assert (again.name, again.environment.config, again.log_level, len(again.streams)) == ("several", "c", "debug", 2)
    assert again.outcome is None
    second = again.streams[1]
    assert Phase.RESPONSE_HEADERS not in second.phases or second.phases[Phase.RESPONSE_HEADERS][0].result is None
    assert second.phases[Phase.REQUEST_BODY][0].body == b"a"
    assert [check.expected for check in runner.run(cases.read(cell), faulty())[0].failed] == ["x-a: 1"]


def test_a_trap_fails_the_case_and_names_the_cells_line(runner) -> None:
    trapped, after = run(runner, "test: [{name: trap, request: GET /trap}, {name: after, request: GET /}]")
    (check,) = [check for check in trapped.failed if check.what == "trap"]
    assert check.actual.startswith("proxy_on_request_headers failed: ")
    assert "cell line 18" in check.actual
    assert after.mark is Mark.PASSED


def test_a_filter_that_does_not_start_fails_the_case(runner) -> None:
    refused, good = run(
        runner, "test: [{name: a, config: bad, request: GET /}, {name: b, config: {c: 1}, request: GET /}]"
    )
    (check,) = refused.failed
    assert (check.where, check.what) == ("plugin_init", "start")
    assert "given bad" in check.actual
    assert good.mark is Mark.PASSED


def test_a_filter_that_hangs_fails_the_case(runner, monkeypatch) -> None:
    monkeypatch.setattr(exchanges, "PATIENCE", 1.0)
    monkeypatch.setattr(machine, "_FUEL", 10_000_000)
    hung, after = run(runner, "test: [{name: loop, request: GET /loop}, {name: after, request: GET /}]")
    assert "not return" in hung.failed[0].actual
    assert after.mark is Mark.PASSED


def test_the_log_is_told_by_phase_and_level(runner) -> None:
    results = run(
        runner,
        """
env: {log_level: DEBUG}
test:
- name: log
  config: c
  request: GET /x
  plugin_init: {log: [{exact: given c}]}
  request_headers:
    result: {log: [{exact: asked for /x}, {exact: "a detail\\nof two lines"}, {exact: given c, invert: true}]}
  response_headers: {result: {log: [{regex: .*, invert: true}]}}
""",
    )
    assert [check.actual for check in results[0].failed] == []


def test_an_answer_that_the_filter_gives_itself(runner) -> None:
    denied, unexpected, late, none = run(
        runner,
        """
test:
- name: denied
  request: GET /deny
  request_headers: {result: {immediate: {http_status: 403}, body: [{exact: 'no'}]}}
- name: unexpected
  request: GET /deny
  request_headers: {result: {no_header: [{key: x}]}}
- name: late
  request: GET /
  response_headers:
    input: {header: [{key: x-bad, value: 1}]}
    result: {immediate: {http_status: 502}, has_header: [{key: x-own, value: 1}], body: [{exact: bad}]}
- name: none
  request: GET /
  request_headers: {result: {immediate: {}}}
""",
    )
    assert [one.why for one in (denied, late)] == ["", ""]
    assert unexpected.failed[0].what == "immediate"
    assert none.failed[0].actual == "none"


def test_what_an_envoy_cannot_give_is_not_run_on_one() -> None:
    with cases.Runner("envoy") as only_envoy:
        (one,) = run(only_envoy, "test: [{name: a, request: GET /, properties: [{path: a.b, value: c}]}]")
    assert one.mark is Mark.SKIPPED
    assert one.skipped == "an Envoy cannot give properties that are given"
    with cases.Runner() as either:
        assert [one.host for one in run(either, TWO)] == ["envoy", "emulator"]


def test_requests_that_no_envoy_takes_are_for_the_emulator() -> None:
    text = """
test:
- name: untrue
  request: GET /
  response_headers:
    input: {header: [{key: content-length, value: 3}]}
    result: {has_header: [{key: content-length, value: 3}]}
- name: right
  request: POST /
  request_headers: {input: {header: [{key: content-length, value: 1}]}}
  request_body: [{input: {content: a}}]
- name: fragment
  request_headers:
    input: {header: [{key: ':path', value: '/a#b'}]}
    result: {has_header: [{key: ':path', value: '/a#b'}]}
- name: head
  request: HEAD /
  response_headers: {input: {header: [{key: content-length, value: 3}]}}
"""
    with cases.Runner() as either:
        assert [(one.host, one.why) for one in run(either, text)] == [
            ("emulator", ""),
            ("envoy", ""),
            ("emulator", ""),
            ("envoy", ""),
        ]


def test_a_filter_that_must_refuse_to_start(runner) -> None:
    refused, unsaid, started = run(
        runner,
        """
test:
- {name: refused, config: bad, refused: true, plugin_init: {log: [{regex: .*given bad}]}}
- {name: unsaid, config: bad, refused: true, plugin_init: {log: [{regex: .*given good}]}}
- {name: started, config: good, refused: true}
""",
    )
    assert refused.why == ""
    assert [check.what for check in unsaid.failed] == ["log"]
    assert [(check.what, check.actual) for check in started.failed] == [("refused", "")]


def test_several_filters_in_an_order(runner) -> None:
    results = run(
        runner,
        """
test:
- name: two
  request: GET /
  filters: [{config: one}, {module: faulty, config: two}]
  request_headers: {result: {has_header: [{key: x-a, value: '1, 2, 1, 2'}]}}
""",
    )
    assert results[0].why == ""


def test_a_host_that_there_is_not() -> None:
    with pytest.raises(UsageError, match="no host 'envoi'") as caught:
        cases.Runner("envoi")
    assert caught.value.hint == "did you mean 'envoy'?"


def test_what_a_case_cannot_say_is_said_in_python(runner) -> None:
    def case(path, *asked):
        given = ((":method", "GET"), (":path", path), (":authority", "a"), (":scheme", "http"))
        sent = Invocation(given, result=Expectation(has_header=asked))
        return Case(f"asks for {path}", (Stream({Phase.REQUEST_HEADERS: (sent,)}),))

    paths = [f"/{number}" for number in range(3)]
    suite = Suite("python", (*(case(path, (":path", path, 0)) for path in paths), case("/", ("x-none", "1", 0))))
    results = runner.run(suite, faulty())
    assert [one.mark for one in results] == [Mark.PASSED] * 3 + [Mark.FAILED]
    # That a line came twice, and in which order, is a question for Python.
    for path, one in zip(paths, results, strict=False):
        out = one.observation.exchanges[0].request[Phase.REQUEST_HEADERS].headers
        assert [value for name, value in out if name == "x-a"] in (["1", "2"], ["1, 2"])
        assert f"asked for {path}" in [line.text for line in one.observation.log]
    # It has no text that could be pasted, and is told without a line.
    assert results[3].again == ""
    assert told(results[3])[:2] == [f"asks for / ({runner.host.value})", "  request_headers: has_header"]
