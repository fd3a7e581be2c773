"""Modules that are loaded before they are deployed: nothing of them acts, and nothing of them is left."""

from __future__ import annotations

import os
import signal
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.mesh.conftest import until
from tests.mesh.tiny import build, header
from tests.mesh.tiny import tag as tagged
from tests.needs import needs
from wasmnb.ahead import Ahead, Draft, Extent, Foreseen, Readiness
from wasmnb.compile import Filter
from wasmnb.envoy.admin import discoveries
from wasmnb.errors import NoMeshError
from wasmnb.image import package
from wasmnb.mesh import MeshLoadingAhead, Verdict
from wasmnb.mesh.local import LocalMesh, topology
from wasmnb.module import Module
from wasmnb.plugin import Plugin
from wasmnb.session import Session
from wasmnb.session.options.build import FilterCall

pytestmark = [pytest.mark.envoy, pytest.mark.compiler]

DETAILS = {"app": "details"}
# A start function that is ``unreachable``: it traps while it is instantiated, before any capability counts.
TRAPPING = bytes.fromhex("0061736d01000000010401600000030201000801000a05010300000b")


@pytest.fixture(scope="module")
@needs("envoy")
def running():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(topology, "ROOM", 0)
        mesh = LocalMesh.start()
    with mesh:
        yield mesh


def tag(word):
    return Module("tag", tagged(word).wasm)


def details(mesh):
    return next(proxy for proxy in mesh._plan.proxies if proxy.labels["app"] == "details")


def answer(mesh):
    return mesh.send("productpage", "details:9080/details/1").response.headers


def test_what_is_loaded_ahead_does_not_act_and_is_let_go_of_when_it_is_deployed(mesh):
    assert isinstance(mesh, MeshLoadingAhead)
    module = build("ahead", response=header("x-ahead", "yes"))
    assert mesh.preload(module, DETAILS)
    having = [proxy.name for proxy in mesh._plan.everyone if proxy.ahead]
    assert having == [details(mesh).name]
    assert "x-ahead" not in answer(mesh)
    assert not mesh.plugins()
    (verdict,) = mesh.apply(Plugin("ahead", package(module), DETAILS))
    assert verdict.verdict is Verdict.LIVE
    assert answer(mesh)["x-ahead"] == "yes"
    assert not details(mesh).ahead
    assert not list((mesh._plan.folder / "ahead").iterdir())
    assert not [line for line in mesh.logs("details") if "capability" in line]


def test_no_callback_of_what_is_loaded_ahead_is_called(mesh):
    """Both of them would show: one would keep the proxy from answering, one would stop it from loading."""
    module = build("bad", start="hang()", configure="__builtin_trap()")
    assert mesh.preload(module, DETAILS)
    assert answer(mesh)
    mesh.unload("bad")
    assert not details(mesh).ahead


def test_pods_keep_the_newest_module_of_a_name_and_those_that_run_the_name_get_it(mesh):
    assert not mesh.preload(tag("one"))
    mesh.apply(Plugin("tag", package(tag("one")), DETAILS))
    assert mesh.preload(tag("two"))
    first = details(mesh).ahead
    assert mesh.preload(tag("three"))
    assert len(details(mesh).ahead) == 1
    assert details(mesh).ahead != first
    mesh.unload()
    assert not details(mesh).ahead


def test_what_does_not_come_through_the_canary_comes_to_no_pod(mesh):
    assert not mesh.preload(Module("trapping", TRAPPING), DETAILS)
    assert not any(proxy.ahead for proxy in mesh._plan.everyone)
    (verdict,) = mesh.apply(Plugin("tag", package(tag("four")), DETAILS))
    assert verdict.verdict is Verdict.LIVE


def test_what_the_canary_cannot_keep_is_no_hindrance_to_the_others(mesh):
    first, second = tag("nineteen"), tag("twenty")
    mesh.apply(Plugin("tag", package(first), DETAILS))
    mesh._deployments._canary._keep(Module("trapping", TRAPPING))
    mesh.apply(Plugin("tag", package(second), DETAILS))
    kept = mesh._plan.canary.ahead
    assert [name.rpartition("/")[2][:-5] for name in kept[:2]] == [one.digest[7:] for one in (second, first)]
    mesh.apply(Plugin("tag", package(second), DETAILS, config={"other": 1}))
    assert mesh._plan.canary.ahead == kept


def test_a_runtime_that_asks_what_there_is_while_it_starts_is_loaded_ahead(mesh):
    """Go's asks for folders, and traps unless it hears that there are none."""
    module = build("asking", initialize="if (prestat(3, memory) != 8) __builtin_trap()")
    assert mesh.preload(module, DETAILS)
    mesh.unload("asking")


