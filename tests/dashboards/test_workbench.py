"""What the lab extension is told of each cell's filter."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.dashboards.simulated import SimulatedMesh
from tests.mesh.conftest import until
from tests.mesh.tiny import tag
from wasmnb import lab
from wasmnb.ahead import Draft, Readiness, Tried
from wasmnb.cases import CaseResult, CasesFailedError, TestResults
from wasmnb.cases.judge import Check
from wasmnb.compile import Filter
from wasmnb.compile.cached_build import compile_error
from wasmnb.compile.diagnostics import Diagnostic, Edit, Fix
from wasmnb.errors import CompileError, LinkError, MeshError, ModuleError, SelectorError, ToolchainError, UsageError
from wasmnb.image import package
from wasmnb.lab.drafts import draft_message
from wasmnb.lab.marks import by_compiler, failure
from wasmnb.lab.standing import Ran, after, mark, standing
from wasmnb.lab.summary import summary
from wasmnb.live.feed import Freshness
from wasmnb.live.row import PluginState, Row
from wasmnb.mesh import Verdict
from wasmnb.module import Module
from wasmnb.plugin import Plugin
from wasmnb.plugin.plugins import Plugins
from wasmnb.session import close_default, default
from wasmnb.session.files import FileResult
from wasmnb.traffic import Capture, Exchange, Headers, Request, Response

OWN, OTHER = "sha256:" + "ab12cd34" * 8, "sha256:" + "99887766" * 8
LIVE = Freshness("live", datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc))
MARKS = json.loads((Path(__file__).parents[2] / "labextension" / "test" / "marks.json").read_text("utf-8"))
CELL = "%%wasm_filter greeter\nint x"
MODULE = Module("greeter", b"")
HISTORY = Plugins(tuple(Plugin("header-filter", package(tag("a")), {"app": "w"}, config={"n": n}) for n in (2, 1)))
BUILT = Ran("id", "mark", "greeter", OWN, 8400)


def row(
    verdict: str, digest: str = OWN, reason: str = "", name: str = "a-0", *, plugin: str = "greeter", wanted: str = ""
) -> Row:
    state = PluginState(plugin, verdict, digest, wanted or digest, reason)
    return Row(name, "a", "2/2", "Running", 0, None, "", (state,))


@pytest.mark.parametrize(
    ("rows", "freshness", "text", "tone"),
    [
        ([], None, "built; no mesh is chosen", "quiet"),
        ([], LIVE, "built; not deployed", "quiet"),
        ([row("LIVE", plugin="other")], LIVE, "built; not deployed", "quiet"),
        ([row("LIVE")], LIVE, "live on 1 of 1 pod", "good"),
        ([row("LIVE"), row("LIVE", name="a-1")], LIVE, "live on 2 of 2 pods", "good"),
        (
            [row("LIVE", OTHER)],
            LIVE,
            "this build is not deployed; live on 1 pod: another build (sha256:998877669988)",
            "warn",
        ),
        (
            [row("OLD", OTHER), row("LIVE", "sha256:" + "1" * 64, name="b")],
            LIVE,
            "this build is not deployed; deployed on 2 pods: other builds",
            "warn",
        ),
        (
            [row("LIVE"), row("LIVE", OTHER, name="b")],
            LIVE,
            "live on 1 of 2 pods; the others run another build",
            "warn",
        ),
        ([row("LOADED")], LIVE, "LOADED on a-0; live on 0 of 1 pod", "warn"),
        ([row("REJECTED", OTHER, wanted=OWN)], LIVE, "REJECTED on a-0; live on 0 of 1 pod", "bad"),
        ([row("UNPROVEN", "", wanted=OWN)], LIVE, "UNPROVEN on a-0; live on 0 of 1 pod", "warn"),
        (
            [row("LIVE"), row("NO_SIDECAR", "", name="b", wanted=OWN)],
            LIVE,
            "NO_SIDECAR on b; live on 1 of 2 pods",
            "warn",
        ),
        (
            [row("LIVE"), row("TRAPPED", reason="cell line 4", name="b")],
            LIVE,
            "TRAPPED on b: cell line 4; live on 1 of 2 pods",
            "bad",
        ),
    ],
)
def test_a_cell_is_green_only_when_this_build_is_live_everywhere(rows, freshness, text, tone):
    found = standing(BUILT, rows, freshness)
    assert (found["text"], found["tone"]) == (text, tone)
    assert found["detail"] == "8.4 kB · sha256:ab12cd34ab12"


@pytest.mark.parametrize("kind", ["starting", "stale", "paused", "ended"])
def test_what_is_not_known_now_is_not_green(kind):
    assert standing(BUILT, [row("LIVE")], Freshness(kind, LIVE.since, "gone"))["tone"] == "warn"


def test_the_line_of_a_crash_says_first_where_in_the_cell_and_what_the_filter_said():
    panic = "the rule must be UTF-8: FromUtf8Error { bytes: [255, 254], " + "error_len: Some(1), " * 9
    reason = "its VM crashed in proxy_on_response_headers: Uncaught RuntimeError; every request gets 503"
    state = PluginState("greeter", "TRAPPED", OWN, OWN, reason, ("version_text", f"panic: {panic}", "  at x"), 14)
    down = replace(row("TRAPPED", name="b"), plugins=(state,))
    found = standing(BUILT, [row("LIVE"), down], LIVE, crashed={"b": "seen at 08:05:04"})
    assert found["text"].startswith("TRAPPED at line 14: the rule must be UTF-8: FromUtf8Error { bytes")
    assert found["text"].endswith("…; on b, live on 1 of 2 pods")
    assert len(found["text"]) < 150
    assert found["about"].splitlines() == ["TRAPPED: the filter crashed", reason, "crash seen at 08:05:04"]
    # Of a filter that said nothing, it is what happened.
    mute = replace(down, plugins=(replace(state, evidence=()),))
    (text,) = {standing(BUILT, [mute], LIVE)["text"]}
    assert text.startswith("TRAPPED at line 14: its VM crashed in proxy_on_response_headers: ")
    # Where it is too long for the line, no word is cut in two.
    long = f"{reason}, until its proxy is started again, or another build is deployed"
    (text,) = {standing(BUILT, [replace(down, plugins=(replace(state, reason=long, evidence=()),))], LIVE)["text"]}
    assert text.partition(": ")[2].partition("…")[0] in (
        long[: long.index(word)].rstrip(" ,;") for word in long.split()
    )


def test_a_cell_that_was_not_built_says_why():
    found = standing(Ran("id", "mark", failure="not built: expected ';'"), [row("LIVE")], LIVE)
    assert (found["text"], found["tone"], found["detail"]) == ("not built: expected ';'", "bad", "")


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (
            compile_error([Diagnostic("error", "expected ';'", 5, 3, text="cell")]),
            "does not compile: line 5: expected ';'",
        ),
        (
            compile_error([Diagnostic("error", one, 5, 3, text="cell") for one in ("expected ';'", "no y")]),
            "does not compile: 2 errors: line 5: expected ';'",
        ),
        (
            compile_error([Diagnostic("error", "no y", 2, 1, text="a.h")], subject="project"),
            "does not compile: a.h line 2: no y",
        ),
        (
            LinkError("The cell calls f, which is defined nowhere."),
            "not built: The cell calls f, which is defined nowhere.",
        ),
        (ToolchainError("There is no Rust compiler."), "not built: There is no Rust compiler."),
        (UsageError("There is no mesh."), "failed: There is no mesh."),
    ],
)
def test_a_cell_that_failed_says_so_once(error, line):
    assert failure(error, str) == line


@pytest.mark.parametrize("case", MARKS, ids=lambda case: case["text"])
def test_marks_are_those_of_the_front_end(case):
    assert mark(case["text"]) == case["mark"]


class Comm:
    """A comm, as the pages at its other end see it."""

    def __init__(self, **about):
        assert about == {"target_name": "wasmnb", "comm_id": "wasmnb", "primary": False}
        self.said, self.closed = None, False
        self.forget()

    def forget(self):
        self.sent, self.told, self.marks, self.drafts, self.answers, self.cases = [], [], [], [], [], []

    def send(self, data):
        sent = json.loads(json.dumps(data))
        self.sent.append(sent)
        self.told += sent["cells"]
        self.marks += sent["marks"]
        self.drafts += sent["drafts"]
        self.answers += sent["answers"]
        self.cases += sent["cases"]

    def on_msg(self, said):
        self.said = said

    def say(self, **data):
        self.said({"content": {"data": data}})

    def typed(self, cell, source):
        self.say(cell=cell, source=source)

    def save(self, cell, name):
        self.say(cell=cell, filter=name)

    def page(self, name, *, here=True):
        self.say(page=name, here=here)

    def close(self):
        self.closed = True


class Kernel:
    """The parts of a kernel's shell that a workbench knows."""

    def __init__(self):
        self.comm, self.told = None, {"pre_run_cell": [], "post_run_cell": []}
        self.kernel = SimpleNamespace()
        self.events = SimpleNamespace(
            register=lambda name, told: self.told[name].append(told),
            unregister=lambda name, told: self.told[name].remove(told),
        )

    def register_comm(self, made):
        self.comm = made

    def open(self):
        """Have a page look, which has been told nothing yet."""
        self.comm.forget()
        self.comm.page("one")
        return self.comm

    def ran(self, cell, source, *, error=None, result=None):
        info = SimpleNamespace(cell_id=cell, raw_cell=source)
        for told in self.told["pre_run_cell"]:
            told(info)
        for told in self.told["post_run_cell"]:
            told(SimpleNamespace(info=info, error_before_exec=None, error_in_exec=error, result=result))


