"""The article's filter, as its notebook has it, in the other languages, and on the raw ABI."""

from __future__ import annotations

from pathlib import Path

import nbformat

import wasmnb

CONFIG = '{"name":"hello","value":"world"}'
TARGET = "details:9080/details/123"
NOTEBOOK = Path(__file__).parent.parent / "notebooks" / "article.ipynb"
RAW = Path(__file__).parent / "raw_filter.c"
LANGUAGES = ("cpp", "rust", "go", "assemblyscript")
_ARTICLE = Path(__file__).parent / "article"
_ENDS = {"rust": "rs", "go": "go", "assemblyscript": "ts"}


def source(edit: str = "六翁") -> str:
    """Give the filter's source; ``edit`` is the value that the fixed header carries."""
    cells = nbformat.read(NOTEBOOK, as_version=4).cells
    cell = next(c.source for c in cells if c.source.startswith("%%wasm_filter"))
    return _edited(cell.split("\n", 1)[1], edit)


def edited(language: str, edit: str = "六翁") -> str:
    """Give it in a language."""
    if language == "cpp":
        return source(edit)
    text = (_ARTICLE / f"add_header.{_ENDS[language]}").read_text(encoding="utf-8")
    return _edited(text, edit)


def live(mesh: wasmnb.Mesh, name: str, value: str) -> None:
    """Wait for the first response that carries the header."""
    while mesh.send("productpage", TARGET).response.headers.get(name) != value:
        pass


def _edited(text: str, edit: str) -> str:
    return text.replace('"你好", "六翁"', f'"x-edit", "{edit}"')
