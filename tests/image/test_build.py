from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.image.images import wasm
from tests.module.builder import good
from wasmnb.compile import Filter
from wasmnb.compile.diagnostics import Diagnostic
from wasmnb.errors import BadNameError, CompileError, ModuleError, UsageError
from wasmnb.image import Store
from wasmnb.module import Module
from wasmnb.pipeline import build_image

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.compiler

TAG = "registry.example/team/header-filter:v0.2"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "folder"
    path.mkdir()
    return path


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch) -> list[Filter]:
    """The compiler's own tests compile; here it is asked what it was given."""
    given: list[Filter] = []

    def build(self: Filter, **options: object) -> Module:
        given.append(self)
        return Module(self.name, wasm(self.name))

    monkeypatch.setattr(Filter, "build", build)
    return given


def test_a_module_file(store: Store, folder: Path) -> None:
    (folder / "any.wasm").write_bytes(wasm("a", "b"))
    image = build_image(folder / "any.wasm", TAG, store=store)
    assert image.reference == TAG
    assert image.module.name == "header-filter"
    assert store.get(TAG) == image
    assert build_image(str(folder), TAG, store=store) == image
    assert build_image(folder, "local/c", store=store, variant="compat").variant == "compat"


def test_a_filter_and_a_source(store: Store, folder: Path, built: list[Filter]) -> None:
    image = build_image(Filter("header-filter", "int x;"), TAG, store=store, annotations={"title": "T"})
    assert image.annotations["org.opencontainers.image.title"] == "T"
    (folder / "filter.cc").write_text("int y;")
    (folder / "README.md").write_text("")
    build_image(folder, TAG, store=store)
    build_image(folder / "filter.cc", TAG, store=store)
    assert [(item.name, item.source, item.language) for item in built] == [
        ("header-filter", "int x;", "cpp"),
        ("header-filter", "int y;", "cpp"),
        ("header-filter", "int y;", "cpp"),
    ]


def test_a_folders_runtime_config_is_used(store: Store, folder: Path) -> None:
    (folder / "any.wasm").write_bytes(bytes(good()))
    (folder / "runtime-config.json").write_text('{"config": {"rootIds": ["r"]}}')
    assert json.loads(build_image(folder, TAG, store=store).config)["config"] == {"rootIds": ["r"]}
    given = {"config": {"rootIds": ["other"]}}
    assert json.loads(build_image(folder, TAG, store=store, runtime_config=given).config)["config"] == given["config"]


def test_what_cannot_be_built(store: Store, folder: Path) -> None:
    with pytest.raises(UsageError, match="holds nothing to build"):
        build_image(folder, TAG, store=store)
    (folder / "a.wasm").write_bytes(wasm())
    (folder / "b.wasm").write_bytes(wasm())
    with pytest.raises(UsageError, match="does not say what to build: it holds more than one"):
        build_image(folder, TAG, store=store)
    (folder / "b.cc").write_text("")
    with pytest.raises(UsageError, match="has no source"):
        build_image(folder, TAG, store=store)  # the sources are meant, not what some build made of them once
    with pytest.raises(BadNameError, match="There is no filter and no file") as caught:
        build_image(folder / "a.wsm", TAG, store=store)
    assert "a.wasm" in caught.value.hint
    (folder / "x.txt").write_text("")
    with pytest.raises(UsageError, match=r"from 'x\.txt'"):
        build_image(folder / "x.txt", TAG, store=store)
    (folder / "latin.cc").write_bytes(b"\xe4")
    with pytest.raises(UsageError, match="UTF-8"):
        build_image(folder / "latin.cc", TAG, store=store)
    (folder / "bad.wasm").write_bytes(bytes(good().without("malloc")))
    with pytest.raises(ModuleError):
        build_image(folder / "bad.wasm", TAG, store=store)
    (folder / "text.wasm").write_text("text")
    with pytest.raises(ModuleError):
        build_image(folder / "text.wasm", TAG, store=store)
    assert not store.list()


def test_the_tag_is_looked_at_before_the_build(store: Store, built: list[Filter]) -> None:
    with pytest.raises(BadNameError):
        build_image(Filter("a", ""), "No Tag", store=store)
    with pytest.raises(UsageError, match="its digest follows from it"):
        build_image(Filter("a", ""), f"local/a@sha256:{'0' * 64}", store=store)
    assert not built


SOURCE = """#include "proxy_wasm_intrinsics.h"

class Http : public Context {
 public:
  explicit Http(uint32_t id, RootContext* root) : Context(id, root) {}
  FilterHeadersStatus onResponseHeaders(uint32_t, bool) override {
    addResponseHeader("x-image", "1");
    return FilterHeadersStatus::Continue;
  }
};
static RegisterContextFactory register_http(CONTEXT_FACTORY(Http), "imaged");
"""


def test_a_source_becomes_the_same_image_each_time(store: Store, folder: Path) -> None:
    (folder / "filter.cc").write_text(SOURCE)
    image = build_image(folder, TAG, store=store)
    assert image.module.facts.root_ids == ("imaged",)
    assert store.list()[0].language == "cpp"
    again = build_image(Filter("header-filter", SOURCE), "local/again", store=store, force=True)
    assert again.digest == image.digest
    assert all(one.accepted for one in store.inspect(TAG).consumers if one.consumer == "Istio")


def test_a_compilers_error_is_one_of_the_file(store: Store, folder: Path) -> None:
    (folder / "wrong.cc").write_text("int a() { return worl; }\nint b() { return d; }\n")
    with pytest.raises(CompileError, match=r"^wrong\.cc does not compile") as caught:
        build_image(folder, TAG, store=store)
    assert str(caught.value.where) == "wrong.cc line 1, column 18"
    assert [item.text for item in caught.value.diagnostics if isinstance(item, Diagnostic)] == ["wrong.cc", "wrong.cc"]
    assert "cell" not in str(caught.value)
