"""Every notebook runs headless from top to bottom, and shows what its text promises."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

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
    assert "502" in via_app
    assert "x-edited" in edited
    (cleaned,) = shown(notebook, "cleaned =")
    assert "x-edited" not in cleaned.replace("removed", "") or "removed" in cleaned


@pytest.mark.parametrize("path", sorted(NOTEBOOKS.glob("*.ipynb")), ids=lambda path: path.name)
def test_notebooks_are_committed_without_outputs(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    assert all(not cell.get("outputs") and cell.get("execution_count") is None for cell in notebook.cells)


def test_the_quickstart_has_five_cells_of_code() -> None:
    notebook = run("quickstart.ipynb")
    assert sum(cell.cell_type == "code" for cell in notebook.cells) == 5
    assert "x-greeting" in shown(notebook, "%wasm_headers")[-1]


def test_the_dashboards_are_records_in_a_headless_run() -> None:
    notebook = run("dashboards.ipynb")
    (pods,) = shown(notebook, "%wasm_pods")
    assert "6 of 6 ready" in pods
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
