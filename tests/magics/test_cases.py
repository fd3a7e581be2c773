"""The magic of cases: what a cell says of a filter is run, kept, saved, and stops a deployment."""

from __future__ import annotations

from xml.etree.ElementTree import fromstring

import pytest

from tests.magics.conftest import FILTER
from wasmnb import session
from wasmnb.cases import TestResults
from wasmnb.errors import BadNameError, BudgetError, CasesFailedError, ConfigError, UsageError
from wasmnb.project import init_project
from wasmnb.views import record_of

pytestmark = [pytest.mark.compiler, pytest.mark.envoy]

GOOD = """
test:
- name: greeting
  request: GET /
  response_headers: {result: {has_header: [{key: hello, value: world}]}}
- name: given properties
  request: GET /
  properties: [{path: a, value: b}]
"""
BAD = GOOD.replace("value: world", "value: nobody")


@pytest.fixture
def filtered(shell):
    shell.run_cell_magic("wasm_filter", "hello", FILTER)
    return shell


def run(shell, line: str, cell: str | None = None):
    return shell.run_line_magic("wasm_test", line) if cell is None else shell.run_cell_magic("wasm_test", line, cell)


def test_cases_are_run_and_kept(filtered) -> None:
    results = run(filtered, "hello", GOOD)
    assert isinstance(results, TestResults)
    assert [one.host for one in results] == ["envoy", "emulator"]
    assert (results.passed, results.summary) == (True, "2 of 2 cases passed")
    shown = str(record_of(results))
    assert "2 of 2 cases passed on envoy, emulator" in shown
    assert "greeting" in shown
    assert "greeting" in str(record_of(results[0]))
    assert run(filtered, "hello --host emulator").passed


def test_a_failing_case_raises_with_its_line_in_the_cell(filtered) -> None:
    with pytest.raises(CasesFailedError, match="1 of 2 cases of hello failed") as caught:
        run(filtered, "hello --host emulator", BAD)
    text = str(caught.value)
    assert "cell line 4: greeting (emulator)" in text
    assert "line 6, response_headers: has_header" in text
    assert "expected: hello: nobody" in text
    assert "actual:   hello: world" in text
    assert "proxy_add_header_map_value(response_headers, 'hello', 'world') = OK" in text
    record = str(record_of(caught.value.results))
    assert "1 of 2 cases passed, 1 failed" in record


def test_a_failing_case_stops_a_deployment(filtered, fake) -> None:
    with pytest.raises(CasesFailedError):
        run(filtered, "hello --host emulator", BAD)
    with pytest.raises(CasesFailedError):
        filtered.run_cell_magic("wasm_filter", "hello --test --deploy app=details", FILTER)
    assert list(session.default().current.plugins()) == []
    run(filtered, "hello --host emulator", GOOD)
    done = filtered.run_cell_magic("wasm_filter", "hello --test", FILTER)
    assert "2 of 2 cases passed" in done.notes


def test_without_cases_it_says_how_to_write_them(filtered) -> None:
    with pytest.raises(BadNameError, match="'hello' has no cases") as caught:
        run(filtered, "hello")
    assert "%%wasm_test hello" in caught.value.hint
    with pytest.raises(ConfigError) as wrong:
        run(filtered, "hello", "test:\n- nam: a\n")
    assert (wrong.value.where.text, wrong.value.where.line) == ("cell", 3)


def test_cases_become_a_file_of_a_folder_that_is_run(filtered, tmp_path, capsys) -> None:
    folder = tmp_path / "my-filter"
    init_project(folder, language="cpp", template="add-header")
    results = run(filtered, f"hello --host emulator --save {folder / 'tests'}", GOOD)
    assert results.passed
    file = folder / "tests" / "hello.wasmtest.yaml"
    assert file.read_text("utf-8") == GOOD.strip("\n") + "\n"
    assert run(filtered, f"{folder} --host emulator").passed
    assert run(filtered, f"{folder} --host emulator -o junit") is None
    # The template has cases of its own beside them.
    assert int(fromstring(capsys.readouterr().out)[0].get("tests")) > 2
    file.write_text(BAD, "utf-8")
    with pytest.raises(CasesFailedError):
        run(filtered, f"{folder} --host emulator -o junit")
    assert fromstring(capsys.readouterr().out)[0].get("failures") == "1"


def test_what_was_seen_becomes_the_next_cell(filtered, fake, monkeypatch) -> None:
    cells: list[str] = []
    monkeypatch.setattr(filtered, "set_next_input", lambda text, replace=False: cells.append(text))
    fake.response = (("x-service", "a"), ("hello", "world"))
    line = "productpage details:9080/details/1 --save-test hello"
    filtered.run_line_magic("wasm_headers", line)
    filtered.run_line_magic("wasm_headers", line)
    first, second = cells
    assert first.startswith("%%wasm_test hello\ntest:\n- name: 'GET /details/1: 200'\n")
    assert second.startswith(first.rstrip("\n"))
    results = run(filtered, "hello --host emulator", second.partition("\n")[2])
    assert [(one.name, one.mark.value) for one in results] == [
        ("GET /details/1: 200", "passed"),
        ("GET /details/1: 200 (2)", "passed"),
    ]
    assert [check.expected for check in results[0].checks] == ["hello: world"]
    for wrong, why in (
        (f"{line} --all-pods", "is made of one answer"),
        (f"{line} --watch --for 1", "a live view shows several"),
    ):
        with pytest.raises(UsageError, match=why):
            filtered.run_line_magic("wasm_headers", wrong)


def test_a_bench_counts_the_same_in_each_run_and_holds_a_budget(filtered) -> None:
    bench = filtered.run_line_magic
    first, second = bench("wasm_bench", "hello"), bench("wasm_bench", "hello --no-envoy")
    assert first == second
    assert [one.what for one in first.timings] == ["no-op", "now"]
    assert all(0 < one.p50 <= one.p99 and one.load > 0 and one.requests == 300 for one in first.timings)
    assert "no-op   loads in" in str(record_of(first))
    assert second.timings == ()
    assert "Hello::onResponseHeaders(unsigned int, bool)" in first.functions
    assert max(first.functions.values()) < sum(first.functions.values()) < first.to_dict()["costs"][-1]["now"]
    assert first.instructions > 100
    assert set(first.frame["case"]) == {"GET", "POST", "module"}
    more = FILTER.replace('"world");', '"world");\n    for (int i = 0; i < 9; i++) addResponseHeader("more", "x");')
    filtered.run_cell_magic("wasm_filter", "more", more)
    compared = bench("wasm_bench", "more --against hello --no-envoy")
    (row,) = [one for one in compared if (one.case, one.what) == ("GET", "proxy_on_response_headers")]
    assert row.now > row.before
    assert f"{row.change:+.1f} %" in str(record_of(compared))
    with pytest.raises(BudgetError, match="more grew by more than 5 % in instructions") as caught:
        bench("wasm_bench", "more --against hello --no-envoy --budget instructions=+5%")
    assert caught.value.costs == compared
    assert (
        bench("wasm_bench", "hello --against hello --no-envoy --budget instructions=0% --budget size=+0%") is not None
    )
    with pytest.raises(UsageError, match="nothing that it grew from"):
        bench("wasm_bench", "hello --budget size=+1%")
    with pytest.raises(UsageError, match="is not a budget") as wrong:
        bench("wasm_bench", "hello --against hello --no-envoy --budget instruction=+1%")
    assert wrong.value.hint == "did you mean 'instructions'?"
