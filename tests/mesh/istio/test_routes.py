"""The objects by which requests are shared, whose routes of others they must not meet, and what a proxy has of them."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from types import SimpleNamespace

import pytest

from wasmnb.mesh.istio.api.api_errors import ForbiddenError
from wasmnb.mesh.istio.objects.objects import PLUGIN
from wasmnb.mesh.istio.objects.record import packed
from wasmnb.mesh.istio.objects.routes import Routes, clashes, held
from wasmnb.mesh.istio.objects.shares import Shares
from wasmnb.plugin.errors import DeployError

OTHERS = [({"version": "v1"}, 2), ({"version": "v3"}, 1)]
ROUTES = Routes("wasmnb-tagged", "shop", "reviews", (9080, 9081), {"version": "v2"}, OTHERS)


@pytest.mark.parametrize(
    ("percent", "weights"),
    [
        (10, {"tried": 1, "rest-1": 6, "rest-2": 3}),
        (0.5, {"tried": 3, "rest-1": 398, "rest-2": 199}),
        (100, {"tried": 1}),
        (0, {"rest-1": 2, "rest-2": 1}),
    ],
)
def test_the_rest_is_shared_as_the_pods_are(percent, weights):
    rule, service = ROUTES.objects(percent)
    subsets = {one["name"]: one["labels"] for one in rule["spec"]["subsets"]}
    assert subsets == {"tried": {"version": "v2"}, "rest-1": {"version": "v1"}, "rest-2": {"version": "v3"}}
    assert [one["match"] for one in service["spec"]["http"]] == [[{"port": 9080}], [{"port": 9081}]]
    for one in service["spec"]["http"]:
        assert {route["destination"]["subset"]: route["weight"] for route in one["route"]} == weights
        assert {route["destination"]["port"]["number"] for route in one["route"]} == {one["match"][0]["port"]}


def other(kind, spec, namespace="shop", name="theirs"):
    return {"kind": kind, "metadata": {"namespace": namespace, "name": name}, "spec": spec}


@pytest.mark.parametrize(
    ("kind", "spec", "namespace"),
    [
        ("VirtualService", {"hosts": ["reviews"]}, "shop"),
        ("VirtualService", {"hosts": ["ratings", "reviews.shop.svc.cluster.local"]}, "elsewhere"),
        ("VirtualService", {"hosts": ["reviews.shop"], "gateways": ["edge", "mesh"]}, "elsewhere"),
        ("VirtualService", {"hosts": ["*"]}, "istio-system"),
        ("DestinationRule", {"host": "*.local"}, "istio-system"),
        ("DestinationRule", {"host": "*.shop.svc.example.org"}, "istio-system"),
        ("DestinationRule", {"host": "reviews"}, "shop"),
        ("HTTPRoute", {"parentRefs": [{"kind": "Service", "name": "reviews"}]}, "shop"),
        ("GRPCRoute", {"parentRefs": [{"kind": "Service", "name": "reviews", "namespace": "shop"}]}, "elsewhere"),
    ],
)
def test_routes_of_others_are_met(kind, spec, namespace):
    assert clashes([other(kind, spec, namespace)], ROUTES) == [f"{kind} {namespace}/theirs"]


@pytest.mark.parametrize(
    ("kind", "spec", "namespace"),
    [
        ("VirtualService", {"hosts": ["*"], "gateways": ["edge"]}, "shop"),
        ("VirtualService", {"hosts": ["reviews"]}, "elsewhere"),
        ("VirtualService", {"http": []}, "shop"),
        ("DestinationRule", {"host": "*.example.org"}, "istio-system"),
        ("DestinationRule", {"host": "*.bookshop.svc.cluster.local"}, "istio-system"),
        ("HTTPRoute", {"parentRefs": [{"name": "edge"}]}, "shop"),
        ("HTTPRoute", {"parentRefs": [{"kind": "Service", "name": "reviews"}]}, "elsewhere"),
    ],
)
def test_what_does_not_concern_the_host_is_no_hindrance(kind, spec, namespace):
    assert clashes([other(kind, spec, namespace)], ROUTES) == []


def test_our_own_are_none_of_others():
    assert (
        clashes([other(one["kind"], one["spec"], "shop", "wasmnb-tagged") for one in ROUTES.objects(5)], ROUTES) == []
    )


def dump(*routes, domain="reviews.shop.svc.cluster.local"):
    hosts = [{"domains": [domain, "reviews"], "routes": [{"route": route} for route in routes]}]
    return json.dumps({"configs": [{"route_config": {"name": "9080", "virtual_hosts": hosts}}, {}]})


def weighted(**weights):
    clusters = [
        {"name": f"outbound|9080|{name}|reviews.shop.svc.cluster.local", "weight": weight}
        for name, weight in weights.items()
    ]
    return {"weighted_clusters": {"clusters": clusters}}


def test_what_a_proxy_has_of_them():
    alone = {"cluster": "outbound|9080|tried|reviews.shop.svc.cluster.local"}
    before = {"cluster": "outbound|9080||reviews.shop.svc.cluster.local"}
    assert held(dump(weighted(tried=1, rest=3)), ROUTES.host, 25)
    assert held(dump(alone), ROUTES.host, 100)
    assert held(dump(weighted(tried=1, rest=3), before), ROUTES.host, 25) is False
    assert held(dump(before), ROUTES.host, 25) is False
    assert held(dump(before, domain="ratings.shop.svc.cluster.local"), ROUTES.host, 25) is None


NOW = datetime(2026, 1, 1, 12, tzinfo=timezone.utc)


class Cluster:
    """One with a DestinationRule of ours, for a share of so many percent."""

    def __init__(self, percent):
        kept = {"share": {"service": "reviews", "labels": {"version": "v2"}, "percent": percent}}
        record = packed({**kept, "at": (NOW - timedelta(hours=1)).isoformat()})
        about = {"name": "wasmnb-tagged", "namespace": "shop", "labels": {PLUGIN: "tagged"}}
        self.rules = [{"metadata": {**about, "annotations": {"wasmnb.dev/record": record}}}]
        self.error, self.deleted = None, []

    def may(self, _):
        return True

    def now(self):
        return NOW

    def request(self, method, path, **_):
        if self.error is not None:
            raise self.error
        if method == "DELETE":
            self.deleted.append(path.rsplit("/", 2)[1])
        return {"items": self.rules}


def shares(cluster, *stored):
    objects = SimpleNamespace(cluster=cluster, namespace="shop", all=lambda: stored)
    return Shares(objects, None, list)


def holding(part):
    return SimpleNamespace(id="tagged", part=part)


@pytest.mark.parametrize(
    ("percent", "stored", "gone"),
    [
        (25, [holding({})], True),
        (25, [], True),
        (25, [holding({"version": "v2"})], False),
        (0, [holding({})], False),
        (0, [], True),
    ],
    ids=["it is whole", "it is gone", "in steps", "it could not go back", "it is gone since"],
)
def test_a_share_stays_as_long_as_its_rollout_has_not_ended(percent, stored, gone):
    cluster = Cluster(percent)
    ((_, removed),) = shares(cluster, *stored).left()
    assert removed is gone
    assert cluster.deleted == (["virtualservices", "destinationrules"] if gone else [])


def test_who_may_not_look_for_shares_has_none_unless_this_session_made_one():
    cluster = Cluster(25)
    own = shares(cluster)
    cluster.error = ForbiddenError("No.")
    own.drop("tagged")
    own._made.add("tagged")
    with pytest.raises(ForbiddenError):
        own.drop("tagged")


def test_routes_that_do_not_come_to_a_callers_proxy_end_the_step():
    caller = {"metadata": {"name": "caller"}, "spec": {"containers": [{"name": "istio-proxy"}]}}
    answers = [TimeoutError(), dump({"cluster": "outbound|9080|tried|reviews.shop.svc.cluster.local"})]

    def get(*_):
        answer = answers.pop(0)
        if isinstance(answer, TimeoutError):
            raise answer
        return answer

    own = Shares(SimpleNamespace(cluster=None, namespace="shop"), SimpleNamespace(get=get), lambda: [caller])
    with pytest.raises(DeployError, match="have not come to the proxies within 0 s") as caught:
        own._arrived(ROUTES, 100, 0)
    assert caught.value.why == ("not yet: caller",)
    assert caught.value.hint == "session.doctor() tells how Istio is"
    own._arrived(ROUTES, 100, 0)