@pytest.fixture
def kernel(monkeypatch):
    made = Kernel()
    monkeypatch.setattr("comm.create_comm", Comm)
    monkeypatch.setattr("comm.get_comm_manager", lambda: made)
    lab.attach(made, drafted)
    yield made
    lab.detach(made)
    assert made.comm.closed
    assert not any(made.told.values())
    close_default()


def drafted(text):
    """Read a cell as the magics do."""
    first, _, body = text.partition("\n")
    return Draft(Filter(first.split()[1], f"\n{body}"))


def test_cells_that_ran_before_the_page_asked_are_told_then(kernel):
    kernel.ran("one", CELL, error=CompileError("expected ';'."))
    kernel.ran("two", "print(1)", error=ValueError("not ours"))
    kernel.ran(None, CELL, error=CompileError("run by nbclient, which names no cell."))
    (told,) = kernel.open().told
    assert (told["cell"], told["mark"], told["text"]) == ("one", mark(CELL), "not built: expected ';'.")


def test_secrets_are_masked(kernel):
    comm = kernel.open()
    default().context.secrets.add("hunter2-secret")
    kernel.ran("one", CELL, error=CompileError("no hunter2-secret."))
    assert "hunter2" not in repr(comm.told)


def test_the_mesh_is_followed_while_somebody_looks(kernel):
    mesh = SimulatedMesh(2)
    kernel.ran("one", CELL)
    comm = kernel.open()
    bench = lab.workbench._benches[kernel]
    bench._ran["one"] = Ran("one", "mark", "header-filter", mesh.judged("w-0-0").running, 8400)
    default().use(mesh)
    kernel.ran("two", "x = 1")
    until(lambda: comm.told, lambda told: told and told[-1]["text"] == "live on 2 of 2 pods")
    mesh.judge("w-0-1", Verdict.TRAPPED, "unreachable")
    until(lambda: comm.told[-1]["text"], lambda text: text.startswith("TRAPPED on w-0-1: unreachable"))
    said = len(comm.told)
    mesh.change("w-0-0", restarts=4)
    mesh.judge("w-0-1", Verdict.LIVE, "")
    until(lambda: comm.told[-1]["tone"], lambda tone: tone == "good")
    assert len(comm.told) == said + 1, "what says the same is not told again"
    detail = "LIVE: this image was seen to act in this pod"
    live = {"text": "simulated: header-filter LIVE on 2 pods", "sign": "✓", "tone": "good", "detail": detail}
    assert comm.sent[-1]["mesh"] == live
    comm.page("two")
    comm.page("one", here=False)
    assert mesh.watches, "another page still looks"
    comm.page("two", here=False)
    assert not mesh.watches


