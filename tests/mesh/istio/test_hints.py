"""What is said to do about errors of a cluster: each is provoked, and what it says is done."""

from __future__ import annotations

import ssl
from datetime import datetime, timezone
from types import SimpleNamespace

import pytest
import yaml
from urllib3.exceptions import MaxRetryError, SSLError

from tests.mesh.istio.api_server import ApiServer, kubeconfig
from wasmnb.agent import install
from wasmnb.agent.manifest import NAME
from wasmnb.errors import MeshError, SelectorError, TrafficError, UsageError
from wasmnb.mesh.istio import IstioMesh
from wasmnb.mesh.istio.api import namespaces
from wasmnb.mesh.istio.api.api_errors import ForbiddenError, unreachable
from wasmnb.mesh.istio.api.cluster import Cluster
from wasmnb.mesh.istio.api.rbac import Right
from wasmnb.mesh.istio.api.transport import Transport
from wasmnb.mesh.istio.bookinfo import bookinfo
from wasmnb.mesh.istio.doctor import rbac
from wasmnb.mesh.istio.objects.deployments import Deployments
from wasmnb.mesh.istio.objects.objects import KINDS, Objects
from wasmnb.mesh.istio.objects.objects_writer import ObjectsWriter, parts_of
from wasmnb.mesh.istio.proxies.admin import Admin
from wasmnb.mesh.istio.proxies.istiod import Istio
from wasmnb.mesh.istio.proxies.pod_list import PodList
from wasmnb.mesh.istio.proxies.verdicts import VerdictReader
from wasmnb.mesh.istio.requests import send, services
from wasmnb.mesh.istio.requests.curl_script import Errand
from wasmnb.mesh.istio.requests.echo import NAME as ECHO
from wasmnb.mesh.istio.requests.request_transport import Ways
from wasmnb.plugin import Plugin
from wasmnb.plugin.errors import DeployError
from wasmnb.plugin.verdict import Cause, PodVerdict, Verdict
from wasmnb.progress import Silent
from wasmnb.traffic import Headers, Request, Response

KIND = KINDS["extensions.istio.io", "WasmPlugin"]
IMAGE = SimpleNamespace(digest="sha256:" + "a" * 64, reference="registry.example/team/one:1")
ONE = Plugin("one", IMAGE, {"app": "shop"}, root_id="")
ISTIO = Istio("1.28.0", "", "istio-system", (), (KIND,))
INJECTED = (
    "is its webhook there (`kubectl get mutatingwebhookconfigurations`), for the revision that the namespace's label"
    " names? pods from before the label need `kubectl rollout restart deployment`"
)
RUNNING = "is the cluster running (`minikube status`, `kind get clusters`), and the context right?"


@pytest.fixture
def api():
    server = ApiServer()
    server.put("/api/v1/namespaces/team")
    yield server
    server.close()


@pytest.fixture
def user(api, tmp_path, monkeypatch):
    monkeypatch.setenv("KUBECONFIG", str(kubeconfig(tmp_path, api.port)))
    cluster = Cluster.connect()
    yield cluster
    cluster.close()


def pod(name="shop-1", *containers, **more):
    image = "docker.io/istio/proxyv2:1.28.0"
    listed = [{"name": one, "image": image if one == "istio-proxy" else "shop:1"} for one in containers or ("shop",)]
    labels = {"app": "shop", "version": "v1"}
    metadata = {"name": name, "namespace": "team", "uid": f"uid-{name}", "labels": labels}
    return {"metadata": metadata, "spec": {"containers": listed}, "status": {"phase": "Running", **more}}


def test_an_api_server_that_does_not_answer_runs_again(tmp_path, monkeypatch):
    server = ApiServer(listening=False)
    monkeypatch.setenv("KUBECONFIG", str(kubeconfig(tmp_path, server.port)))
    with pytest.raises(MeshError, match="does not answer") as caught:
        Cluster.connect()
    assert caught.value.hint.startswith(RUNNING)
    server.listen()
    Cluster.connect().close()
    server.close()


