"""Each verdict, made on purpose on a real cluster: nothing that does not run is LIVE, and all that runs is."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import signal
import time
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from tests.chaos.filters import marking
from tests.image.registry.parts import PASSWORD, USER
from tests.mesh.conftest import until
from tests.mesh.istio.conftest import DETAILS
from tests.mesh.tiny import build, looping, tag, trapping
from wasmnb.compile import Filter
from wasmnb.errors import ModuleError
from wasmnb.image import package
from wasmnb.image.lazy_image import NamedImage
from wasmnb.image.registry import push
from wasmnb.mesh import Handling, Proof, Verdict
from wasmnb.mesh.istio.api.api_errors import ForbiddenError
from wasmnb.plugin import FailPolicy, Plugin

LIVE, LOADED, OLD, WARMING, REJECTED = Verdict.LIVE, Verdict.LOADED, Verdict.OLD, Verdict.WARMING, Verdict.REJECTED
DENY_ALL, ALLOW_ALL, TRAPPED, HUNG = Verdict.DENY_ALL, Verdict.ALLOW_ALL, Verdict.TRAPPED, Verdict.HUNG
UNPROVEN, NO_SIDECAR = Verdict.UNPROVEN, Verdict.NO_SIDECAR
UNSAID = {Handling.UNKNOWN}


def words(verdicts):
    return [one.verdict for one in verdicts]


def request(mesh, path="/details/1"):
    """Send a request from productpage's proxy; give status and the tags that filters added."""
    sender = next(pod.name for pod in mesh.pods() if pod.workload == "productpage-v1")
    command = ["curl", "-sS", "-i", "-m", "5", f"details:9080{path}"]
    done = mesh.cluster.execute(mesh.namespace, sender, "istio-proxy", command, timeout=10)
    head = done.stdout.decode().partition("\r\n\r\n")[0].splitlines()
    return int(head[0].split()[1]), [line.partition(": ")[2] for line in head if line.startswith("x-tag")]


def test_live_on_three_pods_with_the_evidence_for_it(mesh, published):
    plugin = Plugin("good", published(tag("good")), DETAILS)
    found = mesh.apply(plugin)
    assert words(found) == [LIVE] * 3
    assert {one.running for one in found} == {plugin.image.digest}
    for one in found:
        assert any(line.startswith("ecds_filters") and plugin.image.digest in line for line in one.evidence)
        assert any("sent = acknowledged" in line for line in one.evidence)
        assert any("no refusal, no crash" in line for line in one.evidence)
    assert request(mesh) == (200, ["good"])


def test_a_missing_tag_or_digest_denies_all_and_says_that_the_registry_lacks_it(mesh, published, cluster):
    image = published(tag("good"))
    nowhere = replace(image, reference=f"{cluster.registry}/nowhere@{image.digest}")
    nothing = NamedImage(f"{cluster.registry}/good", f"sha256:{'0' * 64}", lambda _: image)
    for wrong in (nowhere, nothing):
        found = mesh.apply(Plugin("missing", wrong, DETAILS))
        assert words(found) == [DENY_ALL] * 3
        assert "the registry does not have it" in found[0].reason
        assert any("MANIFEST_UNKNOWN" in line for line in found[0].evidence)
        assert {one.running for one in found} == {""}
        assert request(mesh)[0] == 403
    assert words(mesh.apply(Plugin("missing", image, DETAILS))) == [LIVE] * 3


def test_with_fail_open_a_missing_image_lets_all_pass(mesh, published, cluster):
    image = published(tag("good"))
    wrong = replace(image, reference=f"{cluster.registry}/nowhere@{image.digest}")
    found = mesh.apply(Plugin("open", wrong, DETAILS, fail_policy=FailPolicy.OPEN))
    assert words(found) == [ALLOW_ALL] * 3
    assert {one.requests for one in found} == {Handling.UNFILTERED}
    assert request(mesh) == (200, [])


