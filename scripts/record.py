"""Records istio.ipynb, run on a cluster, for those who have none: the workshop's 07 and the site show it.

``KUBECONFIG=… python scripts/record.py REGISTRY IMAGES``: a registry that the cluster and this machine reach by plain
HTTP, and where bookinfo's images are; the namespace ``shop`` must exist. For the cluster of ``make cluster`` the images
are ``localhost/bookinfo``. The registry's address is not kept.
"""

from __future__ import annotations

import json
import sys
import tempfile
from datetime import datetime, timezone
from pathlib import Path

import papermill

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
RECORDED = NOTEBOOKS / "workshop" / "example" / "recorded.json"


def main(registry: str, images: str) -> None:
    """Run the runbook in a namespace of its own, and keep what the cells showed."""
    with tempfile.TemporaryDirectory() as folder:
        done = papermill.execute_notebook(
            str(NOTEBOOKS / "istio.ipynb"),
            f"{folder}/done.ipynb",
            {"namespace": "shop", "registry": f"{registry}/team", "plain_http": True, "images": images},
            progress_bar=False,
            kernel_name="python3",
            cwd=folder,
        )
    kept: dict[str, list[dict[str, str]]] = {}
    for cell in done.cells:
        shown = [_plain(output, registry) for output in cell.get("outputs", ()) if output.get("data")]
        # A progress bar that has ended is empty.
        if shown := [one for one in shown if any(one.values())]:
            kept[cell.source] = shown
    at = datetime.now(timezone.utc).date().isoformat()
    RECORDED.write_text(json.dumps({"at": at, "outputs": kept}, indent=1, ensure_ascii=False) + "\n", "utf-8")


def _plain(output: dict[str, dict[str, str]], registry: str) -> dict[str, str]:
    shown = {kind: "".join(text) for kind, text in output["data"].items() if kind in ("text/plain", "text/html")}
    return {kind: text.replace(registry, "registry.example") for kind, text in shown.items()}


if __name__ == "__main__":
    main(*sys.argv[1:])