def test_an_api_server_with_another_certificate_is_not_one_that_does_not_run():
    wrong = SSLError(ssl.SSLCertVerificationError(1, "[SSL: CERTIFICATE_VERIFY_FAILED] self-signed certificate"))
    error = unreachable("https://10.0.0.1:6443", MaxRetryError(None, "/version", wrong))
    assert error.hint == (
        "the kubeconfig knows another certificate authority, or another name of the API server: write it anew"
        " (`minikube update-context`, `kind export kubeconfig`)"
    )
    plain = MaxRetryError(None, "/version", SSLError(ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER]")))
    assert unreachable("https://10.0.0.1:6443", plain).hint.startswith(RUNNING)


def test_who_is_not_known_any_more_logs_in_again(api, user, tmp_path):
    api.token = "new"
    with pytest.raises(MeshError, match="does not accept your credentials") as caught:
        user.namespaces()
    assert caught.value.hint == "log in to the cluster again, as for kubectl"
    kubeconfig(tmp_path, api.port, token="new")
    again = Cluster.connect()
    assert again.namespaces() == ["team"]
    again.close()


@pytest.mark.parametrize(
    ("right", "path", "role"),
    [
        (Right("list", "pods", "", "team"), "/api/v1/namespaces/team/pods", "Role"),
        (Right("get", "namespaces"), "/api/v1/namespaces/team", "Role"),
        (Right("list", "namespaces"), "/api/v1/namespaces", "ClusterRole"),
        (Right("list", "httproutes", "gateway.networking.k8s.io"), "/apis/x/v1/httproutes", "ClusterRole"),
    ],
)
def test_a_right_is_granted_by_the_role_and_the_rule_that_are_named(api, user, right, path, role):
    api.refused["GET", f"{path}$"] = 403, "no"
    with pytest.raises(ForbiddenError, match="You may not") as caught:
        user.request("GET", path, right=right)
    rule = f'{{apiGroups: ["{right.group}"], resources: [{right.resource}], verbs: [{right.verb}]}}'
    assert caught.value.hint == (
        f"a {role} with the rule {rule} grants it; session.doctor(rbac=True) prints what a mesh needs"
    )
    assert yaml.safe_load(rule)["verbs"] == [right.verb]
    if right.resource == "pods":
        (usual, *_) = yaml.safe_load_all(rbac("team", "istio-system"))
        assert any("pods" in one["resources"] and "list" in one["verbs"] for one in usual["rules"])


def test_a_namespace_that_is_not_there_is_made(api, user):
    api.refused["GET", "/namespaces$"] = 403, "no"
    with pytest.raises(MeshError, match="There is no namespace 'shop'") as caught:
        namespaces.require(user, "shop")
    assert caught.value.hint == "`kubectl create namespace shop` makes it"
    api.refused.clear()
    with pytest.raises(MeshError, match="There is no namespace 'shop'") as caught:
        namespaces.require(user, "shop")
    assert caught.value.why == ("available: team",)
    assert caught.value.hint == "`kubectl create namespace shop` makes it"
    with pytest.raises(MeshError) as caught:
        namespaces.require(user, "taem")
    assert caught.value.hint == "did you mean 'team'?"
    api.put("/api/v1/namespaces/shop")
    namespaces.require(user, "shop")


def test_a_context_that_the_kubeconfig_does_not_have_is_one_of_others(user):
    with pytest.raises(MeshError, match="no context called 'production'") as caught:
        Cluster.connect("production")
    assert caught.value.why == ("it has: here",)
    assert caught.value.hint == "name one of these"
    Cluster.connect("here").close()


def test_bookinfo_where_pods_are_to_have_no_proxy(api, user):
    home = api.put("/api/v1/namespaces/team", metadata={"labels": {"istio-injection": "disabled"}})
    with pytest.raises(MeshError, match="labelled istio-injection=disabled") as caught:
        bookinfo.apply(user, "team", timeout=0)
    assert caught.value.hint == (
        "`kubectl label namespace team istio-injection=enabled --overwrite`, or choose another namespace"
    )
    home["metadata"]["labels"]["istio-injection"] = "enabled"
    with pytest.raises(MeshError, match="not READY after 0 s"):
        bookinfo.apply(user, "team", timeout=0)


def test_bookinfo_with_fields_of_another_tool_is_made_anew(api, user):
    with pytest.raises(MeshError, match="not READY"):
        bookinfo.apply(user, "team", timeout=0)
    api.refused["PATCH", "deployments/details-v1"] = 409, "conflict with kubectl"
    with pytest.raises(MeshError, match="has fields that another tool owns") as caught:
        bookinfo.apply(user, "team", timeout=0)
    assert caught.value.hint == "session.bookinfo('delete'), then apply, makes it anew"
    bookinfo.delete(user, "team")
    assert not [path for path in api.objects if "details" in path]
    api.refused.clear()
    with pytest.raises(MeshError, match="not READY"):
        bookinfo.apply(user, "team", timeout=0)


@pytest.mark.parametrize(
    ("containers", "waits", "hint"),
    [
        (
            ("details",),
            "",
            INJECTED,
        ),
        (
            ("details", "istio-proxy"),
            "ImagePullBackOff",
            "images=PREFIX[:TAG] names a registry that the cluster reaches",
        ),
        (("details", "istio-proxy"), "CrashLoopBackOff", "session.logs('details-v1-x') tells more"),
    ],
)
def test_pods_of_bookinfo_that_will_never_be_ready(containers, waits, hint):
    state = {"waiting": {"reason": waits}} if waits else {"running": {}}
    statuses = [{"name": one, "state": state, "ready": not waits, "restartCount": 0} for one in containers]
    with pytest.raises(MeshError, match="Pods of bookinfo") as caught:
        bookinfo._look("team", [pod("details-v1-x", *containers, containerStatuses=statuses)], [])
    assert caught.value.hint == hint
    well = [{"name": one, "state": {"running": {}}, "ready": True, "restartCount": 0} for one in containers]
    bookinfo._look("team", [pod("details-v1-x", "details", "istio-proxy", containerStatuses=well)], [])


def test_a_mesh_that_was_let_go_of_is_connected_again(user, monkeypatch):
    mesh = IstioMesh(user, "team", ISTIO)
    monkeypatch.setattr(mesh._reader, "items", lambda: [pod()])

    def late(*_, **__):
        raise TimeoutError

    monkeypatch.setattr(mesh._admin, "get", late)
    with pytest.raises(MeshError, match="The proxy of shop-1 does not answer") as caught:
        mesh.properties("shop")
    assert caught.value.hint == "look at the pods, then try again"
    mesh.stop()
    with pytest.raises(MeshError, match="was disconnected") as caught:
        mesh.pods()
    assert caught.value.hint == "session.mesh('istio') connects again"
    again = IstioMesh(Cluster.connect(), "team", ISTIO)
    assert len(again.pods()) == 0
    again.stop()


@pytest.fixture
def objects(user):
    return Objects(user, "team", [KIND])


def body(name="one", url="oci://registry.example/one"):
    return {
        "apiVersion": "extensions.istio.io/v1alpha1",
        "kind": KIND.name,
        "metadata": {"name": name},
        "spec": {"url": url},
    }


def test_a_kind_that_the_cluster_does_not_have(user, objects):
    with pytest.raises(DeployError, match="has no WasmPlugin") as caught:
        Objects(user, "team", []).apply(body(), "one", {})
    assert (
        caught.value.hint == "install what brings it (Istio, Envoy Gateway, Higress), or choose another as_ or target"
    )
    assert objects.apply(body(), "one", {}).name == "one"


def test_an_object_of_somebody_else_is_taken_or_deleted_or_another_id_is(api, objects):
    theirs = {"metadata": {"managedFields": [{"manager": "kubectl"}]}}
    api.put(KIND.path("team", "one"), **theirs)
    with pytest.raises(DeployError, match="was not made here") as caught:
        objects.apply(body(), "one", {})
    assert caught.value.hint == "deploy under another id, or delete that one first; take_over=True takes it"
    assert objects.apply(body("two"), "two", {}).id == "two"
    assert objects.apply(body(), "one", {}, take_over=True).id == "one"
    api.put(KIND.path("team", "one"), **theirs)
    del api.objects[KIND.path("team", "one")]
    assert objects.apply(body(), "one", {}).id == "one"


def test_what_another_kernel_has_put_in_force_meanwhile_is_replaced_by_deploying_again(objects):
    first = objects.apply(body(), "one", {"by": "me"})
    objects.apply(body(url="oci://registry.example/theirs"), "one", {}, known=[first])
    with pytest.raises(DeployError, match="has put another version of one in force meanwhile") as caught:
        objects.apply(body(), "one", {}, known=[first])
    assert caught.value.hint == "look at it first; to replace it, deploy again"
    objects.apply(body(), "one", {}, known=objects.all("one"))
    (now,) = objects.all("one")
    assert now.item["spec"] == body()["spec"]


def test_what_somebody_else_has_changed_is_taken_back_or_another_id_is(api, objects):
    first = objects.apply(body(), "one", {})
    changed = [
        {"manager": "wasmnb", "fieldsV1": {"f:spec": {"f:url": {}}}},
        {"manager": "kubectl-patch", "time": "2026-01-01T00:00:00Z", "fieldsV1": {"f:spec": {"f:phase": {}}}},
    ]
    api.objects[KIND.path("team", "one")]["metadata"]["managedFields"] = changed
    with pytest.raises(DeployError, match="was changed by somebody else") as caught:
        objects.apply(body(), "one", {}, known=[first])
    assert caught.value.hint == "take_over=True takes it back; or deploy under another id"
    assert objects.apply(body("two"), "two", {}).id == "two"
    assert objects.apply(body(), "one", {}, known=[first], take_over=True).id == "one"


@pytest.fixture
def writer(objects):
    return ObjectsWriter(objects, "1.28.0", KIND.name, lambda *_: IMAGE)


PARTS = [{"version": "v1"}, {"version": "v2"}]


def test_a_plugin_in_parts_of_other_labels_is_deployed_as_a_whole_first(objects, writer):
    writer.split(writer.put(ONE, []), PARTS)
    with pytest.raises(UsageError, match=r"in force in parts of other labels \(version\)") as caught:
        writer.put_part(ONE, {"track": "a"}, objects.all("one"))
    assert caught.value.hint == "deploy it as a whole first"
    whole = writer.put(ONE, objects.all("one"))
    made = writer.put_part(ONE, {"track": "a"}, writer.split(whole, [{"track": "a"}, {"track": "b"}]))
    assert [one.part for one in made] == [{"track": "b"}, {"track": "a"}]


def test_an_object_without_its_record_is_deployed_as_a_whole_or_deleted(api, user, objects, writer):
    (stored,) = writer.put(ONE, [])
    del api.objects[KIND.path("team", stored.name)]["metadata"]["annotations"]
    with pytest.raises(DeployError, match="so it cannot be rolled out in steps") as caught:
        writer.split(objects.all("one"), PARTS)
    assert caught.value.hint == "deploy it as a whole"
    deployments = Deployments(writer, None, None, None, lambda: None)
    with pytest.raises(MeshError, match="have lost their record") as caught:
        deployments.remove("one")
    label = "wasmnb.dev/plugin=one,app.kubernetes.io/managed-by=wasmnb"
    assert caught.value.hint == f"`kubectl -n team delete wasmplugins.extensions.istio.io -l {label}` deletes them"
    chosen = user.request("GET", KIND.path("team"), query={"labelSelector": label})["items"]
    assert [one["metadata"]["name"] for one in chosen] == ["one"]
    writer.put(ONE, objects.all("one"))
    assert [one.part for one in writer.split(objects.all("one"), PARTS)] == PARTS


def test_pods_without_a_label_are_rolled_out_by_one_that_all_have():
    items = [pod("a"), pod("b")]
    del items[1]["metadata"]["labels"]["version"]
    with pytest.raises(MeshError, match="b lacks a label of version") as caught:
        parts_of(items, ["version"])
    assert caught.value.hint == "roll out by labels that every selected pod has"
    assert parts_of(items, ["app"]) == [{"app": "shop"}]


def test_a_plugin_that_is_not_proven_to_be_gone(writer):
    writer.put(ONE, [])
    at = datetime.now(timezone.utc)
    left = PodVerdict(
        "shop-1", "one", Verdict.UNPROVEN, "", "", "it is still there", (), at, cause=Cause.STILL_IN_FORCE
    )
    reader = SimpleNamespace(istiod=lambda: "")
    convergence = SimpleNamespace(gone=lambda _: [left])
    deployments = Deployments(writer, reader, convergence, None, lambda: None)
    with pytest.raises(DeployError, match="is not proven to be gone from shop-1") as caught:
        deployments.remove("one")
    assert caught.value.hint == "its objects are deleted: look again with session.pods(), or restart these pods"
    assert writer.objects.all("one") == []


def test_where_no_proxy_can_be_asked_a_rule_grants_the_better_way(api, user):
    api.denied |= {("get", "pods/portforward"), ("get", "pods/exec")}
    with pytest.raises(ForbiddenError, match="so no proxy can be asked") as caught:
        _ = Admin(user, "team", None).transport
    rule = '{apiGroups: [""], resources: [pods/portforward], verbs: [get, create]}'
    assert (
        caught.value.hint == f"a Role with the rule {rule} grants the better way; session.doctor(rbac=True) prints all"
    )
    api.denied.clear()
    again = Cluster.connect()
    assert Admin(again, "team", None).transport is Transport.PORT_FORWARD
    again.close()


def test_a_plugin_in_istios_own_namespace_selects_pods_that_are_not_looked_at():
    reader = VerdictReader(None, PodList(None, "istio-system"), ISTIO, None, None, images=None, proving=None)
    error = reader.no_pod({"app": "nothing"}, [pod()])
    assert isinstance(error, SelectorError)
    assert error.hint == "put it in force in each namespace, where its pods are seen"


def slices(api, *pods, service="shop", port=None):
    """Have a service stand before some pods."""
    at = {"addresses": ["10.0.0.1"]}
    targets = [{**at, "targetRef": {"kind": "Pod", "name": one, "namespace": "team"}} for one in pods]
    ports = [{"name": "http", "port": 80} if port is None else {"name": port.get("name", ""), "port": port["port"]}]
    path = f"/apis/discovery.k8s.io/v1/namespaces/team/endpointslices/{service}-1"
    api.put(path, metadata={"labels": {"kubernetes.io/service-name": service}}, ports=ports, endpoints=targets)


@pytest.fixture
def shop(api):
    """A service of one pod, which sends to itself."""
    api.put("/api/v1/namespaces/team/services/shop", spec={"ports": [{"port": 80, "name": "http"}]})
    api.put("/api/v1/namespaces/team/pods/shop-1", **pod("shop-1", "shop", "istio-proxy"))
    slices(api, "shop-1")
    return api


@pytest.fixture
def carried(monkeypatch):
    """Have every request answered, once it is known to which pod."""

    def carry(self, host, port, left, *, past, pod):
        return send.Answer(Response(200, "OK", Headers(), b""), pod, 0.001, ())

    monkeypatch.setattr(send._Sending, "_carry", carry)


def asked(user, **how):
    return send.exchange(user, "team", "shop", "shop:80/", **{"timeout": 5.0, **how})


def test_a_pod_without_a_proxy_is_injected_or_its_application_sends(shop, user, carried):
    shop.put("/api/v1/namespaces/team/pods/shop-1", **pod())
    with pytest.raises(MeshError, match="shop-1 has no proxy that could send") as caught:
        asked(user)
    application = "via='app' sends from the application"
    assert caught.value.hint == (
        "the namespace is not injected: `kubectl label namespace team istio-injection=enabled`, then restart its pods;"
        f" {application}"
    )
    shop.put("/api/v1/namespaces/team", metadata={"labels": {"istio.io/rev": "canary"}})
    with pytest.raises(MeshError) as caught:
        asked(user)
    assert caught.value.hint == (
        f"a pod from before its namespace was injected gets one when it is restarted; {application}"
    )
    assert asked(user, via="app").response.status == 200
    shop.put("/api/v1/namespaces/team/pods/shop-1", **pod("shop-1", "shop", "istio-proxy"))
    assert asked(user).response.status == 200


def test_of_several_pods_the_applications_proxy_chooses(shop, user, carried):
    slices(shop, "shop-1", "shop-2")
    with pytest.raises(UsageError, match="no pod of shop can be chosen") as caught:
        asked(user, via="app", pod="shop-2")
    assert caught.value.hint == "send past it, with via='proxy'"
    assert asked(user, via="proxy", pod="shop-2").pod == "shop-2"


def test_a_pod_that_takes_mutual_tls_only_is_left_open(shop, user, carried, monkeypatch):
    def strict(*_):
        raise send._StrictError("It closed the connection.", policy="team/strict")

    monkeypatch.setattr(send._Sending, "_direct", strict)
    with pytest.raises(TrafficError, match="shop-1 takes mutual TLS only") as caught:
        asked(user, pod="shop-1")
    assert (
        caught.value.hint == "leave the pod open: the request then goes through the caller's proxy, which chooses one"
    )
    assert asked(user).via == "app"


def test_a_service_without_a_ready_pod_waits_for_one(shop, user, carried):
    slices(shop)
    with pytest.raises(TrafficError, match="No pod behind the service 'shop' is ready") as caught:
        asked(user, timeout=0.2)
    assert (
        caught.value.hint == "session.pods() shows the pods: wait until one is READY, or look at the service's selector"
    )
    slices(shop, "shop-1")
    assert asked(user).pod == "shop-1"


def test_a_service_without_a_port_cannot_be_asked(shop, user):
    with pytest.raises(TrafficError, match="has no port 81") as caught:
        services.locate(user, "team", "shop:81/")
    assert caught.value.hint == "write shop:80"
    shop.put("/api/v1/namespaces/team/services/shop", spec={"type": "ExternalName"})
    with pytest.raises(TrafficError, match="has no port 80") as caught:
        services.locate(user, "team", "shop:80/")
    assert caught.value.hint == "it has no port at all"


def test_without_a_way_out_of_a_pod_the_ways_are_named(api, user):
    api.denied |= {("get", "pods/exec"), ("create", "pods")}
    errand = Errand(Request("GET", "shop:80", "/"), "shop", 80, 1)
    with pytest.raises(ForbiddenError, match="no way to send a request from shop-1") as caught:
        Ways(user, pod("shop-1", "shop", "istio-proxy"), past=True).carry(errand)
    assert caught.value.why == ("You may not get pods/exec in the namespace team.",)
    assert caught.value.hint == (
        "one of these is needed: exec where the container has curl, python3 or nc; exec and ephemeral containers;"
        " making and deleting pods. session.doctor(rbac=True) prints the rules"
    )


def test_without_exec_a_secret_is_not_sent(api, user):
    api.denied.add(("get", "pods/exec"))
    api.refused["POST", "/pods$"] = 409, "not today"
    ways = Ways(user, pod("shop-1", "shop", "istio-proxy"), past=True)
    with pytest.raises(TrafficError, match="with a body or a secret cannot be sent here") as caught:
        ways.carry(Errand(Request("POST", "shop:80", "/", body=b"sold"), "shop", 80, 1))
    assert caught.value.hint == "send it without, or get the right to exec"
    # Without one it comes as far as the pod that would send it.
    with pytest.raises(MeshError, match="Somebody else has changed it"):
        ways.carry(Errand(Request("GET", "shop:80", "/"), "shop", 80, 1))


def test_what_is_not_the_agents_is_deleted_or_renamed(api, user, monkeypatch):
    monkeypatch.setattr(install, "_READY", 0.0)
    mesh = SimpleNamespace(cluster=user, namespace="team", istio=ISTIO)
    path = f"/api/v1/namespaces/team/configmaps/{NAME}"
    api.put(path)
    with pytest.raises(MeshError, match="was not made by wasmnb; nothing of it was changed") as caught:
        install.put(mesh, "registry.example/agent:1", progress=Silent())
    assert caught.value.hint == "delete or rename it"
    del api.objects[path]
    with pytest.raises(MeshError, match="does not start; what was applied stays"):
        install.put(mesh, "registry.example/agent:1", progress=Silent())
    assert path in api.objects


def test_an_echo_that_no_service_names_is_not_said_to_run(api, user, monkeypatch):
    monkeypatch.setattr(install, "_GOING", 0.0)
    monkeypatch.setattr(install, "_wait", lambda *_: None)
    mesh = SimpleNamespace(cluster=user, namespace="team", istio=ISTIO)
    with pytest.raises(MeshError, match="its service names no pod after 0 s; what was applied stays") as caught:
        install.put_echo(mesh, "registry.example/agent:1")
    assert caught.value.hint == ("session.mesh('istio', echo=True) waits again; echo=False takes away what was applied")
    service = api.objects[f"/api/v1/namespaces/team/services/{ECHO}"]
    (port,) = service["spec"]["ports"]
    slices(api, f"{ECHO}-1", service=ECHO, port=port)
    assert install.put_echo(mesh, "registry.example/agent:1")[0].startswith("the echo runs")
    # Who may not look for the pods behind a service is not kept from it.
    api.refused["GET", "/endpointslices$"] = 403, "no"
    assert install.put_echo(mesh, "registry.example/agent:1")[0].startswith("the echo runs")


@pytest.mark.parametrize("first", [DeployError("It is still there."), KeyboardInterrupt()])
def test_what_fails_first_is_told_when_a_plugin_and_its_routes_cannot_be_taken_away(user, monkeypatch, first):
    mesh, dropped = IstioMesh(user, "team", ISTIO), []

    def fail(_):
        raise first

    def drop(id_):
        dropped.append(id_)
        raise ForbiddenError("You may not delete virtualservices.")

    monkeypatch.setattr(mesh._deployments, "remove", fail)
    monkeypatch.setattr(mesh._shares, "drop", drop)
    with pytest.raises(type(first)) as caught:
        mesh.remove("one")
    assert caught.value is first
    assert dropped == ["one"]
    if isinstance(first, DeployError):
        assert first.why == ("its routes were not deleted either: You may not delete virtualservices.",)
    monkeypatch.setattr(mesh._deployments, "remove", lambda _: ONE)
    with pytest.raises(ForbiddenError):
        mesh.remove("one")
    mesh.stop()
