"""Hints of what stands around deployments, provoked and followed: cases, exercises, dashboards, packages, pages."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from tests.cases.test_recorded import seen
from tests.dashboards.simulated import SimulatedMesh
from tests.exercises.conftest import class_folder, write  # noqa: F401 - fixtures
from tests.image.images import wasm
from tests.magics.meshes import FakeMesh
from tests.test_registered import install, numbers  # noqa: F401 - fixtures
from tests.worded import in_cell
from wasmnb import Session, cases, error_pages, init_project
from wasmnb.budget import Budget
from wasmnb.cases import Environment
from wasmnb.cases.folder import module_of, suites
from wasmnb.cases.model import Phase
from wasmnb.cases.observation import Exchange as Seen
from wasmnb.cases.observation import Part
from wasmnb.cases.recorded import appended, recorded
from wasmnb.dashboards import watch_headers
from wasmnb.dashboards.schema_form import checked, parsed
from wasmnb.emulator import engine
from wasmnb.errors import WasmnbError
from wasmnb.exercises import chapters, check
from wasmnb.views import plots

URL = "details:9080/details/1"
PAGE = {"checks": [{"answer": {"right": ["blue"]}, "advice": "Look up."}]}


def hint_of(what, *words, **said):
    with pytest.raises(WasmnbError) as caught:
        what(*words, **said)
    return in_cell(caught.value).hint


# -- cases -----------------------------------------------------------------------------------------------------


def test_a_budget():
    such = "such as size=+5% or rate=-50%; there are size, rate"
    assert hint_of(Budget.parse, "size", ["size", "rate"], ["rate"]) == such
    assert [str(Budget.parse(text, ["size", "rate"], ["rate"])) for text in ("size=+5%", "rate=-50%")] == [
        "size=+5%",
        "rate=-50%",
    ]


def test_cases_of_no_module(tmp_path):
    text = "test:\n- name: a\n  request: GET /\n"
    (tmp_path / "guard.wasmtest.yaml").write_text(text)
    assert hint_of(module_of, suites(tmp_path)[0]) == "write env: {wasm_path: filter.wasm} into it"
    (tmp_path / "filter.wasm").write_bytes(wasm("a"))
    (tmp_path / "guard.wasmtest.yaml").write_text(f"env: {{wasm_path: filter.wasm}}\n{text}")
    assert module_of(suites(tmp_path)[0]).facts.readable


@pytest.mark.parametrize(
    ("wrong", "hint", "right"),
    [
        (
            "{requests: [{request: GET /}], request: GET /a}",
            "put it into the first of the requests",
            "{requests: [{request: GET /a}]}",
        ),
        ("{num_chunks: 2, chunk_size: 3}", "leave one of them out", "{num_chunks: 2}"),
        (
            "{num_chunks: 2, request_body: [{input: {content: a}}, {input: {content: b}}]}",
            "give request_body once, or leave num_chunks out",
            "{num_chunks: 2, request_body: [{input: {content: ab}}]}",
        ),
        (
            "{request_body: [{input: {header: [{key: a, value: b}]}}]}",
            "give content or file",
            "{request_body: [{input: {content: b}}]}",
        ),
        ("{callouts: {auth: []}}", "give one, or leave the cluster out", "{callouts: {auth: {status: 200}}}"),
        ("{reqest: GET /}", "did you mean 'request'?", "{request: GET /}"),
        ("{request_body: [{input: {zzzzzz: 1}}]}", "it has ", "{request_body: [{input: {content: b}}]}"),
    ],
)
def test_a_case_that_is_none(wrong, hint, right):
    def read(case):
        return cases.read(f"test:\n- {case.replace('{', '{name: a, ', 1)}\n")

    assert hint_of(read, wrong).startswith(hint)
    assert len(read(right).cases) == 1


def test_a_file_of_a_case(tmp_path):
    text = "test:\n- name: a\n  request_body: [{input: {file: body.txt}}]\n"
    (tmp_path / "a.wasmtest.yaml").write_text(text)
    assert hint_of(suites, tmp_path) == f"a relative path starts at {tmp_path}"
    (tmp_path / "body.txt").write_text("b")
    assert suites(tmp_path)


def answering(*lines):
    """Run a case on a filter that gives the answer these lines: a fake, so that none is compiled."""
    return lambda _: Seen(response={Phase.RESPONSE_HEADERS: Part(((":status", "200"), *lines))})


def made(taken, run):
    return recorded(taken, Environment("{}"), run, name="one")


def test_what_becomes_no_case():
    long = hint_of(made, seen(200, [], body=b"x" * 3000), answering())
    assert long == "write the case with input: {file: PATH}"
    assert made(seen(200, [], body=b"x" * 30), answering())
    other = hint_of(made, seen(403, []), answering())
    assert other == "another plugin may have answered, or this one has another configuration"
    build = hint_of(made, seen(200, []), answering(("hello", "world")))
    again = "another build may be in force than the one that the case would try: deploy that, and send it again"
    assert build == again
    assert "hello" in made(seen(200, [("hello", "world")]), answering(("hello", "world")))


def test_where_a_case_is_added():
    said = "write test: last, and each case on lines of its own that begin with -"
    for text in ("test: [{name: a}]", "test:\n- name: a\nenv: {config: b}\n"):
        assert hint_of(appended, text, "- name: new\n") == said
    text = appended("env: {config: b}\ntest:\n- name: a\n  request: GET /\n", "- name: new\n  request: GET /\n")
    assert [case.name for case in cases.read(text).cases] == ["a", "new"]


def test_the_emulator_is_an_extra(monkeypatch):
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "wasmtime", None)
        hint = "%pip install 'wasmnb[emulator]'; cases run with --host envoy, too"
        assert hint_of(engine.wasmtime_package.__wrapped__) == hint
    assert engine.wasmtime_package.__wrapped__().__name__ == "wasmtime"


# -- dashboards, pictures and pages ----------------------------------------------------------------------------


class Answering(SimulatedMesh):
    """A mesh in memory that can be watched, and answers."""

    def send(self, *words, **said):
        return FakeMesh().send(*words, **said)


@pytest.mark.parametrize(
    ("request_", "hint"),
    [
        ({"data": "x"}, "say --every SECONDS if that is what you want"),
        ({"all_pods": True}, "leave out --watch or --all-pods"),
        ({"save_test": "mine"}, "leave out --watch or --save-test"),
        ({"expect": 200}, "leave out --watch or --expect"),
    ],
)
def test_what_a_live_view_cannot_send(capsys, request_, hint):
    with Session() as session:
        session.use(Answering(1))
        assert hint_of(watch_headers, session, "productpage", URL, **request_) == hint
        rest = {**request_, "every": 60.0} if "data" in request_ else {}
        watch_headers(session, "productpage", URL, seconds=0.05, **rest)
    assert "200 OK from details-v1" in capsys.readouterr().out


def test_a_form_of_a_configuration():
    quotes = "JSON has double quotes around names and text, and no comma after the last one"
    for wrong in ("{'a': 1}", '{"a": 1,}'):
        assert hint_of(parsed, wrong) == quotes
    assert parsed('{"a": 1}') == {"a": 1}
    schema = {"properties": {"a": {"type": "string"}}}
    takes = "its schema says what it takes: in the filter's folder, beside its file, or in its image"
    assert hint_of(checked, {"a": 1}, schema) == takes
    assert checked({"a": "b"}, schema) == {"a": "b"}
    assert hint_of(checked, {"a": 1}, {"type": 5}) == "correct the schema, or remove it"
    assert checked({"a": 1}, None) == checked({"a": 1}, {"type": "object"}) == {"a": 1}


def test_pictures_are_an_extra(monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(plots, "find_spec", lambda _: None)
        assert hint_of(plots.need_pictures) == "%pip install 'wasmnb[plots]'"
    monkeypatch.setattr(plots, "find_spec", lambda name: name)
    plots.need_pictures()


def test_pages():
    known = "a code is WNB and four digits; names of verdicts are known too"
    assert hint_of(error_pages.explain, "%%%") == known
    assert error_pages.explain("WNB1000").code
    assert error_pages.explain("LIVE").title


# -- exercises -------------------------------------------------------------------------------------------------


def test_exercises_lie_beside_the_notebook(tmp_path, class_folder, write, monkeypatch):  # noqa: F811
    write({"1.1": PAGE})
    elsewhere = "open a notebook of the workshop: they lie in a folder beside it"
    assert hint_of(chapters, tmp_path) == elsewhere
    assert chapters(class_folder)
    write({"1.2": {**PAGE, "hints": []}}, name="2")
    assert hint_of(check, Session(), "1.2", hint=True) == "--solve shows the solution"
    assert "next cell" in check(Session(), "1.2", solve=True).text
    write({}, name="2")
    people = "name the folder that the class's files were collected in"
    session = Session()
    assert hint_of(check, session, people=str(tmp_path)) == people
    check(session, "1.1", "blue")
    assert check(session, people="progress").solved == {"ada": 1}
    (class_folder / "progress" / "ada.json").write_text("[]")
    assert hint_of(check, session) == "move it away to begin anew"
    (class_folder / "progress" / "ada.json").unlink()
    assert check(session).solved == {"ada": 0}
    (class_folder / "file").write_text("")
    folder = "name a folder that you may write to in the environment variable WASMNB_PROGRESS_DIR"
    (class_folder / "gone").symlink_to("no/such/folder")
    monkeypatch.setenv("WASMNB_PROGRESS_DIR", "gone")
    assert hint_of(check, session, "1.1", "blue") == folder
    monkeypatch.setenv("WASMNB_PROGRESS_DIR", "file/below")
    readable = "see that you may read it, or name another folder in the environment variable WASMNB_PROGRESS_DIR"
    assert hint_of(check, session, "1.1", "blue") == readable
    monkeypatch.setenv("WASMNB_PROGRESS_DIR", "folder")
    assert check(session, "1.1", "blue").passed


# -- folders and packages --------------------------------------------------------------------------------------


def test_a_project_where_nothing_can_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    assert hint_of(init_project, tmp_path / "file" / "mine") == "give a folder that you may write to"
    assert init_project(tmp_path / "folder" / "mine").path.is_dir()


def uninstalled(name):
    """Take a package away, as pip does."""
    (site,) = [path for path in map(Path, sys.path) if path.name == f"{name}-1.0"]
    shutil.rmtree(site)


def test_packages_that_register_the_same(install, numbers):  # noqa: F811
    install("more", "SEVEN = 7\nONE = 1", seven="more_module:SEVEN", one="more_module:ONE")
    install("other", "SEVEN = 77", seven="other_module:SEVEN")
    assert hint_of(numbers.load, "seven") == "uninstall all of them but one"
    assert [check.hint for check in numbers.checks() if not check.ok] == [
        "uninstall it",
        "uninstall all of them but one",
    ]
    uninstalled("more")
    assert numbers.load("seven") == 77
    assert all(check.ok for check in numbers.checks())


@pytest.mark.parametrize("module", ["raise OSError", "SEVEN = '7'"])
@pytest.mark.parametrize("follow", ["install", "uninstall"])
def test_a_package_that_cannot_be_loaded(install, numbers, module, follow):  # noqa: F811
    install("more", module, seven="more_module:SEVEN")
    hint = "install another version of more, or uninstall it"
    assert hint_of(numbers.load, "seven") == hint
    if follow == "uninstall":
        uninstalled("more")
        assert numbers.names() == ("two", "one")
    else:
        install("more", "SEVEN = 7", "1.1", seven="more_module:SEVEN")
        assert numbers.load("seven") == 7
