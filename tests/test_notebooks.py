"""Every notebook runs headless from top to bottom, and shows what its text promises."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import nbformat
import papermill
import pytest
from nbclient import NotebookClient

from tests.cluster import bookinfo
from tests.cluster.cluster import Cluster

pytestmark = [pytest.mark.compiler, pytest.mark.envoy]

NOTEBOOKS = Path(__file__).parent.parent / "notebooks"


def run(name: str) -> nbformat.NotebookNode:
    notebook = nbformat.read(NOTEBOOKS / name, as_version=4)
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(NOTEBOOKS)}}).execute()
    return notebook


def shown(notebook: nbformat.NotebookNode, start: str) -> list[str]:
    """Give the plain text that the cells beginning with ``start`` showed."""
    cells = [cell for cell in notebook.cells if cell.cell_type == "code" and cell.source.startswith(start)]
    return [
        "".join(output.get("text") or output.get("data", {}).get("text/plain", "") for output in cell.outputs)
        for cell in cells
    ]


def test_the_article() -> None:
    notebook = run("article.ipynb")
    (pods,) = shown(notebook, "%wasm_pods")
    assert pods.count("2/2") == 6
    (before,) = shown(notebook, "before =")
    assert "content-type" in before
    assert "world" not in before
    (deployed,) = shown(notebook, "%wasm_deploy")
    assert "LIVE" in deployed
    (after,) = shown(notebook, "after =")
    assert "world" in after
    assert "你好" in after
    assert "六翁" in after
    via_app, edited = shown(notebook, "%wasm_headers")
    assert "502 Bad Gateway on the way to details" in via_app
    assert "x-edited" in edited
    (logs,) = shown(notebook, "%wasm_logs")
    assert "adds hello: world" in logs
    (cleaned,) = shown(notebook, "cleaned =")
    assert "x-edited" not in cleaned.replace("removed", "") or "removed" in cleaned


@pytest.mark.parametrize("path", sorted(NOTEBOOKS.glob("*.ipynb")), ids=lambda path: path.name)
def test_notebooks_are_committed_without_outputs(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    assert all(not cell.get("outputs") and cell.get("execution_count") is None for cell in notebook.cells)


@pytest.fixture
def on_the_cluster(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """An empty namespace that is not injected yet, and the kubeconfig set."""
    monkeypatch.setenv("KUBECONFIG", str(cluster.kubeconfig))
    with cluster.namespace(injected=False) as name:
        yield name


def test_the_article_on_istio(cluster: Cluster, on_the_cluster: str, tmp_path: Path) -> None:
    parameters = {
        "namespace": on_the_cluster,
        "registry": f"{cluster.registry}/team",
        "plain_http": True,
        "images": "localhost/bookinfo",
    }
    path = str(tmp_path / "done.ipynb")
    notebook = papermill.execute_notebook(
        str(NOTEBOOKS / "istio.ipynb"), path, parameters, progress_bar=False, kernel_name="python3"
    )
    (pods,) = shown(notebook, "%wasm_bookinfo apply")
    assert pods.count("2/2") == 6
    (before,) = shown(notebook, "before =")
    assert "content-type" in before
    assert "你好" not in before
    rehearsed, deployed, changed = shown(notebook, "%wasm_deploy")
    assert "kind: TrafficExtension" in rehearsed
    assert "LIVE" in deployed
    assert "LIVE" in changed
    (after,) = shown(notebook, "after =")
    assert "你好" in after
    assert "六翁" in after
    assert "world" in after
    each, edited = shown(notebook, "%wasm_headers")
    assert "details-v1-" in each
    assert "mesh" in edited
    (back,) = shown(notebook, "%wasm_rollback")
    assert "LIVE" in back
    (cleaned,) = shown(notebook, "cleaned =")
    assert "removed" in cleaned
    assert not cluster.get(on_the_cluster, "deployments")["items"]
    assert not cluster.get(on_the_cluster, "trafficextensions")["items"]


def test_the_very_same_cells_as_on_the_local_mesh_run_on_istio(cluster: Cluster, on_the_cluster: str) -> None:
    bookinfo.install(cluster, on_the_cluster)
    cluster.kubectl("label", "namespace", on_the_cluster, "istio-injection=enabled")
    cluster.kubectl("-n", on_the_cluster, "rollout", "restart", "deployment")
    cluster.ready(on_the_cluster)
    notebook = nbformat.read(NOTEBOOKS / "article.ipynb", as_version=4)
    start = next(cell for cell in notebook.cells if cell.source == "%wasm_mesh local")
    config = f"%wasm_config registry={cluster.registry}/team plain_http=true timeout=30"
    start.source = f"%wasm_mesh istio -n {on_the_cluster} --prove effect\n{config}"
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(NOTEBOOKS)}}).execute()
    (after,) = shown(notebook, "after =")
    assert "你好" in after
    via_app, edited = shown(notebook, "%wasm_headers")
    assert "502" in via_app
    assert "x-edited" in edited


def test_the_quickstart_has_five_cells_of_code_and_a_second_run_changes_a_line_per_output(tmp_path: Path) -> None:
    notebook = run("quickstart.ipynb")
    paths = [tmp_path / "first.ipynb", tmp_path / "second.ipynb"]
    for path, made in zip(paths, (notebook, run("quickstart.ipynb")), strict=True):
        for cell in made.cells:
            cell.metadata.pop("execution", None)
        nbformat.write(made, path)
    command = ["git", "diff", "--no-index", "-U0", "--no-color", *map(str, paths)]
    changes = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False).stdout
    outputs = sum(len(cell.get("outputs", ())) for cell in notebook.cells)
    for sign in ("-", "+"):
        assert sum(line.startswith(sign) and line[:3] != sign * 3 for line in changes.splitlines()) <= outputs, changes
    assert sum(cell.cell_type == "code" for cell in notebook.cells) == 5
    assert "x-greeting" in shown(notebook, "%wasm_headers")[-1]


def test_the_dashboards_are_records_in_a_headless_run() -> None:
    notebook = run("dashboards.ipynb")
    (pods,) = shown(notebook, "%wasm_pods")
    assert "6 of 6 ready" in pods
    assert "LIVE greeting" in pods
    (headers,) = shown(notebook, "%wasm_headers")
    assert "content-type" in headers
    _, after = shown(notebook, "%wasm_compare")
    assert "greeting sha256:" in after
    assert "before" in after
    assert "greeting" in shown(notebook, "%wasm_times")[0]
    assert "%wasm_deploy" in shown(notebook, "%wasm_panel")[0]
    kinds = {kind for cell in notebook.cells for output in cell.get("outputs", ()) for kind in output.get("data", {})}
    assert kinds == {"text/plain", "text/html"}
    assert "widgets" not in notebook.metadata
