"""Bookinfo applied to a real cluster and deleted again, by whoever, and what stands in its way."""

from __future__ import annotations

import json

import pytest

from tests.cluster import bookinfo as plain
from tests.worded import in_cell
from wasmnb.errors import Interrupted, MeshError, UsageError
from wasmnb.mesh.istio.api.api_errors import ForbiddenError
from wasmnb.mesh.istio.bookinfo.bookinfo_manifest import DEPLOYMENTS, images_of, manifest

MARK = "wasmnb.dev/bookinfo-label"


class Explained:
    """A progress that keeps what it is told, and may stop the work at a stage."""

    def __init__(self, stop_at=""):
        self.stages, self.stop_at = [], stop_at

    def update(self, stage, done=None, total=None):
        self.stages.append(stage)
        if self.stop_at and stage.startswith(self.stop_at):
            raise KeyboardInterrupt


def metadata(cluster, namespace):
    return json.loads(cluster.kubectl("get", "namespace", namespace, "-o", "json"))["metadata"]


def there(cluster, namespace):
    found = cluster.kubectl("-n", namespace, "get", "deployments,services,serviceaccounts,pods", "-o", "name").split()
    return sorted(name for name in found if name != "serviceaccount/default")


def test_six_pods_ready_and_nothing_left_by_another_process(bare, session, cluster):
    told = Explained()
    done = session(bare).bookinfo("apply", progress=told)
    assert len(done.pods) == 6
    assert {(pod.workload, pod.ready, pod.status) for pod in done.pods} == {
        (name, "2/2", "Running") for name in DEPLOYMENTS
    }
    assert {tuple(sorted(set(pod.labels) & {"app", "version"})) for pod in done.pods} == {("app", "version")}
    assert done.notes == (f"the namespace {bare} was labelled istio-injection=enabled, so that its pods get a proxy",)
    assert told.stages[-1] == "waiting for bookinfo: 6 of 6 deployments READY"
    capture = session(bare).headers("productpage", "details:9080/details/123")
    assert capture.after.response.status == 200

    again = session(bare).bookinfo("apply")
    assert again.notes == ()
    assert {pod.name for pod in again.pods} == {pod.name for pod in done.pods}

    gone = session(bare).bookinfo("delete")
    assert gone.pods == ()
    assert gone.notes == (f"the label istio-injection=enabled of the namespace {bare} was taken back",)
    assert there(cluster, bare) == []
    left = metadata(cluster, bare)
    assert "istio-injection" not in left["labels"]
    assert MARK not in left.get("annotations", {})
    assert session(bare).bookinfo("delete").notes == (
        "there is nothing in the namespace that session.bookinfo('apply') made",
    )


def test_what_others_made_and_a_label_that_was_there_stay(cluster, session):
    with cluster.namespace() as name:
        plain.install(cluster, name, ("details-v1",))
        before = there(cluster, name)
        done = session(name).bookinfo("apply")
        own = "Service details, ServiceAccount bookinfo-details, Deployment details-v1"
        assert done.notes == (f"left as it is, because it was not made here: {own}",)
        assert len(done.pods) == 6
        assert session(name).bookinfo("delete").notes == ()
        assert there(cluster, name) == before
        assert metadata(cluster, name)["labels"]["istio-injection"] == "enabled"


def test_an_image_that_cannot_be_had_is_told_at_once_and_mended_by_the_next_apply(bare, session, cluster):
    mesh = session(bare)
    with pytest.raises(MeshError, match="cannot start") as caught:
        mesh.bookinfo("apply", images=f"{cluster.registry}/nowhere/x-:9", timeout=120)
    assert any(f"{cluster.registry}/nowhere/x-" in line for line in caught.value.why)
    assert "--images" in in_cell(caught.value).hint
    mended = mesh.bookinfo("apply")
    assert {pod.workload for pod in mended.pods if pod.ready == "2/2"} == set(DEPLOYMENTS)


def test_pods_without_a_proxy_are_told(bare, session, cluster):
    # A revision that is not installed: its webhook is not there, so nobody injects.
    cluster.kubectl("label", "namespace", bare, "istio.io/rev=no-such-revision")
    with pytest.raises(MeshError, match="got no proxy") as caught:
        session(bare).bookinfo("apply", timeout=60)
    assert "mutatingwebhookconfigurations" in caught.value.hint
    session(bare).bookinfo("delete")
    assert metadata(cluster, bare)["labels"]["istio.io/rev"] == "no-such-revision"


def test_a_namespace_that_is_to_have_no_proxies_is_left_alone(bare, session, cluster):
    cluster.kubectl("label", "namespace", bare, "istio-injection=disabled")
    with pytest.raises(MeshError, match="istio-injection=disabled") as caught:
        session(bare).bookinfo("apply")
    assert "--overwrite" in caught.value.hint
    assert there(cluster, bare) == []


def test_stopped_in_between_it_says_what_stays_and_delete_takes_it_away(bare, session, cluster):
    with pytest.raises(Interrupted, match="what had been done by then stays"):
        session(bare).bookinfo("apply", progress=Explained("applying bookinfo: Deployment reviews-v1"))
    assert "deployment.apps/details-v1" in there(cluster, bare)
    session(bare).bookinfo("delete")
    assert there(cluster, bare) == []


def test_who_may_not_label_the_namespace_is_told_what_to_ask_for(bare, session, cluster):
    own = ["pods", "services", "serviceaccounts", "deployments"]
    rules = [
        {"apiGroups": ["", "apps"], "resources": own, "verbs": ["*"]},
        {"apiGroups": [""], "resources": ["namespaces"], "verbs": ["get"]},
    ]
    account = cluster.account(bare, "tenant", rules)
    with pytest.raises(ForbiddenError, match="may not") as caught:
        session(bare, account).bookinfo("apply")
    assert f"kubectl label namespace {bare} istio-injection=enabled" in caught.value.hint
    assert there(cluster, bare) == ["serviceaccount/tenant"]


def test_where_images_come_from():
    assert images_of("")["reviews-v2"] == "docker.io/istio/examples-bookinfo-reviews-v2:1.20.3"
    assert images_of("mirror.example:5000/istio")["details-v1"] == (
        "mirror.example:5000/istio/examples-bookinfo-details-v1:1.20.3"
    )
    assert images_of("mirror.example/books/:7")["details-v1"] == "mirror.example/books/details-v1:7"
    assert images_of("mirror.example/b-:7")["ratings-v1"] == "mirror.example/b-ratings-v1:7"
    mixed = images_of({"details-v1": "mine:1"})
    assert (mixed["details-v1"], len(mixed)) == ("mine:1", 6)
    with pytest.raises(UsageError, match="'detials-v1'") as caught:
        images_of({"detials-v1": "mine:1"})
    assert "details-v1" in caught.value.hint


def test_every_object_says_whose_it_is():
    objects = manifest()
    assert len(objects) == 14
    for item in objects:
        assert item["metadata"]["labels"]["app.kubernetes.io/managed-by"] == "wasmnb"
        assert item["metadata"]["labels"]["app.kubernetes.io/part-of"] == "bookinfo"
