"""Cells of filters are in their language in the pages that nbconvert makes, too."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from importlib.metadata import files
from pathlib import Path

import nbformat
import pytest
from pygments.token import Comment, Keyword, Name

from wasmnb.pygments_lexer import CellLexer, language_of

ROOT = Path(__file__).parents[1]
CASES = json.loads((ROOT / "labextension" / "test" / "languages.json").read_text("utf-8"))["cells"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["cell"])
def test_a_cell_is_in_the_language_that_the_lab_extension_shows(case):
    assert language_of(case["cell"]) == case["language"]


def test_what_stands_above_a_magic_is_a_comment_and_the_body_keeps_its_place():
    cell = "# greets\n\n%%wasm_filter x -l rust\nfn f() {}\n"
    pieces = list(CellLexer().get_tokens_unprocessed(cell))
    assert pieces[:2] == [(0, Comment, "# greets\n\n"), (10, Name.Decorator, "%%wasm_filter x -l rust")]
    assert (cell.index("fn"), Keyword, "fn") in pieces
    assert "".join(piece for _, _, piece in pieces) == cell


def test_plain_nbconvert_colours_the_body_in_its_language(tmp_path):
    pytest.importorskip("nbconvert")
    project = pytest.importorskip("tomllib").loads((ROOT / "pyproject.toml").read_text("utf-8"))
    # What an installation puts there, where nothing of nbconvert's own is.
    settings, place = ROOT / "labextension" / "nbconvert.json", Path("nbconvert", "templates", "base", "conf.json")
    assert not [file for file in files("nbconvert") or () if file.match(str(place))]
    (tmp_path / place.parent).mkdir(parents=True)
    (tmp_path / place).write_bytes(settings.read_bytes())
    about = tmp_path / "lexer-0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Name: lexer\nVersion: 0\n")
    ((name, target),) = project["project"]["entry-points"]["pygments.lexers"].items()
    (about / "entry_points.txt").write_text(f"[pygments.lexers]\n{name} = {target}\n")
    cells = ["%%wasm_filter guard --lang rust\nfn f() -> u32 { 1 }", "%%wasm_test guard\ntest:\n- name: x", "x = 1"]
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    made.metadata["language_info"] = {"name": "python", "pygments_lexer": "ipython3"}
    nbformat.write(made, tmp_path / "cells.ipynb")
    done = subprocess.run(
        [sys.executable, "-m", "nbconvert", "--to", "html", "--template", "basic", "--stdout", "cells.ipynb"],
        cwd=tmp_path,
        env={
            **os.environ,
            "JUPYTER_PATH": str(tmp_path),
            "PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)]),
        },
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    rust, yaml, python = re.findall(r'<div class="[^"]*highlight.*?</pre>', done.stdout, re.DOTALL)
    assert '<span class="nd">%%wasm_filter guard --lang rust</span>' in rust
    assert '<span class="k">fn</span>' in rust
    assert '<span class="kt">u32</span>' in rust
    assert '<span class="nt">test</span>' in yaml
    assert '<span class="n">x</span>' in python
    assert nbformat.read(tmp_path / "cells.ipynb", as_version=4) == made, "nothing is written into the notebook"
