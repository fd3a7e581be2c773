"""What README and docs say is what the code does."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import wasmnb
from wasmnb.commands import COMMANDS

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")
PROSE = [ROOT / name for name in ("README.md", "CHANGELOG.md", "RATIONALE.md")]


def block(language: str, containing: str) -> str:
    """Give the fenced block of README that contains some words."""
    blocks = re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)
    return next(text for text in blocks if containing in text)


def test_the_reference_is_what_the_parsers_say() -> None:
    checked = subprocess.run([sys.executable, str(ROOT / "scripts" / "reference.py"), "--check"], timeout=60)
    assert checked.returncode == 0, "run: make docs"


def test_readme_names_every_magic() -> None:
    for command in COMMANDS.values():
        assert f"%{command.name}`" in README, command.name


def test_readme_names_every_verdict() -> None:
    for verdict in wasmnb.Verdict:
        assert verdict.value in README


def test_the_python_in_readme_runs(capsys: pytest.CaptureFixture[str]) -> None:
    cell = block("", "%%wasm_filter header-filter").split("\n", 1)[1]
    exec(compile(block("python", "LocalMesh.start"), "README", "exec"), {"text": cell})
    assert capsys.readouterr().out == "world\n"


@pytest.mark.parametrize("path", PROSE, ids=lambda path: path.name)
def test_links_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\((?!https?://)([^)#]+)", path.read_text("utf-8")):
        assert (ROOT / target).exists(), target