def test_a_failed_build_says_what_pods_still_run(kernel):
    mesh = SimulatedMesh(2)
    kernel.ran("one", CELL)
    comm = kernel.open()
    bench = lab.workbench._benches[kernel]
    built = Ran("one", "mark", "header-filter", mesh.judged("w-0-0").running, 8400, name="greeter", selector="app=w")
    bench._ran["one"] = built
    mesh.plugins, mesh.history = (lambda: HISTORY[:1]), (lambda _id: HISTORY[:1])
    default().use(mesh)
    kernel.ran("one", CELL, error=CompileError("expected ';'."))
    told = until(lambda: comm.told[-1:], lambda told: told and told[0]["detail"])
    assert told[0]["text"] == "not built: expected ';'."
    assert told[0]["detail"] == told[0]["still"] == "the build before is still live on 2 of 2 pods"
    assert told[0]["actions"] == [], "there is nothing to roll back to after a first deployment"
    mesh.history = lambda _id: HISTORY
    kernel.ran("two", "x = 1")
    until(lambda: comm.told[-1]["actions"], lambda offered: [one["label"] for one in offered] == ["Roll back"])
    # A cell of another filter has nothing to do with it.
    kernel.ran("one", CELL.replace("greeter", "other"), error=CompileError("expected ';'."))
    assert (comm.told[-1]["detail"], comm.told[-1]["actions"]) == ("", [])


