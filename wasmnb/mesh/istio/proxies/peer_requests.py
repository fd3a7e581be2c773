"""Requests to pods that take mutual TLS only: an application beside them sends each, and its own proxy encrypts it.

That proxy chooses which pod of the service answers, and the answer does not say; but it counts the requests of each
(Envoy, ``/clusters``: ``rq_total``). Where one count has grown, and no other, that pod answered.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from wasmnb.envoy.effect import UPSTREAM
from wasmnb.errors import MeshError, TrafficError
from wasmnb.mesh.istio.api.api_errors import ForbiddenError, NoProgramError
from wasmnb.mesh.istio.api.rbac import Right
from wasmnb.mesh.istio.proxies.config_dump import ECDS, LISTENERS, NO_ENTRIES, entries, listeners
from wasmnb.mesh.istio.proxies.pods import has_application, has_proxy, ip_of, is_ready, name_of, uid
from wasmnb.mesh.istio.proxies.shared_state import forget
from wasmnb.traffic import Headers, Request, Response

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
    from typing import TypeAlias

    from wasmnb.envoy.exchange import Probe
    from wasmnb.mesh.istio.api.cluster import Cluster
    from wasmnb.mesh.istio.proxies.admin import Admin

    _Behind: TypeAlias = Mapping[str, Mapping[str, Any]]
    """Pods behind a service, by their addresses."""

__all__ = ["ByPeer", "Errands", "PeerRequests"]

_ANSWER = 3.0
_LASTS = 5.0  # seconds for which it is believed which services there are
_MOST = 32
"""Requests for one probe of one look: the pods that none of them met are asked at the next."""
_SILENT = 3
"""Requests to one service that nobody answers in time, after which it is asked no more at that look."""
_AT_ONCE = 8
"""Services that are asked at the same time."""
_ROUTES = "/config_dump?resource=dynamic_route_configs&name_regex="
"""Of a port, which Istio names by its number, or by a service and its number (Istio, ``httproute.go``)."""
_CHANGES_HEADERS = ('"response_headers_to_add"', '"response_headers_to_remove"')
_CORS = '"envoy.filters.http.cors"'
_CLUSTERS = "/clusters"
_DISCOVERY = "discovery.k8s.io"
_NO_SERVICE = "no service of this namespace leads to it, by which another pod could ask it"
_CHANGES = "what may change something is not sent where another pod of its service might get it"
_NOBODY = (
    "no pod here can ask it instead: one with a sidecar that has no filter and changes no headers of answers, and with "
    "curl, python3 or nc in its application's container"
)


@dataclass(frozen=True)
class ByPeer(Response):
    """What a pod answered another one, which is ``peer``: the proxies of both stand between."""

    peer: str = ""


class _Service(NamedTuple):
    """A service with a port, and the addresses of the pods behind it that are ready."""

    name: str
    port: int
    addresses: frozenset[str]

    @property
    def authority(self) -> str:
        return f"{self.name}:{self.port}"


class Errands(NamedTuple):
    """What pods are to be asked by others.

    Parameters
    ----------
    items : sequence of mapping
        The pods, each as often as it is to answer.
    probe : Probe
        One that may change something is only sent where a service has no other pod that might get it.
    port : int
        Of the pods.
    """

    items: Sequence[Mapping[str, Any]]
    probe: Probe
    port: int


class PeerRequests:
    """Sends them.

    Parameters
    ----------
    cluster : Cluster
    namespace : str
    admin : Admin or None
        None where nobody is asked.
    count : callable
        Is told of each answer of a pod, also of those that were not wanted: its proxy counts them, too.
    """

    def __init__(
        self,
        cluster: Cluster,
        namespace: str,
        admin: Admin | None,
        count: Callable[[Mapping[str, Any], Response], None],
    ) -> None:
        self._count = count
        self._cluster = cluster
        self._namespace = namespace
        self._admin = admin
        self._pods: dict[str, Mapping[str, Any]] = {}
        # Those whose application has no program that could send.
        self._mute: set[str] = set()
        self._services: tuple[float, list[_Service]] = (float("-inf"), [])
        # By pod.
        self._why: dict[str, str] = {}
        # One look at a time, and of it one request to each service: whose request was counted would not be known.
        self._lock = threading.Lock()

    def why_not(self, item: Mapping[str, Any]) -> str:
        """Say why a pod was not asked the last time, or not met; empty where it was."""
        return self._why.get(uid(item), "")

    def keep(self, pods: Collection[Mapping[str, Any]]) -> None:
        """Take in which pods there are."""
        self._pods = {uid(item): item for item in pods}
        self._mute &= self._pods.keys()
        forget(self._why, lambda pod: pod not in self._pods)

    def answers(self, wanted: Sequence[Errands]) -> list[dict[str, list[ByPeer]]]:
        """Have pods asked, those of several services at the same time; give the answers of those met, by their uids."""
        found: list[dict[str, list[ByPeer]]] = [{} for _ in wanted]
        if not wanted:
            return found
        done: set[tuple[int, _Service]] = set()
        with self._lock, ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="wasmnb-peers") as threads:
            self._why.update({uid(item): _NO_SERVICE for one in wanted for item in one.items})
            try:
                while due := self._due(wanted, found, done):
                    each = threads.map(
                        lambda one: self._of(one[0], [(at, wanted[at], mine) for at, mine in one[1]]), due
                    )
                    for told in each:
                        for at, met in told:
                            found[at] |= met
            except (MeshError, TimeoutError) as error:
                self._why.update({uid(item): _said(error) for one in wanted for item in one.items})
        return found

    def _due(
        self, wanted: Sequence[Errands], found: Sequence[Mapping[str, Any]], done: set[tuple[int, _Service]]
    ) -> list[tuple[_Service, list[tuple[int, _Behind]]]]:
        """Choose for each pod that was not met yet a service that was not asked for it; give them by service."""
        due: dict[_Service, list[tuple[int, _Behind]]] = {}
        for at, (items, _, port) in enumerate(wanted):
            left = {_at(ip_of(item), port): item for item in items if uid(item) not in found[at]}
            for service in self._reaching(list(left.values()), port):
                mine = {address: item for address, item in left.items() if address in service.addresses}
                if mine and (at, service) not in done:
                    done.add((at, service))
                    due.setdefault(service, []).append((at, mine))
                    left = {address: item for address, item in left.items() if address not in mine}
        return list(due.items())

    def _of(
        self, service: _Service, due: Sequence[tuple[int, Errands, _Behind]]
    ) -> list[tuple[int, dict[str, list[ByPeer]]]]:
        """Ask one service for all that is wanted of its pods."""
        found = []
        for at, (items, probe, _), mine in due:
            met: dict[str, list[ByPeer]] = {}
            if probe.changes and len(service.addresses) > 1:
                why = _CHANGES
            else:
                try:
                    met, why = self._met(service, mine, probe, Counter(map(uid, items)))
                except (MeshError, TimeoutError) as error:
                    why = _said(error)
            self._why.update({uid(item): "" if uid(item) in met else why for item in mine.values()})
            found.append((at, met))
        return found

    def _met(
        self, service: _Service, wanted: _Behind, probe: Probe, each: Mapping[str, int]
    ) -> tuple[dict[str, list[ByPeer]], str]:
        """Ask a service until each of these pods has answered as often as it is to; say why one was not met."""
        most = max(each[uid(item)] for item in wanted.values())
        for peer in self._peers(service, probe):
            found: dict[str, list[ByPeer]] = {}
            times = 1 if probe.changes else min(_MOST, 3 * len(service.addresses) * most)
            asked = silent = 0
            try:
                while asked < times and silent < _SILENT:
                    asked += 1
                    address, answer = self._ask(peer, service, probe)
                    silent += answer is None
                    if address in wanted and answer is not None:
                        found.setdefault(uid(wanted[address]), []).append(answer)
                    if all(len(found.get(uid(item), ())) >= each[uid(item)] for item in wanted.values()):
                        break
            except NoProgramError:
                self._mute.add(uid(peer))
                continue
            name = name_of(peer)
            if found and not self._bare(peer, service, probe):
                # A plugin for both, or a route, came to it meanwhile: what was seen may be the doing of its own proxy.
                return {}, f"{name}, which asked, may have got a filter itself meanwhile"
            return found, f"{name} asked its service {asked} times, and it is not sure that it answered"
        return {}, _NOBODY

    def _ask(self, peer: Mapping[str, Any], service: _Service, probe: Probe) -> tuple[str, ByPeer | None]:
        """Have a pod send a request to a service; give the address of who answered, empty where that is not sure.

        The answer is None where none came in time.
        """
        from wasmnb.mesh.istio.requests.curl_script import Errand  # noqa: PLC0415 - for those who allow it
        from wasmnb.mesh.istio.requests.sender_pod import application  # noqa: PLC0415

        name = name_of(peer)
        request = Request(probe.method, service.authority, probe.path, Headers(probe.lines), probe.body)
        errand = Errand(request, f"{service.name}.{self._namespace}", service.port, _ANSWER)
        before = self._counted(name, service)
        try:
            done = self._cluster.execute(
                self._namespace,
                name,
                application(peer),
                errand.command,
                stdin=errand.stdin,
                timeout=_ANSWER + 2,
                over=errand.over,
            )
            response, _, _ = errand.result(done)
        except (NoProgramError, ForbiddenError):
            raise
        except (MeshError, TrafficError):
            return "", None
        after = self._counted(name, service)
        grown = {address: count - before.get(address, 0) for address, count in after.items()}
        asked = [address for address, count in grown.items() if count]
        answer = ByPeer(**{**vars(response), "peer": name})
        # What its own proxy answers, such as a fault that a route injects, was sent to nobody.
        if len(asked) != 1 or UPSTREAM not in response.headers:
            return "", answer
        host = asked[0].rpartition(":")[0]
        for item in self._pods.values():
            if _at(ip_of(item), 0).rpartition(":")[0] == host:
                self._count(item, answer)
        return asked[0], answer

    def _counted(self, pod: str, service: _Service) -> dict[str, int]:
        """Read how many requests a pod's proxy has sent to each pod of a service."""
        assert self._admin is not None  # noqa: S101 - else there are no peers
        host = re.escape(f"{service.name}.{self._namespace}.svc.")
        line = rf"^outbound\|{service.port}\|[^|]*\|{host}[^:|]*::(?P<address>\S+)::rq_total::(?P<count>\d+)$"
        found: dict[str, int] = {}
        for one in re.finditer(line, self._admin.get(pod, _CLUSTERS), re.MULTILINE):
            # A service's subsets have the same pods.
            found[one["address"]] = found.get(one["address"], 0) + int(one["count"])
        return found

    def _peers(self, service: _Service, probe: Probe) -> Iterator[Mapping[str, Any]]:
        """Give the pods that may ask: others, whose proxies do nothing that might be taken for a filter's doing."""
        hosts = {address.rpartition(":")[0] for address in service.addresses}
        for item in self._pods.values():
            behind = _at(ip_of(item), 0).rpartition(":")[0] in hosts
            able = has_application(item) and has_proxy(item) and uid(item) not in self._mute
            if not behind and able and _serves(item) and self._bare(item, service, probe):
                yield item

    def _bare(self, item: Mapping[str, Any], service: _Service, probe: Probe) -> bool:
        """Say whether a pod's proxy leaves answers of a service as they are: no filter, no route that changes any."""
        if self._admin is None:
            return False
        name, port = name_of(item), service.port
        try:
            if not self._unfiltered(name):
                return False
            there = listeners(self._admin.get(name, f"{LISTENERS}&name_regex=_{port}%24"))
            routes = json.loads(self._admin.get(name, f"{_ROUTES}%5E(.*:)?{port}%24"))
        except (MeshError, TimeoutError, ValueError):
            return False
        left = there.tells and not (there.active or any(one.written for one in there.chains))
        return left and self._passes(routes, service, probe)

    def _unfiltered(self, name: str) -> bool:
        assert self._admin is not None  # noqa: S101 - else there are no peers
        try:
            return not entries(self._admin.get(name, ECDS))
        except MeshError as error:
            return any(NO_ENTRIES in line for line in error.why)

    def _passes(self, dump: Mapping[str, Any], service: _Service, probe: Probe) -> bool:
        """Say whether routes lead to a service, and change no headers of answers, as a ``VirtualService`` may."""
        ours, found = f"{service.name}.{self._namespace}.svc.", False
        crossing = any(name.lower() == "origin" for name, _ in probe.headers)
        marks = (*_CHANGES_HEADERS, _CORS) if crossing else _CHANGES_HEADERS
        for one in dump.get("configs") or ():
            every = dict(one.get("route_config") or {})
            hosts = every.pop("virtual_hosts", None) or ()
            mine = [host for host in hosts if any(str(at).startswith(ours) for at in host.get("domains") or ())]
            if mine and any(mark in json.dumps([every, mine]) for mark in marks):
                return False
            found = found or bool(mine)
        return found

    def _reaching(self, items: Sequence[Mapping[str, Any]], port: int) -> list[_Service]:
        """Give the services behind which any of some pods is ready, with that port."""
        at, found = self._services
        if time.monotonic() - at > _LASTS:
            found = self._read()
            self._services = time.monotonic(), found
        addresses = {_at(ip_of(item), port) for item in items}
        return [one for one in found if addresses & one.addresses]

    def _read(self) -> list[_Service]:
        home = f"namespaces/{self._namespace}"
        right = Right("list", "endpointslices", _DISCOVERY, self._namespace)
        slices = self._cluster.request("GET", f"/apis/{_DISCOVERY}/v1/{home}/endpointslices", right=right)
        right = Right("list", "services", "", self._namespace)
        services = self._cluster.request("GET", f"/api/v1/{home}/services", right=right)
        ports = {
            (name_of(one), str(port.get("name") or "")): int(port["port"])
            for one in services.get("items") or ()
            for port in one["spec"].get("ports") or ()
        }
        behind: dict[tuple[str, int], set[str]] = {}
        for one in slices.get("items") or ():
            name = str((one["metadata"].get("labels") or {}).get("kubernetes.io/service-name") or "")
            for port in one.get("ports") or ():
                own = ports.get((name, str(port.get("name") or "")))
                if own is not None:
                    ready = [end for end in one.get("endpoints") or () if (end.get("conditions") or {}).get("ready")]
                    there = behind.setdefault((name, own), set())
                    there |= {_at(str(end["addresses"][0]), int(port["port"])) for end in ready}
        return [_Service(name, port, frozenset(there)) for (name, port), there in behind.items()]


def _said(error: Exception) -> str:
    return error.what if isinstance(error, MeshError) else str(error)


def _at(address: str, port: int) -> str:
    """Write down where a pod is reached, as Envoy does."""
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def _serves(item: Mapping[str, Any]) -> bool:
    """Say whether a pod's application runs, and stays."""
    return is_ready(item) and not item["metadata"].get("deletionTimestamp")
