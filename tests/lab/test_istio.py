"""The views over a real Istio, in a real browser and without one: what they say is what the cluster does."""

from __future__ import annotations

import re
from contextlib import ExitStack, contextmanager
from dataclasses import replace

import nbformat
import pytest
from nbclient import NotebookClient

from tests.cluster import bookinfo
from tests.cluster.wire import wired
from tests.mesh.tiny import build, tag
from wasmnb.image import package
from wasmnb.image.registry import push
from wasmnb.mesh.istio import IstioMesh
from wasmnb.plugin import Plugin
from wasmnb.plugin.verdict import Proof, Verdict

START = """
%load_ext wasmnb
%wasm_mesh istio -n {namespace} --prove trace
%wasm_config registry={registry}/views plain_http=true timeout=30
"""
COUNTED = {"sidecar.istio.io/statsInclusionPrefixes": "http.inbound"}
URL = "details:9080/details/123"
STEPS = "--id stepped --selector app=reviews --steps version=v1,version=v2,version=v3 --watch-for 4"
LOAD = """
import threading
from wasmnb.errors import WasmnbError
from wasmnb.session import default
enough, mesh = threading.Event(), default().current
def load():
    pods = mesh.endpoints("reviews:9080/reviews/7")
    while not enough.wait(0.05):
        for pod in pods:
            try:
                mesh.send("productpage", "reviews:9080/reviews/7", pod=pod, timeout=5)
            except WasmnbError:
                pass
loading = threading.Thread(target=load)
loading.start()
"""
NO_THREAD = """
import threading
own = ("wasmnb-dashboard", "wasmnb-watch")
assert not [one.name for one in threading.enumerate() if one.name.startswith(own)]
"""


@pytest.fixture(scope="module")
def shared(cluster):
    """The application, whose pods stay as they are."""
    names = ("productpage-v1", "details-v1", "reviews-v1", "reviews-v2", "reviews-v3")
    with cluster.namespace() as name:
        bookinfo.install(cluster, name, names, annotations=COUNTED)
        yield name


@pytest.fixture
def home(cluster):
    """The application, whose pods a test may change."""
    with cluster.namespace() as name:
        bookinfo.install(cluster, name, ("details-v1", "productpage-v1"), annotations=COUNTED)
        yield name


@pytest.fixture(autouse=True)
def places(cluster, monkeypatch, tmp_path):
    monkeypatch.setenv("KUBECONFIG", str(cluster.kubeconfig))
    monkeypatch.setenv("WASMNB_STORE", str(tmp_path / "store"))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))


@pytest.fixture
def modules(tmp_path):
    """Give the files of three filters: two that add a header, and one that answers 500."""
    made = {"one": tag("one"), "two": tag("two"), "failing": build("failing", request="respond(500)")}
    for name, module in made.items():
        (tmp_path / f"{name}.wasm").write_bytes(module.wasm)
    return {name: str(tmp_path / f"{name}.wasm") for name in made}


@contextmanager
def connected(namespace):
    mesh = IstioMesh.connect(None, namespace, prove=Proof.EFFECT)
    try:
        yield mesh
    finally:
        for plugin in mesh.plugins():
            mesh.remove(plugin.id)
        mesh.stop()


def start(cluster, namespace):
    return START.format(namespace=namespace, registry=cluster.registry)


def pushed(cluster, value="shown"):
    image = package(tag(value), f"{cluster.registry}/{value}:1")
    push(image, image.reference, plain_http=True)
    return replace(image, reference=image.pinned)


def rows(page, *texts):
    found = page.get_by_role("row")
    for text in texts:
        found = found.filter(has_text=text)
    return found


def test_pods_of_a_cluster_as_they_come_go_and_run_a_filter(notebook, cluster, home):
    opened = notebook(start(cluster, home), "%wasm_pods --watch")
    opened.run_all()
    page = opened.page
    grid = page.get_by_role("grid", name="Pods of the mesh istio")
    grid.wait_for(timeout=90_000)
    details = grid.get_by_role("row").filter(has_text="details-v1-").filter(has_text="2/2")
    details.first.wait_for(timeout=30_000)

    # A filter goes live, and the row says which.
    with connected(home) as mesh:
        assert {one.verdict for one in mesh.apply(Plugin("shown", pushed(cluster), {"app": "details"}))} == {
            Verdict.LIVE
        }
        details.filter(has_text="LIVE").first.wait_for(timeout=30_000)
        opened.picture("pods-istio")
        mesh.remove("shown")
        details.filter(has_text="LIVE").first.wait_for(state="detached", timeout=30_000)

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


