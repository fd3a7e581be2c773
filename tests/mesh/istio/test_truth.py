"""Faults that a proxy's configuration does not show: the verdict tells them all the same."""

from __future__ import annotations

import json

import pytest

from tests.chaos.istio_faults import answering
from tests.cluster import bookinfo
from tests.mesh.conftest import until
from tests.mesh.istio.conftest import DETAILS
from tests.mesh.tiny import build, header, tag, trapping
from wasmnb.envoy.exchange import Probe
from wasmnb.mesh import Cause, Proof, Verdict
from wasmnb.plugin import Plugin
from wasmnb.plugin.errors import DeployError
from wasmnb.plugin.verdict import Handling


@pytest.fixture(scope="module", params=[{}], ids=["plain"])
def there(request, cluster, connect):
    with cluster.namespace() as home:
        bookinfo.install(cluster, home, ("details-v1", "productpage-v1"), annotations=request.param)
        yield home, connect(home, prove=Proof.EFFECT)


def one(mesh, plugin, **more):
    (found,) = mesh.apply(plugin, **more)
    return found


def test_live_is_seen_by_its_effect_and_nothing_is_sent_where_that_is_not_allowed(there, published):
    _, mesh = there
    found = one(mesh, Plugin("seen", published(tag("seen")), DETAILS))
    assert (found.verdict, found.proof) == (Verdict.LIVE, Proof.EFFECT)
    assert "response header x-tag: seen" in found.evidence[-1]
    unseen = one(mesh, Plugin("quiet", published(build("quiet", request="never = 0")), DETAILS))
    assert (unseen.verdict, unseen.cause) == (Verdict.LOADED, Cause.UNSEEN)
    before = {one.pod: one.requests for one in mesh.counts()}
    silent = one(mesh, Plugin("silent", published(tag("silent")), DETAILS), prove=Proof.CONFIG)
    assert (silent.verdict, silent.proof, silent.cause) == (Verdict.LOADED, Proof.CONFIG, Cause.UNASKED)
    assert silent.good(Proof.CONFIG)
    assert not silent.good(mesh.prove)
    assert mesh.prove is Proof.EFFECT, "that nothing is sent was said of this one alone"
    assert {one.pod: one.requests for one in mesh.counts()} == before
    for plugin in mesh.plugins():
        mesh.remove(plugin.id)
    mesh.apply(Plugin("seen", published(tag("seen")), DETAILS), prove=Proof.EFFECT)
    mesh.remove("seen")


def test_what_somebody_else_deployed_is_seen_by_the_effect_that_its_image_has_here(there, published, connect):
    home, mesh = there
    image = published(tag("learned"))
    one(mesh, Plugin("learned", image, DETAILS))
    stranger = connect(home, prove=Proof.EFFECT, fetch=lambda pinned: {image.reference: image}[pinned])
    (found,) = [one for one in stranger.verdicts("learned") if one.verdict is not Verdict.NOT_SELECTED]
    assert (found.verdict, found.proof) == (Verdict.LIVE, Proof.EFFECT), found.reason
    assert "x-tag: learned, which the application itself does not answer" in found.evidence[-1]
    mesh.remove("learned")


def test_an_effect_on_the_users_own_request_alone_is_learned_from_it(there, published):
    _, mesh = there
    mesh.send("productpage", "details:9080/details/7?lang=en!")
    shows = f"if (evil) {header('x-tag', 'bang')}"
    module = build("bang", request="evil = path_has('!')", response=shows)
    found = one(mesh, Plugin("bang", published(module), DETAILS))
    assert (found.verdict, found.proof) == (Verdict.LIVE, Proof.EFFECT)
    assert "GET /details/7?lang=en!: response header x-tag: bang" in found.evidence[-1]
    mesh.remove("bang")
    assert {(one.verdict, one.pod) for one in mesh.removed("bang")} == {(Verdict.GONE, found.pod)}


def test_a_request_that_may_change_something_is_sent_once_before_and_once_after(there, published):
    _, mesh = there
    (pod,) = mesh.endpoints("details:9080/")
    shows = build("posted", request="evil = path_has('@')", response=f"if (evil) {header('x-tag', 'posted')}")
    posted = {pod: (Probe("POST", "/details/7@", (), b"1"),)}
    found = one(mesh, Plugin("posted", published(shows), DETAILS), probes=posted)
    assert (found.verdict, found.proof) == (Verdict.LIVE, Proof.EFFECT)
    assert "POST /details/7@: response header x-tag: posted" in found.evidence[-1]
    before = {one.pod: one.requests for one in mesh.counts()}
    mesh._proving._sightings.forget("posted")
    (again,) = [one for one in mesh.verdicts("posted") if one.pod == pod]
    assert (again.verdict, again.cause) == (Verdict.LOADED, Cause.UNSEEN)
    assert {one.pod: one.requests for one in mesh.counts()} == before
    mesh.remove("posted")


