"""The C and C++ runtime and the SDK's objects, and how a wheel gets them."""

from __future__ import annotations

import shutil

import pytest

from wasmnb.compile import runtime
from wasmnb.compile.cpp import prebuilt
from wasmnb.compile.cpp.compiler import SDK
from wasmnb.compile.process import Finished
from wasmnb.compile.zig import zig
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


def test_a_wheel_has_the_objects_of_the_sdk_and_they_name_no_place_of_it(cache, tmp_path, monkeypatch, request):
    request.addfinalizer(prebuilt._packaged.cache_clear)
    libraries, folder = runtime.libraries(), tmp_path / "objects"
    shutil.copytree(prebuilt.sdk_objects(libraries).folder, folder)
    assert prebuilt.complete(folder, libraries)
    monkeypatch.setattr(prebuilt, "PACKAGED", folder)
    prebuilt._packaged.cache_clear()
    found = prebuilt.sdk_objects(libraries)
    assert found.folder == folder
    for name in ("sdk.o", "filter.o"):
        data = found.read(name)
        assert not [place for place in (SDK, zig().library, "/wasmnb-build-") if str(place).encode() in data]
    (folder / "sdk.o").write_bytes(b"")
    prebuilt._packaged.cache_clear()
    assert not prebuilt.complete(folder, libraries)
    assert prebuilt.sdk_objects(libraries).folder != folder


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
