"""What all tests share, and the proof that they leave nothing behind."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest


def _folders() -> set[Path]:
    return set(Path(tempfile.gettempdir()).glob("wasmnb-*"))


def _envoys() -> dict[int, str]:
    found = {}
    for process in psutil.process_iter(["pid", "name", "cmdline"]):
        line = " ".join(process.info["cmdline"] or ())
        if process.info["name"] == "envoy" or "wasmnb.mesh.local" in line:
            found[process.info["pid"]] = line
    return found


@pytest.fixture(scope="session", autouse=True)
def _nothing_is_left_behind() -> Iterator[None]:
    folders, envoys = _folders(), set(_envoys())
    yield
    children = psutil.Process().children(recursive=True)
    psutil.wait_procs(children, timeout=10)
    left = [line for pid, line in _envoys().items() if pid not in envoys]
    assert not left, f"processes left behind: {left}"
    assert not _folders() - folders, f"folders left behind: {_folders() - folders}"
