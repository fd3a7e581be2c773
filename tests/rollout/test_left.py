"""A deployment tells which pods no longer have the plugin."""

from __future__ import annotations

import pytest

from tests.mesh.tiny import tag
from wasmnb.mesh.local import LocalMesh
from wasmnb.session import Session
from wasmnb.views import record_of


@pytest.mark.compiler
@pytest.mark.envoy
def test_pods_that_another_selector_leaves_are_named_before_and_afterwards():
    with Session() as session:
        session.use(LocalMesh.start())
        (details,) = [pod.name for pod in session.pods() if pod.workload == "details-v1"]
        first = session.deploy(tag("one"), id="one", selector="app=details")
        assert first.left == ()
        asked = session.deploy(tag("one"), id="one", selector="app=reviews", dry_run=True)
        assert asked.left == (details,)
        assert asked.changed
        assert f"one would be taken from {details}" in record_of(asked).status
        assert f"one would come to {', '.join(asked.pods)}" in record_of(asked).status
        moved = session.deploy(tag("one"), id="one", selector="app=reviews")
        assert moved.left == (details,)
        assert f"no longer on {details}" in record_of(moved).status
        assert moved.to_dict()["left"] == [details]
        wider = session.deploy(tag("one"), id="one", selector="*")
        assert wider.left == ()
        assert record_of(session.rollback("one")).status.count(", no longer on") == 1
