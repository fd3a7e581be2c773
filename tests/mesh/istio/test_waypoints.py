"""A waypoint of ambient mode: what stands in ``waypoint.json`` is of a real one, which Istio 1.31 made and told.

It ran on Envoy's own build, which lacks Istio's filters (`peer_metadata` and the object that `connect_authority`
writes): an ``EnvoyFilter`` took those out, and nothing else.
"""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.mesh.istio.test_evidence import NOON, judged
from wasmnb.mesh.istio.proxies.arrival import _no_sidecar
from wasmnb.mesh.istio.proxies.config_dump import Stats, listeners
from wasmnb.mesh.istio.proxies.istiod import Ack
from wasmnb.mesh.istio.proxies.probe_requests import ProbeRequests
from wasmnb.mesh.istio.proxies.proxy_log import Line, ProxyLog
from wasmnb.plugin.verdict import Cause, Verdict

FILTER = "extensions.istio.io/trafficextension/amb.atwp"
LABELS = {"gateway.istio.io/managed": "istio.io-mesh-controller", "gateway.networking.k8s.io/gateway-name": "waypoint"}
LOG = ProxyLog(NOON, (Line(NOON, "2026-01-01T12:00:00.0Z\tinfo\tenvoy main x.cc:1\tup\tthread=1"),))
KEPT = {"stats": Stats({}, {"worker_0": 0}), "ack": Ack("1", "1")}


@pytest.fixture(scope="module", params=["service", "unused"])
def there(request):
    """Give the listeners of one for a service, and of one that neither a service nor a pod uses, with its filter."""
    dumps = json.loads(Path(__file__).with_name("waypoint.json").read_text("utf-8"))
    found = listeners(json.dumps(dumps[request.param]).replace(FILTER, "home.one"))
    return SimpleNamespace(listeners=found, used=request.param == "service")


def test_a_filter_stands_where_the_waypoint_leads_to_and_nowhere_else(there):
    services = there.listeners.services(having="home.one")
    assert services == (["details.amb.svc.cluster.local:9080"] if there.used else [])
    assert ("home.one" in there.listeners.active) is there.used
    # Nobody else's request comes to one of its ports as it comes to a pod's, or to a gateway's.
    assert there.listeners.leads_on
    assert (there.listeners.ports(), there.listeners.bound) == ([], [])


def test_what_no_service_uses_is_not_called_loaded_and_says_what_has_one_use_it(there):
    found = judged(there.listeners, LOG, labels=LABELS, **KEPT)
    if there.used:
        # Until it is seen to act, which makes LOADED of it.
        assert found.verdict is Verdict.LIVE
        assert "before details.amb.svc.cluster.local:9080" in found.evidence
    else:
        assert (found.verdict, found.cause) == (Verdict.UNPROVEN, Cause.LISTENER_ABSENT)
        assert "istio.io/use-waypoint" in found.reason


@pytest.mark.parametrize(("labels", "words"), [(LABELS, "a waypoint takes HBONE only"), ({}, "without TLS")])
def test_that_no_request_can_be_sent_is_said(labels, words):
    requests = ProbeRequests(None, "home", lambda _: pytest.fail("the pod was asked for it"))
    item = {"metadata": {"name": "pod", "uid": "u", "labels": labels}, "status": {"podIP": "10.0.0.1"}}
    assert words in requests.why_unanswered(item, "id", ())
    assert not requests.why_unanswered(item, "id")
    requests.close()


def test_a_pod_in_ambient_mode_is_told_where_a_filter_for_it_goes():
    item = {"metadata": {"annotations": {"ambient.istio.io/redirection": "enabled"}}}
    cause, words = _no_sidecar(item, "")
    assert cause is Cause.NO_INJECTION
    assert "it is in ambient mode" in words
    assert "Gateway/NAME" in words
