"""What README and docs say is what the code does."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

import wasmnb
from tests.needs import MARKERS
from wasmnb import cases
from wasmnb.commands import COMMANDS

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")
PROSE = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))]


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


def test_the_cases_of_the_docs_are_cases() -> None:
    text = (ROOT / "docs" / "tests.md").read_text("utf-8")
    blocks = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    assert [len(cases.read(block).cases) for block in blocks] == [1, 1, 1]
    known = cases.schema()["$defs"]
    for name in re.findall(r"^\| `(\w+)", text.partition("These are our own")[2], re.MULTILINE):
        assert name in known["test"]["properties"], name


def test_readme_names_every_verdict() -> None:
    for verdict in wasmnb.Verdict:
        assert verdict.value in README


@pytest.mark.compiler
@pytest.mark.envoy
def test_the_python_in_readme_runs(capsys: pytest.CaptureFixture[str]) -> None:
    cell = block("", "%%wasm_filter header-filter").split("\n", 1)[1]
    exec(compile(block("python", "LocalMesh.start"), "README", "exec"), {"text": cell})
    assert capsys.readouterr().out == "world\n"


@pytest.mark.parametrize("path", PROSE, ids=lambda path: path.name)
def test_links_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\((?!https?://)([^)#]+)", path.read_text("utf-8")):
        assert (path.parent / target).exists(), target


def test_architecture_names_every_package_and_floor() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
    for init in (ROOT / "wasmnb").glob("*/__init__.py"):
        assert f"`{init.parent.name}/`" in text or f"`{init.parent.name}`" in text, init.parent.name


def test_what_contributors_are_told_to_run_is_there() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    for path in PROSE:
        for target in re.findall(r"`make ([a-z-]+)", path.read_text("utf-8")):
            assert re.search(rf"^{target}:", makefile, re.MULTILINE), (path.name, target)


def test_contributors_are_told_every_marker() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    assert {name for name in MARKERS if f"| `{name}` |" in text} == set(MARKERS)


def test_a_commit_is_checked_as_lint_does() -> None:
    """What `make lint` starts of Python's tools is what pre-commit starts."""
    makefile = (ROOT / "Makefile").read_text("utf-8")
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text("utf-8"))
    hooks = {hook["entry"].split()[0].removeprefix(".venv/bin/") for repo in config["repos"] for hook in repo["hooks"]}
    lint = re.findall(r"^LINT = .*|^lint:.*\n(?:\t.*\n)+", makefile, re.MULTILINE)
    assert hooks == set(re.findall(r"\$\(BIN\)/([a-z-]+)", "".join(lint))) - {"python"}


def test_what_was_recorded_on_a_cluster_is_of_cells_that_there_are() -> None:
    """The site shows it below the cell with that very text, and the workshop below what begins so."""
    folder = ROOT / "notebooks"

    def cells(path: Path) -> list[str]:
        return ["".join(cell["source"]) for cell in json.loads(path.read_text("utf-8"))["cells"]]

    recorded = json.loads((folder / "workshop" / "example" / "recorded.json").read_text("utf-8"))["outputs"]
    assert set(recorded) <= set(cells(folder / "istio.ipynb")), "run: python scripts/record.py"
    shown = "\n".join(cells(folder / "workshop" / "07-your-own-cluster.ipynb"))
    wanted = re.findall(r'^show\("(.+?)"(?:, (\d))?\)$', shown, re.MULTILINE)
    assert len(wanted) == 5
    for start, number in wanted:
        assert sum(cell.startswith(start) for cell in recorded) > int(number or 0), start