def test_a_mesh_that_is_slow_to_tell_its_history_holds_nothing_up(kernel):
    mesh, asked, told = SimulatedMesh(2), threading.Event(), threading.Event()
    kernel.ran("one", CELL)
    comm = kernel.open()
    bench = lab.workbench._benches[kernel]
    bench._ran["one"] = replace(BUILT, plugin="header-filter", digest=mesh.judged("w-0-0").running)

    def slow(_id):
        asked.set()
        assert told.wait(30)
        return HISTORY

    mesh.history = slow
    default().use(mesh)
    kernel.ran("two", "x = 1")
    assert asked.wait(30)
    mesh.judge("w-0-1", Verdict.TRAPPED, "unreachable")
    until(lambda: comm.told, lambda told: told and told[-1]["text"].startswith("TRAPPED on w-0-1"))
    assert not bench._older
    told.set()
    until(lambda: bench._older, bool)
    # What can be gone back to on one mesh says nothing of another.
    other = SimulatedMesh(2)
    other.plugins, other.history = (lambda: HISTORY[:1]), (lambda _id: HISTORY[:1])
    default().mesh("stop")
    default().use(other)
    kernel.ran("three", "x = 1")
    assert not bench._older
    until(lambda: bench._builds, bool)
    assert not bench._older


def test_a_cell_with_a_comment_above_its_magic_has_a_line(kernel):
    comm = kernel.open()
    kernel.ran("one", f"# greets\n\n{CELL}", error=CompileError("expected ';'."))
    assert [one["text"] for one in comm.told] == ["not built: expected ';'."]
    kernel.ran("two", f"#include <string>\n{CELL}", error=UsageError("Something stands above."))
    assert [one["cell"] for one in comm.told] == ["one"]


@pytest.mark.parametrize("source", [CELL, f"# greets\n{CELL}", CELL.replace("greeter", "$name")])
def test_what_a_filter_was_put_on_is_remembered(source):
    before = replace(BUILT, plugin="own", name="greeter", selector="app=a")
    again = replace(before, plugin="greeter", digest=OTHER, selector=None)
    assert after(before, again, source) == replace(again, plugin="own", selector="app=a")


def test_what_is_live_everywhere_is_not_offered_to_be_deployed():
    deployed = replace(BUILT, name="greeter", selector="app=a")

    def offered(*rows, ran=deployed, older=()):
        return [one["label"] for one in standing(ran, rows, LIVE, older=older)["actions"]]

    assert offered(row("LIVE")) == ["Write tests"]
    assert offered(row("LIVE"), older=["greeter"]) == ["Roll back", "Write tests"]
    assert offered(row("LIVE", OTHER), older=["greeter"]) == ["Deploy to app=a", "Roll back", "Write tests"]
    assert offered(older=["greeter"]) == ["Deploy to app=a", "Write tests"]
    assert offered(row("LIVE"), ran=replace(deployed, failure="failed: refused"), older=["greeter"]) == ["Roll back"]


