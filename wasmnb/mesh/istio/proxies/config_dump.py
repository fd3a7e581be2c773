"""What a proxy's admin interface shows of discovered filters, read from its JSON.

Sources: Envoy 1.40, ``admin.v3.EcdsConfigDump``, ``ListenersConfigDump``; Istio, ``pkg/wasm/convert.go`` for the two
RBAC filters that the agent puts in the place of a module it could not fetch.
"""

from __future__ import annotations

import json
import posixpath
import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypedDict

from wasmnb.mesh.istio.api.typed_json import Raw, decoder, unread
from wasmnb.mesh.istio.proxies.pods import moment
from wasmnb.plugin.identity import same_values

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

__all__ = [
    "ECDS",
    "EVERY_ECDS",
    "INBOUND",
    "INBOUND_MARK",
    "LISTENERS",
    "NO_ENTRIES",
    "STATS",
    "Entry",
    "FilterChain",
    "Listeners",
    "Stats",
    "entries",
    "listeners",
    "machine_of",
    "mark",
    "stats",
]

ECDS = "/config_dump?resource=ecds_filters"
EVERY_ECDS = "/config_dump?mask=ecds_filters"
"""The same, with filters of connections beside those of requests.

The first page stops at the first kind that a proxy ever had; this one goes through the whole configuration (Envoy,
``config_dump_handler.cc``)."""
NO_ENTRIES = "ecds_filters not found"
"""What Envoy answers with a 404 where there is none."""
LISTENERS = "/config_dump?resource=dynamic_listeners"
INBOUND = LISTENERS + "&name_regex=%5EvirtualInbound$"
"""The one listener of a sidecar for what comes in (Istio, ``listener_inbound.go``): a part that is quickly read."""
_STATES = ("active_state", "warming_state", "draining_state")
INBOUND_MARK = f"{INBOUND}&mask=name,error_state," + ",".join(
    f"{state}.{field}" for state in _STATES for field in ("version_info", "last_updated")
)
"""The same without the listener itself: 0.2 KB for 37 KB, and a sixth of the time on the proxy's main thread."""
_COUNTED = (
    r"extension_config_discovery.*update_time",
    "watchdog_mega_miss",
    r"^wasm\..*vm_reload_success$",
    r"^cluster_manager\.(active|cluster_(add|remov)ed)",
    r"^listener_manager\.total_(filter_chains|listeners)_draining$",
)
STATS = f"/stats?format=json&filter={'|'.join(_COUNTED)}"

_OWN_PORT = 15006
"""Where all that comes in is caught; nobody is served on it itself (Istio, ``virtualInbound-blackhole``)."""
_DIGEST = re.compile(r"[0-9a-f]{64}")
_SLACK = timedelta(milliseconds=2)  # times of one process, cut to milliseconds
_WASM, _RBAC = "wasm.v3.Wasm", "rbac.v3.RBAC"
_WRITERS = (
    _WASM,  # one that is not discovered
    "lua.v3.Lua",
    "header_mutation.v3.HeaderMutation",
    "ext_proc.v3.ExternalProcessor",
    "ext_authz.v3.ExtAuthz",
    "golang.v3alpha.Config",
    "dynamic_modules.v3.DynamicModuleFilter",
    "ratelimit.v3.RateLimit",
    "local_ratelimit.v3.LocalRateLimit",
    "custom_response.v3.CustomResponse",
    "compressor.v3.Compressor",
    "cache.v3.CacheConfig",
    "cache_v2.v3.CacheV2Config",
    "composite.v3.Composite",
    "matching.v3.ExtensionWithMatcher",
    "oauth2.v3.OAuth2",
)
"""Envoy's own filters that write headers into responses (Envoy 1.40, ``extensions.filters.http``)."""
_VIP = re.compile(r"inbound-vip\|(?P<port>\d+)\|[^|]*\|(?P<host>[^|]+)$")
_KEPT = 128 * 2**10  # bytes of a listener; a sidecar's has 40 KB
_ADDS = '"response_headers_to_add"'


