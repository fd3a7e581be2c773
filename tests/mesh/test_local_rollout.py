"""Exchanging filters under traffic: nothing is lost, and all pods change or none."""

from __future__ import annotations

import socket
import threading
from dataclasses import replace

import pytest

from tests.mesh.tiny import tag
from wasmnb.envoy.exchange import Probe
from wasmnb.errors import DeployError
from wasmnb.image import package
from wasmnb.mesh import Verdict
from wasmnb.plugin import Plugin

DETAILS = {"app": "details"}


class Client(threading.Thread):
    """Sends requests over one connection that is kept, until told that enough is done."""

    def __init__(self, address, enough):
        super().__init__(daemon=True)
        host, port = address.rsplit(":", 1)
        self.connection = socket.create_connection((host, int(port)), timeout=30)
        self.enough = enough
        self.seen = []
        self.failed = []
        self.begun = threading.Event()

    def run(self):
        try:
            with self.connection, self.connection.makefile("rb") as stream:
                while not (self.enough.is_set() and len(self.seen) >= 50):
                    self.seen.append(self.ask(stream))
                    self.begun.set()
        except (OSError, ValueError, AssertionError) as error:
            self.failed.append(error)

    def ask(self, stream):
        self.connection.sendall(b"GET /details/1 HTTP/1.1\r\nhost: details:9080\r\n\r\n")
        assert stream.readline().startswith(b"HTTP/1.1 200"), "not 200"
        length, tags = 0, []
        while line := stream.readline().strip():
            name, _, value = line.partition(b": ")
            length = int(value) if name == b"content-length" else length
            tags += [value.decode()] if name == b"x-tag" else []
        assert len(stream.read(length)) == length > 0
        return tuple(reversed(tags))


def test_two_filters_come_change_and_go_under_load_without_a_failed_request(mesh):
    address = mesh.pods()[0].address
    enough = threading.Event()
    clients = [Client(address, enough) for _ in range(3)]
    for client in clients:
        client.start()
        client.begun.wait(30)
    mesh.apply(Plugin("first", package(tag("f1")), DETAILS, priority=1))
    mesh.apply(Plugin("second", package(tag("s1")), DETAILS))
    mesh.apply(Plugin("first", package(tag("f2")), DETAILS, priority=1))
    mesh.apply(Plugin("second", package(tag("s1")), DETAILS, priority=2))
    mesh.remove("first")
    mesh.remove("second")
    enough.set()
    for client in clients:
        client.join(60)
        assert client.failed == []
    stages = [(), ("f1",), ("f1", "s1"), ("f2", "s1"), ("s1", "f2"), ("s1",), ()]
    for client in clients:
        reached = 0
        for seen in client.seen:
            while stages[reached] != seen:
                reached += 1
                assert reached < len(stages), f"{seen} out of turn"


def test_when_one_pod_refuses_all_keep_what_they_had(mesh, monkeypatch):
    old = Plugin("one", package(tag("old")), {"app": "reviews"})
    mesh.apply(old)
    seen = "GET /: response header x-tag: old, which was not so before it came"
    assert all(one.evidence[-1].endswith(seen) for one in mesh.wait("one"))
    broken = mesh._plan.proxies[-1]
    write = broken.write

    def write_without_its_module(chain):
        if any(applied.plugin.image != old.image for applied in chain.plugins):
            plugins = tuple(replace(applied, filename="/no/such/module") for applied in chain.plugins)
            chain = replace(chain, plugins=plugins)
        write(chain)

    monkeypatch.setattr(broken, "write", write_without_its_module)
    with pytest.raises(DeployError) as caught:
        mesh.apply(old.with_image(package(tag("other"))))
    assert caught.value.why
    assert caught.value.hint == "every pod has been given back what it had"
    verdicts = {one.pod: one for one in caught.value.verdicts}
    assert verdicts["reviews-v3-0"].verdict is Verdict.REJECTED
    assert verdicts["reviews-v1-0"].verdict is Verdict.OLD
    assert verdicts["reviews-v1-0"].running == old.image.digest
    assert list(mesh.plugins()) == [old]
    after = mesh.wait("one")
    assert {one.verdict for one in after} == {Verdict.LIVE}
    assert all(one.evidence[-1].endswith(seen) for one in after)


def test_requests_that_may_change_something_are_not_sent_again_for_a_build_that_is_given_back(mesh, monkeypatch):
    old, post = Plugin("one", package(tag("old")), DETAILS), Probe("POST", "/order")
    (pod,) = (one for one in mesh._plan.proxies if one.name.startswith("details"))
    proving, write, sent = mesh._deployments.proving, pod.write, []
    send = proving._send_once

    def counted(wanted):
        sent.extend(probe for _, probe in wanted if probe.changes)
        return send(wanted)

    def write_without_its_module(chain):
        if any(applied.plugin.image != old.image for applied in chain.plugins):
            chain = replace(chain, plugins=tuple(replace(one, filename="/no/such/module") for one in chain.plugins))
        write(chain)

    monkeypatch.setattr(proving, "_send_once", counted)
    mesh.apply(old, probes={pod.name: [post]})
    assert sent == [post, post]
    monkeypatch.setattr(pod, "write", write_without_its_module)
    with pytest.raises(DeployError):
        mesh.apply(old.with_image(package(tag("other"))), probes={pod.name: [post]})
    assert sent == [post, post, post]
    assert [one.verdict for one in mesh.wait("one")] == [Verdict.LIVE]
    assert sent == [post, post, post]
