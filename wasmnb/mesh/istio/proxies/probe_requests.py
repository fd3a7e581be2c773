"""Requests of ours to pods, each sent by the pod to itself: through its proxy, or past it to the application.

From its proxy's container to the pod's own address, a request is led by the pod's rules into the proxy, as if it came
from outside; to the loopback address it is not (Istio, ``tools/istio-iptables``: what the proxy's user sends).
"""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, TypeVar

from wasmnb.envoy.own_requests import OwnRequests
from wasmnb.errors import MeshError, TrafficError
from wasmnb.mesh.istio.proxies.peer_requests import Errands, PeerRequests
from wasmnb.mesh.istio.proxies.pods import PROXY, app, ip_of, is_waypoint, labels, name_of, proxy_started, uid
from wasmnb.traffic import Headers, Request

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from datetime import datetime
    from typing import TypeAlias

    from wasmnb.envoy.exchange import Probe
    from wasmnb.mesh.istio.api.cluster import Cluster
    from wasmnb.mesh.istio.proxies.admin import Admin
    from wasmnb.mesh.istio.proxies.peer_requests import ByPeer
    from wasmnb.traffic import Response

    Asked: TypeAlias = tuple[Mapping[str, Any], Probe, str]
    """A pod, what it is asked, and the id of the plugin that is looked for."""

__all__ = ["AT_ONCE", "ProbeRequests"]

_T = TypeVar("_T")
_ANSWER = 3.0
_LASTS = 3.0  # seconds for which what policies say is believed
AT_ONCE = 16
"""Requests at the same time."""
_WAYPOINT = "no request of ours comes to it: a waypoint takes HBONE only, which ztunnel and other proxies speak"
_NO_PORT = "no request of ours comes to it: its proxy names no port at which it takes HTTP without TLS"
_LOOPBACK = "127.0.0.1"
_BY_PROXY = "x-envoy-"
"""What only a proxy writes (Envoy, ``router.cc``)."""