@dataclass(frozen=True)
class Entry:
    """A discovered filter as it last arrived at a proxy, accepted or not.

    Parameters
    ----------
    name : str
    kind : str
        ``wasm``, ``deny``, ``allow`` or ``other``.
    digest : str
        Of the manifest; the agent names the module's file by it. Empty when there is none.
    root_id : str
    version : str
        Of the resource.
    updated : datetime
    config : str
        The configuration, as the filter reads it.
    env : mapping of str to str
        The environment of its VM.
    machine : tuple of str
        The id of its VM, and the VM's configuration; Istio's own objects name neither.
    """

    name: str
    kind: str
    digest: str
    root_id: str
    version: str
    updated: datetime
    config: str = ""
    env: Mapping[str, str] = field(default_factory=dict)
    machine: tuple[str, str] = ("", "")

    def carries(self, config: Any, env: Mapping[str, str], machine: tuple[str, str]) -> bool:
        """Say whether what the filter and its VM are to be told is what arrived.

        Parameters
        ----------
        config : object
            An object is compared as JSON, text as it is; None is no configuration.
        env : mapping of str to str
            What else is in the environment is Istio's.
        machine : tuple of str
            As that of an entry.
        """
        if isinstance(config, str) or config is None:
            same = self.config == (config or "")
        else:
            try:
                same = same_values(json.loads(self.config), config)
            except ValueError:
                same = False
        return same and env.items() <= self.env.items() and machine == self.machine

    @property
    def line(self) -> str:
        """The entry as a line of evidence."""
        what = self.digest or {"deny": "RBAC that denies all", "allow": "RBAC that allows all"}.get(
            self.kind, self.kind
        )
        return f"ecds_filters {self.name}: {what}, arrived {self.updated:%Y-%m-%dT%H:%M:%S}Z"


@dataclass(frozen=True)
class FilterChain:
    """What a listener that serves does with the connections to one port.

    Parameters
    ----------
    inbound : bool
        Whether it is for what comes to the pod; else for what it sends, or for what a gateway takes.
    port : int
        Of the pod, as its service names it; 0 is every port that no service names.
    http : bool
        Whether the proxy reads the connections as HTTP.
    filters : frozenset of str
        The discovered filters in it that are not disabled.
    bound : int
        The port at which its listener itself takes connections without TLS, as a gateway's does; 0 where they are led
        to it, or come with TLS.
    tells : bool
        Whether an answer of the proxy's own can be told from another's, which says how long it took.
    written : bool
        Whether something else than discovered filters may write headers of responses in it.
    service : str
        For which service a waypoint has it, with its port; empty elsewhere, and where it is for pods.
    taking : frozenset of str
        The Wasm filters that take connections, before anything of them is read; empty words are one that is not
        discovered.
    """

    inbound: bool
    port: int
    http: bool
    filters: frozenset[str]
    bound: int = 0
    tells: bool = True
    written: bool = False
    service: str = ""
    taking: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Listeners:
    """Listeners: the chains of those that serve, the filters in those that warm and that drain, and refusals.

    ``mark`` tells which listeners these are.
    """

    chains: tuple[FilterChain, ...]
    warming: frozenset[str]
    draining: frozenset[str]
    errors: tuple[str, ...]
    mark: str

    @property
    def active(self) -> frozenset[str]:
        """The filters in listeners that serve."""
        return frozenset(name for chain in self.chains for name in chain.filters)

    @property
    def http(self) -> bool:
        """Whether anything is read as HTTP."""
        return any(chain.http for chain in self.chains)

    @property
    def leads_on(self) -> bool:
        """Whether they are a gateway's or a waypoint's, which leads all that it takes to other pods."""
        return bool(self.chains) and not any(one.inbound for one in self.chains)

    @property
    def tells(self) -> bool:
        """Whether what is answered here itself can be told from what others answer."""
        return all(one.tells for one in self.chains if one.http)

    @property
    def bound(self) -> list[int]:
        """The ports of a gateway at which it takes HTTP without TLS."""
        return sorted({one.bound for one in self.chains if one.http and one.bound and not one.inbound})

    @property
    def asked(self) -> list[int]:
        """The ports at which a request in plain HTTP comes to a pod's filters, or to those of a gateway."""
        return self.ports(http=True) if any(one.inbound for one in self.chains) else self.bound

    def reached(self, name: str) -> list[int]:
        """Give the ports of the pod of which any chain has a filter."""
        return sorted({one.port for one in self.chains if one.inbound and one.port and name in one.filters})

    @property
    def taking(self) -> frozenset[str]:
        """The discovered filters that take connections."""
        return frozenset(name for chain in self.chains for name in chain.taking if name)

    def takes_alone(self, name: str) -> bool:
        """Say whether a filter takes connections, and no other Wasm filter does wherever it stands."""
        having = [one for one in self.chains if name in one.filters]
        return bool(having) and all(one.taking == {name} for one in having)

    def services(self, *, having: str) -> list[str]:
        """Give the services of a waypoint whose requests come to a filter, with their ports."""
        return sorted({one.service for one in self.chains if one.service and having in one.filters})

    def ports(self, *, http: bool | None = None, having: str = "") -> list[int]:
        """Give the ports of the pod that its services name.

        Parameters
        ----------
        http : bool, optional
            Only those that are read as HTTP, or of which no connection is.
        having : str
            Only those whose requests all come to this filter: a port has several chains, such as one for TLS.
        """
        mine = [one for one in self.chains if one.inbound and one.port and one.port != _OWN_PORT]
        read = {one.port for one in mine if one.http}
        found = {one.port for one in mine if not having or having in one.filters}
        found -= {one.port for one in mine if one.http and having and having not in one.filters}
        return sorted(port for port in found if http is None or (port in read) is http)


