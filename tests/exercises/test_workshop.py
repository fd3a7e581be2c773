"""Each notebook of the workshop runs with the solutions; its checks refuse what is missing and what only looks right.

All cells run in one process, so that a kernel's start is not paid for each try; one notebook runs in a kernel.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import nbformat
import pytest
import yaml
from nbclient import NotebookClient

from wasmnb.errors import CompileError, ExerciseError, WasmnbError
from wasmnb.exercises import chapters, solved

pytestmark = [pytest.mark.compiler, pytest.mark.envoy]

WORKSHOP = Path(__file__).parents[2] / "notebooks" / "workshop"
NOTEBOOKS = sorted(WORKSHOP.glob("*.ipynb"))
EXERCISES = {one.number: one for chapter in chapters(WORKSHOP) for one in chapter.exercises}
WRONG = yaml.safe_load((Path(__file__).parent / "wrong.yaml").read_text("utf-8"))


@pytest.fixture
def workshop(class_folder, monkeypatch):
    """The class's folder with the exercises and what the notebooks read, and no room for another kernel's files."""
    shutil.copytree(WORKSHOP, class_folder, dirs_exist_ok=True)
    monkeypatch.setenv("WASMNB_DATA_DIR", str(class_folder / "data"))
    return class_folder


def number_of(cell):
    return cell["metadata"].get("wasmnb", {}).get("exercise")


def tries(shell, number, source):
    """Run a cell, and the check of an exercise where the cell has none; give the error."""
    failed = run(shell, source)
    if isinstance(failed, ExerciseError) or (failed is None and f"%wasm_check {number}" in source):
        return failed
    # A wrong cell may fail by itself, as a refused deployment does; what counts is what the check says then.
    assert not isinstance(failed, CompileError), failed
    return run(shell, f"%wasm_check {number}")


def run(shell, source):
    result = shell.run_cell(source)
    return result.error_before_exec or result.error_in_exec


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name[:2])
def test_the_solutions_pass_and_nothing_else_does(path, shell, workshop, capsys):
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type != "code":
            continue
        number = number_of(cell)
        if number is None:
            source = cell.source.replace("%wasm_registry start", "%wasm_registry start --port 0")
            failed = run(shell, source)
            assert failed is None or "raises-exception" in cell.metadata.get("tags", ()), source
            continue
        for source in (cell.source, *WRONG[number]):
            failed = tries(shell, number, source)
            assert isinstance(failed, ExerciseError), f"{number} takes this for a solution:\n{source}"
            assert len(failed.checked.missing[0].advice) > 10
            assert failed.why
        assert tries(shell, number, EXERCISES[number].solution) is None, number


def test_each_exercise_stands_in_a_notebook_and_has_hints_and_three_wrong_solutions():
    there = [number_of(cell) for path in NOTEBOOKS for cell in json.loads(path.read_text("utf-8"))["cells"]]
    assert [number for number in there if number] == list(EXERCISES)
    for number, exercise in EXERCISES.items():
        assert exercise.hints, number
        assert len(WRONG[number]) >= 3, number


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name[:2])
def test_a_notebook_has_no_outputs_and_its_links_lead_somewhere(path):
    notebook = nbformat.read(path, as_version=4)
    assert all(not cell.get("outputs") and cell.get("execution_count") is None for cell in notebook.cells)
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    for part in ("you can", "What went wrong for others", "Where to read on", "images/"):
        assert part in text or (part == "you can" and "you know" in text), part
    links = [piece.partition(")")[0] for piece in text.split("](")[1:]]
    assert not [link for link in links if "://" not in link and not (WORKSHOP / link.partition("#")[0]).exists()]


def test_a_notebook_with_its_solutions_runs_in_a_kernel(workshop):
    path = workshop / NOTEBOOKS[0].name
    notebook = solved(nbformat.read(path, as_version=4), chapters(workshop))
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(workshop)}}).execute()
    shown = [output for cell in notebook.cells for output in cell.get("outputs", ())]
    assert any("2 of" in str(output) and "exercises solved" in str(output) for output in shown)


def test_without_a_solution_the_kernel_stops_at_the_first_exercise(workshop):
    notebook = nbformat.read(workshop / NOTEBOOKS[-1].name, as_version=4)
    with pytest.raises(Exception, match=r"Exercise 7\.1 is not solved yet") as caught:
        NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(workshop)}}).execute()
    assert caught.value.ename == "ExerciseError"
    assert issubclass(ExerciseError, WasmnbError)
