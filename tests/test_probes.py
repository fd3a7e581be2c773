"""Requests of the user's on which a filter is seen to act: read, refused before anything is touched, and sent."""

from __future__ import annotations

import pytest

from tests.mesh.conftest import service
from tests.mesh.tiny import build, header
from tests.needs import needs
from wasmnb.commands import ask as asking
from wasmnb.errors import UsageError
from wasmnb.mesh import Proof, Verdict
from wasmnb.session import Session
from wasmnb.session.probes import read_probe


@pytest.fixture(scope="module")
@needs("envoy")
def session():
    with service() as address, Session() as session:
        session.mesh("local", workloads=[f"shop={address}"])
        yield session


def picky(name):
    """A filter that changes what a path with a ``!`` gets, and nothing else."""
    return build(name, request="evil = path_has('!')", response=f"if (evil) {header('x-tag', name)}")


@pytest.mark.parametrize(
    ("words", "method", "path", "headers", "body"),
    [
        ("details:9080/details/1", "GET", "/details/1", (), b""),
        ("http://details:9080/", "GET", "/", (), b""),
        ("head details:9080/x", "HEAD", "/x", (), b""),
        ("GET details:9080/x -H 'x-user: me, too'", "GET", "/x", (("x-user", "me, too"),), b""),
        ("shop:80/orders -d '{\"n\": 1}'", "POST", "/orders", (), b'{"n": 1}'),
        ("PUT shop:80/orders -d ''", "PUT", "/orders", (), b""),
    ],
)
def test_a_request_in_a_word_is_read(words, method, path, headers, body):
    probe = read_probe(words).probe
    assert (probe.method, probe.path, probe.headers, probe.body) == (method, path, headers, body)
    assert probe.changes == (method in ("POST", "PUT"))


@pytest.mark.parametrize(
    "words",
    [
        "",
        "FETCH details:9080/",
        "details:9080/ -x",
        "details:9080/ -H",
        "a:1/ b:2/",
        "details:9080/ -H 'x'",
        "'",
    ],
)
def test_what_is_no_request_is_said(words):
    with pytest.raises(UsageError):
        read_probe(words)


@pytest.mark.parametrize(
    "words",
    [
        "details:9080/?token=hunter2-secret -x",
        "http://me:hunter2-secret@details:9080/ more",
        "details:9080/ -x -H 'authorization: Bearer hunter2-secret'",
        "details:9080/ -x -H 'cookie: hunter2-secret'",
    ],
)
def test_what_is_no_request_is_said_without_its_secrets(words):
    with pytest.raises(UsageError) as caught:
        read_probe(words)
    assert "hunter2" not in str(caught.value)


def test_a_request_is_named_without_its_secrets():
    probe = read_probe("POST details:9080/x?token=hunter2-secret")
    assert "hunter2" not in f"{probe} {probe.place}"
    assert probe.probe.path == "/x?token=hunter2-secret"


@pytest.mark.parametrize(
    ("probe", "more", "said"),
    [
        ("example.com/x", {}, "does not stay in the mesh"),
        ("reviews:9080/reviews/1", {}, "comes to no pod that the plugin is put on"),
        ("POST details:9080/x", {}, "may change something there; it was not sent"),
        ("details:9080/x", {"prove": "config"}, "Requests are not allowed"),
    ],
)
@pytest.mark.parametrize("way", [{}, {"dry_run": True}, {"steps": "version=v1"}])
def test_what_cannot_be_sent_is_said_before_anything_is_touched(session, probe, more, said, way):
    with pytest.raises(UsageError, match=said):
        session.deploy(picky("untouched"), id="untouched", selector="app=details", probe=probe, **more, **way)
    assert list(session.current.plugins()) == []


def test_a_filter_that_shows_on_the_users_request_alone_is_seen_by_it(session):
    done = session.deploy(picky("shown"), id="shown", selector="app=details", probe="details:9080/details/1?a!")
    (found,) = done.verdicts
    assert (found.verdict, found.proof) == (Verdict.LIVE, Proof.EFFECT)
    assert "GET /details/1?a!: response header x-tag: shown" in found.evidence[-1]
    session.undeploy("shown")
    done = session.deploy(
        picky("steps"),
        id="steps",
        selector="app=details",
        steps="version=v1",
        watch_for=0.1,
        accept_no_traffic=True,
        probe="HEAD details:9080/details/1?a!",
    )
    assert [one.proof for one in done.verdicts] == [Proof.EFFECT]
    session.undeploy("steps")


def test_a_request_that_changes_something_is_sent_once_before_and_once_after(session):
    seen = "evil = path_has('!')"
    module = build("counted", request=seen, response=f"if (evil) {header('x-tag', 'counted')}")
    before = {one.pod: one.requests for one in session.current.counts()}
    proving = session.current._deployments.proving
    sent, send = [], proving._send_once

    def noted(wanted):
        sent.extend(str(probe) for _, probe in wanted if probe.changes)
        return send(wanted)

    proving._send_once = noted
    try:
        done = session.deploy(
            module, id="counted", selector="app=details", probe="POST details:9080/x! -d 1", probe_changes=True
        )
        (found,) = done.verdicts
        assert (found.verdict, found.proof) == (Verdict.LIVE, Proof.EFFECT)
        proving._seen.clear()
        assert session.status("counted")[0].verdict is Verdict.LIVE, "by Envoy's trace, in place of the request"
        session.deploy(picky("later"), id="later", selector="app=details")
        session.undeploy("later")
        session.undeploy("counted")
    finally:
        del proving._send_once
    assert sent == ["POST /x!"] * 2
    assert {one.pod: one.requests for one in session.current.counts()} == before


def test_a_method_that_changes_something_is_asked_for_once_more(session, monkeypatch):
    questions = []

    def ask(question):
        questions.append(question)
        return len(questions) == 1

    monkeypatch.setattr(asking, "ask", ask)
    command = asking.asking(lambda _, **keywords: keywords)
    assert command(session, probe=["POST shop:80/orders"])["probe_changes"] is True
    assert command(session, probe=["POST shop:80/orders"])["probe_changes"] is False
    assert "POST shop:80/orders may change something" in questions[0]
    assert "probe_changes" not in command(session, probe=["shop:80/orders"])
    assert len(questions) == 2