@pytest.mark.usefixtures("cell_words")
def test_a_private_registry_without_a_secret_denies_all_and_with_one_is_live(
    mesh, cluster, home, monkeypatch, tmp_path
):
    image = package(tag("secret"), f"{cluster.private_registry}/team/secret:1")
    config = tmp_path / "config.json"
    auth = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    config.write_text(json.dumps({"auths": {cluster.private_registry: {"auth": auth}}}))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    push(image, image.reference, plain_http=True)
    plugin = Plugin("secret", replace(image, reference=image.pinned), DETAILS)
    found = mesh.apply(plugin)
    assert words(found) == [DENY_ALL] * 3
    assert "--pull-secret" in found[0].reason
    cluster.pull_secret(home, "pull")
    assert words(mesh.apply(replace(plugin, pull_secret="pull"))) == [LIVE] * 3
    assert PASSWORD not in repr(found)


def test_a_bad_import_is_refused_before_and_rejected_after(mesh, published):
    good = Plugin("import", published(tag("good")), DETAILS)
    mesh.apply(good)
    bad = published(build("bad-import", response="extern int no_such_call(void); no_such_call()"))
    with pytest.raises(ModuleError) as caught:
        mesh.apply(good.with_image(bad))
    assert "no_such_call" in str(caught.value)
    found = mesh.apply(good.with_image(bad), preflight=False)
    assert words(found) == [REJECTED] * 3
    assert {one.requests for one in found} == {Handling.FILTERED_BY_OLD}
    assert "no_such_call" in found[0].reason
    assert request(mesh) == (200, ["good"])
    # Nothing before, under a fresh name: every request gets 500, and the pods are READY all the same.
    fresh = replace(good.with_image(bad), id="import-fresh")
    mesh.remove("import")
    found = mesh.apply(fresh, preflight=False)
    assert words(found) == [REJECTED] * 3
    assert request(mesh)[0] == 500
    assert {one.requests for one in found} == {Handling.ANSWERED_500}
    assert "where nothing did, every request gets 500" in found[0].reason
    assert {pod.ready for pod in mesh.pods()} == {"2/2"}


def test_a_pod_that_starts_while_a_bad_module_is_in_force_is_rejected_though_it_is_ready(
    fearless, published, cluster, home
):
    bad = published(build("refusing", configure="return 0"))
    assert words(fearless.apply(Plugin("early", bad, DETAILS))) == [REJECTED] * 3
    cluster.kubectl("-n", home, "delete", "pod", fearless.pods()[0].name, "--wait=false")
    found = until(lambda: fearless.verdicts("early"), lambda all_: words(all_).count(REJECTED) == 3, 60)
    assert len([one for one in found if one.verdict is REJECTED]) == 3
    cluster.ready(home)


def test_a_trap_is_seen_with_the_function_and_only_where_it_happened(mesh, published):
    assert words(mesh.apply(Plugin("trap", published(trapping()), DETAILS))) == [LIVE] * 3
    assert request(mesh, "/details/1!")[0] == 503
    # All requests of a look may meet the worker whose VM runs on: then it is not said what happens.
    found = until(
        lambda: mesh.wait("trap"), lambda all_: {one.requests for one in all_ if one.verdict is TRAPPED} - UNSAID
    )
    assert sorted(words(found)) == [LIVE, LIVE, TRAPPED]
    told = next(one for one in found if one.verdict is TRAPPED)
    assert "proxy_on_response_headers" in told.reason
    assert told.requests is Handling.ANSWERED_503
    # Deployed anew, its VM is a new one.
    assert words(mesh.apply(Plugin("trap", published(tag("mended")), DETAILS))) == [LIVE] * 3


