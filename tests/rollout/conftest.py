"""A local mesh for rollouts, and a load on its pods that ends with the test."""

from __future__ import annotations

import threading

import pytest

from tests.needs import needs
from wasmnb.errors import TrafficError
from wasmnb.session import Session

URL = "reviews:9080/reviews/7"


@pytest.fixture(autouse=True)
def own_places(tmp_path, monkeypatch):
    monkeypatch.setenv("WASMNB_STORE", str(tmp_path / "store"))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))


@pytest.fixture(scope="module")
@needs("envoy")
def real():
    with Session() as session:
        session.mesh("local")
        yield session


@pytest.fixture
def session(real):
    yield real
    for plugin in real.current.plugins():
        real.undeploy(plugin.id)


class Load(threading.Thread):
    """Asks every pod of reviews in turn, a few dozen times a second, until it is told that it is enough."""

    def __init__(self, mesh, paths=(URL,), via="proxy"):
        super().__init__(daemon=True)
        self.mesh, self.paths, self.enough, self.statuses = mesh, paths, threading.Event(), []
        self.via = via

    def run(self):
        # Through the application's proxy, that one chooses the pod.
        pods = self.mesh.endpoints(URL) if self.via == "proxy" else [""]
        while not self.enough.wait(0.01):
            for pod in pods:
                for path in self.paths:
                    try:
                        answer = self.mesh.send("productpage", path, pod=pod, via=self.via, timeout=2)
                        self.statuses.append(answer.response.status)
                    except TrafficError:
                        self.statuses.append(0)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.enough.set()
        self.join(30)


@pytest.fixture
def load(session):
    with Load(session.current) as running:
        yield running