@dataclass(frozen=True)
class Stats:
    """What the proxy counts: when each subscription accepted something last, where its statistics include that.

    Parameters
    ----------
    accepted : mapping of str to datetime
        By name of the filter (``extension_config_discovery.http_filter.NAME.update_time``, milliseconds; unlike
        ``config_reload`` it does not count what was refused). The epoch where nothing was accepted yet.
    hung : mapping of str to int
        How often each thread did not come back for a long time (``server.NAME.watchdog_mega_miss``); empty where the
        proxy does not keep that count.
    reloads : mapping of str to int
        How often the VM of each plugin was loaded again since the proxy started (``wasm.NAME.vm_reload_success``).
    clusters : tuple of (int, int, int) or None
        How many clusters the proxy has, and has counted as added and as removed; None where it does not keep that.
    draining : int
        How many listeners and filter chains of before still have connections, or may have some.
    """

    accepted: Mapping[str, datetime]
    hung: Mapping[str, int]
    clusters: tuple[int, int, int] | None = None
    reloads: Mapping[str, int] = field(default_factory=dict)
    draining: int = 0

    @property
    def reset(self) -> bool:
        """Whether its counters were set to zero since it started: then it has more clusters than it has counted."""
        if self.clusters is None:
            return False
        there, added, removed = self.clusters
        return added - removed < there

    def lost_since(self, before: Stats) -> bool:
        """Say whether its counters were set to zero since others were read."""
        if self.reset != before.reset or any(self.hung.get(name, 0) < count for name, count in before.hung.items()):
            return True
        if self.clusters is None or before.clusters is None:
            return False
        return self.clusters[1] < before.clusters[1] or self.clusters[2] < before.clusters[2]

    @property
    def workers(self) -> int:
        """How many workers the proxy has; 0 where it is not said."""
        return sum(name.startswith("worker_") for name in self.hung)

    def took(self, entry: Entry) -> bool | None:
        """Say whether an entry was accepted as it is now; None where that is not counted."""
        at = self.accepted.get(entry.name)
        return None if at is None else at >= entry.updated - _SLACK


class _State(TypedDict, total=False):
    version_info: Any
    last_updated: Any
    listener: Raw


class _Listener(TypedDict, total=False):
    name: Any
    active_state: _State | None
    warming_state: _State | None
    draining_state: _State | None
    error_state: Any


class _Dump(TypedDict, total=False):
    configs: list[_Listener] | None


def entries(text: str) -> list[Entry]:
    """Read the answer to `ECDS`, or to `EVERY_ECDS`, which has lists of the same."""
    found = []
    configs = json.loads(text).get("configs") or ()
    for one in [each for config in configs for each in config.get("ecds_filters") or (config,)]:
        resource = one.get("ecds_filter")
        if resource is None:
            # The list of a kind that has gone from the proxy, which is empty.
            continue
        typed = resource.get("typed_config") or {}
        kind, digest, root_id = _read(typed)
        told = typed.get("config") or {} if kind == "wasm" else {}
        config, env = _said(told)
        found.append(
            Entry(
                str(resource.get("name", "")),
                kind,
                digest,
                root_id,
                str(one.get("version_info", "")),
                moment(one.get("last_updated")),
                config,
                env,
                machine_of(told),
            )
        )
    return found


