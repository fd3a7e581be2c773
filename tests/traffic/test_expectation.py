"""What a runbook expects of a response."""

from __future__ import annotations

import pytest

from tests.magics.conftest import FILTER
from tests.magics.meshes import FakeMesh
from wasmnb.errors import UnexpectedError, UsageError
from wasmnb.session import Session
from wasmnb.traffic.expectation import Expectation


@pytest.fixture
def session():
    session = Session()
    session.use(FakeMesh(response=(("X-Greeting", "hello"), ("x-token", "one-two-three"))))
    return session


@pytest.mark.parametrize(
    ("status", "headers"),
    [(200, ()), ("2xx", ()), ("200", ["x-greeting=hello"]), (None, "x-greeting"), ("2XX", ["x-greeting", "x-token"])],
)
def test_a_response_that_is_as_expected_is_a_capture(session, status, headers):
    taken = session.headers("productpage", "details:9080/", expect=status, expect_header=headers)
    assert taken.after.response.status == 200


@pytest.mark.parametrize(
    ("status", "headers", "said"),
    [
        (404, (), "status 200, not 404"),
        ("5xx", (), "status 200, not 5xx"),
        (None, "x-greeting=bye", "x-greeting is 'hello', not 'bye'"),
        (200, ["x-none"], "no header x-none"),
        (201, ["x-none", "x-greeting=bye"], "status 200, not 201; no header x-none; x-greeting is 'hello'"),
    ],
)
def test_a_response_that_is_otherwise_fails_the_runbook(session, status, headers, said):
    with pytest.raises(UnexpectedError) as caught:
        session.headers("productpage", "details:9080/", expect=status, expect_header=headers)
    assert said in caught.value.what
    assert "X-Greeting: hello" in caught.value.why
    assert caught.value.exchange.response.status == 200


def test_it_fails_and_quotes_no_secret(session):
    with pytest.raises(UnexpectedError) as caught:
        session.headers("productpage", "details:9080/", expect=500)
    assert "one-two-three" not in str(caught.value)
    assert "x-token: ***" in caught.value.why


@pytest.mark.parametrize(("status", "headers"), [("20", ()), ("ok", ()), (None, ["=x"]), (None, ["x-greeting: hello"])])
def test_what_cannot_be_expected_is_said_before_anything_is_sent(status, headers):
    with pytest.raises(UsageError):
        Expectation.of(status, headers)


@pytest.mark.compiler
def test_a_filter_that_is_live_is_expected_to_show(session):
    session.filter("hello", FILTER)
    session.deploy("hello", selector="app=details")
    session.headers("productpage", "details:9080/", expect_header="x-hello")
