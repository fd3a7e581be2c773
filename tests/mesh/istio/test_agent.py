"""The agent in a real cluster: its image is made here, it runs as a pod with its own account, and leaves nothing."""

from __future__ import annotations

import json
import subprocess

import pytest
import yaml

from tests.cluster import bookinfo
from tests.cluster.python import push_base
from tests.cluster.tools import ToolError
from tests.mesh.istio.conftest import DETAILS
from tests.mesh.tiny import build, tag
from tests.worded import in_cell
from wasmnb.agent.manifest import NAME
from wasmnb.errors import MeshError
from wasmnb.mesh.istio.requests.echo import NAME as ECHO
from wasmnb.plugin import Plugin
from wasmnb.session import Session


@pytest.fixture(scope="module")
def shop(cluster):
    with cluster.namespace() as name:
        bookinfo.install(cluster, name, ("details-v1", "ratings-v1"), replicas={"details-v1": 2})
        yield name


@pytest.fixture
def session(cluster, monkeypatch):
    monkeypatch.setenv("KUBECONFIG", str(cluster.kubeconfig))
    session = Session()
    session.config(registry=f"{cluster.registry}/us", plain_http=True)
    yield session
    session.close()


def test_the_agent_judges_tells_and_leaves_nothing(cluster, shop, session, published):
    base = push_base(f"{cluster.registry}/python:1")
    state = session.mesh("istio", namespace=shop, preflight=False, agent=True, agent_base=base)
    assert state.about[-2].startswith(f"the agent runs: Deployment {NAME}, image {cluster.registry}/us/{NAME}:")
    # Its pod is none of the mesh's.
    assert {pod.workload for pod in session.pods()} == {"details-v1", "ratings-v1"}
    rendered = session.render(agent=True, agent_image=f"{cluster.registry}/us/{NAME}:1", namespace=shop).text
    assert len(list(yaml.safe_load_all(rendered))) == 7

    def status(verdict):
        data = cluster.get(shop, "configmap", NAME)["data"]
        found = json.loads(data.get("good.details-v1", "{}"))
        return found if found.get("verdict") == verdict else None

    mesh = session.current
    counted = {one.pod: one.requests for one in mesh.counts()}
    mesh.apply(Plugin("good", published(tag("good")), DETAILS))
    found = cluster.until("what the agent tells", lambda: status("LOADED"))
    assert found["pods"] == {"LOADED": 2}
    assert found["reason"] == "nobody has seen it act: no request is sent from here"
    assert found["wanted"] == mesh.plugins()[0].image.digest

    address = cluster.get(shop, "pods", "-lwasmnb.dev/agent")["items"][0]["status"]["podIP"]

    def metrics():
        command = cluster.inside("curl", "-sS", f"http://{address}:8080/metrics")
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    labels = f'namespace="{shop}",plugin="good",workload="details-v1"'
    assert f'wasmnb_plugin_pods{{{labels},verdict="LOADED"}} 2' in cluster.until(
        "what the agent tells", lambda: "LOADED" in metrics() and metrics()
    )
    assert "wasmnb_agent_seeing" in metrics()

    # What becomes worse is told without anybody asking, on the workload.
    broken = {"spec": {"url": f"oci://{cluster.registry}/nowhere@{mesh.plugins()[0].image.digest}"}}
    kind = "trafficextensions" if "TrafficExtension" in mesh.rendered("good") else "wasmplugins"
    broken = {"spec": {"wasm": broken["spec"]}} if kind == "trafficextensions" else broken
    name = cluster.kubectl("-n", shop, "get", kind, "-o", "name").strip()
    cluster.kubectl("-n", shop, "patch", name, "--type=merge", "-p", json.dumps(broken))
    assert cluster.until("what the agent tells", lambda: status("DENY_ALL"))["pods"]["DENY_ALL"] >= 1

    def events():
        items = cluster.get(shop, "events", f"--field-selector=source={NAME}")["items"]
        return {
            (one["reason"], one["type"], one["involvedObject"]["kind"], one["involvedObject"]["name"]) for one in items
        }

    workload = ("Deployment", "details-v1")
    cluster.until(
        "what the agent tells",
        lambda: {("WasmLoaded", "Normal", *workload), ("WasmDenyAll", "Warning", *workload)} <= events(),
    )
    # It looked, and nothing else.
    assert {one.pod: one.requests for one in mesh.counts()} == counted

    mesh.remove("good")
    cluster.until("what the agent tells", lambda: "good.details-v1" not in cluster.get(shop, "configmap", NAME)["data"])
    assert session.mesh("istio", agent=False).about[-1].startswith("the agent was taken away")
    kinds = "deployments,pods,configmaps,serviceaccounts,roles,rolebindings"
    for namespace in (shop, "istio-system"):
        chosen = f"--selector=app.kubernetes.io/name={NAME}"
        assert cluster.kubectl("-n", namespace, "get", kinds, chosen, "-o", "name") == ""
    assert session.mesh("istio", agent=False).about[-1] == f"there is no agent in the namespace {shop}"


