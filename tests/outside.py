"""Packages from outside: what a page of the documentation shows, installed into a folder as pip would."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

DOCS = Path(__file__).parents[1] / "docs"


def blocks(page: str, language: str = "python") -> list[str]:
    """Give the blocks of a page that are in a language."""
    text = (DOCS / page).read_text(encoding="utf-8")
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def install(site: Path, name: str, page: str, modules: Sequence[str] = ("__init__",)) -> Path:
    """Install a page's package: its blocks of Python are the modules, its block of TOML the entry points."""
    package, info = site / name, site / f"{name}-1.0.dist-info"
    package.mkdir(parents=True)
    info.mkdir()
    for module, text in zip(modules, blocks(page), strict=True):
        (package / f"{module}.py").write_text(text, encoding="utf-8")
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (entry,) = blocks(page, "toml")
    points = re.sub(r'\[project\.entry-points\."(.*?)"\]', r"[\1]", entry).replace('"', "")
    (info / "entry_points.txt").write_text(points)
    return package
