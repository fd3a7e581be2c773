"""What the lab extension is told of each cell's filter."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.dashboards.simulated import SimulatedMesh
from tests.mesh.conftest import until
from wasmnb import lab
from wasmnb.errors import CompileError
from wasmnb.lab.standing import Ran, mark, standing
from wasmnb.live.feed import Freshness
from wasmnb.live.row import PluginState, Row
from wasmnb.mesh import Verdict
from wasmnb.session import close_default, default

OWN, OTHER = "sha256:" + "ab12cd34" * 8, "sha256:" + "99887766" * 8
LIVE = Freshness("live", datetime.now(timezone.utc))
MARKS = json.loads((Path(__file__).parents[2] / "labextension" / "test" / "marks.json").read_text("utf-8"))
BUILT = Ran("id", "mark", "greeter", OWN, 8400)


def row(verdict: str, digest: str = OWN, reason: str = "", name: str = "a-0", plugin: str = "greeter") -> Row:
    return Row(name, "a", "2/2", "Running", 0, None, "", (PluginState(plugin, verdict, digest, digest, reason),))


@pytest.mark.parametrize(
    ("rows", "freshness", "text", "tone"),
    [
        ([], None, "built; no mesh is chosen", "quiet"),
        ([], LIVE, "built; not deployed", "quiet"),
        ([row("LIVE", plugin="other")], LIVE, "built; not deployed", "quiet"),
        ([row("LIVE")], LIVE, "live on 1 of 1 pod, seen acting", "good"),
        ([row("LIVE"), row("LIVE", name="a-1")], LIVE, "live on 2 of 2 pods, seen acting", "good"),
        ([row("LIVE", OTHER)], LIVE, "built; not live: another build is in force on 1 pod", "warn"),
        (
            [row("LIVE"), row("LIVE", OTHER, name="b")],
            LIVE,
            "live on 1 of 2 pods; the others run another build",
            "warn",
        ),
        ([row("LOADED")], LIVE, "LOADED on a-0; live on 0 of 1 pod", "warn"),
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


def test_a_cell_that_was_not_built_says_why():
    found = standing(Ran("id", "mark", failure="expected ';'"), [row("LIVE")], LIVE)
    assert (found["text"], found["tone"], found["detail"]) == ("not built: expected ';'", "bad", "")


@pytest.mark.parametrize("case", MARKS, ids=lambda case: case["text"])
def test_marks_are_those_of_the_front_end(case):
    assert mark(case["text"]) == case["mark"]


class Comm:
    """A front end's end of a comm."""

    def __init__(self):
        self.told = []
        self.closed = None

    def send(self, data):
        self.told += json.loads(json.dumps(data))["cells"]

    def on_close(self, closed):
        self.closed = closed


class Kernel:
    """The parts of a kernel's shell that a workbench knows."""

    def __init__(self):
        self.targets, self.after = {}, []
        self.kernel = SimpleNamespace(
            comm_manager=SimpleNamespace(
                register_target=self.targets.__setitem__, unregister_target=lambda name, _: self.targets.pop(name)
            )
        )
        self.events = SimpleNamespace(
            register=lambda _, told: self.after.append(told), unregister=lambda _, told: self.after.remove(told)
        )

    def open(self):
        comm = Comm()
        self.targets["wasmnb"](comm, {})
        return comm

    def ran(self, cell, source, *, error=None, result=None):
        info = SimpleNamespace(cell_id=cell, raw_cell=source)
        for told in self.after:
            told(SimpleNamespace(info=info, error_before_exec=None, error_in_exec=error, result=result))


@pytest.fixture
def kernel():
    made = Kernel()
    lab.attach(made)
    yield made
    lab.detach(made)
    assert not made.targets
    assert not made.after
    close_default()


CELL = "%%wasm_filter greeter\nint x"


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
    until(lambda: comm.told, lambda told: told and told[-1]["text"] == "live on 2 of 2 pods, seen acting")
    mesh.judge("w-0-1", Verdict.TRAPPED, "unreachable")
    until(lambda: comm.told[-1]["text"], lambda text: text.startswith("TRAPPED on w-0-1: unreachable"))
    said = len(comm.told)
    mesh.change("w-0-0", restarts=4)
    mesh.judge("w-0-1", Verdict.LIVE, "")
    until(lambda: comm.told[-1]["tone"], lambda tone: tone == "good")
    assert len(comm.told) == said + 1, "what says the same is not told again"
    comm.closed({})
    assert not mesh.watches