def test_an_answer_that_another_filter_gives_too_is_not_its_own(there, published):
    _, mesh = there
    mesh.send("productpage", "details:9080/details/7?lang=en!")
    module = build("denying", request="if (path_has('!')) { respond(403); return 1; }")
    found = one(mesh, Plugin("denying", published(module), DETAILS))
    assert (found.verdict, found.proof) == (Verdict.LIVE, Proof.EFFECT)
    mesh.apply(Plugin("door", published(build("door", request="respond(403); return 1")), DETAILS, priority=10))
    (behind,) = [one for one in mesh.verdicts("denying") if one.pod == found.pod]
    assert (behind.verdict, behind.cause) == (Verdict.LOADED, Cause.UNSEEN)
    mesh.remove("door")
    mesh.remove("denying")


def test_what_has_no_effect_is_seen_in_envoys_trace_where_that_is_allowed(there, published):
    _, mesh = there
    module = build("traced", response="never = 0")
    mesh.apply(Plugin("before", published(build("traced-before", request="never = 0")), DETAILS))
    found = one(mesh, Plugin("traced", published(module), DETAILS), prove=Proof.TRACE)
    assert (found.verdict, found.proof) == (Verdict.LIVE, Proof.TRACE), found.reason
    assert "proxy_on_response_headers" in found.evidence[-1]
    admin = mesh._admin
    assert {admin.levels(found.pod)[name] for name in ("http", "testing")} == {"warning"}
    # As a kernel that ended in between leaves it.
    for name in ("testing", "http"):
        admin.set_level(found.pod, name, "trace")
    (left,) = [row for row in mesh.doctor() if row.name == "log levels"]
    assert left.ok
    assert found.pod in left.detail
    for name in ("testing", "http"):
        admin.set_level(found.pod, name, "trace")
    verdicts = mesh.verdicts("traced")
    assert any("left raised" in verdict.reason for verdict in verdicts)
    assert admin.levels(found.pod)["http"] == "warning"
    # The calls of another filter in the same trace are not its own.
    mesh.apply(Plugin("a-door", published(build("door", request="respond(403)")), DETAILS, priority=10))
    found = one(mesh, Plugin("traced", published(build("traced-behind", response="never = 1")), DETAILS))
    assert (found.verdict, found.cause) == (Verdict.LOADED, Cause.UNSEEN)
    for plugin in mesh.plugins():
        mesh.remove(plugin.id)
    mesh.allow(Proof.EFFECT)


def test_a_filter_of_connections_is_seen_in_envoys_trace_where_it_is_the_only_one(there, published):
    _, mesh = there
    silent = build("connected", connection="never = 0")
    found = one(mesh, Plugin("connected", published(silent), DETAILS, type="NETWORK"), prove=Proof.TRACE)
    assert (found.verdict, found.proof) == (Verdict.LIVE, Proof.TRACE), found.reason
    assert "proxy_on_new_connection" in found.evidence[-1]
    # Nothing in a trace tells which of two was called.
    other = published(build("connected-too", connection="never = 1"))
    found = one(mesh, Plugin("another", other, DETAILS, type="NETWORK"))
    assert (found.verdict, found.cause) == (Verdict.LOADED, Cause.UNSEEN)
    assert {each.verdict for each in mesh.verdicts("connected") if each.pod == found.pod} == {Verdict.LOADED}
    for plugin in mesh.plugins():
        mesh.remove(plugin.id)
    mesh.allow(Proof.EFFECT)


@pytest.mark.parametrize(
    ("there", "cause"),
    [
        ({"traffic.sidecar.istio.io/excludeInboundPorts": "9080"}, Cause.TRAFFIC_BYPASSES),
        ({"sidecar.istio.io/componentLogLevel": "misc:error,wasm:off"}, Cause.LOG_SILENT),
    ],
    indirect=["there"],
    ids=["passed-by", "silent-log"],
)
def test_a_pod_that_cannot_show_it_is_unproven_and_says_why(there, published, cause):
    _, mesh = there
    found = one(mesh, Plugin("blind", published(tag("blind")), DETAILS))
    assert (found.verdict, found.cause) == (Verdict.UNPROVEN, cause)
    mesh.remove("blind")


