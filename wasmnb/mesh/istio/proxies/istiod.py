"""Istio itself: which version, which kinds it takes, what it sent to each proxy, and what they acknowledged."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypedDict

from wasmnb.errors import MeshError
from wasmnb.mesh.istio.api.api_errors import NO_ISTIO, ForbiddenError, MissingError
from wasmnb.mesh.istio.api.rbac import Right
from wasmnb.mesh.istio.api.typed_json import decoder
from wasmnb.mesh.istio.objects.objects import KINDS
from wasmnb.mesh.istio.proxies.pods import is_ready, name_of
from wasmnb.plugin.rendering.names import ENVOY_FILTER, TRAFFIC_EXTENSION, WASM_PLUGIN

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from wasmnb.mesh.istio.api.cluster import Cluster
    from wasmnb.mesh.istio.api.port_forward_pool import PortForwardPool
    from wasmnb.mesh.istio.objects.objects import ObjectKind

__all__ = ["Ack", "Istio", "find"]

PORT = 15014
"""istiod's port for metrics and debugging; its loopback side needs no credentials (``pilot/pkg/xds/debug.go``)."""
_RUNNING = "Running"
_REVISION, _DEFAULT = "istio.io/rev", "default"
_VERSION = re.compile(r"\d+\.\d+(?:\.\d+)?")


class _Resource(TypedDict, total=False):
    sent: Any
    acked: Any
    lastError: Any


class _Proxy(TypedDict, total=False):
    proxy: Any
    extensionconfig_sent: Any
    extensionconfig_acked: Any
    resources: dict[str, _Resource] | None


@dataclass(frozen=True)
class Ack:
    """What istiod sent to a proxy of the type ``ExtensionConfiguration``, and what the proxy took.

    Parameters
    ----------
    sent, acked : str
        Nonces; equal when the last one sent was accepted.
    error : str
        Why it was refused, where istiod says so.
    """

    sent: str
    acked: str
    error: str = ""

    @property
    def settled(self) -> bool:
        """Whether everything that was sent was accepted."""
        return bool(self.sent) and self.sent == self.acked


@dataclass(frozen=True)
class Istio:
    """An installation of Istio.

    Parameters
    ----------
    version : str
        Such as ``1.30.3``; empty when it cannot be told.
    revision : str
    namespace : str
        Its own.
    pods : tuple of str
        The istiod pods; empty when they may not be seen.
    kinds : tuple of ObjectKind
        Which of the kinds that hold plugins the cluster knows.
    why_blind : str
        Why istiod cannot be asked; empty when it can.
    """

    version: str
    revision: str
    namespace: str
    pods: tuple[str, ...]
    kinds: tuple[ObjectKind, ...]
    why_blind: str = ""
    _now: dict[str, tuple[str, ...]] = field(default_factory=dict, compare=False, repr=False)

    def asked_by(self, cluster: Cluster) -> bool:
        """Say whether istiod is asked at all: it was there, and a cluster's user may."""
        return not self.why_blind and cluster.may(Right("get", "pods/portforward", "", self.namespace))

    def acks(self, cluster: Cluster, tunnels: PortForwardPool) -> tuple[dict[str, Ack], str]:
        """Ask every istiod what its proxies acknowledged.

        Returns
        -------
        dict of str to Ack
            By ``pod.namespace``, as istiod names proxies.
        str
            Why nothing is known; empty when something is.
        """
        if self.why_blind:
            return {}, self.why_blind
        found: dict[str, Ack] = {}
        try:
            if not self._now.get("pods", self.pods):
                self._look(cluster)
            asked = self._now.get("pods", self.pods)
            failed = self._ask(cluster, tunnels, found, asked)
            if failed:
                # It was started again, under another name, or its node is lost: then it stays listed, but not as ready.
                self._look(cluster)
                waited = {pod for pod, error in failed.items() if isinstance(error, TimeoutError)}
                again = [pod for pod in self._now["pods"] if pod not in asked or pod in failed.keys() - waited]
                failed |= self._ask(cluster, tunnels, found, again)
        except ForbiddenError as error:
            return {}, error.what
        except MeshError as error:
            return found, "" if found else f"istiod does not answer: {error}"
        if found:
            return found, ""
        there = [error for pod, error in failed.items() if pod in self._now.get("pods", self.pods)]
        if there:
            return found, f"istiod does not answer: {there[-1]}"
        return found, "" if self._now.get("pods", self.pods) else f"no istiod runs in {self.namespace}"

    def _look(self, cluster: Cluster) -> None:
        """Find out which istiod pods run now; those that are not ready serve no proxy, where others are."""
        running = _running(cluster, self.namespace)
        ready = [item for item in running if is_ready(item)]
        self._now["pods"] = tuple(name_of(item) for item in ready or running)

    def _ask(
        self, cluster: Cluster, tunnels: PortForwardPool, found: dict[str, Ack], pods: Sequence[str]
    ) -> dict[str, Exception]:
        """Ask some of them; give those that did not answer, with why not."""
        failed: dict[str, Exception] = {}
        for pod in pods:
            try:
                proxies = decoder(list[_Proxy])(tunnels.get(cluster, self.namespace, pod, PORT, "/debug/syncz"))
                told = {str(proxy["proxy"]): _ack(proxy) for proxy in proxies}
            except ForbiddenError:
                raise
            except (MeshError, TimeoutError, ValueError, KeyError) as error:
                failed[pod] = error
                continue
            # One that a proxy has left may not know it yet: what it says of old is no proof.
            found |= {name: ack for name, ack in told.items() if name not in found or found[name].settled}
        return failed