@pytest.fixture
def wire(cluster, tmp_path, monkeypatch):
    """Give the way of the notebook's kernel to the API server."""
    with wired(cluster.kubeconfig, tmp_path) as (wire, kubeconfig):
        monkeypatch.setenv("KUBECONFIG", str(kubeconfig))
        yield wire


def test_an_api_server_that_is_gone_for_a_while(notebook, cluster, home, wire):
    with connected(home) as mesh, ExitStack() as left:
        # What failed is told, and not that nothing can be taken away over a wire that is silent.
        left.callback(wire.mend)
        mesh.apply(Plugin("shown", pushed(cluster), {"app": "details"}))
        opened = notebook(start(cluster, home), "%wasm_pods --watch", f"%wasm_headers productpage {URL} --watch")
        opened.run_all()
        page = opened.page
        grid = page.get_by_role("grid", name="Pods of the mesh istio")
        live = grid.get_by_role("row").filter(has_text="details-v1-").filter(has_text="LIVE")
        live.first.wait_for(timeout=90_000)
        page.get_by_role("slider", name="Captures, oldest first").wait_for(timeout=90_000)
        (gone,) = cluster.pods(home, "app=details")
        begun = "document.querySelectorAll('.wasmnb-live .stale').length === 2"
        over = "!document.querySelector('.wasmnb-live .stale')"

        wire.cut()
        page.wait_for_function(begun, timeout=40_000)
        wire.mend()
        page.wait_for_function(over, timeout=60_000)
        # Where an answer does not come in time it is LOADED until the next look.
        live.first.wait_for(timeout=30_000)

        # Nobody says that the way leads nowhere any more.
        wire.silence()
        page.wait_for_function(begun, timeout=40_000)
        assert page.locator(".wasmnb-live .stale").filter(has_text="stale since").count() == 2
        shown = grid.inner_text()
        assert "was LIVE" in shown, shown
        assert not re.search(r"✓\s*LIVE", grid.inner_text())
        opened.picture("istio-stale")

        # What happens meanwhile is not seen, and nothing pretends that it is.
        cluster.kubectl("-n", home, "delete", "pod", gone)
        cluster.ready(home)
        page.wait_for_timeout(15_000)
        assert page.evaluate(begun)
        wire.mend()
        page.wait_for_function(over, timeout=60_000)
        assert gone not in grid.inner_text()
        live.first.wait_for(timeout=30_000)
        opened.kernel("get_ipython().run_line_magic('wasm_mesh', 'stop')")
        grid.wait_for(state="detached", timeout=20_000)
        opened.kernel(NO_THREAD)


def test_headers_controls_and_pictures_over_a_cluster(notebook, cluster, shared, modules):
    watch, compare = f"%wasm_headers productpage {URL} --watch", f"%wasm_compare productpage {URL} -n 30"
    opened = notebook(start(cluster, shared), watch, "%wasm_panel", compare, "%wasm_times", height=1900)
    opened.run_all()
    page = opened.page
    slider = page.get_by_role("slider", name="Captures, oldest first")
    slider.wait_for(timeout=120_000)
    page.get_by_label("filter or image").fill(modules["one"])
    page.get_by_label("plugin id").fill("shown")
    page.get_by_label("selector").fill("app=details")
    page.get_by_text("1 pod matches: details-v1-").wait_for(timeout=20_000)
    page.get_by_role("button", name="Deploy", exact=True).click()
    page.locator("tr.marked").filter(has_text="x-tag").filter(has_text="added").wait_for(timeout=60_000)
    page.locator(".jupyter-widgets").get_by_text("live on 1 pod").first.wait_for(timeout=20_000)
    assert "from details-v1-" in page.locator(".wasmnb-live").first.inner_text()
    opened.run(3)
    picture = page.get_by_role("img", name=re.compile("before"))
    picture.wait_for(timeout=60_000)
    rows(page, "after", "shown sha256:").wait_for(timeout=20_000)
    opened.picture("controls-istio")
    opened.check_accessible()
    page.get_by_role("button", name="Undeploy", exact=True).click()
    page.locator("tr.marked").filter(has_text="x-tag").filter(has_text="removed").wait_for(timeout=60_000)
    # The answers lose the header before every pod has been asked, and the record is written after that.
    page.locator(".jupyter-widgets").get_by_text("removed from details-v1-").first.wait_for(timeout=60_000)
    opened.kernel("get_ipython().run_line_magic('wasm_mesh', 'stop')")
    slider.wait_for(state="detached", timeout=20_000)
    headers, panel, compared, _ = (cell.outputs for cell in opened.saved().cells[1:])
    assert "x-tag" in headers[0].data["text/plain"]
    assert "%wasm_undeploy shown" in panel[0].data["text/plain"]
    assert "<svg" in compared[-1].data["text/html"]


