"""A pod that takes mutual TLS only is asked by another one, and it is known which pod of a service answered that."""

from __future__ import annotations

import json
import threading
from types import SimpleNamespace

import pytest

from wasmnb.envoy.effect import Effect, Facet, Trait, Trial
from wasmnb.envoy.exchange import PLAIN, Probe
from wasmnb.errors import MeshError
from wasmnb.mesh.istio.api.api_errors import NoProgramError
from wasmnb.mesh.istio.proxies.config_dump import ECDS, NO_ENTRIES
from wasmnb.mesh.istio.proxies.evidence import Standing
from wasmnb.mesh.istio.proxies.peer_requests import Errands, PeerRequests
from wasmnb.mesh.istio.proxies.pods import proxy_started
from wasmnb.mesh.istio.proxies.proving import Proving
from wasmnb.plugin.verdict import PodVerdict, Proof, Verdict

NOW = "2026-01-01T12:00:00Z"
STRICT = {"metadata": {"name": "all", "namespace": "home"}, "spec": {"mtls": {"mode": "STRICT"}}}


def pod(name, ip):
    return {
        "metadata": {"name": name, "uid": f"uid of {name}", "labels": {"app": name.split("-")[0]}},
        "spec": {"containers": [{"name": "app"}, {"name": "istio-proxy"}]},
        "status": {"podIP": ip, "conditions": [{"type": "Ready", "status": "True"}]},
    }


TWO = [pod("web-0", "10.0.0.1"), pod("web-1", "10.0.0.2")]
GATEWAY = {**pod("edge-0", "10.0.0.5"), "spec": {"containers": [{"name": "istio-proxy"}]}}
PEERS = [GATEWAY, pod("mute-0", "10.0.0.8"), pod("filtered-0", "10.0.0.9"), pod("shop-0", "10.0.0.7")]


class Cluster:
    """One service, whose pods answer in turn; ``headers`` are what each adds, ``others`` what somebody else sends."""

    def __init__(self):
        self.counts = {one["status"]["podIP"]: 5 for one in TWO}
        self.headers = dict.fromkeys(self.counts, "")
        self.turn = 0
        self.others = ""
        self.sent = []
        self.filtered_after = float("inf")
        self.route, self.listener = {}, {}
        self.counted, self.by = [], "x-envoy-upstream-service-time: 1\r\n"

    def may(self, _):
        return True

    def request(self, _, path, **__):
        if path.endswith("/services"):
            return {"items": [{"metadata": {"name": "web"}, "spec": {"ports": [{"name": "http", "port": 80}]}}]}
        if path.endswith("/peerauthentications"):
            return {"items": [STRICT]}
        ends = [{"addresses": [ip], "conditions": {"ready": True}} for ip in self.counts]
        labels = {"kubernetes.io/service-name": "web"}
        ports = [{"name": "http", "port": 9080}]
        return {"items": [{"metadata": {"labels": labels}, "ports": ports, "endpoints": ends}]}

    def execute(self, _, name, container, __, *, stdin, **___):
        if name.startswith("mute"):
            raise NoProgramError("There is no program.")
        # A pod's own request, past its proxy or into it, is not answered.
        if container == "istio-proxy":
            raise MeshError("The connection was reset.")
        assert (name, container) == ("shop-0", "app")
        self.sent.append(stdin)
        ip = list(self.counts)[self.turn % len(self.counts)]
        self.turn += 1
        for one in (ip, self.others):
            if one:
                self.counts[one] += 1
        text = f"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n{self.by}{self.headers[ip]}\r\n"
        return SimpleNamespace(stdout=text.encode(), stderr="wasmnb-carrier curl\n", code=0)

    def get(self, name, path):
        """Answer as the admin interface of a pod's proxy."""
        if path == ECDS:
            if name.startswith("filtered") or len(self.sent) >= self.filtered_after:
                return json.dumps({"configs": [{"ecds_filter": {"name": "x"}, "last_updated": NOW}]})
            raise MeshError("It answers with an error.", why=[NO_ENTRIES])
        if path.startswith("/config_dump"):
            return json.dumps(self.config(name, path))
        lines = [f"outbound|80||web.home.svc.cluster.local::{ip}:9080::rq_total::{n}" for ip, n in self.counts.items()]
        return "\n".join([*lines, "outbound|80||web.away.svc.cluster.local::10.0.0.1:9080::rq_total::7"])

    def config(self, name, path):
        """Give a listener, or the routes, of a proxy that sends: those of `shop-0` are as a test says."""
        if "dynamic_listeners" in path:
            assert path.endswith("name_regex=_80%24")
            kind = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
            manager = {"@type": f"type.googleapis.com/{kind}", "http_filters": [{"typed_config": self.listener}]}
            chain = {"filters": [{"typed_config": manager}]}
            return {"configs": [{"active_state": {"listener": {"filter_chains": [chain]}}}]}
        assert path.endswith("dynamic_route_configs&name_regex=%5E(.*:)?80%24")
        other = {"domains": ["other.home.svc.cluster.local"], "response_headers_to_add": [{}]}
        own = [{"domains": [f"{one}.home.svc.cluster.local", one], **self.route} for one in ("web", "shop", "hung")]
        return {"configs": [{"route_config": {"name": "80", "virtual_hosts": [other, *own]}}]}


