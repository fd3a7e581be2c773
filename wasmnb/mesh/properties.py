"""What a filter can read and call on a pod: properties, in which callbacks, and clusters.

Sources: Envoy 1.40, ``source/extensions/common/wasm/context.cc`` (``Context::findValue``),
``source/extensions/filters/common/expr/context.cc`` (the attributes); ``admin.v3.ServerInfo`` and ``Clusters``.
"""

from __future__ import annotations

import enum
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["CLUSTERS", "FORMER", "SERVER", "Phase", "Readable", "Sort", "read"]

SERVER, CLUSTERS = "/server_info", "/clusters?format=json"
"""What is asked of a proxy."""


class Sort(str, enum.Enum):
    """What a filter does with a name."""

    PROPERTY = "property"
    """It reads it."""
    CLUSTER = "cluster"
    """It calls it."""


class Phase(str, enum.Enum):
    """When a filter can read a property, in the order in which callbacks come."""

    START = "start"
    """``onConfigure``, ``onTick``, and what is called without a request."""
    REQUEST = "request headers"
    RESPONSE = "response headers"
    LOG = "log"


FORMER: dict[tuple[str, ...], tuple[str, ...]] = {
    ("xds", name): (name,)
    for name in (
        *("node", "cluster_name", "cluster_metadata", "route_name", "route_metadata"),
        *("listener_direction", "listener_metadata"),
    )
}
"""Properties that earlier Envoys had under another path, which gives nothing now."""

_STREAM = (Phase.REQUEST, Phase.RESPONSE, Phase.LOG)
_TABLE: dict[tuple[Phase, ...], dict[str, tuple[str, ...]]] = {
    tuple(Phase): {"": ("plugin_name", "plugin_root_id", "plugin_vm_id")},
    _STREAM: {
        "source": ("address", "port"),
        "destination": ("address", "port"),
        "connection": (
            *("id", "mtls", "requested_server_name", "tls_version", "subject_local_certificate"),
            *("subject_peer_certificate", "uri_san_local_certificate", "uri_san_peer_certificate"),
            *("dns_san_local_certificate", "dns_san_peer_certificate", "sha256_peer_certificate_digest"),
        ),
        "request": ("headers", "time", "protocol", "size", "total_size"),
        "response": ("flags", "headers", "trailers", "size", "total_size"),
        "upstream": ("request_attempt_count",),
        "xds": (
            *("listener_direction", "listener_metadata", "filter_chain_name", "cluster_name", "cluster_metadata"),
            *("route_name", "route_metadata", "virtual_host_name", "virtual_host_metadata"),
        ),
        "": ("connection_id", "metadata", "filter_state"),
    },
    (Phase.REQUEST, Phase.LOG): {
        "request": ("path", "url_path", "host", "scheme", "method", "referer", "useragent", "id", "query"),
    },
    (Phase.RESPONSE, Phase.LOG): {
        "response": ("code", "code_details", "grpc_status"),
        "upstream": (
            *("address", "port", "local_address", "transport_failure_reason", "tls_version"),
            *("subject_local_certificate", "subject_peer_certificate", "uri_san_local_certificate"),
            "uri_san_peer_certificate",
        ),
        "xds": ("upstream_host_metadata", "upstream_host_locality_metadata"),
        "": ("upstream_filter_state",),
    },
    (Phase.LOG,): {
        "request": ("duration",),
        "response": ("backend_latency",),
        "connection": ("termination_details",),
    },
}
"""As measured on Envoy 1.40: while a response comes, a request's path and method are read as its headers alone."""


@dataclass(frozen=True)
class Readable:
    """A name that means something to a filter on a pod.

    Parameters
    ----------
    pod : str
    sort : Sort
    path : tuple of str
        Of a property, its parts; of a cluster, its name.
    phases : tuple of Phase
        When a property can be read; a cluster can be called at any time.
    value : str
        What it is on this pod, where that is the same for each request; empty for the others.
    former : tuple of str
        The path under which an earlier Envoy had it; empty for none.
    """

    pod: str
    sort: Sort
    path: tuple[str, ...]
    phases: tuple[Phase, ...] = tuple(Phase)
    value: str = ""
    former: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The path, with a point between its parts, as people write it."""
        return ".".join(self.path)

    @property
    def when(self) -> str:
        """The callbacks in which it can be read, comma between."""
        return "always" if self.phases == tuple(Phase) else ", ".join(phase.value for phase in self.phases)

    def to_dict(self) -> dict[str, Any]:
        """Give plain JSON values."""
        return {
            "pod": self.pod,
            "sort": self.sort.value,
            "name": self.name,
            "path": list(self.path),
            "phases": [one.value for one in self.phases],
            "value": self.value,
            "former": ".".join(self.former),
        }


def read(pod: str, server: str, clusters: str) -> list[Readable]:
    """Read what a proxy answered to `SERVER` and `CLUSTERS`.

    Raises
    ------
    ValueError
        The answer is no JSON of this form.
    """
    info, known = json.loads(server), json.loads(clusters)
    found = [
        Readable(pod, Sort.PROPERTY, ("xds", "node", *path), value=value, former=("node", *path))
        for path, value in _leaves(info.get("node") or {})
    ]
    for phases, groups in _TABLE.items():
        for group, names in groups.items():
            for name in names:
                path = (group, name) if group else (name,)
                found.append(Readable(pod, Sort.PROPERTY, path, phases, former=FORMER.get(path, ())))
    there = sorted({str(one.get("name", "")) for one in known.get("cluster_statuses") or ()} - {""})
    return [*found, *(Readable(pod, Sort.CLUSTER, (name,)) for name in there)]


def _leaves(node: dict[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    for name, value in node.items():
        if not path and name not in ("id", "cluster", "metadata", "locality"):
            continue  # what an Envoy says of its own extensions
        if isinstance(value, dict):
            yield from _leaves(value, (*path, name))
        else:
            text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            yield (*path, name), text