def test_the_echo_tells_what_a_service_receives_body_and_all(cluster, shop, session, published):
    base = push_base(f"{cluster.registry}/python:1")
    state = session.mesh("istio", namespace=shop, preflight=False, echo=True, agent_base=base)
    assert state.about[-2].startswith(f"the echo runs: Deployment and Service {ECHO}, image {cluster.registry}/us/")
    mesh, url = session.current, f"{ECHO}:8080/orders?id=1"
    before = session.headers("details", url, method="POST", data="sold", header=["x-mine: 1"]).after
    assert (before.response.status, before.response.text, before.unseen) == (200, "sold", "")
    received = before.received
    assert (received.request.method, received.request.path, received.request.body) == ("POST", "/orders?id=1", b"sold")
    assert (received.whole, received.body, received.request.headers["x-mine"]) == (True, True, "1")
    assert "x-request-id" not in before.request.headers
    adds = build("adds", request='add_header(0, "x-added", 7, "1", 1)')
    mesh.apply(Plugin("adds", published(adds), {"app": ECHO}))

    def added():
        taken = session.headers("details", url, method="POST", data="sold", header=["x-mine: 1"])
        received = taken.after.received
        return taken if received is not None and "x-added" in received.request.headers else None

    taken = cluster.until("the filter of the echo", added)
    assert taken.after.received.request.body == b"sold"
    assert ECHO in {pod.workload for pod in session.pods()}
    mesh.remove("adds")
    assert session.mesh("istio", echo=False).about[-1] == "the echo was taken away"
    chosen = f"--selector=app={ECHO}"
    assert cluster.kubectl("-n", shop, "get", "deployments,pods,services", chosen, "-o", "name") == ""
    assert session.mesh("istio", echo=False).about[-1] == f"there is no echo in the namespace {shop}"


def test_its_account_may_look_and_write_its_own_status_only(cluster, shop, session):
    for item in yaml.safe_load_all(
        session.render(agent=True, agent_image="registry.example/agent:1", namespace=shop).text
    ):
        if item["kind"] != "Deployment":
            cluster.apply(item, namespace=item["metadata"]["namespace"])
    as_agent = f"--as=system:serviceaccount:{shop}:{NAME}"

    def may(*words):
        try:
            return cluster.kubectl("-n", shop, "auth", "can-i", *words, as_agent).strip() == "yes"
        except ToolError:  # no is exit code 1
            return False

    assert may("watch", "pods")
    assert may("patch", f"configmaps/{NAME}")
    refused = (
        "patch configmaps/other",
        "create pods/exec",
        "get secrets",
        "delete pods",
        "patch trafficextensions.extensions.istio.io",
    )
    assert not [words for words in refused if may(*words.split())]
    session.mesh("istio", namespace=shop, preflight=False, agent=False)


def test_what_is_not_ours_is_left_alone_and_an_image_that_cannot_be_pulled_is_said(cluster, shop, session):
    cluster.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": NAME}}, namespace=shop)
    session.mesh("istio", namespace=shop, preflight=False)
    missing = f"{cluster.registry}/us/nothing:1"
    with pytest.raises(MeshError, match=r"ConfigMap .* was not made by wasmnb; nothing of it was changed"):
        session.mesh("istio", agent=True, agent_image=missing)
    assert "there is no agent" in session.mesh("istio", agent=False).about[-1]
    cluster.kubectl("-n", shop, "delete", "configmap", NAME)
    with pytest.raises(MeshError, match="The agent does not start; what was applied stays") as caught:
        session.mesh("istio", agent=True, agent_image=missing)
    assert any("ErrImage" in line or "ImagePull" in line for line in caught.value.why)
    assert "--agent-pull-secret" in in_cell(caught.value).hint
    assert session.mesh("istio", agent=False).about[-1].startswith("the agent was taken away")
