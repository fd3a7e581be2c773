"""One request into a cluster's mesh: from which pod, past or through its proxy, to which pod."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from wasmnb.errors import MeshError, TrafficError, UsageError
from wasmnb.mesh.istio.api import namespaces
from wasmnb.mesh.istio.api.api_errors import ForbiddenError, MissingError, UnstartedError
from wasmnb.mesh.istio.proxies.pods import has_proxy, workload
from wasmnb.mesh.istio.requests import mtls, sender_pod, services
from wasmnb.mesh.istio.requests.curl_script import Errand
from wasmnb.mesh.istio.requests.request_transport import Ways
from wasmnb.mesh.suggestion import suggestion
from wasmnb.traffic import Headers, Request
from wasmnb.traffic.http_client import NotReadyError
from wasmnb.traffic.send import Answer, persist
from wasmnb.wording import Option, Wording, joined

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wasmnb.mesh.istio.api.cluster import Cluster
    from wasmnb.mesh.istio.api.transport import Transport
    from wasmnb.traffic import Exchange
    from wasmnb.wording import Text

__all__ = ["exchange"]

_BROKEN_OFF = 3  # times after which it is no accident
_IDEMPOTENT = {"GET", "HEAD"}


class _StrictError(TrafficError):
    """The target takes nothing but mutual TLS; ``policy`` names what says so, empty when it could not be read."""

    def __init__(self, what: Text, *, policy: str, **parts: Any) -> None:
        super().__init__(what, **parts)
        self.policy = policy


@dataclass
class _Memory:
    """What is remembered of a cluster: whose turn it is, and which way led out of a pod."""

    turns: dict[tuple[str, str], int] = field(default_factory=dict)
    ways: dict[tuple[str, bool], Transport] = field(default_factory=dict)


_memories: WeakKeyDictionary[Cluster, _Memory] = WeakKeyDictionary()
_lock = threading.Lock()


def exchange(
    cluster: Cluster,
    namespace: str,
    source: str,
    url: str,
    *,
    method: str = "GET",
    headers: Sequence[tuple[str, str]] = (),
    body: bytes = b"",
    via: str = "proxy",
    timeout: float = 5.0,
    pod: str = "",
    root: str = "istio-system",
) -> Exchange:
    """Send one request as a pod, and give the exchange as it came over the wire; see ``Mesh.send``.

    Parameters
    ----------
    cluster : Cluster
    namespace : str
        Of the source, and of the service where the URL names no other.
    source : str
        Pod, workload or app.
    url, method, headers, body, via, timeout, pod
        As for ``Mesh.send``.
    root : str
        Istio's root namespace.

    Returns
    -------
    Exchange
        ``notes`` say by what it was sent, and why by that.

    Raises
    ------
    BadNameError, UsageError, TrafficError, ForbiddenError, MeshError
    """
    if via not in ("proxy", "app"):
        raise UsageError(f"{via!r} is not a way to send.", hint=suggestion(via, ("proxy", "app")))
    target = services.locate(cluster, namespace, url)
    item = sender_pod.find(cluster, namespace, source)
    request = Request(method, target.authority, target.path, Headers(tuple(headers)), body)
    sending = _Sending(cluster, item, target, request, pod, root)
    if via == "app":
        return sending.through(timeout)
    if not has_proxy(item):
        name = item["metadata"]["name"]
        bare = namespaces.injected(cluster, str(item["metadata"]["namespace"]))
        raise MeshError(
            f"{name} has no proxy that could send.",
            why=["the container istio-proxy is not in it"],
            hint=joined(
                bare or "a pod from before its namespace was injected gets one when it is restarted",
                Wording("{} sends from the application", Option("via", "app")),
            ),
        )
    return sending.past(timeout)


@dataclass(frozen=True)
class _Sending:
    cluster: Cluster
    item: dict[str, Any]
    target: services.Target
    request: Request
    pod: str
    root: str
    broken: list[NotReadyError] = field(default_factory=list)

    def past(self, timeout: float) -> Exchange:
        """Send past the source's proxy, straight to the target's; through it where that is refused by design."""
        begin = time.monotonic()
        try:
            return self._persist(self._direct, "proxy", timeout)
        except _StrictError as error:
            refused = error
        if self.pod:
            raise self._no_choice(refused)
        left = max(timeout - (time.monotonic() - begin), 1.0)
        said = (
            f"as the policy {refused.policy} says"
            if refused.policy
            else "it seems, because it broke off the connections"
        )
        note = (
            f"{self.target.service} takes mutual TLS only (STRICT), {said}, and refuses plain HTTP past the caller's"
            " proxy; so this went through that proxy, which answers 502 to a header name such as 你好"
        )
        return self._persist(self._outbound, "app", left, note)

    def _no_choice(self, refused: _StrictError) -> TrafficError:
        """Make the error for a named pod that only the caller's proxy could be answered by, which chooses itself."""
        said = f"the policy {refused.policy}" if refused.policy else "it broke off every connection"
        return TrafficError(
            f"{self.pod} takes mutual TLS only (STRICT), so it cannot be asked past the caller's proxy.",
            why=[said, *refused.why],
            hint="leave the pod open: the request then goes through the caller's proxy, which chooses one",
            code="WNB4054",
        )

    def through(self, timeout: float) -> Exchange:
        """Send as the application does, through both proxies."""
        return self._persist(self._outbound, "app", timeout)

    def _persist(self, attempt: Any, via: str, timeout: float, *notes: str) -> Exchange:
        found = persist(attempt, self.request, source=workload(self.item), via=via, timeout=timeout)
        return replace(found, notes=(*notes, *found.notes))

    def _direct(self, left: float) -> Answer:
        endpoint = self._endpoint()
        host, port = (endpoint.address, endpoint.port) if endpoint else (self._host, self.target.port)
        try:
            return self._carry(host, port, left, past=True, pod=endpoint.pod if endpoint else self.target.service)
        except NotReadyError as error:
            if error.sent and endpoint is not None:
                self._explain(error, endpoint)
            raise

    def _outbound(self, left: float) -> Answer:
        try:
            found = services.ready(self.cluster, self.target)
        except ForbiddenError:
            found = []
        if self.pod:
            services.named(self.pod, found, self.target)
            if len(found) > 1:
                raise UsageError(
                    f"Through the application's proxy no pod of {self.target.service} can be chosen:"
                    " that proxy chooses.",
                    hint=Wording("send past it, with {}", Option("via", "proxy")),
                )
        # The source's proxy chooses among several pods, and its response does not say which it chose.
        pod = found[0].pod if len(found) == 1 else self.target.service
        return self._carry(self._host, self.target.port, left, past=False, pod=pod)

    @property
    def _host(self) -> str:
        return f"{self.target.service}.{self.target.namespace}"

    def _endpoint(self) -> services.Endpoint | None:
        """Choose the pod that is to answer; None where it is not known which there are, and the cluster chooses."""
        try:
            found = services.ready(self.cluster, self.target)
        except ForbiddenError:
            if self.pod:
                raise
            return None
        if self.pod:
            return services.named(self.pod, found, self.target)
        if not found:
            error = services.nobody(self.target)
            raise NotReadyError(error.what, why=error.why, hint=error.hint)
        key = (self.target.namespace, self.target.service)
        with _lock:
            turns = _memory(self.cluster).turns
            turn = turns[key] = turns.get(key, -1) + 1
        return found[turn % len(found)]

    def _carry(self, host: str, port: int, left: float, *, past: bool, pod: str) -> Answer:
        begin = time.perf_counter()
        ways = _memory(self.cluster).ways
        key = (str(self.item["metadata"]["uid"]), past)
        try:
            carried, ways[key] = Ways(self.cluster, self.item, past).carry(
                Errand(self.request, host, port, left), ways.get(key)
            )
        except UnstartedError as error:
            # A container that starts just now, or a kubelet that does not answer just now.
            raise NotReadyError(error.what, why=error.why, hint=error.hint) from None
        seconds = time.perf_counter() - begin if carried.seconds is None else carried.seconds
        return Answer(carried.response, pod, seconds, carried.notes)

    def _explain(self, error: NotReadyError, endpoint: services.Endpoint) -> None:
        """Raise where the reason is that the target takes mutual TLS only."""
        home = endpoint.namespace or self.target.namespace
        found = mtls.policies(self.cluster, (home, self.root))
        try:
            path = f"/api/v1/namespaces/{home}/pods/{endpoint.pod}"
            labels = self.cluster.request("GET", path)["metadata"].get("labels") or {}
        except (ForbiddenError, MissingError):
            found, labels = None, {}
        self.broken.append(error)
        policy = mtls.strict(found or [], labels, endpoint.port, namespace=home, root=self.root)
        # Where the policies may not be read, what happens again and again is the only sign; a request that somebody may
        # have seen is not sent twice for it.
        seems = found is None and len(self.broken) >= _BROKEN_OFF and self.request.method in _IDEMPOTENT
        if policy or seems:
            raise _StrictError(error.what, why=error.why, policy=policy) from None


def _memory(cluster: Cluster) -> _Memory:
    return _memories.setdefault(cluster, _Memory())
