"""Steps held against a Prometheus, which is played here: it answers in the forms of its HTTP API."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs

import pytest

from tests.rollout.fakes import FakeMesh
from tests.rollout.test_budgets import OLD, labels, run
from wasmnb.errors import RolloutError, UsageError
from wasmnb.rollout.prometheus import PrometheusCheck, read_check

QUERY = 'rate(errors_total{pod=~"<pods>"}[<window>]) < 0.05'


class Prometheus:
    """Gives one answer to everything, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.status, self.answer = 200, self.vector("0.01")
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                form = parse_qs(self.rfile.read(int(self.headers["content-length"])).decode())
                outer.asked.append(form["query"][0])
                body = outer.answer if isinstance(outer.answer, bytes) else json.dumps(outer.answer).encode()
                self.send_response(outer.status)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    @staticmethod
    def vector(*values: str) -> dict:
        result = [{"metric": {"pod": str(number)}, "value": [1.0, value]} for number, value in enumerate(values)]
        return {"status": "success", "data": {"resultType": "vector", "result": result}}


@pytest.fixture
def prometheus() -> Iterator[Prometheus]:
    played = Prometheus()
    thread = threading.Thread(target=played.server.serve_forever, daemon=True)
    thread.start()
    yield played
    played.server.shutdown()
    played.server.server_close()
    thread.join()


def check(prometheus: Prometheus) -> PrometheusCheck:
    return PrometheusCheck(prometheus.url, (QUERY,), 4.2)


def test_each_step_is_asked_about_with_its_pods_and_its_time(prometheus):
    mesh = FakeMesh(labels("v1", "v2"))
    assert run(mesh, check=check(prometheus)).outcome == "live"
    wanted = [f'rate(errors_total{{pod=~"{pod}"}}[5s]) < 0.05' for pod in mesh.labels]
    assert sorted(prometheus.asked) == sorted(wanted)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (Prometheus.vector(), "nothing fulfils it"),
        (Prometheus.vector("1", "0"), "it is 0"),
        (Prometheus.vector("NaN"), "it is NaN"),
        ({"status": "success", "data": {"resultType": "scalar", "result": [1.0, "0"]}}, "it is 0"),
        ({"status": "success", "data": {"resultType": "matrix", "result": []}}, "it gives a matrix, not numbers"),
        ({"status": "success", "data": {"resultType": "vector", "result": [{"histogram": []}]}}, "gives a histogram"),
        (b"<html>", "is not a Prometheus"),
    ],
)
def test_a_step_goes_back_whose_query_is_not_fulfilled(prometheus, answer, words):
    prometheus.answer = answer
    mesh = FakeMesh(labels("v1", "v2"))
    with pytest.raises(RolloutError, match=words):
        run(mesh, check=check(prometheus))
    assert mesh.newest == OLD


def test_what_is_no_prometheus_is_told_to_give_its_url(prometheus):
    right, prometheus.answer = prometheus.answer, b"<html>"
    with pytest.raises(UsageError, match="is not a Prometheus") as caught:
        check(prometheus).ready()
    assert caught.value.hint == "give its URL"
    prometheus.answer = right
    check(prometheus).ready()


def test_a_query_that_cannot_be_read_is_told_before_anything_is_put_on(prometheus):
    prometheus.status = 400
    prometheus.answer = {"status": "error", "errorType": "bad_data", "error": "unexpected end of input"}
    with pytest.raises(UsageError, match="does not take a query") as caught:
        check(prometheus).ready()
    assert "unexpected end of input" in str(caught.value)


def test_nobody_who_answers_is_told_before_anything_is_put_on(prometheus):
    prometheus.server.server_close()
    with pytest.raises(UsageError, match=r"The Prometheus http://127\.0\.0\.1:\d+ does not answer"):
        check(prometheus).ready()


@pytest.mark.parametrize(
    ("server", "queries", "match"),
    [
        (None, QUERY, "A query needs a Prometheus"),
        ("http://localhost:9090", (), "A Prometheus needs a query"),
        ("localhost:9090", QUERY, "is not the URL of a Prometheus"),
        ("http://me:secret@localhost:9090", QUERY, "has no credentials"),
        ("me:secret@localhost:9090", QUERY, "has no credentials"),
        ("http://[localhost", QUERY, "is not the URL of a Prometheus"),
    ],
)
def test_what_cannot_be_asked_is_refused(server, queries, match):
    with pytest.raises(UsageError, match=match) as caught:
        read_check(server, queries, 5.0)
    assert "secret" not in str(caught.value)
