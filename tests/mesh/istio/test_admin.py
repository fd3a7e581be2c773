"""The ways to a proxy's admin interface and to its workers: forwarded ports, and the agent in the pod."""

from __future__ import annotations

import gc
import weakref

import pytest

from wasmnb.errors import MeshError
from wasmnb.mesh.istio.api.api_errors import ForbiddenError
from wasmnb.mesh.istio.api.cluster import Executed
from wasmnb.mesh.istio.api.port_forward_pool import Question
from wasmnb.mesh.istio.api.transport import ClosedPortError
from wasmnb.mesh.istio.proxies.admin import LEVELS, PORT, READINESS, WORKER, Admin

PAGE = "/config_dump"


class Cluster:
    """Allows some ways; the agent in its pods answers what it is told to, or raises it."""

    def __init__(self, *allowed: str) -> None:
        self.allowed, self.asked = allowed, []
        self.answer: Executed | MeshError = Executed(b"said by the agent", "", 0)

    def may(self, right) -> bool:
        return right.resource in self.allowed

    def execute(self, _namespace, _pod, _container, command, *, timeout):
        self.asked.append(command)
        if isinstance(self.answer, MeshError):
            raise self.answer
        return self.answer


class Tunnels:
    """Forwards no port to anybody who listens."""

    def __init__(self) -> None:
        self.asked = 0

    def get(self, *_, **__):
        self.asked += 1
        raise self._closed()

    def ask(self, _cluster, _namespace, _pod, questions, **_):
        self.asked += 1
        return [self._closed() for _ in questions]

    def _closed(self):
        error = MeshError(f"Port {PORT} of pod does not answer.")
        error.__cause__ = ClosedPortError("connection refused")
        return error


def late() -> MeshError:
    error = MeshError("A command in pod did not end within 5 s.")
    error.__cause__ = TimeoutError()
    return error


@pytest.fixture
def tunnels() -> Tunnels:
    return Tunnels()


def test_an_admin_interface_that_is_not_on_its_port_is_asked_through_the_agent(tunnels):
    cluster = Cluster("pods/portforward", "pods/exec")
    admin = Admin(cluster, "home", tunnels)
    assert [admin.get("pod", PAGE), admin.get("pod", PAGE)] == ["said by the agent"] * 2
    assert cluster.asked == [["pilot-agent", "request", "GET", PAGE]] * 2
    assert tunnels.asked == 1


@pytest.mark.parametrize(("allowed", "tried"), [(("pods/portforward", "pods/exec"), 2), (("pods/exec",), 0)])
def test_several_questions_go_through_the_agent_as_one_does(tunnels, allowed, tried):
    cluster = Cluster(*allowed)
    admin = Admin(cluster, "home", tunnels)
    for _ in range(2):
        answers = admin.several("pod", Question(PORT, PAGE), LEVELS)
        assert [answer() for answer in answers] == ["said by the agent"] * 2
    assert [command[2:] for command in cluster.asked] == [["GET", PAGE], ["POST", "/logging"]] * 2
    assert tunnels.asked == tried, "where the port is closed, once for both, and once to see that it is"


@pytest.mark.parametrize("allowed", [("pods/portforward",), ("pods/portforward", "pods/exec")])
def test_a_proxy_that_nobody_reaches_is_said_to_be_silent_as_its_port_is(tunnels, allowed):
    cluster = Cluster(*allowed)
    cluster.answer = Executed(b"", "connection refused", 1)
    with pytest.raises(MeshError, match=f"Port {PORT} of pod does not answer"):
        Admin(cluster, "home", tunnels).get("pod", PAGE)


def test_workers_are_asked_by_the_agent_on_a_port_that_it_takes(tunnels):
    cluster = Cluster("pods/exec")
    Admin(cluster, "home", tunnels).worker("pod", workers=1)
    assert cluster.asked == [["pilot-agent", "request", "GET", "/", "--debug-port", str(READINESS)]]


def test_workers_whose_port_is_another_one_are_asked_by_the_agent(tunnels):
    cluster = Cluster("pods/portforward", "pods/exec")
    admin = Admin(cluster, "home", tunnels)
    admin.worker("pod", workers=1)
    assert cluster.asked == [["pilot-agent", "request", "GET", "/", "--debug-port", str(READINESS)]]
    cluster.answer = late()
    with pytest.raises(TimeoutError):
        admin.worker("pod", workers=1)
    cluster.answer = ForbiddenError("You may not exec.")
    with pytest.raises(ForbiddenError):
        admin.worker("pod", workers=1)


def test_a_worker_that_does_not_come_back_is_seen_through_the_agent_too(tunnels):
    cluster = Cluster("pods/exec")
    cluster.answer = late()
    with pytest.raises(TimeoutError):
        Admin(cluster, "home", tunnels).worker("pod", workers=1)


def test_an_agent_that_does_not_ask_workers_is_not_taken_for_their_answer(tunnels):
    cluster = Cluster("pods/exec")
    cluster.answer = Executed(b"", "debug port 15021 is not in allowed list", 1)
    with pytest.raises(ForbiddenError, match="The agent of pod does not ask its proxy's workers"):
        Admin(cluster, "home", tunnels).worker("pod", workers=1)


def test_the_answer_of_a_worker_is_gone_with_whoever_asked(tunnels):
    cluster, answers = Cluster("pods/portforward"), []

    def ask(*_, **__):
        answers.append(MeshError("pod:15090 answers 404 to /."))
        return [answers[0]]

    tunnels.ask = ask
    admin = Admin(cluster, "home", tunnels)

    def look() -> weakref.ref:
        (worker,) = admin.several("pod", WORKER)
        admin.worker("pod", workers=1, asked=worker)
        return weakref.ref(answers.pop())

    gc.disable()
    try:
        assert look()() is None, "of thousands of pods, each would leave 40 KB to the garbage collector"
    finally:
        gc.enable()
