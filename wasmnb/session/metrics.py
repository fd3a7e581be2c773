"""The metrics of filters, with the plugins that may have defined each."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from wasmnb.errors import BadNameError, ImageError, Place, RegistryError, did_you_mean
from wasmnb.mesh.metrics import MetricKind
from wasmnb.wording import Verb, Wording

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wasmnb.mesh import Mesh, Pod
    from wasmnb.mesh.metrics import Metric
    from wasmnb.mesh.results import Metrics
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

    def owners(metric: Metric) -> tuple[str, ...]:
        if metric.kind is MetricKind.NONE:
            return ()
        on, name = metric.pod, metric.name
        there = [plugin for plugin in plugins if on not in labels or plugin.selects(labels[on])]
        # SDKs put tags before the name that the source has, so that a module may hold its last part only.
        for part in dict.fromkeys((name, name.rpartition(".")[2])):
            found = tuple(plugin.id for plugin in there if part.encode() in texts[plugin.id])
            if found:
                return found
        return ()

    found = mesh.metrics()
    mine = (one for one in found if wanted is None or one.metric.pod in wanted)
    return replace(found, items=tuple(replace(one, plugins=owners(one.metric)) for one in mine))


def _named(pods: Sequence[Pod], name: str) -> set[str]:
    found = {one.name for one in pods if name in (one.name, one.workload, one.labels.get("app"))}
    if not found:
        raise BadNameError(
            f"There is no pod or workload {name!r} in this mesh.",
            where=Place("the pod", quote=name),
            hint=did_you_mean(name, [one.name for one in pods]) or Wording("{} shows the pods there are", Verb("pods")),
        )
    return found


def _module(plugin: Plugin) -> bytes:
    try:
        return plugin.image.module.wasm
    except (ImageError, RegistryError):
        # The image is on the cluster and not here: whose a metric is stays open.
        return b""