@pytest.mark.parametrize("kind", ["starting", "stale", "paused", "ended"])
def test_a_mesh_that_is_gone_is_not_offered_to_be_deployed_to(kind):
    found = standing(
        replace(BUILT, name="greeter", selector="app=a"),
        [row("LIVE", OTHER)],
        Freshness(kind, LIVE.since, "gone"),
        older=["greeter"],
    )
    assert [one["label"] for one in found["actions"]] == ["Write tests"]


def test_pages_that_come_again_have_nothing_told_twice(kernel):
    comm = kernel.open()
    for page in ("two", "three", "four"):
        # A page that was reloaded, or whose machine was switched off, has said nothing of that.
        comm.page(page)
    assert [one["cells"] for one in comm.sent] == [[]] * 4
    kernel.ran("one", CELL, error=CompileError("expected ';'."))
    assert len(comm.sent) == 5
    comm.page("five")
    assert [one["text"] for one in comm.sent[-1]["cells"]] == ["not built: expected ';'."]


@pytest.mark.parametrize(
    ("rows", "freshness", "text", "tone"),
    [
        ([], LIVE, "m: no filters", "quiet"),
        ([row("LIVE"), row("NOT_SELECTED", name="b")], LIVE, "m: greeter LIVE on 1 pod", "good"),
        ([row("LIVE"), row("LIVE", plugin="other", name="b")], LIVE, "m: 2 filters LIVE on 2 pods", "good"),
        ([row("LIVE"), row("OLD", name="b")], LIVE, "m: OLD on b", "warn"),
        ([row("LIVE"), row("NO_SIDECAR", "", name="b")], LIVE, "m: NO_SIDECAR on b", "quiet"),
        ([row("OLD"), row("TRAPPED", name="b"), row("TRAPPED", name="c")], LIVE, "m: TRAPPED on b and 1 more", "bad"),
        ([row("LIVE")], Freshness("ended", LIVE.since, "gone"), f"m: as of {LIVE.since:%H:%M:%S} UTC: gone", "warn"),
    ],
)
def test_the_worst_verdict_speaks_for_a_mesh(rows, freshness, text, tone):
    found = summary("m", rows, freshness)
    assert (found["text"], found["tone"]) == (text, tone)


def test_a_crash_is_marked_in_the_cell_that_defines_the_filter(kernel):
    mesh = SimulatedMesh(2)
    kernel.ran("one", CELL)
    comm = kernel.open()
    bench = lab.workbench._benches[kernel]
    bench._ran["one"] = Ran("one", "mark", "header-filter", mesh.judged("w-0-0").running, 8400)
    default().use(mesh)
    kernel.ran("two", "x = 1")
    mesh.judge("w-0-1", Verdict.TRAPPED, "its VM crashed", line=4)
    until(lambda: comm.marks, bool)
    (told,) = comm.marks
    assert (told["cell"], told["mark"], told["kind"]) == ("one", "mark", "trap")
    (found,) = told["marks"]
    assert (found["line"], found["severity"]) == (4, "error")
    assert found["message"].startswith("crashed on w-0-1, seen at ")
    mesh.judge("w-0-1", Verdict.LIVE, "")
    until(lambda: comm.marks[-1]["marks"], lambda marks: not marks)


def test_what_a_compiler_says_stands_where_it_belongs_and_is_bounded(kernel):
    comm = kernel.open()
    default().context.secrets.add("hunter2-secret")
    kernel.ran("file", "%%wasm_file a.h\nint y", result=FileResult("a.h", "int y", unchanged=False))
    many = [Diagnostic("error", "hunter2-secret " + "x" * 1000, line) for line in range(2, 100)]
    there = Diagnostic("error", "expected ';'", 2, 6, text="a.h")
    kernel.ran("one", CELL, error=CompileError("no.", diagnostics=[*many, there]))
    own, other = comm.marks
    assert (own["cell"], own["kind"], len(own["marks"])) == ("one", "compiler", 50)
    assert all(len(one["message"]) <= 400 and "hunter2" not in one["message"] for one in own["marks"])
    assert (other["cell"], other["mark"]) == ("file", mark("%%wasm_file a.h\nint y"))
    assert [(one["line"], one["column"]) for one in other["marks"]] == [(2, 6)]
    kernel.ran("one", CELL, error=CompileError("no.", diagnostics=many[:1]))
    assert [len(one["marks"]) for one in comm.marks[-2:]] == [1, 0]


