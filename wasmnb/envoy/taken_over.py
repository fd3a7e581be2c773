"""What a proxy elsewhere says of itself, for an embedded one that takes its place: node, clusters, version.

Sources: Envoy 1.40, ``admin.v3.ServerInfo`` and ``admin.v3.Clusters``; Istio 1.30 ``pilot/pkg/model/context.go``
(``BuildSubsetKey``).
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

__all__ = ["ABSENT", "Named", "TakenOver", "read_proxy", "version_of"]

ABSENT = "absent"
"""The name of the listener that answers for clusters that lead nowhere on this machine."""

_PARTS = 4
_NODE = ("id", "cluster", "metadata", "locality")
_VERSION = re.compile(r"^[0-9a-f]*/?(\d+\.\d+\.\d+)")


@dataclass(frozen=True)
class Named:
    """What the name of a cluster says, where it is one of Istio's.

    Parameters
    ----------
    direction : str
        ``outbound`` or ``inbound``; empty for a name of another form.
    port : int
    subset : str
    host : str
    """

    direction: str = ""
    port: int = 0
    subset: str = ""
    host: str = ""

    @classmethod
    def read(cls, name: str) -> Named:
        """Read a name: ``outbound|9080|v1|reviews.default.svc.cluster.local``."""
        parts = name.split("|")
        if len(parts) != _PARTS or parts[0] not in ("outbound", "inbound") or not parts[1].isdigit():
            return cls()
        return cls(parts[0], int(parts[1]), parts[2], parts[3])

    @property
    def service(self) -> str:
        """The short name of the service in the cluster that it is for; empty for a host elsewhere."""
        return self.host.split(".")[0] if ".svc." in self.host else ""

    @property
    def namespace(self) -> str:
        """The namespace of that service."""
        return self.host.split(".")[1] if ".svc." in self.host else ""


@dataclass(frozen=True)
class TakenOver:
    """What an embedded proxy takes over.

    Parameters
    ----------
    pod : str
    node : mapping
        Id, cluster, metadata and locality, as JSON values.
    clusters : tuple of str
        Their names.
    version : str
        Of its Envoy; empty where it does not say one.
    """

    pod: str
    node: dict[str, Any]
    clusters: tuple[str, ...]
    version: str = ""

    @property
    def workload(self) -> str:
        """The workload that it belongs to; empty where its metadata has none."""
        return _text(self._metadata.get("WORKLOAD_NAME"))

    @property
    def labels(self) -> dict[str, str]:
        """The pod's labels."""
        found = self._metadata.get("LABELS")
        return {key: value for key, value in found.items() if isinstance(value, str)} if isinstance(found, dict) else {}

    @property
    def namespace(self) -> str:
        """The pod's namespace; empty where its metadata has none."""
        return _text(self._metadata.get("NAMESPACE"))

    @property
    def _metadata(self) -> dict[str, Any]:
        found = self.node.get("metadata")
        return found if isinstance(found, dict) else {}


def read_proxy(pod: str, server: str, clusters: str) -> TakenOver:
    """Read what a proxy answered to ``/server_info`` and ``/clusters?format=json``.

    Raises
    ------
    ValueError
        The answer is no JSON of this form.
    """
    info, known = json.loads(server), json.loads(clusters)
    if not isinstance(info, dict) or not isinstance(known, dict):
        raise ValueError("an answer of the proxy is not a JSON object")  # noqa: TRY004 - as of every other answer
    node = {key: value for key, value in (info.get("node") or {}).items() if key in _NODE}
    names = sorted({str(one.get("name", "")) for one in known.get("cluster_statuses") or ()} - {""})
    return TakenOver(pod, node, tuple(names), version_of(info))


def version_of(info: dict[str, Any]) -> str:
    """Give the version that ``/server_info`` says: ``1.40.0``; empty where it says none."""
    found = _VERSION.match(_text(info.get("version")))
    return found[1] if found else ""


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