def test_a_port_that_is_not_read_as_http_is_not_filtered(there, published, cluster):
    home, mesh = there
    plugin = Plugin("tcp", published(tag("tcp")), DETAILS)
    assert one(mesh, plugin).verdict is Verdict.LIVE
    rename = [{"op": "replace", "path": "/spec/ports/0/name", "value": "tcp-details"}]
    cluster.kubectl("-n", home, "patch", "service", "details", "--type=json", "-p", json.dumps(rename))
    # For a moment the new listener answers, and the proxy still shows the one before: then it is LOADED.
    until(
        lambda: {one.cause for one in mesh.verdicts("tcp") if one.verdict is Verdict.UNPROVEN},
        lambda causes: causes == {Cause.NO_HTTP_PORT},
    )
    rename[0]["value"] = "http"
    cluster.kubectl("-n", home, "patch", "service", "details", "--type=json", "-p", json.dumps(rename))
    until(lambda: {one.verdict for one in mesh.verdicts("tcp")}, lambda found: Verdict.LIVE in found)
    mesh.remove("tcp")


def test_what_was_seen_to_act_is_looked_for_again_when_another_filter_comes_before_it(there, published, cluster):
    home, mesh = there
    assert one(mesh, Plugin("behind", published(tag("behind")), DETAILS)).verdict is Verdict.LIVE
    cluster.apply(answering(DETAILS), namespace=home)
    found = until(lambda: mesh.verdicts("behind"), lambda found: Cause.UNSEEN in {one.cause for one in found})
    assert all(one.verdict is not Verdict.LIVE for one in found)
    cluster.kubectl("-n", home, "delete", "envoyfilter", "wall")
    until(lambda: {one.verdict for one in mesh.verdicts("behind")}, lambda found: Verdict.LIVE in found)
    mesh.remove("behind")


def test_what_takes_mutual_tls_only_is_seen_to_act_by_another_pod(there, published, cluster):
    home, mesh = there
    assert one(mesh, Plugin("tls", published(tag("tls")), DETAILS)).verdict is Verdict.LIVE
    about, spec = {"name": "tls-only"}, {"mtls": {"mode": "STRICT"}}
    policy = {"apiVersion": "security.istio.io/v1", "kind": "PeerAuthentication", "metadata": about, "spec": spec}
    cluster.apply(policy, namespace=home)
    by_peer = "x-tag: tls, which was not so before it came (asked by productpage-v1-"
    until(
        lambda: [(one.verdict.value, one.reason, one.evidence) for one in mesh.verdicts("tls")],
        lambda found: any(by_peer in line for _, _, lines in found for line in lines),
    )
    # What comes while it takes nothing else is compared with what the same pod was answered before.
    again = one(mesh, Plugin("tls", published(tag("tls-2")), DETAILS))
    assert (again.verdict, again.proof) == (Verdict.LIVE, Proof.EFFECT), again.reason
    assert "x-tag: tls-2" in again.evidence[-1]
    # The proxy between writes into each answer what tells a service's.
    one(mesh, Plugin("tls", published(trapping("~")), DETAILS))
    assert mesh.send("productpage", "details:9080/details/1?~", via="app").response.status == 503
    until(
        lambda: [one for one in mesh.verdicts("tls") if one.verdict is Verdict.TRAPPED],
        lambda found: [one.requests for one in found] == [Handling.ANSWERED_503],
    )
    again = one(mesh, Plugin("tls", published(tag("tls-2")), DETAILS))
    cluster.kubectl("-n", home, "delete", "peerauthentication", "tls-only")
    until(lambda: {one.verdict for one in mesh.verdicts("tls")}, lambda found: Verdict.LIVE in found)
    mesh.remove("tls")


def test_a_header_that_the_proxy_adds_that_asks_is_not_the_filters(there, published, cluster):
    home, mesh = there
    about, spec = {"name": "tls-only"}, {"mtls": {"mode": "STRICT"}}
    policy = {"apiVersion": "security.istio.io/v1", "kind": "PeerAuthentication", "metadata": about, "spec": spec}
    cluster.apply(policy, namespace=home)
    # With mutual TLS it does nothing, which nobody sees who tries it without.
    unencrypted = '{ char *v; size n = 0; evil = get_header(0, "x-forwarded-client-cert", 23, &v, &n) == 0 && n; }'
    shy = build("shy", request=unencrypted, response=f"if (!evil) {header('x-tag', 'shy')}")
    assert one(mesh, Plugin("shy", published(shy), DETAILS)).verdict is Verdict.LOADED
    adds = {"headers": {"response": {"add": {"x-tag": "shy"}}}, "route": [{"destination": {"host": "details"}}]}
    routes = {"hosts": ["details"], "http": [adds]}
    kind = {"apiVersion": "networking.istio.io/v1", "kind": "VirtualService"}
    cluster.apply({**kind, "metadata": {"name": "details"}, "spec": routes}, namespace=home)
    until(
        lambda: mesh.send("productpage", "details:9080/details/1", via="app").response.headers.get("x-tag"),
        lambda found: found == "shy",
    )
    mesh._reader.proving.look_anew({"shy"})
    (found,) = [found for found in mesh.verdicts("shy") if found.verdict is not Verdict.NOT_SELECTED]
    assert found.verdict is Verdict.LOADED, found.evidence
    assert "changes no headers of answers" in found.reason
    for name in ("virtualservice/details", "peerauthentication/tls-only"):
        cluster.kubectl("-n", home, "delete", name)
    mesh.remove("shy")