def test_a_rollout_in_steps_is_seen_as_it_goes_on_goes_back_and_is_stopped(notebook, cluster, shared, modules):
    cells = [f"%wasm_deploy {modules[name]} {STEPS}" for name in ("one", "failing", "two")]
    opened = notebook(start(cluster, shared), *cells, height=1500)
    page = opened.page
    with connected(shared):
        opened.run(0)
        page.get_by_text("Session defaults").wait_for(timeout=60_000)
        opened.kernel(LOAD)
        opened.run(1)
        rows(page, "version=v1", "watching", "LIVE").wait_for(timeout=60_000)
        rows(page, "version=v1", "live").and_(rows(page, "LIVE")).wait_for(timeout=60_000)
        rows(page, "version=v2", "watching").wait_for(timeout=60_000)
        page.get_by_text("1 of 3 steps live").wait_for(timeout=20_000)
        opened.picture("rollout-istio")
        page.get_by_text("live on all 3 pods after 3 steps").wait_for(timeout=60_000)

        opened.run(2)
        page.get_by_text("failed, and every pod went back: 0 of 3 steps live").wait_for(timeout=60_000)
        page.get_by_text(re.compile("now: 3 of 3 pods live with sha256:[0-9a-f]{12}, as before")).wait_for()
        page.get_by_text("RolloutError").wait_for(timeout=20_000)

        opened.run(3)
        rows(page, "version=v1", "watching").wait_for(timeout=60_000)
        opened.interrupt()
        page.get_by_text("stopped: 0 of 3 steps live").wait_for(timeout=30_000)
        page.get_by_text(re.compile("Interrupted: .* was stopped in step 1 of 3")).wait_for(timeout=30_000)
        opened.picture("rollout-istio-stopped")
        opened.kernel("enough.set(); loading.join(30)")
    done, back, stopped = (cell.outputs for cell in opened.saved().cells[1:])
    assert "live on all 3 pods" in done[-1].data["text/plain"]
    assert "its error rate rose" in back[0].data["text/plain"]
    assert "stopped: 0 of 3" in stopped[0].data["text/plain"]


def test_the_same_without_a_browser_ends_with_records(cluster, shared, modules):
    deploy = f"%wasm_deploy {modules['one']} {STEPS} --accept-no-traffic"
    views = [
        "%wasm_pods --watch",
        "%wasm_pods --watch --for 3",
        f"%wasm_headers productpage {URL} --watch",
        "%wasm_panel",
        f"%wasm_compare productpage {URL} -n 10",
        "%wasm_times",
    ]
    made = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(cell) for cell in (start(cluster, shared), deploy, *views)]
    )
    with connected(shared):
        NotebookClient(made, timeout=120, kernel_name="python3").execute()
    texts = []
    for cell in made.cells[1:]:
        assert not [one for one in cell.outputs if "application/vnd.jupyter.widget-view+json" in one.data], cell.source
        texts.append("\n".join(one.data["text/plain"] for one in cell.outputs))
    rollout, pods, watched, headers, panel, compared, _ = texts
    assert "live on all 3 pods after 3 steps" in rollout
    for text in (pods, watched):
        assert "5 of 5 ready" in text
        assert "LIVE stepped" in text
    assert "200 OK from details-v1-" in headers
    assert "Control panel: for the mesh istio" in panel
    assert "P50 MS" in compared
