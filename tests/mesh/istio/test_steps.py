"""Rollouts in steps on a real Istio, under a load that ends with the test."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from tests.cluster import bookinfo
from tests.mesh.tiny import build, tag
from wasmnb.errors import DeployError, RolloutError, TrafficError
from wasmnb.session import Session

URL = "reviews:9080/reviews/7"
STEPS = "version=v1,version=v2,version=v3"


@pytest.fixture(scope="module")
def session(cluster, tmp_path_factory):
    counted = {"sidecar.istio.io/statsInclusionPrefixes": "http.inbound"}
    names = ("productpage-v1", "reviews-v1", "reviews-v2", "reviews-v3")
    with cluster.namespace() as home, pytest.MonkeyPatch.context() as patch:
        patch.setenv("KUBECONFIG", str(cluster.kubeconfig))
        patch.setenv("WASMNB_STORE", str(tmp_path_factory.mktemp("store")))
        patch.setenv("DOCKER_CONFIG", str(tmp_path_factory.mktemp("docker")))
        bookinfo.install(cluster, home, names, annotations=counted)
        with Session() as session:
            session.mesh("istio", namespace=home, prove="effect")
            session.config(registry=f"{cluster.registry}/steps", plain_http="true", timeout=30)
            yield session


@pytest.fixture
def load(session):
    """Ask every pod of reviews in turn, through the whole rollout."""
    enough, mesh = threading.Event(), session.current
    pods = mesh.endpoints(URL)

    def run():
        while not enough.is_set():
            for pod in pods:
                try:
                    mesh.send("productpage", URL, pod=pod, timeout=5)
                except TrafficError:
                    continue

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    yield
    enough.set()
    thread.join(30)


def versions(session):
    """Give the tags that each version's pod adds."""
    mesh = session.current
    found = {}
    for pod in mesh.pods():
        if pod.labels.get("app") == "reviews":
            answer = mesh.send("productpage", URL, pod=pod.name).response
            found[pod.labels["version"]] = (answer.status, answer.headers.all("x-tag"))
    return found


def test_step_by_step_and_back_again_when_errors_rise(session, load):
    first = session.deploy(tag("first"), id="stepped", selector="app=reviews")
    assert len(first.verdicts) == 3
    done = session.deploy(tag("second"), id="stepped", selector="app=reviews", steps=STEPS, watch_for=3.0)
    assert done.outcome == "live"
    assert [len(step.pods) for step in done.steps] == [1, 1, 1]
    assert versions(session) == {version: (200, ["second"]) for version in ("v1", "v2", "v3")}
    assert len(session.current.rendered("stepped").split("---")) == 1, "it is one object again"
    failing = build("failing", request="respond(500)")
    with pytest.raises(RolloutError) as caught:
        session.deploy(failing, id="stepped", selector="app=reviews", steps=STEPS, watch_for=3.0)
    rollout = caught.value.rollout
    assert rollout.outcome == "went back"
    assert rollout.steps[0].outcome != "live"
    assert versions(session) == {version: (200, ["second"]) for version in ("v1", "v2", "v3")}
    back = session.rollback("stepped")
    assert back.digest == first.digest
    assert versions(session) == {version: (200, ["first"]) for version in ("v1", "v2", "v3")}
    session.undeploy("stepped")


def test_no_pod_ever_has_two_versions(session, load):
    mesh = session.current
    session.deploy(tag("old"), id="never", selector="app=reviews")
    seen, enough = set(), threading.Event()

    def look():
        while not enough.is_set():
            for pod in mesh.endpoints(URL):
                try:
                    seen.add(tuple(mesh.send("productpage", URL, pod=pod, timeout=5).response.headers.all("x-tag")))
                except TrafficError:
                    continue

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    session.deploy(tag("new"), id="never", selector="app=reviews", steps=STEPS, watch_for=2.0)
    enough.set()
    thread.join(30)
    assert {("old",), ("new",)} <= seen
    # While its one object is split, a pod may for a moment have one version twice, never two, and never none.
    assert all(len(set(tags)) == 1 for tags in seen), seen
    session.undeploy("never")


ROUTES = "virtualservices,destinationrules"
CALLERS = 3


@pytest.fixture
def callers(session):
    """Have productpage ask reviews through its own proxy, which chooses the pod, through the whole rollout."""
    enough, mesh = threading.Event(), session.current

    def run():
        while not enough.is_set():
            try:
                mesh.send("reviews-v1", "productpage:9080/productpage", timeout=5)
            except TrafficError:
                continue

    threads = [threading.Thread(target=run, daemon=True) for _ in range(CALLERS)]
    for thread in threads:
        thread.start()
    yield
    enough.set()
    for thread in threads:
        thread.join(30)


def test_a_share_of_the_requests_goes_to_one_version_and_the_routes_go_with_the_rollout(session, cluster, callers):
    mesh, plugin = session.current, {"id": "shared", "selector": "app=reviews"}
    home, weights = mesh.namespace, {}

    def routes():
        return cluster.get(home, ROUTES)["items"]

    def look(now):
        for number, step in enumerate(now.steps):
            if step.outcome == "watching" and number not in weights:
                (one,) = cluster.get(home, "virtualservices")["items"]
                found = one["spec"]["http"][0]["route"]
                weights[number] = {route["destination"]["subset"]: route["weight"] for route in found}

    theirs = {
        "apiVersion": "networking.istio.io/v1",
        "kind": "VirtualService",
        "metadata": {"name": "theirs"},
        "spec": {"hosts": ["reviews"], "http": [{"route": [{"destination": {"host": "reviews"}}]}]},
    }
    cluster.apply(theirs, namespace=home)
    with pytest.raises(DeployError, match="cannot be shared; nothing was changed") as caught:
        session.deploy(tag("first"), **plugin, steps="version=v2:20%,100%")
    assert caught.value.why[0].startswith(f"VirtualService {home}/theirs says so already")
    assert list(mesh.plugins()) == []
    cluster.kubectl("-n", home, "delete", "virtualservice", "theirs")

    how = {"steps": "version=v2:20%,100%", "watch_for": 2.0, "accept_no_traffic": True}
    done = session.deploy(tag("first"), **plugin, **how, on_step=look)
    assert done.outcome == "live"
    assert weights == {0: {"tried": 1, "rest-1": 2, "rest-2": 2}, 1: {"tried": 1}}
    # A request of each caller may have been on its way when the share became all.
    assert done.steps[1].of_all - done.steps[1].seen.requests <= 2 * CALLERS
    assert versions(session) == {version: (200, ["first"]) for version in ("v1", "v2", "v3")}
    assert routes() == []

    failing = build("failing", request="respond(500)")
    with pytest.raises(RolloutError) as caught:
        session.deploy(failing, **plugin, steps="version=v2:50%", watch_for=2.0)
    assert caught.value.rollout.outcome == "went back"
    assert versions(session) == {version: (200, ["first"]) for version in ("v1", "v2", "v3")}
    assert routes() == []

    # What a kernel that ends in the midst leaves is named, and goes with the next command.
    second = replace(mesh.plugins()[0], config={"n": 1})
    share = mesh.share(second, {"version": "v2"}, 25)
    mesh.apply(second, only={"version": "v2"})
    assert str(share) == "25% of the requests for reviews go to version=v2"
    said = [check.detail for check in mesh.doctor() if check.name == "shares of requests"]
    assert said == [f"{share}, in a rollout of shared that has not ended"]
    assert {one["kind"] for one in routes()} == {"VirtualService", "DestinationRule"}
    session.undeploy("shared")
    assert routes() == []