def _read(typed: Mapping[str, Any]) -> tuple[str, str, str]:
    kind = str(typed.get("@type", ""))
    if kind.endswith(_RBAC):
        return ("deny" if "rules" in typed else "allow"), "", ""
    if not kind.endswith(_WASM):
        return "other", "", ""
    config = typed.get("config") or {}
    local = (config.get("vm_config") or {}).get("code", {}).get("local") or {}
    base = posixpath.basename(str(local.get("filename", ""))).removesuffix(".wasm")
    digest = f"sha256:{base}" if _DIGEST.fullmatch(base) else ""
    return "wasm", digest, str(config.get("root_id", ""))


def _said(config: Mapping[str, Any]) -> tuple[str, dict[str, str]]:
    environment = (config.get("vm_config") or {}).get("environment_variables") or {}
    return str((config.get("configuration") or {}).get("value", "")), dict(environment.get("key_values") or {})


def machine_of(config: Mapping[str, Any]) -> tuple[str, str]:
    """Read off a ``PluginConfig`` the id of its VM, and the VM's configuration."""
    machine = config.get("vm_config") or {}
    return str(machine.get("vm_id", "")), str((machine.get("configuration") or {}).get("value", ""))


def listeners(text: str) -> Listeners:
    """Read ``/config_dump?resource=dynamic_listeners``."""
    chains: list[FilterChain] = []
    waiting: dict[str, set[str]] = {"warming_state": set(), "draining_state": set()}
    errors: list[str] = []
    configs = decoder(_Dump)(text).get("configs") or ()
    for one in configs:
        chains += _chains_of(one.get("active_state"))
        for state, known in waiting.items():
            for chain in _chains_of(one.get(state)):
                known.update(chain.filters)
        refused = (one.get("error_state") or {}).get("details")
        if refused:
            errors.append(f"listener {one.get('name', '?')}: {refused}")
    warming, draining = (frozenset(names) for names in waiting.values())
    return Listeners(_shared(tuple(chains)), warming, draining, tuple(errors), _mark(configs))


def _chains_of(state: _State | None) -> tuple[FilterChain, ...]:
    listener = (state or {}).get("listener")
    if listener is None:
        return ()
    if isinstance(listener, Raw) and len(listener) <= _KEPT:
        return _kept_chains(bytes(listener))
    return tuple(_chains(unread(listener) or {}))


@lru_cache(maxsize=16)
def _kept_chains(listener: bytes) -> tuple[FilterChain, ...]:
    """Read a listener; the pods of a workload have the same, and only when they got it differs."""
    return tuple(_chains(json.loads(listener) or {}))


@lru_cache(maxsize=256)
def _shared(chains: tuple[FilterChain, ...]) -> tuple[FilterChain, ...]:
    """Give equal chains as one object: the pods of a workload have the same."""
    return chains


def mark(text: str) -> str:
    """Read what `INBOUND_MARK` asks for: which listeners there are, and none that changed has the mark it had.

    A listener is never changed but replaced, by one with a time of its own (Envoy, ``ListenerImpl::last_updated_``).
    """
    return _mark(json.loads(text).get("configs") or ())


def _mark(configs: Iterable[Mapping[str, Any]]) -> str:
    return json.dumps(
        [
            [one.get("name"), one.get("error_state")]
            + [[(one.get(state) or {}).get(field) for field in ("version_info", "last_updated")] for state in _STATES]
            for one in configs
        ],
        sort_keys=True,
    )


def _chains(listener: Mapping[str, Any]) -> Iterator[FilterChain]:
    # A waypoint's main_internal is inbound, too: what it takes is for other pods.
    inbound = listener.get("traffic_direction") == "INBOUND" and "internal_listener" not in listener
    binds = listener.get("bind_to_port", True)
    own = int(((listener.get("address") or {}).get("socket_address") or {}).get("port_value") or 0) if binds else 0
    every = [*(listener.get("filter_chains") or ())]
    if "filter_chain_matcher" in listener:
        # A waypoint's names those that it leads to: none, where no service and no pod uses the waypoint.
        led = json.dumps(listener["filter_chain_matcher"])
        every = [chain for chain in every if json.dumps(str(chain.get("name", ""))) in led]
    if "default_filter_chain" in listener:
        every.append(listener["default_filter_chain"])
    for chain in every:
        names, http = _discovered(chain)
        port = int((chain.get("filter_chain_match") or {}).get("destination_port") or 0)
        bound = 0 if "transport_socket" in chain else own
        managers = [one.get("typed_config") or {} for one in chain.get("filters") or ()]
        every = [one.get("typed_config") or {} for manager in managers for one in manager.get("http_filters") or ()]
        # Istio, ``envoyDebugHeaders``: without ``x-envoy-upstream-service-time``.
        tells = not any(one.get("suppress_envoy_headers") for one in every)
        written, service = _written(managers, every), _service(chain)
        yield FilterChain(inbound, port, http, frozenset(names), bound, tells, written, service, _taking(chain))