def test_what_was_said_of_a_file_before_the_page_asked_is_told_then(kernel):
    kernel.ran("file", "%%wasm_file a.h\nint y", result=FileResult("a.h", "int y", unchanged=False))
    there = Diagnostic("error", "expected ';'", 2, 6, text="a.h")
    kernel.ran("one", CELL, error=CompileError("no.", diagnostics=[there]))
    marks = {one["cell"]: one["marks"] for one in kernel.open().marks}
    assert [len(marks[cell]) for cell in ("file", "one")] == [1, 0]


def test_cases_that_failed_are_marked_where_they_begin(kernel):
    comm = kernel.open()
    passed = CaseResult("good", line=3)
    failed = CaseResult("bad", checks=(Check("response", "status", "200", "403", passed=False),), line=7)
    error = CasesFailedError.of(TestResults((passed, failed), name="greeter"))
    kernel.ran("cases", "%%wasm_test greeter\ncases:", error=error)
    (told,) = comm.marks
    assert (told["cell"], told["kind"]) == ("cases", "test")
    assert [(one["line"], one["message"]) for one in told["marks"]] == [(7, f"bad: {failed.why}")]
    kernel.ran("cases", "%%wasm_test greeter\ncases:", result=TestResults((passed,), name="greeter"))
    assert comm.marks[-1]["marks"] == []


def test_a_cell_that_compiles_and_is_not_deployed_is_not_said_to_be_unbuilt(kernel):
    comm = kernel.open()
    kernel.ran("one", CELL, error=SelectorError("No pod has these labels."))
    assert comm.told[-1]["text"] == "failed: No pod has these labels."


def test_what_was_said_of_a_text_that_ran_is_said_again_when_it_stands_there_again(kernel):
    comm = kernel.open()
    kernel.ran("one", CELL, error=CompileError("no.", diagnostics=[Diagnostic("error", "expected ';'", 2, 6)]))
    default().config(ahead="off")
    bench = lab.workbench._benches[kernel]
    bench._tried(Tried("one", CELL + ";", waits="later"))
    assert comm.marks[-1]["marks"] == []
    comm.typed("one", CELL)
    assert (comm.marks[-1]["mark"], comm.marks[-1]["marks"][0]["line"]) == (mark(CELL), 2)


def test_a_suggestion_with_a_secret_in_it_is_left_out():
    edits = [Edit(2, 1, 2, 2, text) for text in ("hunter2-secret", "plain")]
    fixes = tuple(Fix("change it", (edit,)) for edit in edits)
    said = [Diagnostic("error", "no", 2, 1, fixes=fixes)]
    (found,) = by_compiler(said, lambda text: text.replace("hunter2-secret", "***"))["cell"]
    assert [fix["edits"][0]["text"] for fix in found["fixes"]] == ["plain"]


@pytest.mark.parametrize(
    ("tried", "text", "tone"),
    [
        (Tried("one", CELL, MODULE), "compiles", "quiet"),
        (Tried("one", CELL, MODULE, ready=Readiness.READY), "compiles, ready to run", "quiet"),
        (
            Tried("one", CELL, MODULE, ready=Readiness.TRIED),
            "compiles, tested on an Envoy here",
            "quiet",
        ),
        (
            Tried("one", CELL, MODULE, ModuleError("Envoy refuses it.", why=["no root id"])),
            "compiles; not ready: Envoy refuses it: no root id",
            "bad",
        ),
        (Tried("one", CELL, MODULE, MeshError("It has ended.")), "compiles; not ready: It has ended", "quiet"),
        (Tried("one", CELL, waits="later"), "later", "quiet"),
    ],
)
def test_how_much_of_a_run_is_done_is_said(tried, text, tone):
    found = draft_message(tried, 0, str)
    assert (found["text"], found["tone"], found["ready"]) == (text, tone, "ready to run" in text)
    assert found["about"].endswith("0.0 kB") == (tried.module is not None and tried.error is None)


