from __future__ import annotations

import errno
import json
import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.module.builder import good, leb, name, vector
from wasmnb.errors import ModuleError
from wasmnb.module import BuildRecord, Module
from wasmnb.module.facts import read
from wasmnb.module.stamp import stamp, strip
from wasmnb.views import html_of

if TYPE_CHECKING:
    from pathlib import Path


def producers(**fields: str) -> bytes:
    return vector([name(field) + vector([name(word) + name("1.0")]) for field, word in fields.items()])


def test_facts_of_a_module() -> None:
    wasm = stamp(
        bytes(good().with_functions(proxy_on_tick="i:").but(imports=(("env", "proxy_log", "iii:i"),))),
        language="cpp",
        root_ids=["a"],
    )
    facts = read(wasm)
    assert (facts.abi, facts.language, facts.root_ids, facts.size) == ("0.2.1", "cpp", ("a",), len(wasm))
    assert facts.callbacks == ("proxy_on_tick",)
    assert [str(item) for item in facts.imports] == ["env.proxy_log"]
    assert [item.name for item in facts.custom_sections] == ["wasmnb"]
    assert facts.problems == ()
    assert facts.readable
    plain = json.loads(json.dumps(facts.to_dict()))
    assert plain["abi"] == "0.2.1"
    assert plain["exports"][0] == {"name": "proxy_abi_version_0_2_1", "kind": "func"}


@pytest.mark.parametrize(
    ("content", "language"),
    [
        (producers(language="Rust"), "rust"),
        (producers(**{"language": "C11", "processed-by": "rustc"}), "rust"),
        (producers(**{"language": "Go", "processed-by": "Go cmd/compile"}), "go"),
        (producers(**{"language": "C99", "processed-by": "TinyGo"}), "tinygo"),
        (producers(language="C_plus_plus_14"), "cpp"),
        (producers(**{"language": "C11", "processed-by": "clang"}), "c"),
        (producers(**{"processed-by": "clang"}), None),
        (b"\xff\xff", None),
        (leb(1_000_000), None),
    ],
)
def test_language_from_producers(content: bytes, language: str | None) -> None:
    facts = read(bytes(good().but(customs=(("producers", content),))))
    assert facts.language == language
    assert facts.problems == ()


def test_language_from_other_signs() -> None:
    assert read(bytes(good().with_functions(__pin="i:i", __unpin="i:"))).language == "assemblyscript"
    assert read(bytes(good().but(customs=(("go.buildid", b""),)))).language == "go"
    assert read(bytes(good())).language is None
    assert read(bytes(good())).root_ids is None


@given(st.binary(max_size=200))
@settings(max_examples=200, deadline=None)
def test_reading_never_raises(data: bytes) -> None:
    for wasm in (data, bytes(good()) + data, stamp(bytes(good()), language="x", root_ids=[]) + data):
        facts = read(wasm)
        json.dumps(facts.to_dict())
        assert facts.problems or facts.readable
        assert html_of(facts)


def test_load(tmp_path: Path) -> None:
    path = tmp_path / "header-filter.wasm"
    path.write_bytes(bytes(good()))
    assert Module.load(path) == Module("header-filter", bytes(good()))
    assert Module.load(str(path), name="other").name == "other"


@pytest.mark.parametrize(
    ("content", "what"), [(b"", "it is empty"), (b"\x1f\x8b\x08", "gzip"), (b"\0asm\1\0\0\0\x01", "malformed")]
)
def test_loading_what_is_no_module_names_the_file(tmp_path: Path, content: bytes, what: str) -> None:
    path = tmp_path / "some.wasm"
    path.write_bytes(content)
    with pytest.raises(ModuleError) as caught:
        Module.load(path)
    assert what in caught.value.what
    assert str(path) in caught.value.what


def test_loading_what_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(ModuleError, match="No such file") as caught:
        Module.load(tmp_path / "none.wasm")
    assert caught.value.hint == "give the path of a .wasm file; a relative path starts at the notebook's folder"
    with pytest.raises(ModuleError, match="not a regular file") as caught:
        Module.load(tmp_path)
    assert caught.value.hint == "give the path of a .wasm file"
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ModuleError, match="not a regular file"):
        Module.load(tmp_path / "pipe")
    with pytest.raises(ModuleError, match="not a regular file"):
        Module.load("/dev/zero")


def test_a_file_that_may_not_be_read_is_not_a_wrong_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "mine.wasm"
    path.write_bytes(bytes(good()))

    def refuse(*_: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr(type(path), "open", refuse)
        with pytest.raises(ModuleError, match="Permission denied") as caught:
            Module.load(path)
    assert caught.value.hint == "see that you may read it"
    assert Module.load(path).wasm


def test_without_its_debug_sections_a_module_is_below_the_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "large.wasm"
    whole = bytes(good().but(customs=((".debug_info", bytes(5000)),)))
    path.write_bytes(whole)
    for place in ("parse", "facts"):
        monkeypatch.setattr(f"wasmnb.module.{place}.MAX_BYTES", 5000)
    with pytest.raises(ModuleError) as caught:
        Module.load(path)
    assert caught.value.hint.startswith("build it without debug information (-g0), or remove that (wasm-strip)")
    monkeypatch.setattr("wasmnb.module.parse.MAX_BYTES", len(whole))
    path.write_bytes(strip(whole))  # as wasm-strip does
    assert Module.load(path).wasm


def test_a_file_above_the_limit_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "large.wasm"
    with path.open("wb") as file:
        file.write(bytes(good()))
        file.truncate(300 * 1024 * 1024)
    with pytest.raises(ModuleError, match="300 MiB; the most that can be rolled out are 256 MiB"):
        Module.load(path)


def test_faces_are_escaped_and_plain() -> None:
    facts = read(bytes(good().with_functions(**{"proxy_on_<b>": ""})))
    assert "<b>" not in html_of(facts)
    module = Module("<script>", b"no module", build=BuildRecord(0.1, cached=False, stages=(("link", 0.02),)))
    assert "<script>" not in html_of(module)
    assert "it looks like text" in html_of(module)
    plain = json.loads(json.dumps(module.to_dict()))
    assert plain["build"] == {"seconds": 0.1, "cached": False, "stages": {"link": 0.02}, "warnings": []}
    assert plain["problems"][0]["hint"]