def _taking(chain: Mapping[str, Any]) -> frozenset[str]:
    """Give the Wasm filters of connections, by name where they are discovered."""
    every = chain.get("filters") or ()
    found = {str(one["name"]) for one in every if "config_discovery" in one}
    fixed = any(str((one.get("typed_config") or {}).get("@type", "")).endswith(_WASM) for one in every)
    return frozenset(found | {""} if fixed else found)


def _service(chain: Mapping[str, Any]) -> str:
    """Read off the name of a waypoint's chain for which service it is (Istio, ``listener_waypoint.go``)."""
    found = _VIP.match(str(chain.get("name", "")))
    return f"{found['host']}:{found['port']}" if found else ""


def _written(managers: Iterable[Mapping[str, Any]], filters: Iterable[Mapping[str, Any]]) -> bool:
    """Say whether routes, or filters of Envoy's own, may write headers of responses, as an ``EnvoyFilter`` has them."""
    if any(str(one.get("@type", "")).endswith(_WRITERS) for one in filters):
        return True
    return any(_ADDS in json.dumps(one.get("route_config") or {}) for one in managers)


def _discovered(chain: Mapping[str, Any]) -> tuple[set[str], bool]:
    names, http = set(), False
    for filter_ in chain.get("filters") or ():
        typed = filter_.get("typed_config") or {}
        if "config_discovery" in filter_:
            names.add(str(filter_["name"]))
        if str(typed.get("@type", "")).endswith("HttpConnectionManager"):
            http = True
            every = [one for one in typed.get("http_filters") or () if "config_discovery" in one]
            found = {str(one["name"]) for one in every if not one.get("disabled")}
            names |= {name for name in found if not _off(typed.get("route_config") or {}, name)}
    return names, http


def _off(routes: Mapping[str, Any], name: str) -> bool:
    """Say whether routes leave a filter out of every request (Envoy, ``route.v3.FilterConfig.disabled``)."""
    if ((routes.get("typed_per_filter_config") or {}).get(name) or {}).get("disabled"):
        return True
    below = routes.get("virtual_hosts") or routes.get("routes") or ()
    return bool(below) and all(_off(one, name) for one in below)


_ACCEPTED = re.compile(r"extension_config_discovery\.[^.]+\.(?P<name>.+)\.update_time")


_RELOADS = re.compile(r"wasm\.(?P<name>.+)\.vm_reload_success")
_CLUSTERS = ("cluster_manager.active_clusters", "cluster_manager.cluster_added", "cluster_manager.cluster_removed")
_LISTENERS = "listener_manager.total_"
_HUNG = re.compile(r"server\.(?P<name>\w+)\.watchdog_mega_miss")


def stats(text: str) -> Stats:
    """Read what `STATS` asks for."""
    accepted: dict[str, datetime] = {}
    hung: dict[str, int] = {}
    clusters: dict[str, int] = {}
    draining = 0
    reloads: dict[str, int] = {}
    for one in json.loads(text).get("stats") or ():
        name = str(one.get("name", ""))
        match = _ACCEPTED.fullmatch(name)
        if match is not None:
            accepted[match["name"]] = datetime.fromtimestamp(int(one.get("value") or 0) / 1000, timezone.utc)
        elif (thread := _HUNG.fullmatch(name)) is not None:
            hung[thread["name"]] = int(one.get("value") or 0)
        elif (again := _RELOADS.fullmatch(name)) is not None:
            reloads[again["name"]] = int(one.get("value") or 0)
        elif name.startswith(_LISTENERS):
            draining += int(one.get("value") or 0)
        elif name in _CLUSTERS:
            clusters[name] = int(one.get("value") or 0)
    there, added, removed = (clusters.get(name) for name in _CLUSTERS)
    known = None if there is None or added is None or removed is None else (there, added, removed)
    return Stats(accepted, hung, known, reloads, draining)
