"""The embedded mesh takes over what the proxy of a pod of a real Istio has."""

from __future__ import annotations

from wasmnb.mesh.properties import Sort
from wasmnb.session import Session


def test_the_pods_node_and_clusters_are_on_the_embedded_mesh(running, home):
    there = next(iter(running.properties("details")))
    real = {one.name: one for one in running.properties(there.pod)}
    session = Session()
    try:
        state = session.mesh("local", from_=f"pod/{there.pod}", namespace=home)
        here = {one.name: one for one in session.properties("details")}
        assert {name for name, one in real.items() if one.sort is Sort.CLUSTER} <= here.keys()
        node = {name: one.value for name, one in real.items() if name.startswith("xds.node.")}
        assert node
        assert {name: one.value for name, one in here.items() if name.startswith("xds.node.")} == node
        assert here["xds.node.metadata.NAMESPACE"].value == home
        assert there.pod in state.about[0]
        (pod,) = (one for one in session.pods() if one.workload == "details-v1")
        labels = {one.path[-1]: one.value for name, one in real.items() if name.startswith("xds.node.metadata.LABELS.")}
        assert labels["service.istio.io/canonical-name"] == "details"
        assert labels.items() <= pod.labels.items()
    finally:
        session.close()
