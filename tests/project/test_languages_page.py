"""docs/languages.md is true: its code adds a language, which is then guessed, built, cached, and read from a folder."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.outside import blocks, install
from wasmnb import Filter, Session, build_image
from wasmnb.compile import languages
from wasmnb.compile.folder import guess
from wasmnb.errors import CompileError
from wasmnb.image import Store

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.compiler, pytest.mark.envoy]

ROOT = Path(__file__).parents[2]
MODULES = ("compiler", "__init__", "folder")


@pytest.fixture(autouse=True)
def toy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """Install the page's language, and take it away."""
    monkeypatch.setenv("WASMNB_CACHE_DIR", str(tmp_path / "cache"))
    site = tmp_path / "site"
    install(site, "toylang", "languages.md", MODULES)
    monkeypatch.syspath_prepend(str(site))
    yield site
    languages.toolchain.cache_clear()
    for name in [name for name in sys.modules if name.partition(".")[0] == "toylang"]:
        monkeypatch.delitem(sys.modules, name)


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


def test_the_doctor_names_its_package() -> None:
    with Session() as session:
        (group,) = [check for check in session.doctor() if check.name == "languages"]
    assert group.detail == "cpp, rust, go, assemblyscript, toy (toylang 1.0)"


def test_in_a_notebook(toy: Path, tmp_path: Path) -> None:
    code = """
from IPython.core.completer import provisionalcompleter
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
shell.run_line_magic("load_ext", "wasmnb")
made = shell.run_cell("%%wasm_filter mine --lang toy\\ntoy\\nnothing\\n")
made.raise_error()
assert shell.user_ns["mine"].language == "toy", shell.user_ns["mine"]
line = "%wasm_filter mine --lang to"
with provisionalcompleter():
    print([each.text for each in shell.Completer.completions(line, len(line))])
"""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(toy), str(ROOT)])}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert "['toy']" in done.stdout


def test_it_is_short() -> None:
    assert sum(block.count("\n") for block in blocks("languages.md")) < 200
