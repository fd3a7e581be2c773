"""`make reference` documents the whole public API."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import wasmnb
from wasmnb import errors

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> str:
    (command,) = re.findall(r"\$\(BIN\)/pdoc (.*)", (ROOT / "Makefile").read_text("utf-8"))
    folder = tmp_path_factory.mktemp("reference")
    words = command.replace("build/reference", str(folder)).split()
    done = subprocess.run([sys.executable, "-m", "pdoc", *words], capture_output=True, text=True, cwd=ROOT, timeout=120)
    assert done.returncode == 0, done.stderr
    return "".join(path.read_text("utf-8") for path in sorted(folder.rglob("*.html")))


def test_every_public_name_is_there(pages: str) -> None:
    for name in [*wasmnb.__all__, *errors.__all__]:
        assert f'id="{name}"' in pages, name
    for name in ("Session.deploy", "LocalMesh.start", "Module.load", "Mesh.watch"):
        assert f'id="{name}"' in pages, name