class ProbeRequests:
    """Sends requests to pods, and counts the answers.

    Parameters
    ----------
    cluster : Cluster
    namespace : str
    ports : callable
        Gives the ports of a pod that its proxy reads as HTTP.
    root : str
        Istio's own namespace, whose policies are for all.
    admin : Admin, optional
        By which it is known which pod answered another one.
    """

    def __init__(
        self,
        cluster: Cluster,
        namespace: str,
        ports: Callable[[str], Sequence[int]],
        root: str = "",
        admin: Admin | None = None,
    ) -> None:
        self.cluster = cluster
        self.namespace = namespace
        self._peers = PeerRequests(cluster, namespace, admin, self._count)
        self._ports = ports
        self._root = root
        self._unanswered: set[str] = set()
        self._policies: tuple[float, list[dict[str, Any]]] = (float("-inf"), [])
        self._own: dict[str, OwnRequests] = {}
        # By plugin: the ports to which it is confined, since when.
        self._confined: dict[str, tuple[datetime, tuple[int, ...]]] = {}
        self._lock = threading.Lock()
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="wasmnb-proving")

    def close(self) -> None:
        """End the threads."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def each(self, look: Callable[[Mapping[str, Any]], _T], items: Collection[Mapping[str, Any]]) -> list[_T]:
        """Do something with pods, with many at the same time."""
        return list(self._threads.map(look, items))

    def confine(self, plugin: str, ports: tuple[int, ...], since: datetime) -> bool:
        """Take in at which ports a plugin acts, at all where none are named; say whether that is news.

        Parameters
        ----------
        plugin : str
        ports : tuple of int
        since : datetime
            When it was said: who looks may know less than who deploys at that moment.
        """
        then, known = self._confined.get(plugin, (since, ()))
        if since < then:
            return False
        self._confined[plugin] = since, ports
        return ports != known

    def release(self, plugin: str) -> None:
        """Forget at which ports a plugin that is gone acted."""
        self._confined.pop(plugin, None)

    def confined(self, plugin: str) -> tuple[int, ...]:
        """Give the ports to which a plugin is confined; none where it acts at all."""
        return self._confined.get(plugin, (None, ()))[1]

    def port(self, item: Mapping[str, Any], plugin: str) -> int:
        """Give the port of a pod at which a plugin is looked for; 0 where there is none, or nobody can say."""
        return self.first(self._ports(name_of(item)), plugin)

    def first(self, ports: Sequence[int], plugin: str) -> int:
        """Give which of some ports a plugin is looked for at; 0 for none."""
        confined = self.confined(plugin)
        return next((port for port in ports if not confined or port in confined), 0)

    def send(self, wanted: Sequence[Asked]) -> list[Response | None]:
        """Send requests to pods; None for each that was not answered in time.

        A pod that takes mutual TLS only is asked by another one.
        """
        return self._completed(wanted, list(self._threads.map(lambda one: self._itself(*one), wanted)))

    def _completed(self, wanted: Sequence[Asked], answers: Sequence[Response | None]) -> list[Response | None]:
        """Have others ask the pods that take mutual TLS only, and take in which pods answered."""
        by_peer = self._ask_peers([one for one, answer in zip(wanted, answers, strict=True) if answer is None])
        found: list[Response | None] = []
        for (item, probe, plugin), answer in zip(wanted, answers, strict=True):
            theirs = by_peer.get((uid(item), probe, self.confined(plugin))) if answer is None else None
            found.append(theirs.pop() if theirs else answer)
        for (item, _, plugin), answer in zip(wanted, found, strict=True):
            self._note(item, answer, plugin)
        return found

    def _note(self, item: Mapping[str, Any], answer: Response | None, plugin: str) -> None:
        """Remember whether a pod left a request unanswered; where no port is read as HTTP, nothing was sent."""
        silent = answer is None and bool(self.port(item, plugin))
        with self._lock:
            (self._unanswered.add if silent else self._unanswered.discard)(uid(item))

    def _ask_peers(self, wanted: Sequence[Asked]) -> dict[tuple[str, Probe, tuple[int, ...]], list[ByPeer]]:
        """Have those of some pods asked by others that take mutual TLS only, each as often as it is named."""
        strict: dict[tuple[Probe, int, tuple[int, ...]], list[Mapping[str, Any]]] = {}
        for item, probe, plugin in wanted:
            if self._strict(item, plugin):
                strict.setdefault((probe, self.port(item, plugin), self.confined(plugin)), []).append(item)
        found: dict[tuple[str, Probe, tuple[int, ...]], list[ByPeer]] = {}
        with ExitStack() as under_way:
            for item in {uid(item): item for items in strict.values() for item in items}.values():
                under_way.enter_context(self.own(item).asking())
            by_group = self._peers.answers([Errands(items, probe, port) for (probe, port, _), items in strict.items()])
        for (probe, _, confined), met in zip(strict, by_group, strict=True):
            for pod, answers in met.items():
                found.setdefault((pod, probe, confined), []).extend(answers)
        return found

    def past(self, wanted: Sequence[Asked]) -> list[Response | None]:
        """Send requests past the proxies of pods to their applications; None where that is not what answered."""
        return list(self._threads.map(lambda one: self._past(*one), wanted))

    def ask(self, item: Mapping[str, Any], probe: Probe, plugin: str) -> Response | None:
        """Send a request to a pod, through its proxy; None when it was not answered in time.

        It is sent by the thread that asks, which may be one of those that `each` waits for.
        """
        return self._completed([(item, probe, plugin)], [self._itself(item, probe, plugin)])[0]

    def _itself(self, item: Mapping[str, Any], probe: Probe, plugin: str) -> Response | None:
        with self.own(item).asking():
            response = self._ask(item, probe, ip_of(item), plugin)
            if response is not None:
                self._count(item, response)
        return response

    def _count(self, item: Mapping[str, Any], response: Response) -> None:
        self.own(item).add(proxy_started(item), response.status)

    def why_unanswered(self, item: Mapping[str, Any], plugin: str, ports: Sequence[int] | None = None) -> str:
        """Say why the last request to a pod was not answered, or none could be sent; empty where it was answered.

        Parameters
        ----------
        item : mapping
        plugin : str
        ports : sequence of int, optional
            Those of the pod at which it takes HTTP, as it was seen; None where it was not looked at.
        """
        if ports is not None and not self.first(ports, plugin):
            return _WAYPOINT if is_waypoint(item) else _NO_PORT
        if uid(item) not in self._unanswered:
            return ""
        policy = self._strict(item, plugin)
        if not policy:
            return "no request of ours was answered in time"
        why = f"no request of ours was answered: the pod takes mutual TLS only (STRICT), as the policy {policy} says"
        return "; ".join(filter(None, [why, self._peers.why_not(item)]))

    def late(self, item: Mapping[str, Any], plugin: str) -> bool:
        """Say whether a pod left the last request unanswered though it may answer the next: nothing forbids it."""
        return uid(item) in self._unanswered and not (self._strict(item, plugin) and self._peers.why_not(item))

    def _strict(self, item: Mapping[str, Any], plugin: str) -> str:
        """Name the policy by which a pod takes mutual TLS only, which a request of the pod to itself has not."""
        from wasmnb.mesh.istio.requests import mtls  # noqa: PLC0415 - where a request was not answered

        at, found = self._policies
        if time.monotonic() - at > _LASTS:
            found = mtls.policies(self.cluster, (self.namespace, self._root or self.namespace)) or []
            self._policies = (time.monotonic(), found)
        port = self.port(item, plugin) if found else 0
        return mtls.strict(found, labels(item), port, namespace=self.namespace, root=self._root) if port else ""

    def own(self, item: Mapping[str, Any]) -> OwnRequests:
        """Give the answers of a pod's proxy that were to requests of ours, counted since `proxy_started`."""
        with self._lock:
            return self._own.setdefault(uid(item), OwnRequests())

    def keep(self, items: Collection[Mapping[str, Any]]) -> None:
        """Forget all but these pods."""
        pods = {uid(item) for item in items}
        self._peers.keep(items)
        with self._lock:
            self._own = {pod: own for pod, own in self._own.items() if pod in pods}
            self._unanswered &= pods

    def _past(self, item: Mapping[str, Any], probe: Probe, plugin: str) -> Response | None:
        response = self._ask(item, probe, _LOOPBACK, plugin)
        self._note(item, response, plugin)
        by_proxy = response is None or any(name.lower().startswith(_BY_PROXY) for name, _ in response.headers)
        return None if by_proxy else response

    def _ask(self, item: Mapping[str, Any], probe: Probe, address: str, plugin: str) -> Response | None:
        from wasmnb.mesh.istio.requests.curl_script import Errand  # noqa: PLC0415 - for those who allow it

        name = name_of(item)
        port = self.port(item, plugin) if address else 0
        if not port:
            return None
        authority = f"{app(item) or address}:{port}"
        request = Request(probe.method, authority, probe.path, Headers(probe.lines), probe.body)
        errand = Errand(request, address, port, _ANSWER)
        try:
            done = self.cluster.execute(
                self.namespace, name, PROXY, errand.command, stdin=errand.stdin, timeout=_ANSWER + 2, over=errand.over
            )
            response, _, _ = errand.result(done)
        except (MeshError, TrafficError):
            return None
        return response
