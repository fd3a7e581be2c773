"""What cargo starts in place of rustc."""

from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from wasmnb.compile.rust import wrapper
from wasmnb.compile.tree import Tree


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WASMNB_CACHE_DIR", str(tmp_path / "a cache"))


def test_the_program_is_started_with_its_words_and_the_names_of_folders(tmp_path: Path) -> None:
    folder = tmp_path / "my *" / "filters" / "mine"
    folder.mkdir(parents=True)
    said = wrapper.wrapper(Tree(folder, tmp_path / "my *", folder, frozenset()))
    shown = [sys.executable, "-c", "import json, sys; print(json.dumps(sys.argv[1:]))", "a b", "*", "", "-"]
    out = subprocess.run([said["RUSTC_WRAPPER"], *shown], env=said, cwd=tmp_path, capture_output=True, check=True)
    names = [(folder.parents[1], "../.."), (folder.parent, ".."), (folder, ".")]
    remapped = [f"--remap-path-prefix={place}={name}" for place, name in names]
    assert json.loads(out.stdout) == ["a b", "*", "", "-", *remapped]
    assert subprocess.run([said["RUSTC_WRAPPER"], "false"], env=said, check=False).returncode == 1


def test_two_builds_that_begin_at_once_have_one(monkeypatch: pytest.MonkeyPatch) -> None:
    both, chmod = Barrier(2, timeout=60), Path.chmod

    def late(path: Path, mode: int) -> None:
        both.wait()
        chmod(path, mode)

    monkeypatch.setattr(Path, "chmod", late)
    with ThreadPoolExecutor(2) as pool:
        first, second = [pool.submit(wrapper._program) for _ in range(2)]
        assert first.result() == second.result()
    assert [path.name for path in first.result().parent.iterdir()] == ["rustc"]
