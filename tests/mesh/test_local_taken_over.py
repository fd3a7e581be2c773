"""The local mesh takes over what a proxy elsewhere has: node, labels, clusters, and a word on another Envoy."""

from __future__ import annotations

import json

import pytest

from tests.mesh.conftest import service
from tests.mesh.test_local_twin import CALL, START
from wasmnb.compile import Filter
from wasmnb.envoy.taken_over import Named, read_proxy
from wasmnb.errors import BadNameError, UsageError
from wasmnb.image import package
from wasmnb.mesh import Verdict
from wasmnb.mesh.local import LocalMesh, Workload
from wasmnb.mesh.properties import CLUSTERS, SERVER
from wasmnb.plugin import Plugin
from wasmnb.session import Session

pytestmark = pytest.mark.envoy

HERE = "outbound|9080||ratings.prod.svc.cluster.local"
SUBSET = "outbound|9080|v1|ratings.prod.svc.cluster.local"
OTHER = "outbound|9080||ratings.stage.svc.cluster.local"
OUTSIDE = "outbound|443||api.example.com"


def recorded(mesh):
    """Give what the proxy of details says of itself, as if it stood in a namespace ``prod`` of a real mesh."""
    proxy = next(one for one in mesh._plan.proxies if one.name == "details-v1-0")
    server, clusters = (json.loads(proxy.admin.get(page)) for page in (SERVER, CLUSTERS))
    server = json.loads(json.dumps(server).replace("default", "prod"))
    server["node"]["metadata"]["LABELS"]["tier"] = "backend"
    server["version"] = "f5d5c4b87f/1.36.2-dev/Clean/RELEASE/BoringSSL"
    text = json.dumps(clusters).replace(".default.", ".prod.")
    added = [{"name": name} for name in (SUBSET, OTHER, OUTSIDE, "PassthroughCluster")]
    return "details-v1-5c9d7f6b4-x2x7q", json.dumps(server), json.dumps(json.loads(text)["cluster_statuses"] + added)


@pytest.fixture
def taken(mesh):
    pod, server, statuses = recorded(mesh)
    return read_proxy(pod, server, f'{{"cluster_statuses": {statuses}}}')


def test_node_labels_and_clusters_are_those_of_the_other_proxy(taken):
    with service() as address:
        workloads = [Workload("details-v1", address, {"app": "details"}), Workload("ratings", address)]
        with LocalMesh.start(workloads=workloads, taken=taken) as mesh:
            _is_taken_over(mesh, taken)
            _calls_lead_where_names_match(mesh)


def _is_taken_over(mesh, taken):
    found = {one.name: one.value for one in mesh.properties("details")}
    assert found["xds.node.id"] == "sidecar~127.0.0.1~details-v1-0.prod~prod.svc.cluster.local"
    assert found["xds.node.metadata.LABELS.tier"] == "backend"
    assert set(taken.clusters) <= found.keys()
    other = {one.name: one.value for one in mesh.properties("ratings")}
    assert other["xds.node.metadata.NAMESPACE"] == "default"
    assert HERE not in other
    what, version = mesh.about
    here = ("details", "ratings", "istio-ingressgateway")
    near = [f"{app}.prod.svc.cluster.local" for app in here]
    led = [name for name in taken.clusters if name in (*here, "inbound|9080||")]
    led += [name for name in taken.clusters if Named.read(name).host in near]
    count = len(taken.clusters)
    assert f"the {count} clusters of the pod details-v1-5c9d7f6b4-x2x7q: {len(led)} lead to workloads" in what
    assert f"{count - len(led)} answer 503" in what
    assert version.startswith("Envoy is 1.36.2 on that pod, and 1.")
    assert mesh.pods().items[0].labels["tier"] == "backend"


def _calls_lead_where_names_match(mesh):
    call, start = (
        package(Filter(name, source).build())
        for name, source in (("call", CALL), ("start", START.replace(".default.", ".prod.")))
    )
    for id_, image in (("call", call), ("start", start)):
        mesh.apply(Plugin(id_, image, selector={"tier": "backend"}))
        assert {one.verdict for one in mesh.wait(id_)} <= {Verdict.LIVE, Verdict.LOADED}

    def got(cluster):
        answer = mesh.send("ratings", "details:" + port(mesh, "details"), headers=[("x-cluster", cluster)])
        return dict(answer.response.headers)["x-got"]

    assert {name: got(name) for name in (HERE, SUBSET, OTHER, OUTSIDE, "PassthroughCluster")} == {
        HERE: "you aske",
        SUBSET: "you aske",
        OTHER: "no workl",
        OUTSIDE: "no workl",
        "PassthroughCluster": "no workl",
    }
    assert got("nowhere") == "BadArgument"


def port(mesh, app):
    return str(next(one.site.port for one in mesh._plan.proxies if one.labels["app"] == app))


def test_a_pod_whose_workload_is_not_here_is_refused(taken):
    with pytest.raises(BadNameError, match="No workload of the embedded mesh is called 'details-v1'") as error:
        LocalMesh.start(workloads=[Workload("shop", "127.0.0.1:1")], taken=taken)
    assert error.value.hint == ("run the service here, and start the mesh with workloads='details-v1=HOST:PORT'")


def test_names_that_are_not_istios_say_nothing():
    assert Named.read("PassthroughCluster") == Named.read("a|b|c|d") == Named()
    assert Named.read(SUBSET).service == "ratings"
    assert not Named.read(OUTSIDE).service


def test_options_of_a_cluster_are_refused_without_a_pod_there():
    with pytest.raises(UsageError, match="namespace is for the mesh 'istio', not for 'local'"):
        Session().mesh("local", namespace="prod")
    with pytest.raises(UsageError, match="'deploy/details' is not a pod") as error:
        Session().mesh("local", from_="deploy/details", namespace="prod")
    assert error.value.hint == "write from_='pod/NAME', as kubectl names it"