@pytest.fixture
def cluster():
    return Cluster()


@pytest.fixture
def peers(cluster):
    made = PeerRequests(cluster, "home", cluster, lambda item, _: cluster.counted.append(item["metadata"]["name"]))
    made.keep([*TWO, *PEERS])
    return made


def test_each_pod_is_asked_by_one_that_has_no_filter_and_a_program(peers, cluster):
    cluster.headers["10.0.0.2"] = "x-tag: b\r\n"
    found = peers.answers([Errands(TWO, PLAIN, 9080)])[0]
    assert {uid: [(one.peer, one.headers.get("x-tag")) for one in several] for uid, several in found.items()} == {
        "uid of web-0": [("shop-0", None)],
        "uid of web-1": [("shop-0", "b")],
    }
    assert len(cluster.sent) == 2
    # Each as often as it is to answer.
    assert [len(several) for several in peers.answers([Errands([*TWO, TWO[0]], PLAIN, 9080)])[0].values()] == [2, 1]
    assert peers.why_not(TWO[0]) == ""


def test_a_pod_that_goes_while_it_asks_breaks_no_look(peers, cluster, monkeypatch):
    get = cluster.get

    def gone(name, path):
        if cluster.sent:
            raise MeshError(f"There is no pod {name}.")
        return get(name, path)

    monkeypatch.setattr(cluster, "get", gone)
    assert peers.answers([Errands(TWO, PLAIN, 9080)]) == [{}]
    assert peers.why_not(TWO[0]) == "There is no pod shop-0."


def test_services_that_cannot_be_listed_break_no_look(peers, cluster, monkeypatch):
    def silent(*_, **__):
        raise MeshError("The API server does not answer.")

    monkeypatch.setattr(cluster, "request", silent)
    assert peers.answers([Errands(TWO, PLAIN, 9080)]) == [{}]
    assert peers.why_not(TWO[0]) == "The API server does not answer."


def test_an_answer_is_nobodys_while_somebody_else_asks_too(peers, cluster):
    cluster.others = "10.0.0.2"
    assert peers.answers([Errands(TWO[:1], PLAIN, 9080)])[0] == {}
    assert "asked its service 6 times" in peers.why_not(TWO[0])
    # Where both came to the same pod, it has answered.
    cluster.others, cluster.turn = "10.0.0.1", 0
    assert len(peers.answers([Errands(TWO[:1], PLAIN, 9080)])[0]["uid of web-0"]) == 1


def test_an_answer_of_the_proxy_that_asks_is_nobodys_though_somebody_else_was_answered(peers, cluster):
    cluster.by = ""
    assert peers.answers([Errands(TWO, PLAIN, 9080)])[0] == {}


def test_requests_that_came_to_other_pods_of_the_service_are_counted_as_ours_too(peers, cluster):
    assert len(peers.answers([Errands([TWO[1]], PLAIN, 9080)])[0]) == 1
    assert cluster.counted == ["web-0", "web-1"]


def test_what_was_seen_is_nobodys_where_the_one_that_asks_gets_a_filter_meanwhile(peers, cluster):
    cluster.filtered_after = 1
    assert peers.answers([Errands(TWO, PLAIN, 9080)])[0] == {}
    assert len(cluster.sent) == 2
    assert "shop-0, which asked, may have got a filter" in peers.why_not(TWO[0])


ADDS = {"header": {"key": "x-tag", "value": "a"}}
ORIGIN = Probe("GET", "/", (("Origin", "https://shop.example"),))


@pytest.mark.parametrize(
    ("route", "listener", "probe"),
    [
        ({"routes": [{"response_headers_to_add": [ADDS]}]}, {}, PLAIN),
        (
            {"routes": [{"route": {"weighted_clusters": {"clusters": [{"response_headers_to_add": [ADDS]}]}}}]},
            {},
            PLAIN,
        ),
        ({"response_headers_to_remove": ["server"]}, {}, PLAIN),
        ({"routes": [{"typed_per_filter_config": {"envoy.filters.http.cors": {}}}]}, {}, ORIGIN),
        ({}, {"@type": "type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua"}, PLAIN),
        ({"domains": ["elsewhere"]}, {}, PLAIN),
        ({}, {"suppress_envoy_headers": True}, PLAIN),
    ],
    ids=[
        "a route adds",
        "one of several adds",
        "a host removes",
        "CORS adds",
        "Envoy's own filter adds",
        "no route",
        "untold",
    ],
)
def test_a_pod_whose_own_proxy_changes_answers_does_not_ask(peers, cluster, route, listener, probe):
    cluster.route, cluster.listener = route, listener
    assert peers.answers([Errands(TWO, probe, 9080)])[0] == {}
    assert "changes no headers of answers" in peers.why_not(TWO[0])
    assert not cluster.sent
    cluster.route, cluster.listener = {"routes": [{"typed_per_filter_config": {"envoy.filters.http.cors": {}}}]}, {}
    assert len(peers.answers([Errands(TWO, PLAIN, 9080)])[0]) == 2