def test_a_wrong_root_id_does_nothing_and_is_never_live(mesh, published, cluster, home):
    source = """
        #include "proxy_wasm_intrinsics.h"
        class Plain : public Context { public: using Context::Context; void onLog() override {} };
        static RegisterContextFactory register_Plain(CONTEXT_FACTORY(Plain), "its_root");
    """
    image = published(Filter("rooted", source, "cpp").build())
    assert words(mesh.apply(Plugin("rooted", image, DETAILS))) == [LOADED] * 3
    kind = next(stored.kind.plural for stored in mesh._objects.all("rooted"))
    patch = {"spec": {"wasm": {"pluginName": "no_such_root"}}}
    cluster.kubectl("-n", home, "patch", kind, "rooted", "--type=merge", "-p", json.dumps(patch))
    found = until(lambda: mesh.wait("rooted"), lambda all_: LOADED not in words(all_))
    # With our SDK the module itself refuses a root id that it does not have.
    assert words(found) == [REJECTED] * 3


def test_an_old_digest_on_one_of_three_pods_is_old_there_and_live_elsewhere(mesh, published, cluster, home):
    old, new = published(tag("old")), published(tag("new"))
    mesh.apply(Plugin("mixed", old, DETAILS))
    victim = mesh.pods()[0].name
    with _deaf(cluster, home, victim):
        found = mesh.apply(Plugin("mixed", new, DETAILS), wait=8)
        by_pod = {one.pod: one for one in found}
        assert by_pod[victim].verdict is OLD
        assert by_pod[victim].running == old.digest
        assert sorted(words(found)) == [LIVE, LIVE, OLD]
    assert words(mesh.wait("mixed", timeout=30)) == [LIVE] * 3


def test_what_is_put_back_at_once_and_not_acknowledged_is_not_called_refused(mesh, published, cluster, home):
    back = Plugin("back", published(tag("back")), DETAILS)
    mesh.apply(back)
    mesh.remove("back")
    victim = mesh.pods()[0].name
    with _deaf(cluster, home, victim):
        found = {one.pod: one for one in mesh.apply(back, wait=8)}
        assert found[victim].verdict is UNPROVEN
        assert sorted(words(found.values())) == [LIVE, LIVE, UNPROVEN]
    assert words(mesh.wait("back", timeout=30)) == [LIVE] * 3


def test_a_pod_without_a_sidecar_says_why(mesh, published, cluster, home):
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "bare", "labels": {"app": "bare", "sidecar.istio.io/inject": "false"}},
        "spec": {"containers": [{"name": "app", "image": _image(cluster, home)}]},
    }
    cluster.apply(pod, namespace=home)
    try:
        cluster.until("the bare pod", lambda: cluster.get(home, "pod", "bare")["status"]["phase"] == "Running")
        found = mesh.apply(Plugin("bare", published(tag("one")), {"app": "bare"}))
        assert words(found) == [NO_SIDECAR]
        assert "sidecar.istio.io/inject=false" in found[0].reason
    finally:
        cluster.kubectl("-n", home, "delete", "pod", "bare", "--now")


def test_a_namespace_that_is_not_injected_is_named(cluster, connect, published):
    with cluster.namespace(injected=False) as name:
        bookinfo_pod(cluster, name)
        found = connect(name).apply(Plugin("plain", published(tag("one")), DETAILS))
        assert words(found) == [NO_SIDECAR]
        assert f"kubectl label namespace {name} istio-injection=enabled" in found[0].reason


def test_a_pod_whose_own_image_is_missing_is_warming_and_not_waited_for(mesh, published, cluster, home):
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "absent", "labels": {"app": "absent"}},
        "spec": {"containers": [{"name": "app", "image": f"{cluster.registry}/no/such:image"}]},
    }
    cluster.apply(pod, namespace=home)
    try:
        until(
            lambda: next(one.status for one in mesh.pods() if one.name == "absent"),
            lambda one: "Err" in one or "Back" in one,
            60,
        )
        begin = time.monotonic()
        found = mesh.apply(Plugin("absent", published(tag("one")), {"app": "absent"}), wait=60)
        assert words(found) == [WARMING]
        assert time.monotonic() - begin < 30
        assert "app:" in found[0].reason
    finally:
        cluster.kubectl("-n", home, "delete", "pod", "absent", "--now")


