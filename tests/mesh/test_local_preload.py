"""Modules that are loaded before they are deployed: nothing of them acts, and nothing of them is left."""

from __future__ import annotations

import os
import signal

import pytest

from tests.mesh.conftest import until
from tests.mesh.tiny import build, header
from tests.mesh.tiny import tag as tagged
from tests.needs import needs
from wasmnb.ahead import Tried
from wasmnb.image import package
from wasmnb.lab.drafts import load_ahead
from wasmnb.mesh import MeshLoadingAhead, Verdict
from wasmnb.mesh.local import LocalMesh, topology
from wasmnb.module import Module
from wasmnb.plugin import Plugin

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


def test_what_is_typed_is_loaded_ahead_where_the_filter_runs(mesh):
    mesh.apply(Plugin("tag", package(tag("twelve")), DETAILS))
    load_ahead(Tried("cell", "text", waits="it waits"), mesh)
    load_ahead(Tried("cell", "text", Module("other", tag("thirteen").wasm)), mesh)
    assert not details(mesh).ahead
    load_ahead(Tried("cell", "text", tag("thirteen")), mesh)
    assert [proxy for proxy in mesh._plan.everyone if proxy.ahead] == [details(mesh)]


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
