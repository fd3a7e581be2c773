"""The cluster's programs: built once, by one process at a time, and used without what they were built of."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from tests.cluster import programs
from tests.cluster.fixtures import built_aside
from tests.cluster.places import cache
from tests.cluster.programs import PROGRAMS, WORKLOADS, BuildError, build

pytestmark = pytest.mark.compiler

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def empty(tmp_path, monkeypatch) -> Path:
    """Give an empty cache, and only the small programs to build."""
    if not programs.compiler():
        pytest.skip("a cluster's programs are built with Go, which is not installed")
    monkeypatch.setenv("WASMNB_TEST_CLUSTER_DIR", str(tmp_path))
    monkeypatch.setattr(programs, "SOURCES", (WORKLOADS,))
    return tmp_path


def test_whoever_comes_second_waits_and_hears_how_far_the_first_is(empty):
    said = [], []
    with ThreadPoolExecutor(2) as both:
        list(both.map(build, [one.append for one in said]))
    for lines in said:
        assert lines[0].startswith("building bookinfo, pause from Go modules: usually ")
        assert lines[-1].startswith("built bookinfo, pause in ")
    assert len(said[0]) == len(said[1]) == 2
    assert sorted(path.name for path in WORKLOADS.built.iterdir()) == ["bookinfo", "pause"]
    third = []
    build(third.append)
    assert third == []


def test_a_build_that_was_killed_is_begun_anew(empty):
    left = empty / "programs" / ".unfinished" / "done"
    left.mkdir(parents=True)
    (left / "pause").write_text("half a program")
    build(print)
    assert (WORKLOADS.built / "pause").read_bytes().startswith(b"\x7fELF")
    assert [path.name for path in (empty / "programs").iterdir()] == [WORKLOADS.built.name]


def test_what_does_not_compile_is_an_error_in_the_compiler_s_words(empty, monkeypatch):
    broken = empty / "source"
    shutil.copytree(WORKLOADS.folder, broken)
    (broken / "pause" / "main.go").write_text("package main\n\nfunc main() { nothing() }\n")
    monkeypatch.setattr(programs.Source, "folder", broken)
    with pytest.raises(BuildError, match="undefined: nothing"):
        build(print)
    assert not WORKLOADS.built.exists()


def test_another_flag_name_or_source_is_another_folder(empty, monkeypatch):
    folders = {PROGRAMS.built, replace(PROGRAMS, names=()).built, replace(PROGRAMS, files=()).built}
    monkeypatch.setattr(programs, "_BUILD", (*programs._BUILD, "-race"))
    assert len({*folders, PROGRAMS.built}) == 4


def test_a_build_aside_ends_with_those_that_it_was_for(empty):
    with built_aside() as process:
        assert process.poll() is None
    assert process.returncode is not None


def test_cached_programs_need_neither_go_nor_its_modules(cluster, tmp_path):
    (tmp_path / "programs").symlink_to(cache() / "programs")
    bare = {key: value for key, value in os.environ.items() if not key.startswith("GO")}
    bare |= {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": str(tmp_path), "WASMNB_TEST_CLUSTER_DIR": str(tmp_path)}
    done = subprocess.run([sys.executable, "-m", "tests.cluster", "build"], cwd=ROOT, env=bare, capture_output=True)
    assert done.returncode == 0, done.stderr
    (archive,) = (tmp_path / "images").iterdir()
    (manifests,) = (tmp_path / "manifests").glob("*.yaml")
    assert "istio-sidecar-injector" in manifests.read_text()
    with tarfile.open(archive) as images:
        assert "index.json" in images.getnames()