def test_a_worker_in_an_endless_loop_hangs_the_pod_and_no_other(mesh, published, cluster, home):
    assert words(mesh.apply(Plugin("loop", published(looping()), DETAILS))) == [LIVE] * 3
    with contextlib.suppress(IndexError):  # curl gives up without an answer
        request(mesh, "/details/1!")
    found = until(lambda: mesh.wait("loop"), lambda all_: HUNG in words(all_), 30)
    assert words(found).count(HUNG) == 1
    (told,) = [one for one in found if one.verdict is HUNG]
    assert told.requests is Handling.HANGING
    assert told.hanging is not None
    assert 1 <= told.hanging[0] <= told.hanging[1]
    hung = told.pod
    cluster.kubectl("-n", home, "delete", "pod", hung, "--now")
    cluster.ready(home)


def test_rotated_logs_leave_it_unproven_unless_they_were_seen_whole(mesh, published, cluster, home, connect):
    mesh.apply(Plugin("rotated", published(tag("one")), DETAILS))
    assert words(mesh.wait("rotated")) == [LIVE] * 3
    stranger = connect(home)
    victim = mesh.pods()[0].name
    cluster.forget_logs(home, victim)
    found = {one.pod: one for one in stranger.wait("rotated", timeout=1)}
    assert found[victim].verdict is UNPROVEN
    assert "rotated" in found[victim].reason
    # Who was not there when it came cannot tell its effect from what was answered before.
    assert sorted(words(found.values())) == [LOADED, LOADED, UNPROVEN]
    again = stranger.apply(stranger.plugins()[0])
    assert words(again) == [LOADED] * 3, again
    assert "loaded afresh" in again[0].reason
    cluster.kubectl("-n", home, "delete", "pod", victim, "--now")
    cluster.ready(home)


def test_without_access_to_istiod_the_proxys_log_proves_it(mesh, published, cluster, home, connect):
    mesh.apply(Plugin("narrow", published(tag("one")), DETAILS))
    rules = [
        {"apiGroups": [""], "resources": ["pods", "pods/log"], "verbs": ["get", "list", "watch"]},
        {"apiGroups": [""], "resources": ["pods/portforward"], "verbs": ["get", "create"]},
        {"apiGroups": ["extensions.istio.io", "networking.istio.io"], "resources": ["*"], "verbs": ["get", "list"]},
    ]
    account = cluster.account(home, "narrow", rules)
    with pytest.raises(ForbiddenError, match="create pods/exec") as caught:
        connect(home, account, prove=Proof.TRACE)
    assert "prove='config'" in caught.value.hint
    narrow = connect(home, account)
    found = narrow.wait("narrow")
    assert words(found) == [LOADED] * 3
    assert not any("sent = acknowledged" in line for one in found for line in one.evidence)
    assert any("less can be proven" in line for line in narrow.about)


def test_without_logs_or_a_way_to_the_proxy_it_is_unproven_and_names_the_right(mesh, published, cluster, home, connect):
    mesh.apply(Plugin("blind", published(tag("one")), DETAILS))
    pods = {"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list"]}
    groups = ["extensions.istio.io", "networking.istio.io"]
    objects = {"apiGroups": groups, "resources": ["*"], "verbs": ["get", "list"]}
    forward = {"apiGroups": [""], "resources": ["pods/portforward"], "verbs": ["get", "create"]}
    no_logs = connect(home, cluster.account(home, "no-logs", [pods, objects, forward])).wait("blind", timeout=1)
    assert words(no_logs) == [UNPROVEN] * 3
    assert "log cannot be read" in no_logs[0].reason
    assert any("get pods/log" in line for line in no_logs[0].evidence)
    no_way = connect(home, cluster.account(home, "no-way", [pods, objects])).wait("blind", timeout=1)
    assert words(no_way) == [UNPROVEN] * 3
    assert "get pods/portforward" in no_way[0].reason
    by_exec = {"apiGroups": [""], "resources": ["pods/exec", "pods/log"], "verbs": ["create", "get"]}
    executed = connect(home, cluster.account(home, "by-exec", [pods, objects, by_exec])).wait("blind")
    assert words(executed) == [LOADED] * 3


