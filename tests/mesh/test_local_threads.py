"""What several threads ask of one local mesh at the same time: a cell, a live view, a deployment."""

from __future__ import annotations

import os
import signal
import threading
from concurrent.futures import ThreadPoolExecutor, wait

import pytest

from tests.mesh.conftest import until
from tests.mesh.tiny import build, tag
from wasmnb.envoy.proxy import Chain
from wasmnb.errors import MeshError
from wasmnb.image import package
from wasmnb.mesh import Cause, Proof, Verdict
from wasmnb.mesh.local import deployments
from wasmnb.plugin import Plugin

pytestmark = pytest.mark.envoy

DETAILS = {"app": "details"}


def plugin(module, selector=DETAILS, **more):
    return Plugin("one", package(module), selector, **more)


def details(mesh):
    return next(one for one in mesh._plan.proxies if one.name.startswith("details"))


def verdict(mesh):
    return next(one for one in mesh.verdicts("one") if one.pod.startswith("details"))


def test_two_that_look_at_envoys_trace_at_the_same_time_both_see_it_act(mesh, monkeypatch):
    (found,) = mesh.apply(plugin(build("quiet-threads", request="never = 0")))
    assert (found.verdict, found.proof) == (Verdict.LIVE, Proof.TRACE)
    proving, send = mesh._deployments.proving, mesh._deployments.proving._send_once
    raised, go_on, sent = threading.Event(), threading.Event(), []

    def send_late(wanted):
        if any(probe.headers for _, probe in wanted):
            sent.append(wanted)
            if len(sent) == 1:
                raised.set()
                go_on.wait()
        return send(wanted)

    monkeypatch.setattr(proving, "_send_once", send_late)
    proving._seen.clear()
    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(verdict, mesh)
        raised.wait()
        second = threads.submit(verdict, mesh)
        # Without waiting for the first it would lower the levels before the first one's request is sent.
        wait([second], timeout=1.0)
        go_on.set()
    assert [one.result().verdict for one in (first, second)] == [Verdict.LIVE] * 2
    assert len(sent) == 1


@pytest.mark.parametrize("back", [False, True], ids=["another", "given-back"])
def test_what_was_seen_while_another_chain_was_handed_over_proves_nothing_of_that(local, monkeypatch, back):
    proving, proxy, sent = local._deployments.proving, details(local), []
    local.apply(plugin(tag("before")))
    chain, send = proxy.chain, proving._send_once

    def hand_over(wanted):
        answers = send(wanted)
        sent.extend(wanted)
        proxy.write(Chain(98, chain.plugins))
        if back:
            proxy.write(chain)
        return answers

    monkeypatch.setattr(proving, "_send_once", hand_over)
    proving._seen.clear()
    proving.look([(proxy, chain.plugins[0])])
    assert sent
    assert proving.seen(proxy, chain.plugins[0]) is None


def test_nothing_is_sent_through_a_chain_that_a_proxy_has_not_taken_over(local, monkeypatch):
    local.apply(plugin(tag("taken")))
    proving, proxy, sent = local._deployments.proving, details(local), []
    pid = local._processes.state(proxy.name).pid
    os.kill(pid, signal.SIGSTOP)
    try:
        proxy.write(Chain(97, proxy.chain.plugins))
        monkeypatch.setattr(proving, "_send_once", lambda wanted: sent.extend(wanted) or [None] * len(wanted))
        proving.look([(proxy, proxy.chain.plugins[0])])
        assert not sent
    finally:
        os.kill(pid, signal.SIGCONT)


def test_what_has_come_to_a_pod_before_others_have_it_is_under_way_there(local):
    local.apply(plugin(tag("old"), {}), prove=Proof.CONFIG)
    slow = next(one for one in local._plan.proxies if one.name.startswith("ratings"))
    pid = local._processes.state(slow.name).pid
    os.kill(pid, signal.SIGSTOP)
    try:
        with ThreadPoolExecutor(1) as threads:
            deployed = threads.submit(local.apply, plugin(tag("new"), {}), prove=Proof.CONFIG, wait=60)
            until(lambda: details(local).admin.discovery().version, lambda version: not version.startswith("2 "))
            found = verdict(local)
            os.kill(pid, signal.SIGCONT)
            assert (found.verdict, found.cause) == (Verdict.WARMING, Cause.NOT_YET)
            assert {one.verdict for one in deployed.result()} == {Verdict.LOADED}
    finally:
        os.kill(pid, signal.SIGCONT)


def test_what_is_put_in_force_during_a_look_is_looked_at(mesh, monkeypatch):
    mesh.apply(plugin(tag("first")))
    gather, newer = deployments.gather, package(tag("newer"))

    def gather_late(*arguments):
        monkeypatch.setattr(deployments, "gather", gather)
        mesh.apply(Plugin("one", newer, DETAILS))
        return gather(*arguments)

    monkeypatch.setattr(deployments, "gather", gather_late)
    found = verdict(mesh)
    assert (found.verdict, found.wanted) == (Verdict.LIVE, newer.digest)


def test_a_mesh_that_is_stopped_during_a_look_has_no_verdicts(local, monkeypatch):
    local.apply(plugin(tag("stopped")))
    gather = deployments.gather

    def stop_first(*arguments):
        local.stop()
        return gather(*arguments)

    monkeypatch.setattr(deployments, "gather", stop_first)
    with pytest.raises(MeshError, match="This mesh was stopped"):
        local.verdicts()
