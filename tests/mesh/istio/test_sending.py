"""Requests into a real cluster, by every way that its user's rights and its containers leave open."""

from __future__ import annotations

import pytest

from tests.mesh.conftest import until
from tests.mesh.istio.conftest import DETAILS
from tests.mesh.tiny import build, header
from wasmnb.errors import BadNameError, MeshError, TrafficError, UsageError
from wasmnb.mesh.istio.api.api_errors import ForbiddenError, NoProgramError
from wasmnb.mesh.istio.requests import mtls, sender_pod
from wasmnb.plugin import Plugin

URL = "details:9080/details/123"
SEEN = [
    {"apiGroups": [""], "resources": ["pods", "services"], "verbs": ["get", "list"]},
    {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": ["list"]},
]
EXEC = {"apiGroups": [""], "resources": ["pods/exec"], "verbs": ["get", "create"]}
PROBE = [
    {"apiGroups": [""], "resources": ["pods"], "verbs": ["create", "delete"]},
    {"apiGroups": [""], "resources": ["pods/log"], "verbs": ["get"]},
]


@pytest.fixture
def as_one_who(home, connect, cluster):
    """Connect with an account that has only these rights."""
    return lambda name, *rules: connect(home, cluster.account(home, name, [*SEEN, *rules]))


def ours(cluster, home):
    return [name for name in cluster.pods(home) if name.startswith("wasmnb-")]


def test_the_articles_request_past_the_callers_proxy(running):
    exchange = running.send("productpage", URL)
    assert (exchange.response.status, exchange.source, exchange.via) == (200, "productpage-v1", "proxy")
    names = [name for name, _ in exchange.response.headers]
    assert names[0] == "content-type"
    assert {"server", "x-envoy-upstream-service-time", "x-envoy-decorator-operation"} <= set(names)
    assert exchange.response.headers["server"] == "istio-envoy"
    assert '"id":123' in exchange.response.text
    assert exchange.seconds < 5
    assert exchange.notes[0].startswith("sent past the proxy by curl in the container istio-proxy of productpage-v1-")


def test_each_endpoint_answers_in_turn_or_the_one_that_is_named(running):
    pods = running.endpoints(URL)
    assert len(pods) == 3
    assert {running.send("productpage-v1", URL).pod for _ in pods} == set(pods)
    for pod in pods:
        assert running.send("productpage", URL, pod=pod).pod == pod
    with pytest.raises(BadNameError, match="no ready pod 'details-v9'"):
        running.send("productpage", URL, pod="details-v9")


@pytest.mark.parametrize("host", ["details", "details.{}", "details.{}.svc", "details.{}.svc.cluster.local"])
def test_every_form_of_a_services_name(running, home, host):
    assert running.send("productpage", f"http://{host.format(home)}:9080/details/7").response.status == 200


def test_names_that_lead_nowhere_are_told_with_what_there_is(running):
    with pytest.raises(TrafficError, match="no service 'detials'") as caught:
        running.send("productpage", "detials:9080/")
    assert "did you mean details:9080?" in caught.value.hint
    with pytest.raises(TrafficError, match="no port 80") as caught:
        running.endpoints("details/")
    assert caught.value.hint == "write details:9080"
    with pytest.raises(BadNameError, match="'produktpage'") as caught:
        running.send("produktpage", URL)
    assert "did you mean productpage?" in caught.value.hint
    with pytest.raises(UsageError, match="'prxy' is not a way"):
        running.send("productpage", URL, via="prxy")


def test_a_filters_headers_past_the_proxy_and_a_502_through_it(mesh, published):
    mesh.apply(Plugin("odd", published(build("odd", response=header("你好", "六翁"))), DETAILS))
    past = mesh.send("productpage", URL)
    assert past.response.headers["你好"] == "六翁"
    assert any("not an HTTP token" in note for note in past.notes)
    through = mesh.send("productpage", URL, via="app")
    assert through.response.status == 502
    assert any(note.startswith("502 protocol error") for note in through.notes)


def test_a_body_a_method_and_headers_arrive(running):
    posted = running.send("productpage", URL, method="POST", headers=[("x-a", "ü")], body=bytes(range(256)) * 100)
    assert posted.response.status == 200
    headed = running.send("productpage", URL, method="HEAD")
    assert (headed.response.status, headed.response.body) == (200, b"")


def test_an_application_with_a_program_sends_itself_and_one_without_gets_a_container_once(mesh):
    own = mesh.send("productpage", URL, via="app")
    assert own.response.headers["server"] == "envoy"
    assert "through the proxy by nc in the container productpage" in own.notes[0]
    assert own.pod == "details"  # the proxy chose one of three, and nobody says which
    first, second = (mesh.send("ratings", URL, via="app") for _ in range(2))
    assert (first.response.status, second.response.status) == (200, 200)
    assert "in the ephemeral container wasmnb-app-1" in first.notes[0]
    assert "added to it now" in first.notes[0]
    assert "added to it earlier" in second.notes[0]
    with pytest.raises(UsageError, match="that proxy chooses"):
        mesh.send("productpage", URL, via="app", pod=mesh.endpoints(URL)[0])


def test_mutual_tls_only_is_said_and_the_way_leads_through_the_proxy(mesh, cluster, home):
    policy = {
        "apiVersion": "security.istio.io/v1",
        "kind": "PeerAuthentication",
        "metadata": {"name": "tls-only"},
        "spec": {"selector": {"matchLabels": DETAILS}, "mtls": {"mode": "STRICT"}},
    }
    cluster.apply(policy, namespace=home)
    try:
        until(lambda: mesh.send("productpage", URL).via, lambda via: via == "app")
        exchange = mesh.send("productpage", URL)
        assert exchange.response.status == 200
        assert f"STRICT), as the policy {home}/tls-only says" in exchange.notes[0]
        assert "502" in exchange.notes[0]
        assert mesh.send("productpage", "ratings:9080/ratings/1").via == "proxy"
        with pytest.raises(TrafficError, match="cannot be asked past the caller's proxy") as caught:
            mesh.send("productpage", URL, pod=mesh.endpoints(URL)[0])
        assert caught.value.why[0] == f"the policy {home}/tls-only"
    finally:
        cluster.kubectl("-n", home, "delete", "peerauthentication", "tls-only")


def test_mutual_tls_only_is_suspected_where_policies_may_not_be_read(mesh, as_one_who, cluster, home):
    seen = as_one_who("blind-to-policies", EXEC)
    cluster.apply(
        {
            "apiVersion": "security.istio.io/v1",
            "kind": "PeerAuthentication",
            "metadata": {"name": "all-tls-only"},
            "spec": {"mtls": {"mode": "STRICT"}},
        },
        namespace=home,
    )
    try:
        until(lambda: mesh.send("productpage", URL).via, lambda via: via == "app")
        exchange = seen.send("productpage", URL)
        assert (exchange.response.status, exchange.via) == (200, "app")
        assert "it seems, because it broke off the connections" in exchange.notes[0]
    finally:
        cluster.kubectl("-n", home, "delete", "peerauthentication", "all-tls-only")


def test_without_exec_a_pod_of_our_own_sends_and_is_gone_again(as_one_who, cluster, home):
    probing = as_one_who("prober", *PROBE)
    past = probing.send("productpage", URL)
    assert past.response.headers["server"] == "istio-envoy"
    assert "in a pod made for it beside productpage-v1-" in past.notes[0]
    assert "exec is not allowed" in past.notes[0]
    through = probing.send("productpage", URL, via="app")
    assert through.response.headers["server"] == "envoy"
    assert not ours(cluster, home)


def test_what_others_may_not_read_is_not_sent_by_a_pods_specification(as_one_who, cluster, home):
    probing = as_one_who("careful", *PROBE)
    with pytest.raises(TrafficError, match="body or a secret"):
        probing.send("productpage", URL, headers=[("authorization", "Bearer abcdefghijklmnop")])
    with pytest.raises(TrafficError, match="body or a secret"):
        probing.send("productpage", URL, method="POST", body=b"x")
    assert not ours(cluster, home)


def test_an_interrupted_probe_is_gone_too(as_one_who, cluster, home, monkeypatch):
    def interrupt(*_):
        assert ours(cluster, home)
        raise KeyboardInterrupt

    monkeypatch.setattr("wasmnb.mesh.istio.requests.debug_containers.transcript", interrupt)
    with pytest.raises(KeyboardInterrupt):
        as_one_who("interrupted", *PROBE).send("productpage", URL)
    assert not ours(cluster, home)


def test_no_way_left_is_said_with_the_rights_that_open_one(as_one_who):
    with pytest.raises(ForbiddenError, match="no way to send") as caught:
        as_one_who("nobody").send("productpage", URL)
    assert any("pods/exec" in line for line in caught.value.why)
    with pytest.raises(NoProgramError, match="no way to send") as caught:
        as_one_who("exec-only", EXEC).send("details", URL, via="app")
    assert any("not found" in line for line in caught.value.why)


def test_without_endpoint_slices_the_cluster_chooses_who_answers(connect, cluster, home):
    account = cluster.account(home, "no-slices", [SEEN[0], EXEC])
    mesh = connect(home, account)
    exchange = mesh.send("productpage", URL)
    assert (exchange.response.status, exchange.pod) == (200, "details")
    with pytest.raises(ForbiddenError, match="endpointslices"):
        mesh.send("productpage", URL, pod="details-v1-x")


def test_a_service_without_a_ready_pod_is_told_after_a_while(running, cluster, home):
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "nobody"},
        "spec": {"selector": {"app": "nobody"}, "ports": [{"name": "http", "port": 80}]},
    }
    cluster.apply(service, namespace=home)
    with pytest.raises(TrafficError, match="No pod behind the service 'nobody' is ready") as caught:
        running.send("productpage", "nobody/", timeout=1)
    assert any(line.startswith("tried ") for line in caught.value.why)


