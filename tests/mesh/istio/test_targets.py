"""Objects of other gateways, applied to a real API server that knows their kinds; nobody takes them up there."""

from __future__ import annotations

import json

import pytest
import yaml

from tests.mesh.tiny import build, tag
from tests.module.builder import good
from tests.plugin.crds import GATEWAY, _module
from wasmnb.errors import DeployError, ImageError
from wasmnb.mesh import Proof, Verdict
from wasmnb.module import Module
from wasmnb.plugin import Kind, Plugin, TargetRef
from wasmnb.session import Session

OPEN = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}


def _higress() -> dict:
    names = {"kind": "WasmPlugin", "plural": "wasmplugins", "singular": "wasmplugin", "listKind": "WasmPluginList"}
    schema = {"openAPIV3Schema": {"type": "object", "properties": {"spec": OPEN, "status": OPEN}}}
    version = {"name": "v1alpha1", "served": True, "storage": True, "schema": schema, "subresources": {"status": {}}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "wasmplugins.extensions.higress.io"},
        "spec": {"group": "extensions.higress.io", "names": names, "scope": "Namespaced", "versions": [version]},
    }


@pytest.fixture(scope="module")
def gateways(cluster, home, connect):
    """The mesh, in a cluster that has the kinds of Envoy Gateway and Higress."""
    policies = yaml.safe_load((_module(GATEWAY[0]) / GATEWAY[1]).read_text("utf-8"))
    kinds = [policies, _higress()]
    for kind in kinds:
        cluster.kubectl("apply", "--server-side", "-f", "-", text=json.dumps(kind))
    names = [f"customresourcedefinition/{kind['metadata']['name']}" for kind in kinds]
    cluster.kubectl("wait", "--for=condition=Established", *names)
    yield connect(home)
    cluster.kubectl("delete", *names)


def test_a_kind_that_the_cluster_does_not_have_is_named_before_anything_changes(mesh, published):
    plugin = Plugin("absent", published(tag("one")), kind=Kind.HIGRESS)
    with pytest.raises(DeployError, match=r"no WasmPlugin of extensions\.higress\.io"):
        mesh.apply(plugin)


def test_a_policy_of_envoy_gateway_is_applied_and_judged_by_its_controllers_word(gateways, published, cluster, home):
    target = TargetRef.parse("Gateway/way-in")
    plugin = Plugin("policy", published(tag("one")), kind=Kind.ENVOY_GATEWAY, targets=(target,))
    (found,) = gateways.apply(plugin)
    assert (found.pod, found.verdict) == ("EnvoyExtensionPolicy/policy", Verdict.UNPROVEN)
    assert "has not said anything" in found.reason
    item = cluster.get(home, "envoyextensionpolicy", "policy")
    assert item["spec"]["wasm"][0]["code"]["image"]["sha256"] == plugin.image.digest.removeprefix("sha256:")
    assert list(gateways.plugins()) == [plugin]
    said = {"type": "Accepted", "status": "False", "reason": "Invalid", "message": "wasm: MANIFEST_UNKNOWN"}
    said |= {"lastTransitionTime": "2026-01-01T00:00:00Z"}
    ancestor = {"ancestorRef": {"name": "way-in"}, "controllerName": "example.com/one", "conditions": [said]}
    patch = json.dumps({"status": {"ancestors": [ancestor]}})
    cluster.kubectl(
        "-n", home, "patch", "envoyextensionpolicy", "policy", "--subresource=status", "--type=merge", "-p", patch
    )
    (refused,) = gateways.verdicts("policy")
    assert refused.verdict is Verdict.REJECTED
    assert "the registry does not have it" in refused.reason
    assert gateways.remove("policy") == plugin
    assert not cluster.get(home, "envoyextensionpolicies")["items"]


def test_a_plugin_of_higress_is_not_taken_for_one_of_istio(gateways, published, cluster, home):
    plugin = Plugin("higher", published(tag("one")), kind=Kind.HIGRESS)
    (found,) = gateways.apply(plugin)
    assert (found.pod, found.verdict) == ("WasmPlugin/higher", Verdict.UNPROVEN)
    assert cluster.get(home, "wasmplugins.extensions.higress.io")["items"]
    assert not cluster.get(home, "wasmplugins.extensions.istio.io")["items"]
    gateways.remove("higher")


