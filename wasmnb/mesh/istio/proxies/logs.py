"""A proxy's log for a reader: lines oldest first, traps with function names and cell lines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wasmnb.envoy.traps import could_trap, told
from wasmnb.errors import BadNameError, Place
from wasmnb.mesh.istio.api.rbac import Right
from wasmnb.mesh.istio.proxies.pods import PROXY, labels, proxy_container, workload
from wasmnb.mesh.istio.proxies.proxy_log import trap_lines
from wasmnb.mesh.suggestion import suggestion

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from wasmnb.mesh.istio.api.cluster import Cluster
    from wasmnb.module import Module

__all__ = ["find", "lines"]

_MOST = 2000  # lines, where the reader does not say how many


def find(name: str, items: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """Find a pod by its name, its workload's, or its app's (the first of several).

    Raises
    ------
    BadNameError
        Nothing is called so.
    """
    for item in items:
        if name in (item["metadata"]["name"], workload(item)):
            return item
    apps = [labels(item).get("app", "") for item in items]
    for item, app in zip(items, apps, strict=True):
        if name == app:
            return item
    raise BadNameError(
        f"There is no pod, workload or app {name!r} in the namespace.",
        where=Place("the pod", quote=name),
        hint=suggestion(name, [app for app in apps if app] + [workload(item) for item in items]),
    )


def lines(  # noqa: PLR0917 - told at one place
    cluster: Cluster,
    namespace: str,
    items: Sequence[Mapping[str, Any]],
    pod: str,
    tail: int | None,
    modules: Iterable[Module],
) -> list[str]:
    """Read the log of a pod's proxy; of its first container where it has none.

    Parameters
    ----------
    pod : str
        Pod, workload or app.
    tail : int or None
        Only so many lines, the last ones.

    Raises
    ------
    BadNameError, ForbiddenError, MeshError
    """
    item = find(pod, items)
    if tail is not None and tail <= 0:
        return []
    container = PROXY if proxy_container(item) else item["spec"]["containers"][0]["name"]
    name = item["metadata"]["name"]
    query = {"container": container, "tailLines": tail or _MOST}
    right = Right("get", "pods/log", "", namespace)
    text = cluster.request("GET", f"/api/v1/namespaces/{namespace}/pods/{name}/log", query=query, right=right)
    found = _annotated(str(text).splitlines(), list(modules))
    return found if tail is None else found[max(0, len(found) - tail) :]


def _annotated(read: list[str], modules: list[Module]) -> list[str]:
    result: list[str] = []
    done = 0
    for trap in trap_lines(read):
        result += read[done : trap.end]
        done = trap.end
        owners = [module for module in modules if could_trap(module, trap)]
        if len(owners) == 1:
            result += [f"wasmnb: {owners[0].name}", *told(owners[0], trap)[1:]]
    return [*result, *read[done:]]
