"""A Binder can be made of ``binder/``; ``make binder`` makes one and runs the notebooks in it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_repo2docker_takes_it_as_it_is_meant_and_every_dependency_is_pinned() -> None:
    command = [sys.executable, str(ROOT / "scripts" / "binder.py"), "--look"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_workspace_opens_a_notebook_that_there_is() -> None:
    workspace = json.loads((ROOT / "binder" / "workspace.json").read_text("utf-8"))
    (widget,) = workspace["data"]["layout-restorer:data"]["main"]["dock"]["widgets"]
    assert (ROOT / widget.removeprefix("notebook:")).is_file()
    assert workspace["metadata"]["id"] in (ROOT / "binder" / "start").read_text("utf-8")
