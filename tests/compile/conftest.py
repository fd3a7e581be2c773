"""One cache for all tests of the toolchain, apart from the user's; only the runtime is taken from there."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from tests.needs import needs
from tests.rust.conftest import installed  # noqa: F401 - the fixture that brings a Rust
from wasmnb.compile import Filter, process, runtime
from wasmnb.compile.cpp import prebuilt

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from wasmnb.module import Module

SKELETON = """#include "proxy_wasm_intrinsics.h"

class Http : public Context {
 public:
  explicit Http(uint32_t id, RootContext* root) : Context(id, root) {}
  FilterHeadersStatus onResponseHeaders(uint32_t, bool) override;
};
static RegisterContextFactory register_http(CONTEXT_FACTORY(Http), "here");

FilterHeadersStatus Http::onResponseHeaders(uint32_t, bool) {
  BODY
  return FilterHeadersStatus::Continue;
}
"""
BODY_LINE = 11


def cell(body: str = 'addResponseHeader("x-cell", "1");', *, top: str = "") -> str:
    """A whole filter whose callback has this body, at `BODY_LINE` of the source unless something is put on top."""
    return top + SKELETON.replace("BODY", body)


def install_runtime(cache: Path) -> None:
    """Put the runtime into an empty cache."""
    found = runtime.libraries()
    shutil.copytree(found.folder, cache / "runtime" / found.folder.name)


@pytest.fixture(scope="session")
@needs("compiler")
def shared_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache with everything in it that is compiled once."""
    cache = tmp_path_factory.mktemp("shared-cache")
    install_runtime(cache)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WASMNB_CACHE_DIR", str(cache))
        prebuilt.prepare()
    return cache


@pytest.fixture
def cache(shared_cache: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("WASMNB_CACHE_DIR", str(shared_cache))
    return shared_cache


@pytest.fixture
def empty_cache(tmp_path: Path, shared_cache: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache with the runtime only."""
    folder = tmp_path / "cache"
    folder.mkdir()
    install_runtime(folder)
    monkeypatch.setenv("WASMNB_CACHE_DIR", str(folder))
    return folder


@pytest.fixture
def build(cache: Path) -> Callable[..., Module]:
    def build_source(source: str, **options: object) -> Module:
        return Filter("tested", source, **options).build()  # type: ignore[arg-type]

    return build_source


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[list[str]]]:
    """Every command that a build starts."""
    commands: list[list[str]] = []
    real = process.start

    def start(command, folder, **options):
        commands.append([str(word) for word in command])
        return real(command, folder, **options)

    monkeypatch.setattr(process, "start", start)
    return commands
