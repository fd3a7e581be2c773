"""Gateways of a real Istio: one that a selector names, and one of the Gateway API, to which a plugin is attached."""

from __future__ import annotations

import pytest

from tests.cluster import bookinfo
from tests.mesh.istio.conftest import DETAILS
from tests.mesh.tiny import tag
from wasmnb.mesh import Proof, Verdict
from wasmnb.plugin import Plugin, TargetRef

ISTIO = "networking.istio.io/v1"
PORT = {"number": 8080, "name": "http", "protocol": "HTTP"}


def gateway(name, **more):
    """Give a gateway as Istio's charts have it, which is injected without a sidecar's other half."""
    labels = {"istio": "gateway", "app": name, "sidecar.istio.io/inject": "true", **more}
    container = {"name": "istio-proxy", "image": "auto", "imagePullPolicy": "IfNotPresent"}
    template = {
        "metadata": {"labels": labels, "annotations": {"inject.istio.io/templates": "gateway"}},
        "spec": {"containers": [container]},
    }
    ports = [{"name": "http", "port": 8080}]
    spec = {"selector": {"matchLabels": {"app": name}}, "template": template}
    return (
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": name},
            "spec": {"selector": {"app": name}, "ports": ports},
        },
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": spec},
    )


@pytest.fixture(scope="module")
def edge(cluster):
    route = {"destination": {"host": "details", "port": {"number": 9080}}}
    # What it has no route for it answers itself.
    http = {"match": [{"uri": {"prefix": "/details"}}], "route": [route]}
    with cluster.namespace() as name:
        cluster.apply(
            *gateway("ingress"),
            # What Istio makes for a Gateway of the Gateway API carries its name.
            *gateway("public", **{"gateway.networking.k8s.io/gateway-name": "public"}),
            {
                "apiVersion": ISTIO,
                "kind": "Gateway",
                "metadata": {"name": "all"},
                "spec": {"selector": {"istio": "gateway"}, "servers": [{"port": PORT, "hosts": ["*"]}]},
            },
            {
                "apiVersion": ISTIO,
                "kind": "VirtualService",
                "metadata": {"name": "all"},
                "spec": {"hosts": ["*"], "gateways": ["all"], "http": [http]},
            },
            namespace=name,
        )
        bookinfo.install(cluster, name, ("details-v1", "ratings-v1"))
        yield name


@pytest.mark.parametrize(
    ("where", "pods"),
    [({"selector": {"app": "ingress"}}, "ingress"), ({"targets": (TargetRef("Gateway", "public"),)}, "public")],
)
def test_a_gateway_is_seen_to_filter_by_a_selector_and_by_a_target(edge, connect, published, where, pods):
    mesh = connect(edge)
    # Whatever came before, the gateway leads to the service.
    for name in ("ingress", "public"):
        assert mesh.send("ratings-v1", f"{name}:8080/details/1").response.status == 200
    found = mesh.apply(Plugin("good", published(tag("good")), **where), wait=30)
    assert {(one.pod.rpartition("-")[0].rpartition("-")[0], one.verdict, one.proof) for one in found} == {
        (pods, Verdict.LIVE, Proof.EFFECT)
    }
    tagged = {
        name: ("x-tag", "good") in list(mesh.send("ratings-v1", f"{name}:8080/details/1").response.headers)
        for name in ("ingress", "public")
    }
    assert tagged == {name: name == pods for name in tagged}
    others = [one for one in mesh.verdicts("good") if not one.pod.startswith(pods)]
    assert {one.verdict for one in others} == {Verdict.NOT_SELECTED}
    told = "it is for Gateway/public" if "targets" in where else "the pod's labels do not match app=ingress"
    assert {one.reason for one in others} == {told}
    mesh.remove("good")
    assert {one.verdict for one in mesh.removed("good")} == {Verdict.GONE}


def test_a_gateway_and_a_pod_behind_it_that_have_the_same_plugin_are_each_seen_to_act(
    edge, connect, published, cluster
):
    cluster.kubectl("-n", edge, "label", "pod", "-l", "app=details", "istio=gateway")
    mesh = connect(edge)
    try:
        found = mesh.apply(Plugin("both", published(tag("both")), {"istio": "gateway"}), wait=30)
        assert {one.pod.split("-")[0] for one in found} == {"details", "ingress", "public"}
        assert {(one.verdict, one.proof) for one in found} == {(Verdict.LIVE, Proof.EFFECT)}, found
        mesh.remove("both")
    finally:
        cluster.kubectl("-n", edge, "label", "pod", "-l", "app=details", "istio-")


def test_a_plugin_for_the_applications_is_none_of_a_gateway(edge, connect, published):
    mesh = connect(edge)
    mesh.apply(Plugin("inside", published(tag("in")), DETAILS), wait=30)
    found = {one.pod.split("-")[0]: one.verdict for one in mesh.verdicts("inside")}
    assert (found["ingress"], found["public"]) == (Verdict.NOT_SELECTED,) * 2
    mesh.remove("inside")
