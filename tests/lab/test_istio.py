"""The views over a real Istio, in a real browser: what the DOM says is what the cluster does."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.cluster import bookinfo
from tests.mesh.tiny import tag
from wasmnb.image.registry import push
from wasmnb.mesh.istio import IstioMesh
from wasmnb.mesh.protocol import Verdict
from wasmnb.plugin import Plugin

START = """
%load_ext wasmnb
%wasm_mesh istio -n {namespace}
"""


@pytest.fixture
def home(cluster, monkeypatch):
    monkeypatch.setenv("KUBECONFIG", str(cluster.kubeconfig))
    counted = {"sidecar.istio.io/statsInclusionPrefixes": "http.inbound"}
    with cluster.namespace() as name:
        bookinfo.install(cluster, name, ("details-v1", "productpage-v1"), annotations=counted)
        yield name


def test_pods_of_a_cluster_as_they_come_go_and_run_a_filter(notebook, cluster, home):
    opened = notebook(START.format(namespace=home), "%wasm_pods --watch")
    opened.run_all()
    page = opened.page
    grid = page.get_by_role("grid", name="Pods of the mesh istio")
    grid.wait_for(timeout=90_000)
    details = grid.get_by_role("row").filter(has_text="details-v1-").filter(has_text="2/2")
    details.first.wait_for(timeout=30_000)

    # A filter goes live, and the row says which.
    mesh = IstioMesh.connect(None, home)
    try:
        image = _pushed(cluster)
        assert {one.verdict for one in mesh.apply(Plugin("shown", image, {"app": "details"}))} == {Verdict.LIVE}
        details.filter(has_text="LIVE").first.wait_for(timeout=30_000)
        opened.picture("pods-istio")
        mesh.remove("shown")
        details.filter(has_text="LIVE").first.wait_for(state="detached", timeout=30_000)
    finally:
        mesh.stop()

    # Pods come and go.
    cluster.scale(home, "details-v1", 2)
    page.wait_for_function(
        "() => [...document.querySelectorAll('.wasmnb-live [role=row]')]"
        ".filter(row => row.innerText.includes('details-v1-') && row.innerText.includes('2/2')).length === 2",
        timeout=60_000,
    )
    cluster.kubectl("-n", home, "set", "image", "deployment/productpage-v1", "productpage=localhost/no/such:image")
    grid.get_by_role("row").filter(has_text="ErrImage").or_(
        grid.get_by_role("row").filter(has_text="ImagePullBackOff")
    ).first.wait_for(timeout=60_000)
    opened.picture("pods-istio-problem")
    opened.kernel("get_ipython().run_line_magic('wasm_mesh', 'stop')")
    grid.wait_for(state="detached", timeout=20_000)
    left = opened.saved().cells[1].outputs
    assert "productpage-v1-" in left[0].data["text/plain"]


def _pushed(cluster):
    image = tag("shown").image(f"{cluster.registry}/shown:1")
    push(image, image.reference, plain_http=True)
    return replace(image, reference=image.pinned)
