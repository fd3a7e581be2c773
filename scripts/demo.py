"""Execute notebooks/article.ipynb headless and print what its cells showed."""

from __future__ import annotations

import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

ROOT = Path(__file__).parent.parent
QUIET = "quiet"


def show(cell: nbformat.NotebookNode) -> None:
    """Print one executed cell as a terminal session would have shown it."""
    if cell.cell_type != "code" or QUIET in cell.metadata.get("tags", []):
        return
    first, *more = cell.source.splitlines() or [""]
    print(f"\n>>> {first}{' ...' if more else ''}")
    for output in cell.outputs:
        text = output.get("text") or output.get("data", {}).get("text/plain", "")
        if text:
            print(text.rstrip())


def main() -> int:
    """Run the notebook, keep the executed copy under build/, and print it."""
    notebook = nbformat.read(ROOT / "notebooks" / "article.ipynb", as_version=4)
    client = NotebookClient(
        notebook,
        timeout=120,
        resources={"metadata": {"path": str(ROOT / "notebooks")}},
        extra_arguments=["--log-level=ERROR"],
    )
    status = 0
    try:
        client.execute()
    except CellExecutionError as error:
        print(error, file=sys.stderr)
        status = 1
    finally:
        out = ROOT / "build" / "article.ipynb"
        out.parent.mkdir(exist_ok=True)
        nbformat.write(notebook, out)
    for cell in notebook.cells:
        show(cell)
    print(f"\nthe executed notebook: {out.relative_to(ROOT)}")
    return status


if __name__ == "__main__":
    sys.exit(main())
