"""What was seen of a request becomes a case that passes, and holds no secret."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from tests.cases.filters import built
from wasmnb import cases
from wasmnb.cases import Environment, Runner
from wasmnb.cases.recorded import appended, recorded
from wasmnb.errors import UsageError
from wasmnb.traffic import Exchange, Headers, Received, Request, Response

pytestmark = pytest.mark.compiler

SECRET = "s3cret-enough"


@pytest.fixture(scope="module")
def filter_():
    return built(
        "marking",
        'if (getRequestHeader("x-deny")->size()) {\n      sendLocalResponse(403, "", "no", {{"x-why", "not"}});\n'
        "      return FilterHeadersStatus::StopIteration;\n    }\n"
        '    addRequestHeader("x-seen", "yes"); removeRequestHeader("x-gone");',
        'addResponseHeader("hello", "world");',
    )


def seen(status: int, lines, sent=(), received=None, body: bytes = b"") -> Exchange:
    request = Request("POST" if body else "GET", "details:9080", "/details/1", Headers(tuple(sent)), body)
    answer = Response(status, "", Headers(tuple(lines)))
    arrived = None if received is None else Received(Request("GET", "details:9080", "/", Headers(tuple(received))))
    return Exchange(request, answer, "a", "b", "proxy", 0.1, datetime.now(timezone.utc), received=arrived)


@pytest.fixture(scope="module")
def case_of(filter_):
    with Runner("emulator") as runner:

        def made(taken: Exchange) -> str:
            def run(case):
                return runner.case(case, [filter_]).observation.exchanges[0]

            return recorded(taken, Environment(f'{{"key": "{SECRET}"}}'), run, name="one", secrets=[SECRET])

        yield made


def test_what_the_filter_did_is_asked_and_what_the_service_said_is_given(case_of, filter_) -> None:
    text = case_of(
        seen(
            200,
            [("Content-Type", "text/html"), ("hello", "world"), ("Date", "today"), ("set-cookie", "id=1")],
            [("x-gone", "a"), ("Authorization", f"Bearer {SECRET}"), ("x-key", SECRET)],
            [("x-seen", "yes")],
            b"the body",
        )
    )
    suite = cases.read(appended("", text))
    (case,) = suite.cases
    assert case.environment.config == '{"key":"***"}'
    assert SECRET not in text
    assert "id=1" not in text
    assert "date" not in text
    assert "{key: content-type, value: text/html}" in text
    results = cases.run(suite, filter_, host="emulator")
    assert results.passed
    assert [(one.what, one.expected) for one in results[0].checks] == [
        ("has_header", "x-seen: yes"),
        ("no_header", "no x-gone"),
        ("has_header", "hello: world"),
    ]


def test_an_answer_of_the_filter_itself(case_of, filter_) -> None:
    text = case_of(seen(403, [("x-why", "not"), ("content-length", "2"), ("hello", "world")], [("x-deny", "1")]))
    (one,) = cases.run(cases.read(appended("", text)), filter_, host="emulator")
    assert one.why == ""
    assert {check.what for check in one.checks} == {"immediate", "has_header", "body"}


def test_a_line_that_the_filter_writes_otherwise_is_not_the_services(case_of, filter_) -> None:
    # Something is left to ask, as the request is changed.
    text = case_of(seen(200, [("hello", "of another build"), ("x-of", "service")], received=[("x-seen", "yes")]))
    assert "another build" not in text
    assert "{key: x-of, value: service}" in text
    (one,) = cases.run(cases.read(appended("", text)), filter_, host="emulator")
    assert one.why == ""


def test_what_another_build_did_is_no_case(case_of) -> None:
    with pytest.raises(UsageError, match="What the filter writes is not in the answer") as caught:
        case_of(seen(200, [("hello", "of another build")], received=[]))
    assert "it writes hello: world" in caught.value.why


def test_what_is_not_the_filters_is_no_case_of_it(case_of) -> None:
    with pytest.raises(UsageError, match="The answer 200 is not the filter's alone") as caught:
        case_of(seen(200, [], [("x-deny", "1")]))
    assert "it answers 403" in caught.value.why[0]
    with pytest.raises(UsageError, match="too long for a case"):
        case_of(seen(200, [], body=b"x" * 3000))


@pytest.mark.parametrize("text", ["test:\n- name: a\n", "test:\n  - name: a\n    request: GET /\n\n", "# none\n"])
def test_a_case_is_added_to_those_there_are(text: str) -> None:
    names = [case.name for case in cases.read(appended(text, "- name: new\n  request: GET /\n")).cases]
    assert names == ["a", "new"][-len(names) :]
    assert "new" in names


@pytest.mark.parametrize("text", ["test: [{name: a}]", "test:\n- name: a\nenv: {config: b}\n"])
def test_where_there_is_no_place_for_one_more(text: str) -> None:
    with pytest.raises(UsageError, match="cannot be added"):
        appended(text, "- name: new\n")