def test_a_quiet_proxy_is_believed_only_with_an_acknowledgement(cluster, connect, published):
    with cluster.namespace() as name:
        bookinfo_pod(cluster, name, {"sidecar.istio.io/logLevel": "error"})
        mesh = connect(name)
        plugin = Plugin("quiet", published(tag("one")), DETAILS)
        assert words(mesh.apply(plugin)) == [LIVE]
        rules = [
            {"apiGroups": [""], "resources": ["pods", "pods/log"], "verbs": ["get", "list"]},
            {"apiGroups": [""], "resources": ["pods/portforward"], "verbs": ["get", "create"]},
            {"apiGroups": ["extensions.istio.io", "networking.istio.io"], "resources": ["*"], "verbs": ["get", "list"]},
        ]
        found = connect(name, cluster.account(name, "narrow", rules)).wait("quiet", timeout=1)
        assert words(found) == [UNPROVEN]
        assert "log level" in found[0].reason


def test_statistics_of_discovery_prove_it_where_the_proxy_keeps_them(cluster, connect, published):
    with cluster.namespace() as name:
        bookinfo_pod(
            cluster, name, {"sidecar.istio.io/statsInclusionPrefixes": "extension_config_discovery,http.inbound"}
        )
        mesh = connect(name)
        found = mesh.apply(Plugin("counted", published(tag("one")), DETAILS))
        assert words(found) == [LIVE]
        assert any(line.startswith("extension_config_discovery: accepted") for line in found[0].evidence)
        count = mesh.counts()[0]
        assert (count.requests, count.errors, count.reason) == (0, 0, "")
        mesh.preflight.close()
        mesh.preflight = None
        refused = mesh.apply(Plugin("counted", published(build("refusing", configure="return 0")), DETAILS))
        assert words(refused) == [REJECTED]


def test_a_count_that_is_not_kept_says_what_keeps_it(mesh):
    count = mesh.counts()[0]
    assert count.requests is None
    assert "sidecar.istio.io/statsInclusionPrefixes" in count.reason


def bookinfo_pod(cluster, namespace, annotations=None):
    from tests.cluster import bookinfo

    bookinfo.install(cluster, namespace, ("details-v1",), annotations=annotations)


def _image(cluster, home):
    deployment = cluster.get(home, "deployment", "details-v1")
    return deployment["spec"]["template"]["spec"]["containers"][0]["image"]


@contextlib.contextmanager
def _deaf(cluster, home, pod):
    """Stop a pod's agent, through which everything reaches its proxy, without the proxy's noticing."""
    uid = cluster.get(home, "pod", pod)["metadata"]["uid"]
    agents = [
        process.pid
        for process in psutil.process_iter(["name"])
        if process.info["name"] == "pilot-agent" and _is_of(process.pid, uid)
    ]
    assert agents
    for pid in agents:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in agents:
            os.kill(pid, signal.SIGCONT)


def _is_of(pid, uid):
    group = Path(f"/proc/{pid}/cgroup").read_text()
    return uid in group or uid.replace("-", "_") in group


def test_another_configuration_of_the_same_image_is_live_only_once_it_has_arrived(mesh, published, cluster, home):
    image = published(marking("a"))
    mesh.apply(
        Plugin("configured", image, DETAILS, config={"n": 1, "nested": {"list": [1.5, True, None]}}, env={"A": "1"})
    )
    victim = mesh.pods()[0].name
    with _deaf(cluster, home, victim):
        found = {one.pod: one for one in mesh.apply(Plugin("configured", image, DETAILS, config={"n": 2}), wait=7)}
        assert found[victim].verdict is OLD
        assert "earlier configuration" in found[victim].reason
        assert sorted(words(found.values())) == [LIVE, LIVE, OLD]
    assert words(mesh.wait("configured", timeout=30)) == [LIVE] * 3
    assert words(mesh.apply(Plugin("configured", image, DETAILS, config={"n": 3}))) == [LIVE] * 3
