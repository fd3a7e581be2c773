"""The cache: two kernels at once, crashes, full disks, damage, and its bounds."""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.compile.conftest import cell
from wasmnb.compile import Filter, cache
from wasmnb.compile.cache import Entry, Store
from wasmnb.compile.cpp import prebuilt
from wasmnb.errors import ToolchainError

ROOT = str(Path(__file__).parents[2])
BUILD = """
import sys
from wasmnb import Filter
module = Filter("tested", sys.stdin.read()).build()
print(module.digest, module.build.cached)
"""


def start(cache: Path, source: str, program: str = BUILD) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", program],
        env={**os.environ, "WASMNB_CACHE_DIR": str(cache), "PYTHONPATH": ROOT},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    process.stdin.write(source)
    process.stdin.close()
    process.stdin = None
    return process


def visible(cache: Path) -> list[str]:
    return sorted(str(path.relative_to(cache)) for path in cache.rglob("*") if not path.name.endswith(".lock"))


def test_two_kernels_that_start_with_an_empty_cache_get_the_same(empty_cache):
    both = [start(empty_cache, cell()) for _ in range(2)]
    answers = [process.communicate(timeout=120) for process in both]
    assert [process.returncode for process in both] == [0, 0], answers
    assert answers[0][0].split()[0] == answers[1][0].split()[0]
    assert len([name for name in visible(empty_cache) if name.endswith("prefix.pch")]) == 1
    assert not [name for name in visible(empty_cache) if "/." in name]


