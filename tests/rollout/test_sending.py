"""Requests of ours while steps are watched: sent until then, and the first that failed is shown."""

from __future__ import annotations

import re
import threading

import pytest

from tests.rollout.fakes import FakeMesh
from tests.rollout.test_faults import OLD, at, labels, run
from tests.views.things import exchange
from wasmnb.errors import RolloutError, TrafficError, UsageError
from wasmnb.rollout.sending import Sending, Sent
from wasmnb.views import record_of

pytestmark = pytest.mark.compiler
SENT = Sent("productpage", "shop:9080/1")


class Answering(FakeMesh):
    """Its first pod answers 503 once it has the new version; counts are not read before a request was sent."""

    def __init__(self, labels):
        super().__init__(labels)
        self.armed, self.sent = threading.Event(), threading.Event()
        self.answers = []

    def send(self, source, url, *, via):
        assert (source, url, via) == (SENT.source, SENT.url, "proxy")
        self.answers.append(1)
        if len(self.answers) == 1:
            raise TrafficError("connection refused")
        status = 503 if self.armed.is_set() else 200
        if self.armed.is_set():
            self.sent.set()
        lines = (("set-cookie", "id=hunter2"), ("x-why", "password=hunter2"))
        return exchange(*lines, status=status, body=b"no healthy upstream", pod="shop-v1")

    def counts(self):
        if self.armed.is_set():
            assert self.sent.wait(30)
        return super().counts()


def test_the_first_request_that_failed_is_in_the_record_and_in_the_error():
    mesh = Answering(labels("v1", "v2"))
    mesh.apply(OLD)

    def begun():
        mesh.errors["shop-v1"] = 5
        mesh.armed.set()

    with pytest.raises(RolloutError, match="error rate rose") as caught:
        run(mesh, traffic=SENT, on_step=at(0, "watching", begun))
    rollout = caught.value.rollout.changed(lambda text: text.replace("password=hunter2", "***"))
    assert rollout.steps[0].failing[:2] == ("GET details:9080/details/123 from productpage", "503 OK from shop-v1")
    assert rollout.steps[0].failing[-1] == "no healthy upstream"
    step = rollout.steps[0]
    assert [sum(column) for column in zip(*step.course, strict=True)] == [step.seen.requests, step.seen.errors]
    assert rollout.to_dict()["steps"][0]["course"] == [list(look) for look in step.course]
    shown = repr(record_of(rollout))
    assert re.search("requests failed with a 5xx [·▁-█]+; before, [0-9]+ of [0-9]+ requests [·▁]", shown)
    assert "the first request that failed, version=v1" in shown
    assert "hunter2" not in shown
    assert any("503 OK from shop-v1" in line for line in caught.value.why)
    assert rollout.to_dict()["steps"][0]["failing"] == list(rollout.steps[0].failing)
    assert not [one for one in threading.enumerate() if one.name == "wasmnb-rollout-traffic"]


def test_what_other_pods_answer_is_not_this_steps():
    mesh = Answering(labels("v1", "v2"))
    mesh.armed.set()
    with Sending(mesh, SENT, ["shop-v2"]) as sending:
        assert mesh.sent.wait(30)
    assert sending.failed is None
    with Sending(mesh, None) as sending:
        pass
    assert sending.failed is None


@pytest.mark.parametrize("words", ["productpage", "", "a b c"])
def test_who_sends_and_where_to(words):
    with pytest.raises(UsageError, match="does not say who sends"):
        Sent.parse(words)
    assert Sent.parse("productpage shop:9080/1") == SENT
