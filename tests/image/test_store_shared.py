"""The store under other kernels, crashes and a full disk."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.image.images import digest, module
from wasmnb.errors import ImageError
from wasmnb.image import Store, layout, package

ROOT = Path(__file__).parents[2]

ADD = """
import os, signal, sys
from tests.image.images import module
from wasmnb.image import Store, package
folder, steps = sys.argv[1], int(sys.argv[2])
image = package(module("crash"), "local/crash:v1")

def counted(call):
    def step(*args, **more):
        global steps
        steps -= 1
        if steps == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return call(*args, **more)
    return step

from wasmnb.image import layout
layout._write, layout.os.fsync = counted(layout._write), counted(layout.os.fsync)
from pathlib import Path
Path.replace = counted(Path.replace)
Store(folder).add(image)
"""

BUSY = """
import sys
from tests.image.images import module
from wasmnb.image import Store, package
from wasmnb.errors import ImageError
folder, me = sys.argv[1:]
store = Store(folder)
shared = package(module("shared"), "local/shared:v1")
for turn in range(6):
    mine = store.add(package(module(me, str(turn)), f"local/{me}:v{turn}"))
    store.add(shared)
    assert store.get(mine.reference) == mine
    store.tag(mine.digest, f"local/{me}:newest")
    try:
        store.remove("local/shared:v1")
    except ImageError as error:
        assert "has no image" in error.what, error
    if turn:
        store.remove(f"local/{me}:v{turn - 1}")
    store.list()
assert store.get(f"local/{me}:newest") == mine
"""


def start(code: str, *arguments: object) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE)


@pytest.mark.slow
def test_several_kernels_at_once(tmp_path: Path) -> None:
    names = ["one", "two", "three"]
    workers = [start(BUSY, tmp_path, name) for name in names]
    for worker in workers:
        _, errors = worker.communicate(timeout=120)
        assert worker.returncode == 0, errors.decode()
    store = Store(tmp_path)
    assert {row.reference for row in store.list("newest")} == {f"local/{name}:newest" for name in names}
    assert [check.ok for check in store.verify()] == [True]
    for row in list(store.list()):
        store.remove(row.reference)
    assert not list((tmp_path / "blobs" / "sha256").iterdir())


@pytest.mark.slow
def test_a_kernel_killed_at_any_step_leaves_nothing_half(tmp_path: Path) -> None:
    kept = package(module("kept"), "local/kept:v1")
    image = package(module("crash"), "local/crash:v1")
    Store(tmp_path).add(kept)
    for step in range(1, 100):
        worker = start(ADD, tmp_path, step)
        _, errors = worker.communicate(timeout=60)
        store = Store(tmp_path)
        assert store.get("local/kept:v1") == kept
        if worker.returncode == 0:
            break
        assert worker.returncode == -signal.SIGKILL, errors.decode()
        try:
            assert store.get("local/crash:v1") == image
        except ImageError as error:
            assert "has no image" in error.what  # noqa: PT017 - both are right
        assert [check.ok for check in store.verify()] == [True]
        assert not list((tmp_path / "ingest").iterdir())
        # The next kill meets an empty store again.
        store.add(image)
        store.remove("local/crash:v1")
    assert step > 8
    assert store.get("local/crash:v1") == image


def test_a_killed_kernel_holds_no_lock(tmp_path: Path) -> None:
    code = """
import sys, time
from wasmnb.image import Store
store = Store(sys.argv[1])
with store.writing(), store._layout.changing() as entries:
    print("held", file=sys.stderr, flush=True)
    time.sleep(600)
"""
    worker = start(code, tmp_path)
    try:
        assert worker.stderr is not None
        assert worker.stderr.readline() == b"held\n"
    finally:
        worker.kill()
        worker.communicate(timeout=60)
    store = Store(tmp_path)
    image = store.add(package(module(), "local/a:v1"))
    assert store.remove("local/a:v1") == image.size


@pytest.mark.parametrize("what", ["_write", "_sync"])
@pytest.mark.parametrize("turn", range(4))
def test_a_full_disk_leaves_nothing_half(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str, turn: int) -> None:
    store = Store(tmp_path)
    kept = store.add(package(module("kept"), "local/kept:v1"))
    image = package(module("new"), "local/new:v1")
    real, left = getattr(layout, what), [turn]

    def full(*arguments: object) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(*arguments)

    monkeypatch.setattr(layout, what, full)
    with pytest.raises(ImageError, match="disk is full") as caught:
        store.add(image)
    assert "WASMNB_STORE" in caught.value.hint
    assert not list((tmp_path / "ingest").iterdir())
    monkeypatch.undo()
    assert [check.ok for check in store.verify()] == [True]
    assert store.get("local/kept:v1") == kept
    assert store.add(image) == image


def test_a_disk_that_takes_only_a_part(tmp_path: Path) -> None:
    code = """
import resource, signal, sys
from wasmnb.image import Store
from wasmnb.errors import ImageError
store = Store(sys.argv[1])
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    store.put_blob([bytes(150_000)], sys.argv[2])
except ImageError as error:
    assert "disk is full" in error.what, error
else:
    sys.exit("no error")
"""
    worker = start(code, tmp_path, digest(bytes(150_000)))
    _, errors = worker.communicate(timeout=60)
    assert worker.returncode == 0, errors.decode()
    assert not list((tmp_path / "ingest").iterdir())
    assert not Store(tmp_path).has_blob(digest(bytes(150_000)))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(ImageError, match="cannot be used"):
            Store(tmp_path / "store")
    finally:
        tmp_path.chmod(0o700)


def test_files_have_the_mode_that_the_umask_gives(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        store = Store(tmp_path / "store")
        store.add(package(module(), "local/a:v1"))
    finally:
        os.umask(before)
    modes = {path.stat().st_mode & 0o777 for path in store.path.rglob("*") if path.is_file()}
    assert modes == {0o640}
    assert json.loads((store.path / "oci-layout").read_text()) == {"imageLayoutVersion": "1.0.0"}
