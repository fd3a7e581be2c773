"""A local mesh ends with whoever started it, leaves nothing behind, and survives what is no end."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import psutil
import pytest

from tests.mesh.conftest import until
from tests.mesh.tiny import build, tag, trapping
from tests.worded import in_cell
from wasmnb.errors import MeshError, ModuleError
from wasmnb.image import package
from wasmnb.mesh import Verdict
from wasmnb.mesh.local import LocalMesh
from wasmnb.mesh.local import mesh as meshes
from wasmnb.mesh.local import startup as starts
from wasmnb.mesh.local import topology as plans
from wasmnb.mesh.local.workload import Workload
from wasmnb.plugin import FailPolicy, Plugin

pytestmark = pytest.mark.envoy

ROOT = Path(__file__).parents[2]
KERNEL = """
import os, sys, threading
from wasmnb.mesh.local import LocalMesh
mesh = LocalMesh.start()
print(mesh._plan.folder, *mesh._processes.pids(), flush=True)
{end}
"""


def runs(pid):
    """Whether a process still runs; one that has ended and is not yet fetched by its parent does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def alive(pids):
    return [pid for pid in pids if runs(pid)]


def start_kernel(end, temporary):
    kernel = subprocess.Popen(
        [sys.executable, "-c", KERNEL.format(end=end)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "TMPDIR": temporary},
    )
    folder, *pids = kernel.stdout.readline().split()
    return kernel, Path(folder), [int(pid) for pid in pids]


@pytest.fixture
def temporary():
    """A folder with a short path, as Unix sockets need, that must be empty in the end."""
    with tempfile.TemporaryDirectory(prefix="wasmnb-test-") as folder:
        yield folder


@pytest.mark.parametrize(
    ("end", "kill"),
    [
        ("threading.Event().wait()", signal.SIGKILL),
        ("threading.Event().wait()", signal.SIGTERM),
        ("", None),
        ("mesh.stop(); mesh.stop()", None),
        ("del mesh", None),
        ("raise SystemExit(3)", None),
    ],
    ids=["sigkill", "sigterm", "end of program", "stop", "forgotten", "exit"],
)
def test_everything_ends_with_the_kernel(temporary, end, kill):
    kernel, folder, pids = start_kernel(end, temporary)
    with kernel:
        if kill is not None:
            assert folder.exists()
            kernel.send_signal(kill)
        kernel.wait(30)
    until(lambda: alive(pids), lambda running: running == [])
    until(lambda: list(Path(temporary).iterdir()), lambda names: names == [])


def test_everything_ends_with_the_kernel_though_a_child_that_it_forked_lives_on(temporary):
    fork = "child = os.fork()\nif child: print(child, flush=True)\nthreading.Event().wait()"
    kernel, _, pids = start_kernel(fork, temporary)
    with kernel:
        child = int(kernel.stdout.readline())
        kernel.kill()
        kernel.wait(30)
        until(lambda: alive(pids), lambda running: running == [])
        until(lambda: list(Path(temporary).iterdir()), lambda names: names == [])
        assert alive([child]) == [child]
        os.kill(child, signal.SIGKILL)


def test_when_the_supervisor_is_killed_everything_ends_and_the_next_start_sweeps(temporary, monkeypatch):
    monkeypatch.setenv("TMPDIR", temporary)
    monkeypatch.setattr(tempfile, "tempdir", None)
    kernel, folder, pids = start_kernel("os.kill(mesh._processes.pids()[0], 9); os._exit(0)", temporary)
    with kernel:
        kernel.wait(30)
    until(lambda: alive(pids), lambda running: running == [])
    assert folder.exists()
    with LocalMesh.start(workloads=None) as mesh:
        assert not folder.exists()
        assert mesh._plan.folder.exists()


def test_without_its_supervisor_a_mesh_says_so(local):
    pids = local._processes.pids()
    os.kill(pids[0], signal.SIGKILL)
    until(lambda: local._processes.alive, lambda is_alive: not is_alive)
    with pytest.raises(MeshError, match="no longer runs") as caught:
        local.pods()
    assert caught.value.hint == "LocalMesh.start() starts one"
    said = "%wasm_mesh stop lets go of it, %wasm_mesh local starts one (LocalMesh.start() in Python)"
    assert in_cell(caught.value).hint == said
    with pytest.raises(MeshError, match="its supervisor ended") as caught:
        local._processes.restart("gateway")
    assert caught.value.hint == "start it again: session.mesh('stop'), then session.mesh('local')"
    until(lambda: alive(pids[1:]), lambda running: running == [])
    local.stop()
    assert not local._plan.folder.exists()


def test_after_stop_every_use_is_an_error_and_stop_is_none(local):
    watch = local.watch()
    next(watch)
    pids, folder = local._processes.pids(), local._plan.folder
    local.stop()
    assert alive(pids) == []
    assert not folder.exists()
    assert list(watch) == []
    local.stop()
    for use in (local.pods, local.plugins, local.verdicts, local.watch):
        with pytest.raises(MeshError, match="stopped"):
            use()
    with pytest.raises(MeshError):
        local.apply(Plugin("one", package(tag("one"))))
    with pytest.raises(MeshError):
        local.send("details", "details:9080/")


def _use_and_stop(mesh, results):
    try:
        mesh.pods()
    except MeshError:
        results.put("refused")
    mesh.stop()