def test_what_becomes_of_a_text_that_was_run_meanwhile_is_not_told(kernel):
    comm = kernel.open()
    kernel.ran("one", CELL, error=CompileError("expected ';'."))
    bench = lab.workbench._benches[kernel]
    bench._tried(Tried("one", CELL, MODULE, ready=Readiness.READY))
    assert not comm.drafts
    bench._tried(Tried("one", CELL + ";", MODULE, ready=Readiness.READY))
    assert [one["text"] for one in comm.drafts] == ["compiles, ready to run"]


@pytest.mark.compiler
def test_what_is_typed_is_compiled_and_nothing_more(kernel):
    comm = kernel.open()
    comm.typed("one", "%%wasm_filter greeter\nint x = y;")
    until(lambda: comm.drafts, bool)
    assert comm.drafts[0]["text"].startswith("does not compile: line 2: use of undeclared identifier 'y'")
    assert comm.drafts[0]["mark"] == comm.marks[0]["mark"] == mark("%%wasm_filter greeter\nint x = y;")
    assert [(one["line"], one["column"]) for one in comm.marks[0]["marks"]] == [(2, 9)]
    assert not default().filters
    default().config(ahead="off")
    comm.typed("one", "%%wasm_filter greeter\nint x = z;")
    comm.typed("two", "x = 1")
    comm.typed(3, None)
    bench = lab.workbench._benches[kernel]
    assert not bench._typing._ahead._wanted


def answered(*in_force):
    """A response, as %wasm_headers gives it."""
    request = Request("GET", "details:9080", "/1", Headers((("authorization", "***"),)))
    return Capture(
        Exchange(
            request, Response(200, "OK", Headers(())), "a", "b", "proxy", 0.1, LIVE.since, in_force=tuple(in_force)
        )
    )


def test_a_response_that_a_cell_shows_becomes_a_case(kernel, monkeypatch):
    sent = "%wasm_headers productpage details:9080/1"
    default().context.filters._known["greeter"] = None
    default().context.secrets.add("hunter2-secret")
    taken = answered("greeter@12345678", "other@12345678")
    raw = replace(taken.after, request=replace(taken.after.request, headers=Headers((("authorization", "hunter2"),))))
    default().context.captures.add(raw, ())
    recorded = []

    def record(name, exchange):
        recorded.append((name, exchange))
        if len(recorded) > 2:
            raise ValueError("hunter2-secret")
        if len(recorded) > 1:
            raise UsageError("The answer 200 is not the filter's alone.", why=["hunter2-secret"])
        default().context.cases._known[name] = ((), "test: []")

    monkeypatch.setattr(default().requests, "_record", record)
    kernel.ran("one", sent, result=taken)
    comm = kernel.open()
    assert comm.answers == [{"cell": "one", "filters": ["greeter"]}]
    comm.save("one", "greeter")
    until(lambda: comm.cases, bool)
    assert comm.cases == [{"cell": "one", "before": "", "source": "%%wasm_test greeter\ntest: []", "problem": ""}]
    assert recorded == [("greeter", raw)], "the filter is given what was sent, not what is shown of it"
    comm.save("one", "greeter")
    until(lambda: comm.cases, lambda cases: len(cases) > 1)
    assert comm.cases[1]["before"] == "test: []", "the page finds the cell with the cases by them"
    assert comm.cases[1]["problem"] == "The answer 200 is not the filter's alone.; ***"
    comm.save("one", "greeter")
    until(lambda: comm.cases, lambda cases: len(cases) > 2)
    assert comm.cases[2]["problem"] == "it was not saved: ValueError: ***"
    assert [one["cell"] for one in kernel.open().answers] == ["one"]
    # What shows none any more has no button.
    kernel.ran("one", sent, error=ValueError("no answer"))
    assert comm.answers[1:] == [{"cell": "one", "filters": []}]
    comm.save("one", "greeter")
    kernel.ran("two", sent, result=answered())
    assert comm.answers[2:] == [{"cell": "two", "filters": []}]
