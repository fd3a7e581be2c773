"""What breaks on a cluster: proxies, pods, istiod, the registry, logs, labels, ports, capture, objects, kernels."""

from __future__ import annotations

import json
import sys
import threading
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta, tzinfo
from typing import Any

import pytest

from tests.chaos import filters
from tests.chaos.faults import COMMON, Catalogue, Mend, into
from tests.chaos.istio_world import ANNOTATIONS, REPLICAS, IstioWorld
from tests.cluster.tools import ToolError
from tests.mesh.istio.published import PublishedMesh
from wasmnb.errors import WasmnbError
from wasmnb.image import package
from wasmnb.mesh import Proof
from wasmnb.plugin.rendering import resource_names

ISTIO: Catalogue = dict(COMMON)
"""What happens to the mesh."""

OUTSIDE: Catalogue = {}
"""What happens to who looks, and on the way: rights, clocks, the API server, mutual TLS."""

_fault, _outside = into(ISTIO), into(OUTSIDE)

_SYSTEM = "istio-system"
_EXCLUDED = "traffic.sidecar.istio.io/excludeInboundPorts"
_LEVELS = "sidecar.istio.io/componentLogLevel"


# What comes in.


@_fault
def _a_request_that_it_hangs_on(world: IstioWorld) -> Mend:
    world.provoke(filters.HANGS)
    pods = world.pods
    # Istio's proxies have no watchdog that would end them.
    return lambda: world.kubectl("delete", "pod", *pods, "--grace-period=0", "--force", "--ignore-not-found")


# Proxies and pods.


@_fault
def _a_proxy_is_ended(world: IstioWorld) -> None:
    world.proxy(world.one(), "pilot-agent", "request", "POST", "quitquitquit")


@_fault
def _a_pod_is_deleted(world: IstioWorld) -> None:
    world.kubectl("delete", "pod", world.one(), "--wait=false")


@_fault
def _a_pod_is_deleted_at_once(world: IstioWorld) -> None:
    world.kubectl("delete", "pod", world.one(), "--grace-period=0", "--force")


@_fault
def _scaled_up(world: IstioWorld) -> Mend:
    return _scaled(world, 3)


@_fault
def _scaled_to_nothing(world: IstioWorld) -> Mend:
    return _scaled(world, 0)


def _scaled(world: IstioWorld, count: int) -> Mend:
    name = world.deployment()
    world.kubectl("scale", f"deployment/{name}", f"--replicas={count}")
    return lambda: world.kubectl("scale", f"deployment/{name}", f"--replicas={REPLICAS.get(name, 1)}")


@_fault
def _a_deployment_is_restarted(world: IstioWorld) -> None:
    world.kubectl("rollout", "restart", f"deployment/{world.deployment()}")


# istiod and the registry.


@_fault
def _istiod_is_gone(world: IstioWorld) -> Mend:
    world.cluster.kubectl("-n", _SYSTEM, "scale", "deployment/istiod", "--replicas=0")

    def mend() -> None:
        world.cluster.scale(_SYSTEM, "istiod", 1)

    return mend


@_fault
def _istiod_is_killed(world: IstioWorld) -> Mend:
    world.cluster.kubectl(
        "-n", _SYSTEM, "delete", "pod", "-l", "app=istiod", "--grace-period=0", "--force", "--wait=false"
    )
    return lambda: world.cluster.ready(_SYSTEM, "app=istiod")


@_fault
def _an_image_that_no_registry_has(world: IstioWorld) -> None:
    plugin = world.plugin
    image = package(filters.marking(world.choose.choice(filters.BUILDS)))
    where = f"{world.cluster.registry}/nowhere/none@{image.digest}"
    world.deploy(plugin.with_image(replace(image, reference=where)))


# What evidence rests on.


@_fault
def _counters_are_reset(world: IstioWorld) -> None:
    world.proxy(world.one(), "pilot-agent", "request", "POST", "reset_counters")


@_fault
def _a_log_that_does_not_tell_of_wasm(world: IstioWorld) -> Mend:
    return _silenced(world, "wasm=off")


@_fault
def _a_log_that_tells_nothing(world: IstioWorld) -> Mend:
    return _silenced(world, "level=off")


def _silenced(world: IstioWorld, levels: str) -> Mend:
    pod = world.one()
    world.proxy(pod, "pilot-agent", "request", "POST", f"logging?{levels}")

    def mend() -> None:
        # As Istio starts its proxies.
        for level in ("level=warning", "misc=error"):
            world.proxy(pod, "pilot-agent", "request", "POST", f"logging?{level}")

    return mend


@_fault
def _a_log_is_rotated_away(world: IstioWorld) -> None:
    world.cluster.forget_logs(world.namespace, world.one())


@_fault
def _an_annotation_that_silences_wasm(world: IstioWorld) -> Mend:
    return _annotated(world, {_LEVELS: "misc:error,wasm:off"})