def find(cluster: Cluster, namespace: str, system: str = "istio-system") -> Istio:
    """Look for Istio.

    Parameters
    ----------
    cluster : Cluster
    namespace : str
        Whose revision counts, where several are installed.
    system : str
        Istio's own namespace.

    Raises
    ------
    MeshError
        The cluster does not know Istio's kinds; the message says how it is installed.
    """
    kinds = tuple(_kinds(cluster))
    if not any(kind.ours for kind in kinds):
        raise MeshError(
            f"There is no Istio in the cluster of the context {cluster.context!r}.",
            why=[f"it knows none of the kinds {TRAFFIC_EXTENSION}, {WASM_PLUGIN} and {ENVOY_FILTER}"],
            hint=NO_ISTIO.replace("NAMESPACE", namespace),
            code="WNB4019",
        )
    try:
        running = _running(cluster, system)
    except ForbiddenError as error:
        return Istio(_guess(kinds), "", system, (), kinds, error.what)
    if not running:
        why = f"no istiod runs in the namespace {system}"
        return Istio(_guess(kinds), "", system, (), kinds, why)
    wanted = _revision_of(cluster, namespace)
    first = next((item for item in running if _revision(item) == wanted), running[0])
    revision = _revision(first)
    may = cluster.may(Right("get", "pods/portforward", "", system))
    names = tuple(name_of(item) for item in running)
    why = "" if may else f"You may not get pods/portforward in the namespace {system}."
    return Istio(_version(first) or _guess(kinds), revision, system, names, kinds, why)


def _running(cluster: Cluster, system: str) -> list[Mapping[str, Any]]:
    """List the istiod pods that run and stay."""
    right = Right("list", "pods", "", system)
    query = {"labelSelector": "app=istiod"}
    items = cluster.request("GET", f"/api/v1/namespaces/{system}/pods", query=query, right=right)["items"]
    staying = [item for item in items if not item["metadata"].get("deletionTimestamp")]
    return [item for item in staying if item.get("status", {}).get("phase") == _RUNNING]


def _revision(istiod: Mapping[str, Any]) -> str:
    return str((istiod["metadata"].get("labels") or {}).get(_REVISION, _DEFAULT))


def _revision_of(cluster: Cluster, namespace: str) -> str:
    """Say which revision injects a namespace's pods, as its label says; the default one where nothing is said."""
    try:
        item = cluster.request("GET", f"/api/v1/namespaces/{namespace}", right=Right("get", "namespaces"))
    except (ForbiddenError, MissingError):
        return _DEFAULT
    return str((item["metadata"].get("labels") or {}).get(_REVISION, _DEFAULT))


def _kinds(cluster: Cluster) -> list[ObjectKind]:
    found: list[ObjectKind] = []
    for group, version in dict.fromkeys((kind.group, kind.version) for kind in KINDS.values()):
        try:
            resources = cluster.request("GET", f"/apis/{group}/{version}")["resources"]
        except MissingError:
            continue
        plurals = {resource["name"] for resource in resources}
        found += [kind for kind in KINDS.values() if kind.group == group and kind.plural in plurals]
    return found


def _version(item: Mapping[str, Any]) -> str:
    """Read the version off the image of istiod; a private build's tag need not have one."""
    for container in item["spec"]["containers"]:
        found = _VERSION.search(str(container["image"]).rpartition(":")[2])
        if found:
            return found[0]
    return ""


def _guess(kinds: tuple[ObjectKind, ...]) -> str:
    names = {kind.name for kind in kinds if kind.ours}
    # TrafficExtension came with 1.30, WasmPlugin with 1.12 (istio/api, extensions/v1alpha1).
    return "1.30" if TRAFFIC_EXTENSION in names else "1.12" if WASM_PLUGIN in names else ""


def _ack(proxy: _Proxy) -> Ack:
    sent, acked = str(proxy.get("extensionconfig_sent") or ""), str(proxy.get("extensionconfig_acked") or "")
    error = ""
    for kind, resource in (proxy.get("resources") or {}).items():
        if str(kind).endswith("TypedExtensionConfig"):
            sent, acked = str(resource.get("sent") or sent), str(resource.get("acked") or acked)
            error = str(resource.get("lastError") or "")
    return Ack(sent, acked, error)
