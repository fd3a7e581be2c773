"""The C and C++ runtime, and how a wheel gets it."""

from __future__ import annotations

import shutil

import pytest

from wasmnb.compile import runtime
from wasmnb.compile.process import Finished
from wasmnb.errors import ToolchainError


def test_the_runtime_is_small_and_carries_its_notices(cache):
    found = runtime.libraries()
    assert set(runtime.LIBRARIES) <= set(found.files)
    assert sum(size for size, _ in found.files.values()) < 3_000_000
    notice = found.read("NOTICE.txt")
    assert notice is not None
    for word in (b"musl", b"LLVM Exceptions", b"Copyright (c)", b"wasi-libc", b"libc++"):
        assert word in notice


def test_a_folder_is_complete_only_with_every_library_undamaged(cache, tmp_path):
    folder = tmp_path / "lib"
    shutil.copytree(runtime.libraries().folder, folder)
    assert runtime.complete(folder)
    with (folder / "libc.a").open("r+b") as file:
        file.seek(1000)
        file.write(b"damage")
    assert not runtime.complete(folder)
    assert not runtime.complete(tmp_path)


def test_a_failed_build_quotes_the_compiler(tmp_path):
    with pytest.raises(ToolchainError, match="could not be built") as caught:
        runtime._linked(Finished(1, "", "error: no such target\n"), tmp_path)
    assert caught.value.why == ("error: no such target",)
    with pytest.raises(ToolchainError, match="disk is full"):
        runtime._linked(Finished(1, "", "error: NoSpaceLeft\n"), tmp_path)


def test_what_is_there_is_not_built_again(cache, started, capsys):
    assert runtime.main([]) == 0
    assert not started
    assert "ready" in capsys.readouterr().err


def test_the_part_that_is_done_is_weighed_by_the_time_that_pieces_take():
    whole = runtime.part_done(684)
    assert runtime.part_done(0) == 0
    assert 0.6 < runtime.part_done(43) / whole < 0.65, "libc++"
    assert 0.75 < runtime.part_done(300) / whole < 0.8