@_fault
def _four_workers(world: IstioWorld) -> Mend:
    return _annotated(world, {"proxy.istio.io/config": "concurrency: 4"})


@_fault
def _traffic_that_passes_the_proxy_by(world: IstioWorld) -> Mend:
    return _annotated(world, {_EXCLUDED: "9080"})


def _annotated(world: IstioWorld, annotations: dict[str, str]) -> Mend:
    """Change the annotations of a deployment's pods, which makes them anew."""
    name = world.deployment()

    def annotate(wanted: dict[str, str | None]) -> None:
        patch = {"spec": {"template": {"metadata": {"annotations": wanted}}}}
        world.kubectl("patch", f"deployment/{name}", "--type=merge", "-p", json.dumps(patch))

    annotate({**ANNOTATIONS, **annotations})
    return lambda: annotate(dict.fromkeys(annotations))


# Labels and ports.


@_fault
def _a_port_that_is_no_http(world: IstioWorld) -> Mend:
    service = world.url.partition(":")[0]

    def name(value: str) -> None:
        patch = [{"op": "replace", "path": "/spec/ports/0/name", "value": value}]
        world.kubectl("patch", f"service/{service}", "--type=json", "-p", json.dumps(patch))

    name("tcp-x")
    return lambda: name("http")


@_fault
def _a_pod_that_is_no_longer_selected(world: IstioWorld) -> Mend:
    pod = world.one()
    world.kubectl("label", "pod", pod, "app=nobody", "--overwrite")

    def mend() -> None:
        world.kubectl("delete", "pod", pod, "--grace-period=0", "--force", "--ignore-not-found")

    return mend


@_fault
def _a_pod_without_a_proxy(world: IstioWorld) -> Mend:
    world.cluster.kubectl("label", "namespace", world.namespace, "istio-injection-")
    pods = world.pods
    world.kubectl("delete", "pod", *pods[:1], "--grace-period=0", "--force")

    def mend() -> None:
        world.cluster.kubectl("label", "namespace", world.namespace, "istio-injection=enabled")
        world.kubectl("delete", "pod", *world.pods, "--grace-period=0", "--force")

    return mend


# Objects that somebody else changes.


def _patch(world: IstioWorld, path: str, value: object) -> None:
    kinds = ("trafficextension", "wasmplugin")
    for kind in kinds:
        with suppress(ToolError):
            patch = [{"op": "replace", "path": path, "value": value}]
            world.kubectl("patch", kind, world.plugin.id, "--type=json", "-p", json.dumps(patch))
            return


def _spec(world: IstioWorld, member: str) -> str:
    """Give the path of a member in the object, whichever kind it is."""
    with suppress(ToolError):
        world.kubectl("get", "trafficextension", world.plugin.id)
        return f"/spec/wasm/{member}"
    return f"/spec/{member}"


@_fault
def _somebody_changes_the_image(world: IstioWorld) -> None:
    other = package(filters.marking(world.choose.choice(filters.BUILDS)))
    reference = world.cluster.push(other, "chaos/drift")
    _patch(world, _spec(world, "url"), f"oci://{reference}")


@_fault
def _somebody_changes_the_configuration(world: IstioWorld) -> None:
    path = _spec(world, "pluginConfig")
    patch = [{"op": "add", "path": path, "value": {"by": "somebody"}}]
    kind = "trafficextension" if "/wasm/" in path else "wasmplugin"
    with suppress(ToolError):
        world.kubectl("patch", kind, world.plugin.id, "--type=json", "-p", json.dumps(patch))


@_fault
def _somebody_deletes_the_object(world: IstioWorld) -> None:
    for kind in ("trafficextension", "wasmplugin"):
        with suppress(ToolError):
            world.kubectl("delete", kind, world.plugin.id, "--ignore-not-found")


def answering(labels: dict[str, str]) -> dict[str, Any]:
    """Give an ``EnvoyFilter`` called ``wall`` that answers every request itself, before any other filter."""
    value = {
        "name": "envoy.filters.http.fault",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault",
            "abort": {"http_status": 418, "percentage": {"numerator": 100}},
        },
    }
    manager = {"name": "envoy.filters.network.http_connection_manager"}
    match = {"context": "SIDECAR_INBOUND", "listener": {"filterChain": {"filter": manager}}}
    patch = {"operation": "INSERT_FIRST", "value": value}
    return {
        "apiVersion": "networking.istio.io/v1alpha3",
        "kind": "EnvoyFilter",
        "metadata": {"name": "wall"},
        "spec": {
            "workloadSelector": {"labels": labels},
            "configPatches": [{"applyTo": "HTTP_FILTER", "match": match, "patch": patch}],
        },
    }


@_fault
def _another_filter_of_envoys_own_that_answers(world: IstioWorld) -> Mend:
    world.cluster.apply(answering({"app": world.plugin.selector["app"]}), namespace=world.namespace)
    return lambda: world.kubectl("delete", "envoyfilter", "wall", "--ignore-not-found")


# Who looks, and over what.


