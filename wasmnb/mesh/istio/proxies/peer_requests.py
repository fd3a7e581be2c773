"""Requests to pods that take mutual TLS only: an application beside them sends each, and its own proxy encrypts it.

That proxy chooses which pod of the service answers, and the answer does not say; but it counts the requests of each
(Envoy, ``/clusters``: ``rq_total``). Where one count has grown by one, and no other, that pod answered.
"""

from __future__ import annotations

import re
import threading
import time
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from wasmnb.errors import MeshError, TrafficError
from wasmnb.mesh.istio.api.api_errors import ForbiddenError, NoProgramError
from wasmnb.mesh.istio.api.rbac import Right
from wasmnb.mesh.istio.proxies.config_dump import ECDS, NO_ENTRIES, entries
from wasmnb.mesh.istio.proxies.pods import has_application, has_proxy, ip_of, is_ready, name_of, uid
from wasmnb.traffic import Headers, Request, Response

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from wasmnb.envoy.exchange import Probe
    from wasmnb.mesh.istio.api.cluster import Cluster
    from wasmnb.mesh.istio.proxies.admin import Admin

__all__ = ["ByPeer", "PeerRequests"]

_ANSWER = 3.0
_LASTS = 5.0  # seconds for which it is believed which services there are
_MOST = 32
"""Requests for one probe of one look: the pods that none of them met are asked at the next."""
_CLUSTERS = "/clusters"
_DISCOVERY = "discovery.k8s.io"
_NO_SERVICE = "no service of this namespace leads to it, by which another pod could ask it"
_CHANGES = "what may change something is not sent where another pod of its service might get it"
_NOBODY = (
    "no pod here can ask it instead: one with a sidecar that has no filter, and with curl, python3 or nc in its "
    "application's container"
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


class PeerRequests:
    """Sends them.

    Parameters
    ----------
    cluster : Cluster
    namespace : str
    admin : Admin or None
        None where nobody is asked.
    """

    def __init__(self, cluster: Cluster, namespace: str, admin: Admin | None) -> None:
        self._cluster = cluster
        self._namespace = namespace
        self._admin = admin
        self._pods: dict[str, Mapping[str, Any]] = {}
        # Those whose application has no program that could send.
        self._mute: set[str] = set()
        self._services: tuple[float, list[_Service]] = (float("-inf"), [])
        self._why = ""
        # One at a time: whose request was counted would not be known.
        self._lock = threading.Lock()

    @property
    def why_not(self) -> str:
        """Why the last one could not be sent; empty when it was."""
        return self._why

    def keep(self, pods: Collection[Mapping[str, Any]]) -> None:
        """Take in which pods there are."""
        self._pods = {uid(item): item for item in pods}
        self._mute &= self._pods.keys()

    def answers(self, items: Sequence[Mapping[str, Any]], probe: Probe, port: int) -> dict[str, list[ByPeer]]:
        """Have pods asked; give the answers of those that were met, by their uids.

        Parameters
        ----------
        items : sequence of mapping
            Each pod as often as it is to answer.
        probe : Probe
            One that may change something is only sent where a service has no other pod that might get it.
        port : int
            Of the pods.
        """
        found: dict[str, list[ByPeer]] = {}
        times = Counter(uid(item) for item in items)
        with self._lock:
            self._why = _NO_SERVICE
            try:
                for service in self._reaching(items, port):
                    wanted = {_at(ip_of(item), port): item for item in items if uid(item) not in found}
                    mine = {address: item for address, item in wanted.items() if address in service.addresses}
                    if probe.changes and len(service.addresses) > 1:
                        self._why = _CHANGES
                    elif mine:
                        found |= self._met(service, mine, probe, times)
            except (ForbiddenError, TimeoutError) as error:
                self._why = error.what if isinstance(error, MeshError) else str(error)
        return found

    def _met(
        self, service: _Service, wanted: Mapping[str, Mapping[str, Any]], probe: Probe, each: Mapping[str, int]
    ) -> dict[str, list[ByPeer]]:
        """Ask a service until each of these pods, by their addresses, has answered as often as it is to."""
        most = max(each[uid(item)] for item in wanted.values())
        for peer in self._peers(service):
            found: dict[str, list[ByPeer]] = {}
            times = 1 if probe.changes else min(_MOST, 3 * len(service.addresses) * most)
            try:
                for _ in range(times):
                    address, answer = self._ask(peer, service, probe)
                    if address in wanted and answer is not None:
                        found.setdefault(uid(wanted[address]), []).append(answer)
                    if all(len(found.get(uid(item), ())) >= each[uid(item)] for item in wanted.values()):
                        break
            except NoProgramError:
                self._mute.add(uid(peer))
                continue
            name = name_of(peer)
            if found and not self._bare(peer):
                # A plugin for both came to it meanwhile: what was seen may be the doing of its own proxy.
                self._why = f"{name}, which asked, may have got a filter itself meanwhile"
                return {}
            self._why = "" if found else f"{name} asked its service {times} times, and it is not sure that it answered"
            return found
        self._why = _NOBODY
        return {}

    def _ask(self, peer: Mapping[str, Any], service: _Service, probe: Probe) -> tuple[str, ByPeer | None]:
        """Have a pod send a request to a service; give the address of who answered, empty where that is not sure."""
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
        if len(asked) != 1 or grown[asked[0]] != 1:
            return "", None
        return asked[0], ByPeer(**{**vars(response), "peer": name})

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

    def _peers(self, service: _Service) -> Iterator[Mapping[str, Any]]:
        """Give the pods that may ask: others, whose proxies have no filter that might be taken for one in question."""
        hosts = {address.rpartition(":")[0] for address in service.addresses}
        for item in self._pods.values():
            behind = _at(ip_of(item), 0).rpartition(":")[0] in hosts
            able = has_application(item) and has_proxy(item) and uid(item) not in self._mute
            if not behind and able and _serves(item) and self._bare(item):
                yield item

    def _bare(self, item: Mapping[str, Any]) -> bool:
        if self._admin is None:
            return False
        try:
            return not entries(self._admin.get(name_of(item), ECDS))
        except MeshError as error:
            return any(NO_ENTRIES in line for line in error.why)
        except (TimeoutError, ValueError):
            return False

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


def _at(address: str, port: int) -> str:
    """Write down where a pod is reached, as Envoy does."""
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def _serves(item: Mapping[str, Any]) -> bool:
    """Say whether a pod's application runs, and stays."""
    return is_ready(item) and not item["metadata"].get("deletionTimestamp")
