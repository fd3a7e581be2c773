"""What takes seconds to import stays out of the way of a cell, a panel, a push and a pull."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.image.registry.parts import DockerRegistry
from tests.magics.conftest import FILTER

pytestmark = [pytest.mark.compiler, pytest.mark.envoy]

ROOT = Path(__file__).parents[1]

_PROGRAM = """
import sys
from IPython.core.interactiveshell import InteractiveShell

def run(cell):
    shell.run_cell(cell).raise_error()
    slow = {"oras.provider", "oras.oci", "jsonschema"} & set(sys.modules)
    assert not slow, (cell, slow)

shell = InteractiveShell.instance()
run("%load_ext wasmnb")
run("%wasm_mesh local")
run(f"%%wasm_filter hello --deploy app=details\\n{sys.stdin.read()}")
run("%wasm_panel")
for verb in ("build hello -t", "push", "rm", "pull", "inspect", "list"):
    run(f"%wasm_{verb} {sys.argv[1]}")
run("from wasmnb.dashboards.schema_form import checked; checked({}, {'type': 'object'})")
run("%wasm_mesh stop")
print("all of it ran")
"""


def test_nothing_that_people_wait_for_imports_what_takes_seconds(tmp_path):
    registry = DockerRegistry(tmp_path / "registry")
    folders = {f"WASMNB_{name}": str(tmp_path / name.lower()) for name in ("STORE", "DATA_DIR")}
    environment = {**os.environ, **folders, "PYTHONPATH": str(ROOT), "DOCKER_CONFIG": str(tmp_path)}
    try:
        done = subprocess.run(
            [sys.executable, "-c", _PROGRAM, f"{registry.host}/team/hello:v1"],
            input=FILTER,
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=300,
        )
    finally:
        registry.stop()
    assert done.stdout.rstrip().endswith("all of it ran"), done.stdout + done.stderr