@_outside
def _routes_that_leave_it_out(world: IstioWorld) -> Mend:
    (name, *_) = resource_names(world.namespace, world.plugin.id, "TrafficExtension")
    off = {"@type": "type.googleapis.com/envoy.config.route.v3.FilterConfig", "disabled": True}
    value = {"typed_per_filter_config": {name: off}}
    patch = {"applyTo": "VIRTUAL_HOST", "match": {"context": "SIDECAR_INBOUND"}}
    leaving = answering({"app": world.plugin.selector["app"]})
    leaving["metadata"] = {"name": "leaves-out"}
    leaving["spec"]["configPatches"] = [{**patch, "patch": {"operation": "MERGE", "value": value}}]
    world.cluster.apply(leaving, namespace=world.namespace)
    return lambda: world.kubectl("delete", "envoyfilter", "leaves-out", "--ignore-not-found")


@_outside
def _the_api_server_s_connections_break(world: IstioWorld) -> None:
    world.wire.cut()
    world.wire.mend()


@_outside
def _the_api_server_is_silent_for_a_second(world: IstioWorld) -> Mend:
    world.wire.silence()
    timer = threading.Timer(1.0, world.wire.mend)
    timer.start()
    return timer.join


_LOOKS = (
    {"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list", "watch"]},
    {"apiGroups": ["extensions.istio.io", "networking.istio.io"], "resources": ["*"], "verbs": ["*"]},
)
_FORWARDS = {"apiGroups": [""], "resources": ["pods/portforward"], "verbs": ["get", "create"]}
_EXECUTES = {"apiGroups": [""], "resources": ["pods/exec"], "verbs": ["get", "create"]}
_READS_LOGS = {"apiGroups": [""], "resources": ["pods/log"], "verbs": ["get"]}


@_outside
def _one_who_may_not_read_logs_looks(world: IstioWorld) -> Mend:
    return _looked_at_by(world, "no-logs", _FORWARDS, _EXECUTES)


@_outside
def _one_who_may_only_execute_looks(world: IstioWorld) -> Mend:
    return _looked_at_by(world, "executes", _EXECUTES, _READS_LOGS)


@_outside
def _one_who_may_not_execute_looks(world: IstioWorld) -> Mend:
    return _looked_at_by(world, "forwards", _FORWARDS, _READS_LOGS)


def _looked_at_by(world: IstioWorld, name: str, *rules: dict[str, object]) -> Mend:
    """Have somebody else look, and deploy, from now on, unless somebody does so already."""
    if world.mesh is not world.own:
        return lambda: None
    account = world.cluster.account(world.namespace, name, [*_LOOKS, *rules])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KUBECONFIG", str(account))
        prove = Proof.EFFECT if _EXECUTES in rules else None
        other = PublishedMesh.connect(None, world.namespace, preflight=False, prove=prove)
    other.registry = world.cluster.registry
    world.mesh = other

    def mend() -> None:
        world.mesh = world.own
        other.stop()

    return mend


@_outside
def _the_clock_of_who_looks_is_wrong(world: IstioWorld) -> Mend:
    shift = timedelta(seconds=world.choose.choice((-3600, -20, 20, 3600)))

    class Shifted(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:
            return datetime.now(tz) + shift

    modules = [one for name, one in list(sys.modules.items()) if name.startswith("wasmnb.mesh.istio.")]
    patched = [one for one in modules if getattr(one, "datetime", None) is datetime]
    for one in patched:
        one.datetime = Shifted

    def mend() -> None:
        for one in patched:
            one.datetime = datetime

    return mend


@_outside
def _without_mutual_tls(world: IstioWorld) -> Mend:
    about, spec = {"name": "plain"}, {"mtls": {"mode": "DISABLE"}}
    policy = {"apiVersion": "security.istio.io/v1", "kind": "PeerAuthentication", "metadata": about, "spec": spec}
    world.cluster.apply(policy, namespace=world.namespace)
    return lambda: world.kubectl("delete", "peerauthentication", "plain", "--ignore-not-found")


# Kernels.


@_fault
def _two_kernels_at_once(world: IstioWorld) -> None:
    other = PublishedMesh.connect(None, world.namespace, preflight=False)
    other.registry = world.cluster.registry
    plugin = replace(world.plugin, image=package(filters.marking(world.choose.choice(filters.BUILDS))))

    def deploy() -> None:
        with suppress(WasmnbError):
            other.apply(plugin)

    thread = threading.Thread(target=deploy)
    thread.start()
    world.change(config={"n": world.choose.randrange(1000)})
    thread.join()
    other.stop()


@_fault
def _without_a_trial(world: IstioWorld) -> None:
    module = world.choose.choice((filters.missing_import, filters.unconfigurable, filters.always_trapping))()
    world.plugin = replace(world.plugin, image=package(module))
    world.story.append(f"deployed {module.name} without a trial")
    with suppress(WasmnbError):
        world.mesh.apply(world.plugin, preflight=False)