def test_a_module_of_higress_own_abi_is_put_in_force_by_a_session(gateways, published, cluster, home):
    own = good(abi="0_2_100").but(imports=[("env", "proxy_redis_init", "iiiiiii:i")])
    image = published(Module("redis", bytes(own)))
    with Session() as session:
        session.use(gateways)
        with pytest.raises(ImageError, match="Istio cannot run"):
            session.deploy(image, selector="app=details", root_id="", plain_http=True)
        done = session.deploy(image, target="higress", root_id="", plain_http=True, config={"a": 1}, wait=False)
        (found,) = done.verdicts
        assert (found.pod, found.verdict) == ("WasmPlugin/redis", Verdict.UNPROVEN)
        (item,) = cluster.get(home, "wasmplugins.extensions.higress.io")["items"]
        assert item["spec"]["defaultConfig"] == {"a": 1}
        assert item["spec"]["url"].endswith(f"/redis@{image.digest}")
        assert session.undeploy("redis")
        assert not cluster.get(home, "wasmplugins.extensions.higress.io")["items"]


def test_an_object_that_is_not_ours_is_shown_and_left_alone(mesh, published, cluster, home):
    spec = {
        "wasm": {"url": "oci://registry.example/theirs@sha256:" + "0" * 64},
        "selector": {"matchLabels": {"app": "x"}},
    }
    theirs = {"apiVersion": "extensions.istio.io/v1alpha1", "kind": "TrafficExtension", "metadata": {"name": "theirs"}}
    cluster.apply({**theirs, "spec": spec}, namespace=home)
    try:
        with pytest.raises(DeployError, match="was not made here") as caught:
            mesh.apply(Plugin("theirs", published(tag("one")), {"app": "details"}))
        assert "kubectl" in caught.value.why[0]
        assert cluster.get(home, "trafficextension", "theirs")["spec"]["wasm"]["url"] == spec["wasm"]["url"]
        assert list(mesh.plugins()) == []
    finally:
        cluster.kubectl("-n", home, "delete", "trafficextension", "theirs")


@pytest.mark.parametrize(("as_", "config"), [("WasmPlugin", {"a": 1}), ("EnvoyFilter", "text, not JSON")])
def test_the_older_kinds_are_live_too(mesh, published, as_, config):
    plugin = Plugin("older", published(tag("older")), {"app": "details"}, config=config, kind=Kind(as_))
    found = mesh.apply(plugin)
    assert {one.verdict for one in found} == {Verdict.LIVE}, found[0]
    assert list(mesh.plugins()) == [plugin]
    # Another kind takes its place, and leaves nothing of it.
    again = mesh.apply(Plugin("older", published(tag("newer")), {"app": "details"}))
    assert {one.verdict for one in again} == {Verdict.LIVE}, again[0]
    assert len(mesh.rendered("older").split("---")) == 1


def test_a_colleague_sees_rolls_back_and_removes_what_another_deployed(mesh, published, connect, home):
    first = Plugin("shared", published(tag("first")), {"app": "details"}, config={"n": 1})
    second = Plugin("shared", published(tag("second")), {"app": "details"}, config={"n": 2}, priority=4)
    mesh.apply(first)
    mesh.apply(second)
    images = {one.image.pinned: one.image for one in (first, second)}
    colleague = connect(home, fetch=images.__getitem__)
    assert [(one.image.digest, one.config, one.priority) for one in colleague.history("shared")] == [
        (second.image.digest, {"n": 2}, 4),
        (first.image.digest, {"n": 1}, 0),
    ]
    before = colleague.history("shared")[1]
    assert {one.verdict for one in colleague.apply(before)} == {Verdict.LIVE}
    assert list(mesh.plugins()) == [first]
    assert colleague.remove("shared").image.digest == first.image.digest
    assert list(mesh.plugins()) == []


def test_a_refused_envoy_filter_is_rejected_also_beside_a_good_plugin(mesh, published):
    mesh.apply(Plugin("good", published(tag("one")), {"app": "details"}))
    refusing = published(build("refusing", configure="return 0"))
    plugin = Plugin("bad", refusing, {"app": "details"}, config="text, not JSON", kind=Kind.ENVOY_FILTER)
    found = mesh.apply(plugin, preflight=False)
    assert {one.verdict for one in found} == {Verdict.REJECTED}, found[0]
    # What may be the other's doing proves nothing, and it is not known what that does.
    assert {one.verdict for one in mesh.wait("good")} == {Verdict.LOADED}
    mesh.allow(Proof.TRACE)
    assert {one.verdict for one in mesh.wait("good")} == {Verdict.LIVE}
    mesh.allow(Proof.EFFECT)
    # What Envoy refuses keeps the whole listener as it was, so that nothing else goes from it before.
    mesh.remove("bad")