def test_a_killed_build_leaves_no_half_entry(empty_cache, tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setenv("TMPDIR", str(tmp_path))
        victim = start(empty_cache, cell())
    deadline = time.monotonic() + 60
    while not list(empty_cache.glob("headers/.*/*")) and time.monotonic() < deadline:
        time.sleep(0.005)
    victim.kill()
    victim.communicate(timeout=60)
    assert not list(empty_cache.glob("headers/[!.]*"))
    other = start(empty_cache, cell())
    answer = other.communicate(timeout=120)
    assert other.returncode == 0, answer


def test_an_interrupt_kills_the_compiler_and_leaves_no_file(cache, tmp_path, monkeypatch):
    # Keeps the compiler busy for longer than any test takes.
    top = "constexpr long busy(long n) { long s = 0; for (long i = 0; i < n; ++i) s += i; return s; }\n"
    source = cell("static constexpr long x = busy(4000000000); (void)x;", top=top)
    with monkeypatch.context() as patch:
        patch.setenv("TMPDIR", str(tmp_path))
        process = start(cache, source)
    compilers = _wait_for_compiler(process.pid)
    process.send_signal(signal.SIGINT)
    _, messages = process.communicate(timeout=60)
    assert "KeyboardInterrupt" in messages
    assert not [pid for pid in compilers if _alive(pid)]
    assert list(tmp_path.iterdir()) == []


def _wait_for_compiler(pid: int) -> list[int]:
    import psutil

    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        # A process may end between the list and the look.
        with contextlib.suppress(psutil.Error):
            children = psutil.Process(pid).children(recursive=True)
            found = [child.pid for child in children if "-emit-obj" in child.cmdline()]
            if found:
                return found
        time.sleep(0.01)
    pytest.fail("no compiler was started")


def _alive(pid: int) -> bool:
    import psutil

    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


def test_a_full_disk_is_said_and_leaves_nothing(cache, monkeypatch):
    before = visible(cache)
    real = Path.write_bytes

    def write(path: Path, data: bytes) -> int:
        if path.name == "symbols.wasm":
            real(path, data[:100])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(path, data)

    monkeypatch.setattr(Path, "write_bytes", write)
    with pytest.raises(ToolchainError, match="disk is full") as caught:
        Filter("tested", cell("// no room")).build()
    assert "WASMNB_CACHE_DIR" in caught.value.hint
    assert visible(cache) == before
    monkeypatch.undo()


def test_a_compiler_that_meets_a_full_disk_says_so(empty_cache):
    limited = BUILD.replace(
        "import sys", "import sys, resource; resource.setrlimit(resource.RLIMIT_FSIZE, (2**20, 2**20))"
    )
    process = start(empty_cache, cell(), limited)
    _, messages = process.communicate(timeout=120)
    assert process.returncode == 1
    assert "ToolchainError" in messages
    assert "disk is full" in messages
    assert not list(empty_cache.glob("headers/*/prefix.pch"))


def test_a_cache_that_may_not_be_written(tmp_path, monkeypatch):
    file = tmp_path / "file"
    file.write_text("")
    monkeypatch.setenv("WASMNB_CACHE_DIR", str(file / "below"))
    with pytest.raises(ToolchainError, match="cache cannot be used") as caught:
        Filter("tested", cell()).build()
    assert "WASMNB_CACHE_DIR" in caught.value.hint


@pytest.mark.parametrize("name", ["module.wasm", "entry.json"])
def test_a_damaged_module_is_built_again(cache, name):
    tested = Filter("tested", cell(f"// damaged {name}"))
    first = tested.build()
    damaged = first.build.symbols.parent / name
    data = damaged.read_bytes()
    damaged.write_bytes(data[:50] + bytes([data[50] ^ 1]) + data[51:] if name == "module.wasm" else b"{")
    again = tested.build()
    assert not again.build.cached
    assert again.wasm == first.wasm
    assert tested.build().build.cached


def test_a_damaged_precompiled_header_is_built_again(empty_cache):
    Filter("tested", cell()).build()
    (header,) = empty_cache.glob("headers/*/prefix.pch")
    data = header.read_bytes()
    header.write_bytes(data[:1000] + bytes(len(data) - 1000))
    assert Filter("tested", cell("// again")).build().size
    assert header.read_bytes()[1000:2000] != bytes(1000)


def test_a_header_that_another_process_pruned_is_built_again(empty_cache):
    Filter("tested", cell()).build()
    for entry in (empty_cache / "headers").glob("[!.]*"):
        for file in entry.iterdir():
            file.unlink()
        entry.rmdir()
    assert Filter("tested", cell("// pruned")).build().size


def test_the_newest_entries_are_kept(tmp_path, monkeypatch):
    monkeypatch.setenv("WASMNB_CACHE_DIR", str(tmp_path))
    tested = Store("tested", keep=3)
    for number in range(6):
        entry = tested.put(f"key{number}", lambda folder: {"file": (folder / "file").write_text("x")})
        os.utime(entry.folder, (number + 1, number + 1))
    tested.put("key6", lambda folder: {"file": (folder / "file").write_text("x")})
    assert {path.name for path in tested.root.iterdir()} == {"key4", "key5", "key6"}


def test_what_a_crash_left_is_swept_later(tmp_path, monkeypatch):
    monkeypatch.setenv("WASMNB_CACHE_DIR", str(tmp_path))
    tested = Store("tested", keep=3)
    old = tested.root / ".half.1234"
    old.mkdir()
    (old / "file").write_text("half")
    os.utime(old, (1, 1))
    fresh = tested.root / ".half.5678"
    fresh.mkdir()
    tested.put("key", lambda folder: {})
    assert not old.exists()
    assert fresh.exists()


def test_an_entry_knows_its_content(tmp_path):
    (tmp_path / "file").write_text("content")
    cache.seal(tmp_path, {"a": 1})
    entry = Entry.load(tmp_path)
    assert entry is not None
    assert entry.read("file") == b"content"
    assert entry.sound()
    (tmp_path / "file").write_text("CONTENT")
    assert entry.read("file") is None
    assert not entry.sound()
    (tmp_path / "file").write_text("longer content")
    assert Entry.load(tmp_path) is None


def test_preparing_twice_makes_nothing_new(cache, started):
    prebuilt.prepare()
    assert not started
