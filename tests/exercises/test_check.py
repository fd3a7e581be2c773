"""What ``%wasm_check`` says, remembers and hands over; on a mesh in memory."""

from __future__ import annotations

import json

import pytest

from tests.magics.meshes import FakeMesh
from wasmnb import session
from wasmnb.errors import BadNameError, ConfigError, ExerciseError, UsageError
from wasmnb.exercises import chapters, check
from wasmnb.exercises.facts import ResponseCheck, differs
from wasmnb.views.formatters import record_of

LOOK = {"answer": {"right": ["blue"], "wrong": {"red": "that is the other one"}}, "advice": "Look up."}
ANSWER = {"checks": [LOOK]}


@pytest.fixture
def fake(shell):
    mesh = FakeMesh()
    session.default().use(mesh)
    return mesh


def test_a_right_answer_is_told_and_kept(shell, write, class_folder):
    write({"1.1": ANSWER})
    checked = shell.run_line_magic("wasm_check", "1.1 Blue")
    assert checked.passed
    record = record_of(checked)
    assert record.status == "solved"
    assert any("1 of 1 exercises solved" in note for note in record.notes)
    kept = json.loads((class_folder / "progress" / "ada.json").read_text())
    assert kept["1.1"]["tries"] == 1
    assert kept["1.1"]["solved_at"]


def test_a_wrong_answer_is_an_error_with_advice_and_a_way_on(shell, write, class_folder):
    write({"1.1": ANSWER})
    for line, seen in [("1.1 red", "the other one"), ("1.1 green", "it is not green"), ("1.1", "no answer")]:
        with pytest.raises(ExerciseError, match=r"1\.1 is not solved yet\. Look up\.") as caught:
            shell.run_line_magic("wasm_check", line)
        assert seen in caught.value.why[0]
        assert caught.value.hint == "%wasm_check 1.1 --hint"
        assert not caught.value.checked.passed
    assert json.loads((class_folder / "progress" / "ada.json").read_text())["1.1"]["tries"] == 3


def test_hints_come_one_at_a_time_and_the_solution_into_the_next_cell(shell, write, monkeypatch):
    write({"1.1": ANSWER})
    cells = []
    monkeypatch.setattr(shell, "set_next_input", cells.append)
    texts = [shell.run_line_magic("wasm_check", "1.1 --hint").text for _ in range(3)]
    assert texts == ["first", "second", "second"]
    assert not cells
    assert "next cell" in shell.run_line_magic("wasm_check", "1.1 --solve").text
    assert cells == ["print(1)"]
    shell.run_line_magic("wasm_check", "1.1 blue")
    assert shell.run_line_magic("wasm_check", "").table.values("state") == ["with solution"]


def test_an_exercise_without_hints_says_so(shell, write):
    write({"1.1": {**ANSWER, "hints": []}})
    with pytest.raises(UsageError, match=r"Exercise 1\.1 has no hints") as caught:
        shell.run_line_magic("wasm_check", "1.1 --hint")
    assert caught.value.hint == "--solve shows the solution"


def test_a_class_is_seen_by_its_files(shell, write, class_folder):
    write({"1.1": ANSWER, "1.2": ANSWER})
    shared = class_folder / "shared"
    shared.mkdir()
    solved = {"tries": 2, "hints": 1, "shown": False, "solved_at": "2026-01-01T00:00:00+00:00"}
    (shared / "ada.json").write_text(json.dumps({"1.1": solved}))
    (shared / "bob.json").write_text("{}")
    progress = shell.run_line_magic("wasm_check", "--people shared")
    assert progress.solved == {"ada": 1, "bob": 0}
    assert list(progress.frame["state"]) == ["solved", "open", "open", "open"]
    record = record_of(progress)
    assert record.rows == (("ada", 1, "1.2", 1), ("bob", 0, "1.1", 0))
    assert "2 people" in record.status
    with pytest.raises(BadNameError, match="no files of progress"):
        shell.run_line_magic("wasm_check", "--people exercises")


def test_reset_forgets(shell, write, class_folder, monkeypatch):
    monkeypatch.setenv("WASMNB_PROGRESS_DIR", str(class_folder / "elsewhere"))
    write({"1.1": ANSWER, "1.2": ANSWER})
    shell.run_line_magic("wasm_check", "1.1 blue")
    shell.run_line_magic("wasm_check", "1.2 blue")
    assert shell.run_line_magic("wasm_check", "1.1 --reset").table.values("state") == ["open", "solved"]
    kept = class_folder / "elsewhere" / "ada.json"
    assert kept.stat().st_mode & 0o044 == 0o044, "a trainer may read it"
    assert shell.run_line_magic("wasm_check", "--reset").table.values("state") == ["open", "open"]
    assert not kept.exists()


def test_what_is_no_exercise_is_said(shell, class_folder, write):
    with pytest.raises(BadNameError, match="There are no exercises"):
        shell.run_line_magic("wasm_check", "1.1")
    write({"1.1": ANSWER})
    with pytest.raises(BadNameError, match=r"no exercise '1\.11'") as caught:
        shell.run_line_magic("wasm_check", "1.11")
    assert caught.value.hint == "did you mean '1.1'?"
    write({"2.1": {"checks": [{"verdit": {}, "advice": "x"}]}}, "2")
    with pytest.raises(ConfigError, match=r"2\.yaml is not a file of exercises"):
        chapters()


def test_without_a_mesh_the_check_says_so(shell, write):
    write({"1.1": {"checks": [{"verdict": {"plugin": "x"}, "advice": "Deploy x."}]}})
    with pytest.raises(ExerciseError) as caught:
        shell.run_line_magic("wasm_check", "1.1")
    assert caught.value.why == ("No mesh has been chosen yet.",)


def test_a_plugin_that_is_not_there_is_told_with_those_that_are(fake, write):
    write({"1.1": {"checks": [{"verdict": {"plugin": "x"}, "advice": "Deploy x."}]}})
    checked = check(session.default(), "1.1")
    assert "x is not in force" in checked.missing[0].seen
    assert checked.to_dict()["passed"] is False


@pytest.mark.parametrize(
    ("has", "lacks", "said"),
    [
        ({"A": "1"}, (), ""),
        ({"a": None}, ("c",), ""),
        ({"a": {"regex": "[0-9]"}}, (), ""),
        ({"a": "2"}, (), "a of it is '1'"),
        ({"a": {"regex": "[0-9]{2}"}}, (), "a of it is '1'"),
        ({"c": None}, (), "it has no header c"),
        ({}, ("B",), "it has the header B"),
        ({"b": "1"}, (), "b of it is '1', '2'"),
    ],
)
def test_headers_are_compared_as_lines(has, lacks, said):
    assert differs([("a", "1"), ("b", "1"), ("B", "2")], has, lacks, "it") == said


def test_two_looks_at_one_response_are_told_apart():
    looks = [ResponseCheck("a:1/", has={"x-a": "1"}), ResponseCheck("a:1/", lacks=["x-b"], received_has={"x-c": None})]
    assert [one.about for one in looks] == [
        "GET a:1/ from productpage: x-a",
        "GET a:1/ from productpage: no x-b, x-c as received",
    ]