def test_a_proxy_that_ends_comes_back_without_it(mesh):
    assert mesh.preload(tag("five"), DETAILS)
    pid = mesh._processes.state(details(mesh).name).pid
    os.kill(pid, signal.SIGKILL)
    until(lambda: mesh._processes.state(details(mesh).name).pid, lambda now: now not in {0, pid})
    assert not details(mesh).ahead
    until(lambda: {pod.ready for pod in mesh.pods()}, lambda ready: ready == {"2/2"})


def test_the_canary_keeps_the_last_modules_so_that_a_new_configuration_compiles_nothing(mesh):
    modules = [tag(word) for word in ("six", "seven", "eight", "nine", "ten")]
    for module in modules:
        mesh.apply(Plugin("tag", package(module), DETAILS))
    kept = mesh._plan.canary.ahead
    assert [name.rpartition("/")[2] for name in kept] == [
        f"{module.digest.removeprefix('sha256:')}.wasm" for module in reversed(modules[1:])
    ]
    assert len(list((mesh._plan.canary.folder / "loaded").iterdir())) == len(kept)
    mesh.apply(Plugin("tag", package(modules[-1]), DETAILS, config={"other": 1}))
    assert mesh._plan.canary.ahead == kept


class Made(Filter):
    """A filter whose module is there."""

    module: Module

    def build(self, **_: object) -> Module:
        return self.module


def made(module):
    found = Made(module.name, "text")
    object.__setattr__(found, "module", module)
    return found


@pytest.fixture
def ahead():
    told = []
    worker = Ahead(told.append)
    worker.told = told
    yield worker
    worker.close()
    worker._thread.join(20)


def typed(ahead, session, module, extent=Extent.LOAD, cell="cell", **said):
    """Type the text of a filter; give what becomes of it in the end."""
    begin = len(ahead.told)
    call = FilterCall(module.name, f"text of {module.digest}", **said)
    foresee = session.builds.draft(call).foresee
    ahead.ask(cell, call.source, lambda _: Draft(made(module), extent, foresee))
    until(lambda: ahead.told[begin:], lambda told: len(told) == 1 + (extent > Extent.CHECK))
    return ahead.told[-1]


def test_what_is_typed_is_loaded_ahead_where_the_filter_runs_or_where_its_cell_puts_it(mesh, ahead):
    session = Session()
    assert typed(ahead, session, tag("twelve")).ready is Readiness.READY  # it is built
    tried = typed(ahead, session, tag("twelve"), deploy="app=details")
    assert (tried.ready, type(tried.error)) == (Readiness.NONE, NoMeshError)
    session.use(mesh)
    mesh.apply(Plugin("tag", package(tag("twelve")), DETAILS))
    assert typed(ahead, session, Module("other", tag("thirteen").wasm)).ready is Readiness.READY
    assert typed(ahead, session, tag("thirteen"), Extent.CHECK).ready is Readiness.NONE
    assert typed(ahead, session, tag("thirteen"), Extent.BUILD).ready is Readiness.READY
    assert not details(mesh).ahead
    assert typed(ahead, session, tag("thirteen")).ready is Readiness.READY
    assert [proxy for proxy in mesh._plan.everyone if proxy.ahead] == [details(mesh)]
    assert typed(ahead, session, Module("new", tag("fifteen").wasm), deploy="app=ratings").ready is Readiness.READY
    until(lambda: [one.labels["app"] for one in mesh._plan.everyone if one.ahead], lambda apps: apps == ["ratings"])
    assert [plugin.id for plugin in mesh.plugins()] == ["tag"]
    # A cell of a filter of the same name has its own, and lets go of that alone.
    assert typed(ahead, session, tag("twenty-one"), cell="other").ready is Readiness.READY
    assert typed(ahead, session, tag("twenty-two"), cell="cell").ready is Readiness.READY
    assert len(details(mesh).ahead) == 2
    assert typed(ahead, session, tag("twenty-two"), Extent.CHECK, cell="other").ready is Readiness.NONE
    until(lambda: details(mesh).ahead, lambda kept: [Path(one).stem for one in kept] == [tag("twenty-two").digest[7:]])
    mesh.apply(Plugin("tag", package(tag("twenty-two")), DETAILS))
    assert not details(mesh).ahead
    assert typed(ahead, session, tag("twenty-three"), cell="cell").ready is Readiness.READY
    ahead.let_go()
    until(lambda: any(proxy.ahead for proxy in mesh._plan.everyone), lambda some: not some)
    assert not (mesh._plan.folder / "tried").exists() or not list((mesh._plan.folder / "tried").iterdir())


def test_what_is_ready_needs_no_other_look_when_it_is_put_in_force(mesh, ahead):
    session = Session()
    session.use(mesh)
    module = build("ready", response=header("x-ready", "yes"))
    said = {"config": {"a": 1}, "probe": "details:9080/details/7 -H 'a: b'"}
    tried = typed(ahead, session, module, deploy="app=details", **said)
    assert tried.ready is Readiness.READY
    number = mesh._plan.canary.chain.number
    assert session.deploy(module, selector="app=details", **said).verdicts[0].verdict is Verdict.LIVE
    assert mesh._plan.canary.chain.number == number, "the canary was not asked again"
    assert not details(mesh).ahead


