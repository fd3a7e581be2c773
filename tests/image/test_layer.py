"""Layers: ours read by others, and others', hostile ones too, read by us."""

from __future__ import annotations

import gzip
import io
import re
import struct
import tarfile
import tracemalloc
import zlib
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.image.images import layer, wasm
from wasmnb.errors import ImageError
from wasmnb.image.layer import pack, tar, unpack

if TYPE_CHECKING:
    from pathlib import Path

WASM = wasm()


def archive(*infos: tuple[tarfile.TarInfo, bytes], form: int = tarfile.PAX_FORMAT) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=form) as file:
        for info, data in infos:
            info.size = len(data)
            file.addfile(info, io.BytesIO(data))
    return gzip.compress(buffer.getvalue())


def named(name: str, **more: object) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    for key, value in more.items():
        setattr(info, key, value)
    return info


@pytest.mark.parametrize("size", [0, 1, 511, 512, 513, 65_535, 65_536, 200_000])
def test_what_we_write_others_read(size: int) -> None:
    data = bytes(number * 7 % 251 for number in range(size))
    files = {"plugin.wasm": data, "runtime-config.json": b"{}"}
    packed = pack(tar(files))
    assert gzip.decompress(packed) == tar(files)
    with tarfile.open(fileobj=io.BytesIO(packed), mode="r:gz") as opened:
        assert [(item.name, item.size, item.mode, item.mtime, item.uid, item.uname) for item in opened] == [
            ("plugin.wasm", size, 0o644, 0, 0, ""),
            ("runtime-config.json", 2, 0o644, 0, 0, ""),
        ]
        content = opened.extractfile("plugin.wasm")
        assert content is not None
        assert content.read() == data
    assert unpack(packed) == data


def test_the_gzip_stream_is_stored() -> None:
    packed = pack(b"abc")
    assert packed == bytes.fromhex("1f8b08000000000000ff010300fcff") + b"abc" + struct.pack(
        "<II", zlib.crc32(b"abc"), 3
    )


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
@pytest.mark.parametrize("name", ["plugin.wasm", "./plugin.wasm", "a/b/plugin.wasm", f"{'d/' * 60}plugin.wasm"])
def test_layers_of_other_builders(form: int, name: str) -> None:
    more = {"pax_headers": {"SCHILY.xattr.user.x": "1", "mtime": "1.5"}} if form == tarfile.PAX_FORMAT else {}
    made = archive((named("etc/hosts"), b"x" * 700), (named(name, **more), WASM), (named("z"), b""), form=form)
    assert unpack(made) == WASM
    assert unpack(gzip.decompress(made), zipped=False) == WASM
    halves = gzip.decompress(made)
    assert unpack(gzip.compress(halves[:900]) + gzip.compress(halves[900:])) == WASM


def test_a_long_path_in_a_pax_header() -> None:
    assert unpack(archive((named(f"{'深' * 150}/plugin.wasm"), WASM))) == WASM


@pytest.mark.parametrize(
    ("made", "why"),
    [
        (layer(("../plugin.wasm", WASM)), "outside the image"),
        (layer(("a/../../plugin.wasm", WASM)), "outside the image"),
        (layer(("/plugin.wasm", WASM)), "outside the image"),
        (archive((named("/etc/plugin.wasm"), WASM)), "outside the image"),
        (layer(links=(("plugin.wasm", "/etc/passwd", tarfile.SYMTYPE),)), "not a file, but a link"),
        (layer(("x", WASM), links=(("plugin.wasm", "x", tarfile.LNKTYPE),)), "not a file, but a link"),
        (layer(links=(("plugin.wasm", "", tarfile.CHRTYPE),)), "not a file, but a link"),
        (layer(links=(("plugin.wasm", "", tarfile.DIRTYPE),)), "holds no plugin.wasm"),
        (layer(("plugin.wasm", WASM), ("a/plugin.wasm", WASM)), "it has two"),
        (layer(("filter.wasm", WASM)), "holds no plugin.wasm"),
        (layer(), "holds no plugin.wasm"),
        (b"", "holds no plugin.wasm|ends too early"),
        (b"no gzip at all", "is not gzip"),
        (gzip.compress(b"x" * 5000), "header of the tar is damaged"),
        (gzip.compress(b"x" * 100), "ends too early"),
    ],
    # An archive has the time in it.
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_hostile_layers_are_refused(made: bytes, why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ImageError, match=r"holds no plugin\.wasm") as caught:
        unpack(made)
    assert any(re.search(why, text) for text in (caught.value.what, *caught.value.why))
    assert not list(tmp_path.iterdir())


def header(name: str, size: int, kind: bytes = b"0") -> bytes:
    info = tarfile.TarInfo(name)
    info.type, info.size = kind, size
    return info.tobuf(tarfile.GNU_FORMAT)


@pytest.mark.slow
@pytest.mark.parametrize(
    "start",
    [
        header("junk", 1 << 40),
        header("plugin.wasm", 1 << 40),
        header("plugin.wasm", (256 << 20) + 1),
        header("x", 1 << 34, b"x"),
        header("x", 1 << 34, b"L"),
        header("x", 0, b"g") * 3,
        b"",
    ],
    ids=["junk", "huge", "over", "pax", "longname", "globals", "zeros"],
)
def test_a_bomb_costs_no_memory(start: bytes) -> None:
    zeros = gzip.compress(bytes(1 << 25), 9)
    junk = gzip.compress(header("junk", 1 << 40) + bytes(512)) if not start else b""
    bomb = gzip.compress(start) + junk + zeros * 40
    tracemalloc.start()
    try:
        with suppress(ImageError):
            unpack(bomb)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 16 << 20


@pytest.mark.slow
def test_many_members_end() -> None:
    with pytest.raises(ImageError, match="holds no plugin"):
        unpack(tar(dict.fromkeys(map(str, range(100)), b""))[:-1024] * 1001, zipped=False)


def test_truncated_layers() -> None:
    for made in (layer(("plugin.wasm", WASM)), pack(tar({"plugin.wasm": WASM, "runtime-config.json": b"{}"}))):
        for end in range(0, len(made), 7):
            with suppress(ImageError):
                assert unpack(made[:end]) == WASM


PAX = gzip.decompress(archive((named("深/plugin.wasm", pax_headers={"mtime": "1.5"}), WASM)))


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(PAX) - 1), st.integers(0, 255)), min_size=1, max_size=6), st.booleans())
def test_any_damage_is_an_error_or_harmless(changes: list[tuple[int, int]], mend: bool) -> None:
    damaged = bytearray(PAX)
    for place, value in changes:
        damaged[place] = value
    if mend:  # a header with the right checksum gets further
        for start in range(0, len(damaged), 512):
            block = damaged[start : start + 512]
            if any(block):
                total = sum(block[:148]) + 256 + sum(block[156:])
                damaged[start + 148 : start + 156] = b"%06o\0 " % total
    with suppress(ImageError):
        assert isinstance(unpack(bytes(damaged), zipped=False), bytes)


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=2000))
def test_any_bytes_are_an_error(data: bytes) -> None:
    for zipped in (True, False):
        with suppress(ImageError):
            unpack(data, zipped=zipped)
