"""Revisions of Istio side by side: which one a namespace's pods are of."""

from __future__ import annotations

import pytest

from wasmnb.mesh.istio.proxies.istiod import find


class Cluster:
    """Has two revisions of Istio, and a namespace with some labels."""

    context = "test"

    def __init__(self, labels: dict[str, str]) -> None:
        self.labels = labels

    def may(self, _right) -> bool:
        return True

    def request(self, _method, path, **_):
        if path.endswith("/namespaces/home"):
            return {"metadata": {"labels": self.labels}}
        if path.endswith("/pods"):
            return {"items": [istiod("default", "1.29.0"), istiod("next", "1.30.3")]}
        return {"resources": [{"name": "envoyfilters"}, {"name": "wasmplugins"}]}


def istiod(revision: str, version: str) -> dict:
    return {
        "metadata": {"name": f"istiod-{revision}", "labels": {"app": "istiod", "istio.io/rev": revision}},
        "spec": {"containers": [{"image": f"istio/pilot:{version}"}]},
        "status": {"phase": "Running"},
    }


@pytest.mark.parametrize(
    ("labels", "revision", "version"),
    [
        ({"istio.io/rev": "next"}, "next", "1.30.3"),
        ({"istio-injection": "enabled"}, "default", "1.29.0"),
        ({"istio.io/rev": "a-tag"}, "default", "1.29.0"),
    ],
)
def test_a_namespace_is_of_the_revision_that_its_label_names_and_all_are_asked(labels, revision, version):
    istio = find(Cluster(labels), "home")
    assert (istio.revision, istio.version) == (revision, version)
    assert istio.pods == ("istiod-default", "istiod-next")
