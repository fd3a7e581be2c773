"""Commands in containers: what becomes of their connections."""

from __future__ import annotations

import pytest
from kubernetes.stream import ws_client

from tests.cluster.wire import wired
from wasmnb.errors import MeshError
from wasmnb.mesh.istio.api import websockets


@pytest.fixture
def sender(running):
    return next(one.name for one in running.pods() if one.workload == "productpage-v1")


@pytest.fixture
def far(cluster, home, connect, tmp_path):
    """Give the way to the API server, which can be cut, and the cluster that is reached through it."""
    with wired(cluster.kubeconfig, tmp_path) as (wire, kubeconfig):
        yield wire, connect(home, kubeconfig, preflight=False).cluster
        wire.mend()


def test_a_connection_that_breaks_off_is_an_error_in_words(far, home, sender):
    wire, beyond = far
    begun = []

    def over(_out, err):
        begun.append(err)
        wire.cut()
        return False

    command = ["sh", "-c", "echo begun; sleep 20"]
    with pytest.raises(MeshError, match="broke off; whether it ran to its end is not known"):
        beyond.execute(home, sender, "istio-proxy", command, timeout=20, over=over)
    assert begun
    with pytest.raises(MeshError, match="does not answer"):
        beyond.execute(home, sender, "istio-proxy", command, timeout=20)
    with pytest.raises(MeshError, match="does not answer"):
        beyond.forward(home, sender, [15000])


def test_a_port_behind_a_way_that_leads_nowhere_is_not_waited_for_for_ever(far, home, sender, monkeypatch):
    monkeypatch.setattr(websockets, "_OPEN", 0.5)
    wire, beyond = far
    wire.silence()
    with pytest.raises(MeshError, match="does not answer"):
        beyond.forward(home, sender, [15000])


def test_no_connection_is_left_open(running, home, sender, monkeypatch):
    open_, made = ws_client.websocket_call, []

    def opened(*arguments, **options):
        made.append(open_(*arguments, **options))
        return made[-1]

    monkeypatch.setattr(ws_client, "websocket_call", opened)
    done = running.cluster.execute(home, sender, "istio-proxy", ["sh", "-c", "echo one; exit 3"], timeout=20)
    assert (done.stdout, done.code) == (b"one\n", 3)
    assert made[0].sock.sock is None