def test_a_pod_without_a_proxy_sends_only_as_an_application(running, cluster, home):
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "bare", "labels": {"app": "bare", "sidecar.istio.io/inject": "false"}},
        "spec": {
            "containers": [
                {
                    "name": "shell",
                    "image": "localhost/istio/proxyv2:test",
                    "command": ["sleep", "3600"],
                    "securityContext": {"runAsUser": 1000},
                }
            ],
            "terminationGracePeriodSeconds": 0,
        },
    }
    cluster.apply(pod, namespace=home)
    cluster.ready(home, "app=bare")
    with pytest.raises(MeshError, match="has no proxy"):
        running.send("bare", URL)
    assert running.send("bare", URL, via="app").response.status == 200
    cluster.kubectl("-n", home, "delete", "pod", "bare")


def policy(name, namespace="shop", mode="", *, labels=None, port=None, at="1"):
    spec = {"mtls": {"mode": mode}} if mode else {}
    if labels:
        spec["selector"] = {"matchLabels": labels}
    if port:
        spec["portLevelMtls"] = port
    return {"metadata": {"name": name, "namespace": namespace, "creationTimestamp": at}, "spec": spec}


@pytest.mark.parametrize(
    ("policies", "named"),
    [
        ([], ""),
        ([policy("all", "istio-system", "STRICT")], "istio-system/all"),
        ([policy("all", "istio-system", "STRICT"), policy("here", mode="PERMISSIVE")], ""),
        ([policy("all", "istio-system", "STRICT"), policy("here", mode="UNSET")], "istio-system/all"),
        ([policy("here", mode="STRICT"), policy("pod", mode="PERMISSIVE", labels=DETAILS)], ""),
        ([policy("here", mode="STRICT"), policy("pod", mode="PERMISSIVE", labels={"app": "x"})], "shop/here"),
        ([policy("pod", labels=DETAILS, port={"9080": {"mode": "STRICT"}})], "shop/pod"),
        ([policy("pod", labels=DETAILS, port={"9081": {"mode": "STRICT"}})], ""),
        ([policy("new", mode="PERMISSIVE", at="2"), policy("old", mode="STRICT", at="1")], "shop/old"),
        ([policy("elsewhere", "other", "STRICT")], ""),
    ],
)
def test_which_policy_asks_for_mutual_tls(policies, named):
    assert mtls.strict(policies, DETAILS, 9080, namespace="shop", root="istio-system") == named


def test_the_image_for_a_shell_is_the_proxys_own_or_its_sibling():
    for image, expected in (
        ("docker.io/istio/proxyv2:1.30.3", "docker.io/istio/proxyv2:1.30.3"),
        ("docker.io/istio/proxyv2:1.30.3-distroless", "docker.io/istio/proxyv2:1.30.3"),
        ("docker.io/istio/proxyv2:1.30.3-distroless@sha256:aa", "docker.io/istio/proxyv2:1.30.3"),
        ("docker.io/istio/proxyv2@sha256:aa", "docker.io/istio/proxyv2@sha256:aa"),
    ):
        assert sender_pod.shell_image({"image": image}) == expected