def test_a_pod_that_starts_later_is_seen_to_act_like_those_before_it(there, published, cluster):
    home, mesh = there
    (first,) = mesh.apply(Plugin("later", published(tag("later")), DETAILS))
    cluster.kubectl("-n", home, "delete", "pod", first.pod, "--wait=false")
    cluster.ready(home)
    found = until(lambda: mesh.wait("later"), lambda found: [one.pod for one in found] != [first.pod])
    found = until(lambda: mesh.verdicts("later"), lambda found: Verdict.LIVE in {one.verdict for one in found})
    assert first.pod not in {one.pod for one in found if one.verdict is Verdict.LIVE}
    mesh.remove("later")


# Envoy takes either of the two options.
FINE = """#!/bin/sh
n=$#
while [ $n -gt 0 ]; do
  one=$1 n=$((n - 1)); shift
  if [ "$one" = --component-log-level ]; then n=$((n - 1)); shift; else set -- "$@" "$one"; fi
done
exec /usr/local/bin/envoy --enable-fine-grain-logging "$@"
"""
_VOLUME = {"own": {"configMap": {"name": "own", "defaultMode": 0o755}}}
FINELY = {
    "proxy.istio.io/config": "binaryPath: /own/envoy",
    "sidecar.istio.io/userVolume": json.dumps(_VOLUME),
    "sidecar.istio.io/userVolumeMount": json.dumps({"own": {"mountPath": "/own"}}),
}


def with_json_logs(objects, args):
    """Have the proxies of deployments log in JSON, as the installation option ``global.logAsJson`` does."""
    for one in objects:
        if one["kind"] == "Deployment":
            own = {"name": "istio-proxy", "image": "auto", "imagePullPolicy": "IfNotPresent", "restartPolicy": "Always"}
            one["spec"]["template"]["spec"]["initContainers"] = [{**own, "args": [*args, "--log_as_json"]}]
        yield one


def test_a_log_in_json_tells_of_a_crash_and_one_of_fine_grain_says_how_it_would(there, published, cluster):
    home, mesh = there
    cluster.apply(
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "own"}, "data": {"envoy": FINE}}, namespace=home
    )
    (sender,) = [one.name for one in mesh.pods() if one.workload == "productpage-v1"]
    path = "-ojsonpath={.spec.initContainers[?(@.name=='istio-proxy')].args}"
    args = json.loads(cluster.kubectl("-n", home, "get", "pod", sender, path))
    jsonly = with_json_logs(bookinfo.objects(["ratings-v1"], {}, {}), args)
    cluster.apply(*jsonly, *bookinfo.objects(["reviews-v2"], FINELY, {}), namespace=home)
    cluster.ready(home)
    fine = one(mesh, Plugin("fine", published(tag("fine")), {"app": "reviews"}))
    assert (fine.verdict, fine.cause) == (Verdict.UNPROVEN, Cause.LOG_SILENT), fine.reason
    assert "--enable-fine-grain-logging; without that option it does" in fine.reason
    read = one(mesh, Plugin("json", published(trapping()), {"app": "ratings"}))
    assert (read.verdict, read.proof) == (Verdict.LIVE, Proof.EFFECT), read.reason
    mesh.send("productpage", "ratings:9080/ratings/1!")
    crashed = until(lambda: mesh.wait("json"), lambda found: {one.verdict for one in found} == {Verdict.TRAPPED})
    assert "proxy_on_response_headers" in crashed[0].reason
    for plugin in mesh.plugins():
        mesh.remove(plugin.id)
    cluster.kubectl("-n", home, "delete", "deployment", "ratings-v1", "reviews-v2", "--wait=false")


def test_a_removal_that_nobody_tells_the_proxies_of_is_an_error(there, published, cluster):
    _, mesh = there
    mesh.apply(Plugin("stays", published(tag("stays")), DETAILS))
    cluster.scale("istio-system", "istiod", 0)
    try:
        with pytest.raises(DeployError, match="not proven to be gone") as caught:
            mesh.remove("stays")
        assert {one.cause for one in caught.value.verdicts} == {Cause.STILL_IN_FORCE}
        assert any("istiod" in line for line in caught.value.why)
        assert list(mesh.plugins()) == []
    finally:
        cluster.scale("istio-system", "istiod", 1)
        cluster.ready("istio-system", "app=istiod")
