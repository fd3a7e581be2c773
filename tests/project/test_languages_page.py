"""docs/languages.md is true: its code adds a language, which is then guessed, built, cached, and read from a folder."""

from __future__ import annotations

import re
import sys
import types
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from wasmnb import Filter, Session, build_image
from wasmnb.compile import languages, toolchain
from wasmnb.compile.folder import guess
from wasmnb.errors import CompileError
from wasmnb.image import Store

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = Path(__file__).parents[2] / "docs" / "languages.md"
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


@pytest.fixture(autouse=True)
def toy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Add the page's language, and take it away."""
    monkeypatch.setenv("WASMNB_CACHE_DIR", str(tmp_path / "cache"))
    before = dict(languages.REGISTERED), dict(toolchain.LANGUAGES)
    compiler, registering, reading = BLOCKS
    for name, text in (("toylang", compiler), ("toylang_folder", reading)):
        module = types.ModuleType(name)
        monkeypatch.setitem(sys.modules, name, module)
        exec(compile(text, str(PAGE), "exec"), module.__dict__)
    exec(compile(registering, str(PAGE), "exec"), {})
    yield
    for now, then in zip((languages.REGISTERED, toolchain.LANGUAGES), before, strict=True):
        now.clear()
        now.update(then)
    toolchain.toolchain.cache_clear()


def test_a_cell_is_guessed_built_and_cached() -> None:
    with Session() as session:
        first = session.filter("mine", "toy\nnothing\n")
        assert first.filter.language == "toy"
        assert "taken for Toy because of 'toy' in line 1" in str(first.guess)
        assert session.filter("mine", "toy\nnothing\n").unchanged
    again = Filter("mine", "toy\nnothing\n", "toy").build()
    assert again.build is not None
    assert again.build.cached
    assert again.digest == first.module.digest
    assert (again.facts.abi, again.facts.language) == ("0.2.1", "toy")
    assert not again.facts.problems


def test_errors_have_the_cells_lines() -> None:
    with pytest.raises(CompileError) as caught:
        Filter("mine", "toy\nsomething\n", "toy", first_line=2).build()
    assert (caught.value.where.line, caught.value.where.quote) == (3, "something")


def test_a_folder(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "toy.json").write_text("{}")
    (folder / "main.toy").write_text("toy\n")
    (folder / "schema.json").write_text('{"type": "object"}')
    assert guess(folder) == "toy"
    image = build_image(folder, "local/mine", store=Store(tmp_path / "store"))
    assert image.module.facts.language == "toy"


def test_the_doctor_and_the_session_know_it() -> None:
    with Session() as session:
        assert session.config(language="toy")["language"] == "toy"
        checks = session.doctor()
        assert [check for check in checks if check.name == "Toy" and check.ok]


def test_it_is_short() -> None:
    assert sum(block.count("\n") for block in BLOCKS) < 200