def test_what_would_not_be_put_in_force_says_so_before_it_is_run(mesh, ahead):
    session = Session()
    session.use(mesh)
    refused = build("crashing", response="__builtin_trap()")
    tried = typed(ahead, session, refused, deploy="app=details")
    assert tried.module is not None
    assert tried.error.what.startswith("crashing crashes on")
    assert tried.ready is Readiness.NONE
    assert typed(ahead, session, refused, deploy="app=details", allow_trap=True).ready is Readiness.READY
    assert typed(ahead, session, refused, deploy="app=nobody").error.what.startswith("The selector")
    assert not mesh.plugins()


def test_a_look_that_nobody_waits_for_any_more_ends_and_the_next_deployment_is_not_held_up(mesh, ahead):
    module = build("endless", configure="hang()")
    begun = []

    def foresee(_: Module) -> Foreseen:
        begun.append(mesh._plan.canary.chain.number)
        return Foreseen(mesh, Plugin("endless", package(module), DETAILS))

    ahead.ask("cell", "text", lambda _: Draft(made(module), Extent.BUILD, foresee))
    until(lambda: begun and mesh._plan.canary.chain.plugins, bool)
    ahead.make_way("cell", "another text")
    (verdict,) = mesh.apply(Plugin("tag", package(tag("sixteen")), DETAILS))
    assert verdict.verdict is Verdict.LIVE
    assert [one.ready for one in ahead.told] == [Readiness.NONE]


def test_pods_let_go_of_what_nobody_uses(mesh):
    told = []
    ahead = Ahead(told.append, lingers=0.0)
    foresee = Foreseen(mesh, Plugin("tag", package(tag("seventeen")), DETAILS))
    ahead.ask("cell", "text", lambda _: Draft(made(tag("seventeen")), Extent.LOAD, lambda _: foresee))
    until(lambda: [one.ready for one in told], lambda found: found[-1:] == [Readiness.READY])
    until(lambda: details(mesh).ahead, lambda kept: not kept)
    ahead.close()


def test_a_proxy_that_compiles_what_it_loads_ahead_is_asked_until_it_answers(mesh, monkeypatch):
    mesh.apply(Plugin("tag", package(tag("eighteen")), DETAILS))
    proxy, asked = details(mesh), []
    real = proxy.admin.discovery

    def discovery(timeout: float) -> object:
        asked.append(timeout)
        if len(asked) == 3:
            proxy.compiles_ahead = False
        if len(asked) < 3:
            raise TimeoutError
        return real(timeout=timeout)

    @contextmanager
    def silent(admins, *, timeout):
        with discoveries(admins, timeout=timeout) as answers:
            found = dict(zip(admins, answers(), strict=True)) | {proxy.admin: TimeoutError("busy")}
            yield lambda: [found[one] for one in admins]

    monkeypatch.setattr(proxy.admin, "discovery", discovery)
    monkeypatch.setattr("wasmnb.mesh.local.judge.discoveries", silent)
    proxy.compiles_ahead = True
    # What it had accepted before stands: it accepts nothing else meanwhile, unless it is another process, or has been
    # handed another chain and then this one again.
    pid, before = mesh._processes.state(proxy.name).pid, real(timeout=5)
    proxy.accepted = (pid, proxy.written, before)
    assert {one.verdict for one in mesh.verdicts("tag") if one.pod == proxy.name} == {Verdict.LIVE}
    assert not asked
    for known in ((pid + 1, proxy.written, before), (pid, proxy.written - 1, before)):
        asked.clear()
        proxy.compiles_ahead, proxy.accepted = True, known
        assert {one.verdict for one in mesh.verdicts("tag") if one.pod == proxy.name} == {Verdict.LIVE}
        assert len(asked) == 3
    (verdict,) = (one for one in mesh.verdicts("tag") if one.pod == proxy.name)
    assert verdict.verdict is Verdict.HUNG, "then it is silent for no reason"


def test_where_there_is_no_room_pods_load_nothing_ahead_and_the_canary_does(monkeypatch):
    monkeypatch.setattr(topology, "ROOM", float("inf"))
    with LocalMesh.start() as mesh:
        assert not mesh.preload(tag("eleven"), DETAILS)
        assert not any(proxy.ahead for proxy in mesh._plan.everyone)
        assert len(mesh._plan.canary.ahead) == 1


def test_what_runs_already_is_not_kept_a_second_time(mesh):
    mesh.apply(Plugin("tag", package(tag("fourteen")), DETAILS))
    assert mesh.preload(tag("fourteen"))
    assert not details(mesh).ahead
    assert not list((mesh._plan.folder / "ahead").iterdir())
