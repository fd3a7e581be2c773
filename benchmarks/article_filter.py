"""The article's filter, as its notebook has it, and the same on the raw ABI."""

from __future__ import annotations

from pathlib import Path

import nbformat

CONFIG = '{"name":"hello","value":"world"}'
NOTEBOOK = Path(__file__).parent.parent / "notebooks" / "article.ipynb"
RAW = Path(__file__).parent / "raw_filter.c"


def source(edit: str = "六翁") -> str:
    """Give the filter's source; ``edit`` is the value that the fixed header carries."""
    cells = nbformat.read(NOTEBOOK, as_version=4).cells
    cell = next(c.source for c in cells if c.source.startswith("%%wasm_filter"))
    text = cell.split("\n", 1)[1]
    return text.replace('addResponseHeader("你好", "六翁")', f'addResponseHeader("x-edit", "{edit}")')
