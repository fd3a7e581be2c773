"""The metrics of filters, with the plugins that may have defined each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wasmnb.errors import BadNameError, ImageError, Place, RegistryError, did_you_mean
from wasmnb.mesh.metrics import MetricKind
from wasmnb.mesh.results import Metrics, Reading

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wasmnb.mesh import Mesh, Pod
    from wasmnb.plugin import Plugin

__all__ = ["read_metrics"]


def read_metrics(mesh: Mesh, pod: str | None = None) -> Metrics:
    """Read the metrics that filters define.

    Parameters
    ----------
    mesh : Mesh
    pod : str, optional
        Of one pod, workload or app only.

    Raises
    ------
    BadNameError
        There is none of that name.
    """
    pods = mesh.pods()
    labels = {one.name: one.labels for one in pods}
    wanted = None if pod is None else _named(pods, pod)
    plugins = mesh.plugins()
    texts = {plugin.id: _module(plugin) for plugin in plugins}

    def owners(on: str, name: str) -> tuple[str, ...]:
        there = [plugin for plugin in plugins if on not in labels or plugin.selects(labels[on])]
        # SDKs put tags before the name that the source has, so that a module may hold its last part only.
        for part in dict.fromkeys((name, name.rpartition(".")[2])):
            found = tuple(plugin.id for plugin in there if part.encode() in texts[plugin.id])
            if found:
                return found
        return ()

    return Metrics(
        tuple(
            Reading(one, owners(one.pod, one.name) if one.kind is not MetricKind.NONE else ())
            for one in mesh.metrics()
            if wanted is None or one.pod in wanted
        )
    )


def _named(pods: Sequence[Pod], name: str) -> set[str]:
    found = {one.name for one in pods if name in (one.name, one.workload, one.labels.get("app"))}
    if not found:
        raise BadNameError(
            f"There is no pod or workload {name!r} in this mesh.",
            where=Place("the pod", quote=name),
            hint=did_you_mean(name, [one.name for one in pods]),
        )
    return found


def _module(plugin: Plugin) -> bytes:
    try:
        return plugin.image.module.wasm
    except (ImageError, RegistryError):
        # The image is on the cluster and not here: whose a metric is stays open.
        return b""