def test_services_are_asked_side_by_side_and_one_that_does_not_answer_not_to_the_end(peers, cluster):
    both = threading.Barrier(2, timeout=20)
    shops = {"web": TWO[0], "shop": pod("other-0", "10.0.0.3"), "hung": pod("hung-0", "10.0.0.4")}
    hung = []
    cluster.counts = {one["status"]["podIP"]: 5 for one in shops.values()}

    def request(_, path, **__):
        def item(name, **more):
            labels = {"kubernetes.io/service-name": name}
            return {"metadata": {"name": name, "labels": labels}, **more}

        if path.endswith("/services"):
            return {"items": [item(name, spec={"ports": [{"port": 80}]}) for name in shops]}
        ends = {
            name: [{"addresses": [one["status"]["podIP"]], "conditions": {"ready": True}}]
            for name, one in shops.items()
        }
        return {"items": [item(name, ports=[{"port": 9080}], endpoints=ends[name]) for name in shops]}

    def execute(*_, stdin, **__):
        name = next(name for name in shops if f"{name}.home".encode() in stdin)
        if name == "hung":
            hung.append(name)
            raise MeshError("It took too long.")
        both.wait()
        cluster.counts[shops[name]["status"]["podIP"]] += 1
        return SimpleNamespace(
            stdout=f"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n{cluster.by}\r\n".encode(),
            stderr="wasmnb-carrier curl\n",
            code=0,
        )

    def get(name, path):
        if path == ECDS:
            raise MeshError("It answers with an error.", why=[NO_ENTRIES])
        if path.startswith("/config_dump"):
            return json.dumps(cluster.config(name, path))
        return "\n".join(
            f"outbound|80||{name}.home.svc.cluster.local::{ip}:9080::rq_total::{cluster.counts[ip]}"
            for name, one in shops.items()
            for ip in [one["status"]["podIP"]]
        )

    cluster.request, cluster.execute, cluster.get = request, execute, get
    peers.keep([*shops.values(), PEERS[-1]])
    items = [*shops.values()] * 4
    (found,) = peers.answers([Errands(items, PLAIN, 9080)])
    assert {uid: len(several) for uid, several in found.items()} == {"uid of web-0": 4, "uid of other-0": 4}
    assert len(hung) == 3
    assert "asked its service 3 times" in peers.why_not(shops["hung"])
    assert peers.why_not(shops["web"]) == ""


def test_what_may_change_something_is_not_sent_where_another_pod_might_get_it(peers, cluster):
    post = Probe("POST", "/", (), b"1")
    assert peers.answers([Errands(TWO[:1], post, 9080)])[0] == {}
    assert not cluster.sent
    assert "another pod of its service might get it" in peers.why_not(TWO[0])
    del cluster.counts["10.0.0.2"]
    peers.keep([TWO[0], *PEERS])
    peers._services = (float("-inf"), [])
    assert len(peers.answers([Errands(TWO[:1], post, 9080)])[0]) == len(cluster.sent) == 1


def test_who_could_ask_is_said_where_nobody_can(peers, cluster):
    peers.keep([*TWO, *PEERS[:3]])
    assert peers.answers([Errands(TWO, PLAIN, 9080)])[0] == {}
    assert "with curl, python3 or nc in its application's container" in peers.why_not(TWO[0])
    assert peers.answers([Errands(TWO, PLAIN, 9081)])[0] == {}
    assert "no service" in peers.why_not(TWO[0])


def test_a_pod_that_takes_mutual_tls_only_is_seen_to_act_by_another(cluster):
    proving = Proving(cluster, "home", cluster, lambda _: [9080], "istio-system")
    proving.keep([*TWO, *PEERS])
    proving.permit(Proof.EFFECT)
    tags = frozenset({Trait(Facet.HEADER, "x-tag"), Trait(Facet.HEADER, "x-tag", "a")})
    proving.known.tried("id", "sha256:1", Trial((Effect(PLAIN, tags),)))
    proving.before("id", "sha256:1", "build", [(one, frozenset()) for one in TWO])
    cluster.headers["10.0.0.1"] = "x-tag: a\r\n"
    loaded = [PodVerdict(one["metadata"]["name"], "id", Verdict.LIVE, "sha256:1", "", "", (), None) for one in TWO]
    proving.look([(one, item, Standing("filter", "mark", workers=2)) for one, item in zip(loaded, TWO, strict=True)])
    first, second = (proving.proven(one, item, "mark") for one, item in zip(loaded, TWO, strict=True))
    assert (first.verdict, second.verdict) == (Verdict.LIVE, Verdict.LOADED)
    assert "x-tag: a, which was not so before it came (asked by shop-0, with mutual TLS)" in first.evidence[-1]
    assert first.reason.endswith("what was seen stands for one of its 2 workers")
    # One before it came, and one for each worker since.
    assert proving.requests.own(TWO[0]).of(proxy_started(TWO[0])) == {"2": 3}
    proving.close()