def test_a_fork_of_the_kernel_does_not_end_the_mesh(local):
    context = multiprocessing.get_context("fork")
    results = context.SimpleQueue()
    child = context.Process(target=_use_and_stop, args=(local, results))
    child.start()
    child.join(30)
    assert child.exitcode == 0
    assert results.get() == "refused"
    assert {pod.ready for pod in local.pods()} == {"2/2"}
    assert local.send("productpage", "details:9080/details/1").response.status == 200


def test_an_interrupt_does_not_reach_the_proxies(local):
    pids = local._processes.pids()
    assert {os.getpgid(pid) for pid in pids} == {pids[0]}
    assert os.getsid(pids[0]) != os.getsid(0)


def test_several_meshes_at_once(local):
    with LocalMesh.start() as other:
        assert other.gateway != local.gateway
        other.apply(Plugin("one", package(tag("other"))))
        assert list(local.plugins()) == []
        assert local.send("details", "ratings:9080/ratings/1").response.headers.all("x-tag") == []
    assert {pod.ready for pod in local.pods()} == {"2/2"}


def test_logs_are_bounded(local):
    line = b"[2026-01-01 00:00:00.000][1][info][wasm] [x.cc:1] wasm log one : " + b"x" * 1000 + b"\n"
    log = local._plan.proxies[0].log
    for _ in range(3):
        with log.path.open("ab") as file:
            file.write(line * 2000)
        until(log.size, lambda size: size == 0)
    assert len([found for found in log.all() if "xxx" in found]) == (1 << 19) // len(line)
    assert local.pods()[0].ready == "2/2"


@pytest.mark.parametrize("policy", [FailPolicy.CLOSE, FailPolicy.OPEN])
def test_a_trap_is_not_forgotten_however_much_is_logged_after_it(local, policy):
    local.apply(Plugin("one", package(trapping()), {"app": "details"}, fail_policy=policy))
    local.send("details", "details:9080/details/1?!")
    log = local._plan.proxies[0].log
    before = local.wait("one")[0]
    assert before.verdict is Verdict.TRAPPED
    for _ in range(3):
        with log.path.open("ab") as file:
            file.write(b"[2026-01-01 00:00:00.000][1][info][wasm] [x.cc:1] wasm log two : words\n" * 20_000)
        until(log.size, lambda size: size == 0)
    after = local.wait("one")[0]
    assert (after.verdict, after.reason, after.evidence) == (before.verdict, before.reason, before.evidence)


def test_an_interrupt_while_a_mesh_is_being_made_leaves_nothing(monkeypatch, temporary):
    monkeypatch.setattr(tempfile, "tempdir", temporary)
    made = []

    def interrupted(*arguments, **options):
        made.append(starts.begin(*arguments, **options))
        signal.raise_signal(signal.SIGINT)
        return made[0]

    monkeypatch.setattr(meshes, "begin", interrupted)
    with pytest.raises(KeyboardInterrupt):
        LocalMesh.start()
    assert alive(made[0][1].pids()) == []
    assert list(Path(temporary).iterdir()) == []


def test_modules_that_no_proxy_runs_are_removed(local):
    folder = local._plan.folder / "modules"
    everywhere = Plugin("one", package(tag("m0")))
    for number in range(3):
        local.apply(everywhere.with_image(package(tag(f"m{number}"))))
        local.apply(Plugin("two", package(tag(f"m{2 - number}")), {"app": "details"}))
    running = {tag(name).digest.removeprefix("sha256:") + ".wasm" for name in ("m2", "m0")}
    assert {path.name for path in folder.iterdir()} == running
    with pytest.raises(ModuleError):
        local.apply(everywhere.with_image(package(build("refusing", configure="return 0"))))
    assert {path.name for path in folder.iterdir()} == running
    # What is still in use is there for a proxy that is started again.
    os.kill(local._processes.state("details-v1-0").pid, signal.SIGKILL)
    until(lambda: {one.verdict for one in local.verdicts()}, lambda found: found == {Verdict.LIVE})
    local.remove("one")
    local.remove("two")
    assert list(folder.iterdir()) == []


def test_without_an_envoy_nothing_is_left(monkeypatch, temporary):
    monkeypatch.setattr(tempfile, "tempdir", temporary)
    monkeypatch.setitem(sys.modules, "envoy", None)
    with pytest.raises(MeshError, match="there can be no local mesh here"):
        LocalMesh.start()
    assert list(Path(temporary).iterdir()) == []


def test_an_envoy_that_does_not_start_is_an_error_that_quotes_it(monkeypatch, temporary):
    monkeypatch.setattr(tempfile, "tempdir", temporary)
    monkeypatch.setattr(plans, "find_envoy", lambda: "/bin/false")
    with pytest.raises(MeshError, match="does not start"):
        LocalMesh.start()
    assert list(Path(temporary).iterdir()) == []


@pytest.mark.usefixtures("cell_words")
def test_bookinfo_is_a_part_of_it_and_asking_for_it_does_nothing(local):
    before = [(pod.name, pod.started) for pod in local.pods()]
    assert local.bookinfo("apply") == ("bookinfo is a part of this mesh already; nothing was done",)
    assert local.bookinfo("delete") == ("bookinfo is a part of this mesh, and ends with it: %wasm_mesh stop",)
    assert [(pod.name, pod.started) for pod in local.pods()] == before
    with LocalMesh.start(workloads=[Workload("shop", "127.0.0.1:1")]) as without:
        assert "started without bookinfo" in without.bookinfo("apply")[0]
