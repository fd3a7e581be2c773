"""What filters add to the latency of a request."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from contextlib import closing
from http.client import HTTPConnection

from article_filter import CONFIG
from measure import Figures, seconds

import wasmnb


def costs(figures: Figures, mesh: wasmnb.Mesh, modules: Mapping[str, wasmnb.Module], rounds: int) -> None:
    """Measure, by metric, what each module adds to a request's median latency; blocks in turn.

    Parameters
    ----------
    figures : Figures
    mesh : Mesh
    modules : mapping of str to Module
        By the metric's name.
    rounds : int
    """
    address = next(pod.address for pod in mesh.pods() if pod.workload == "details-v1")
    for _ in range(rounds):
        none = _median(address)
        for metric, module in modules.items():
            mesh.apply(wasmnb.Plugin("cost", wasmnb.package(module), {"app": "details"}, CONFIG), wait=120)
            figures.add(metric, (_median(address) - none) * 1e6, "us", "report")
            mesh.remove("cost")


def _median(address: str) -> float:
    """Give the median seconds of a thousand requests over one connection, after a hundred to warm up."""
    with closing(HTTPConnection(address, timeout=5)) as connection:

        def ask() -> None:
            connection.request("GET", "/details/123")
            connection.getresponse().read()

        return statistics.median([seconds(ask) for _ in range(1100)][100:])
