"""Names of a cluster for Tab: asked for a second at most, and remembered for a minute."""

from __future__ import annotations

import json
import os
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wasmnb.paths import cache_dir, write_atomically

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from wasmnb.mesh.istio.api.cluster import Cluster

__all__ = ["names"]

_PATIENCE, _LASTS = 1.0, 60.0  # seconds
_MOST = 32  # answers that are remembered
_API = "/api/v1/namespaces"
_OURS = "wasmnb.dev/plugin"
_PLUGINS = (
    "/apis/extensions.istio.io/v1alpha1/namespaces/{}/trafficextensions",
    "/apis/extensions.istio.io/v1alpha1/namespaces/{}/wasmplugins",
    "/apis/networking.istio.io/v1alpha3/namespaces/{}/envoyfilters",
)


def names(what: str, context: str | None, namespace: str | None) -> list[str]:
    """Give names of a cluster; those of before, or none, where it does not give them in time.

    Parameters
    ----------
    what : str
        ``namespaces``, ``pods``, ``labels``, ``senders``, ``urls`` or ``plugins``.
    context : str, optional
        Of the kubeconfig; the current one.
    namespace : str, optional
        The one that the context names.
    """
    path = cache_dir("completion") / "cluster-names"
    try:
        kept: dict[str, Any] = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        kept = {}
    key = json.dumps([_kubeconfig(), context, namespace, what])
    at, found = kept.get(key, (0.0, []))
    if 0 <= time.time() - at < _LASTS:
        return list(found)
    asked: list[list[str]] = []

    def ask() -> None:
        from wasmnb.errors import WasmnbError  # noqa: PLC0415 - for those who ask a cluster
        from wasmnb.mesh.istio.api.cluster import Cluster  # noqa: PLC0415

        with suppress(WasmnbError, LookupError, TypeError):
            cluster = Cluster.named(context)
            asked.append(_ASKED[what](cluster, namespace or cluster.namespace))

    # It is left alone when it takes too long, and ends with the process.
    thread = threading.Thread(target=ask, name="wasmnb-tab", daemon=True)
    thread.start()
    thread.join(_PATIENCE)
    if not asked:
        return list(found)
    newest = sorted(kept.items(), key=lambda one: one[1][0])[-_MOST + 1 :]
    with suppress(OSError):
        write_atomically(path, json.dumps({**dict(newest), key: (time.time(), asked[0])}).encode())
    return asked[0]


def _kubeconfig() -> list[Any]:
    """Tell one kubeconfig from another, or from what it was before."""
    places = (os.environ.get("KUBECONFIG") or os.path.expanduser("~/.kube/config")).split(os.pathsep)  # noqa: PTH111
    found: list[Any] = []
    for place in places:
        with suppress(OSError):
            found += [place, Path(place).stat().st_mtime_ns]
    return found


def _items(cluster: Cluster, path: str, **query: str) -> list[dict[str, Any]]:
    # What the API server has in memory is new enough for Tab.
    found: list[dict[str, Any]] = cluster.request(
        "GET", path, query={"resourceVersion": "0", **query}, timeout=_PATIENCE
    )["items"]
    return found


def _name(item: dict[str, Any]) -> str:
    return str(item["metadata"]["name"])


def _once(words: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(words))


def _labels_of(item: dict[str, Any]) -> dict[str, str]:
    labels: dict[str, str] = item["metadata"].get("labels") or {}
    return labels


def _namespaces(cluster: Cluster, _: str) -> list[str]:
    return [_name(item) for item in _items(cluster, _API)]


def _pods(cluster: Cluster, namespace: str) -> list[str]:
    return [_name(item) for item in _items(cluster, f"{_API}/{namespace}/pods")]


def _labels(cluster: Cluster, namespace: str) -> list[str]:
    items = _items(cluster, f"{_API}/{namespace}/pods")
    return _once(f"{key}={value}" for item in items for key, value in _labels_of(item).items())


def _senders(cluster: Cluster, namespace: str) -> list[str]:
    items = _items(cluster, f"{_API}/{namespace}/pods")
    apps = [labels["app"] for labels in map(_labels_of, items) if "app" in labels]
    return _once([*apps, *map(_name, items)])


def _urls(cluster: Cluster, namespace: str) -> list[str]:
    items = _items(cluster, f"{_API}/{namespace}/services")
    return [f"{_name(item)}:{port['port']}/" for item in items for port in item["spec"].get("ports") or ()]


def _plugins(cluster: Cluster, namespace: str) -> list[str]:
    from wasmnb.mesh.istio.api.api_errors import MissingError  # noqa: PLC0415

    found: list[str] = []
    for path in _PLUGINS:
        with suppress(MissingError):  # this Istio does not know the kind
            items = _items(cluster, path.format(namespace), labelSelector=_OURS)
            found += [_labels_of(item)[_OURS] for item in items]
    return _once(found)


_ASKED: dict[str, Callable[[Cluster, str], list[str]]] = {
    "labels": _labels,
    "namespaces": _namespaces,
    "plugins": _plugins,
    "pods": _pods,
    "senders": _senders,
    "urls": _urls,
}
