"""Benchmarks on the tests' cluster: a rollout against a bare one, verdicts of many pods, a cell's way there."""

from __future__ import annotations

import copy
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

from article_filter import CONFIG, TARGET, source
from many_pods import many_pods
from measure import Figures, runs, seconds

from tests.cluster import bookinfo, life, programs
from tests.cluster.cluster import Cluster
from wasmnb.mesh import Verdict
from wasmnb.mesh.istio import IstioMesh
from wasmnb.session import Session

_MANY = 100
_PATIENCE = 20.0


def istio(figures: Figures) -> None:
    """Measure what happens on a real Istio; without root or what a cluster is made of, say so and measure nothing."""
    if life.find() is None and (reason := life.unfit()):
        print(f"no figures of a cluster: {reason}")
        return
    with _cluster() as cluster, cluster.namespace() as namespace:
        os.environ["KUBECONFIG"] = str(cluster.kubeconfig)
        bookinfo.install(cluster, namespace, ("details-v1", "productpage-v1"))
        with Session() as session:
            session.mesh("istio", namespace=namespace, prove="effect")
            session.config(registry=f"{cluster.registry}/bench", plain_http="true", timeout=30)
            _rollouts(figures, session, cluster, namespace)
            _cells(figures, session)
            _verdicts(figures, session)
            mesh: Any = session.current
            many_pods(figures, mesh, next(one.name for one in mesh.pods() if one.workload == "details-v1"))


@contextmanager
def _cluster() -> Iterator[Cluster]:
    running = life.find()
    if running is not None:
        yield running
        return
    name = "bench"
    try:
        yield life.up(name, owned=True)
    finally:
        life.down(name)


def _rollouts(figures: Figures, session: Session, cluster: Cluster, namespace: str) -> None:
    """Measure a deploy of a pushed digest until LIVE is proven, and a bare apply with a loop of curl, in turn."""
    session.filter("header-filter", source("first"), deploy="app=details", config=CONFIG)
    session.undeploy("header-filter")
    for run in range(-1, runs(9)):
        edits = [f"{time.time_ns():x}-{kind}" for kind in ("ours", "bare")]
        images = []
        for edit in edits:
            session.filter("header-filter", source(edit))
            tag = f"{cluster.registry}/bench/header-filter:{edit}"
            session.build("header-filter", tag=tag)
            images.append(session.push(tag).pinned)

        def ours(image: str = images[0]) -> None:
            done = session.deploy(image, id="header-filter", selector="app=details", config=CONFIG)
            assert {one.verdict for one in done.verdicts} == {Verdict.LIVE}

        took = seconds(ours)
        session.undeploy("header-filter")
        bare = seconds(lambda image=images[1], edit=edits[1]: _bare(cluster, namespace, image, edit))
        cluster.kubectl("-n", namespace, "delete", "trafficextension", "bare")
        if run >= 0:
            figures.add("deploy_to_live_s", took, "s")
            figures.add("bare_deploy_to_header_s", bare, "s")
            figures.add("deploy_to_live_vs_bare", took / bare, "x", "<= 1.5")


def _bare(cluster: Cluster, namespace: str, image: str, edit: str) -> None:
    """Apply with kubectl, and ask with curl from productpage's proxy until the header is there."""
    spec = {
        "selector": {"matchLabels": {"app": "details"}},
        "wasm": {"url": f"oci://{image}", "pluginConfig": json.loads(CONFIG), "pluginName": "add_header"},
    }
    item = {"apiVersion": "extensions.istio.io/v1alpha1", "kind": "TrafficExtension", "metadata": {"name": "bare"}}
    cluster.apply({**item, "spec": spec}, namespace=namespace)
    kubectl = [str(programs.PROGRAMS.built / "kubectl"), f"--kubeconfig={cluster.kubeconfig}", "-n", namespace]
    curl = [*kubectl, "exec", "deploy/productpage-v1", "-c", "istio-proxy", "--", "curl", "-s", "-i", TARGET]
    deadline = time.monotonic() + _PATIENCE
    while f"x-edit: {edit}".encode() not in subprocess.run(curl, capture_output=True, timeout=30, check=False).stdout:
        if time.monotonic() > deadline:
            raise TimeoutError("the bare plugin does not come")


def _cells(figures: Figures, session: Session) -> None:
    """Measure a changed cell until it is built, pushed, deployed and proven, and the share of each stage."""
    for run in range(-1, runs(9)):
        text = source(f"{time.time_ns():x}")

        def cell(text: str = text) -> Any:
            return session.filter("header-filter", text, deploy="app=details", config=CONFIG)

        start = time.perf_counter()
        done = cell()
        took = time.perf_counter() - start
        if run >= 0:
            figures.add("cell_to_cluster_s", took, "s", "<= 1.0")
            for stage, part in done.stages:
                figures.add(f"cell_to_cluster_{stage}_ms", part * 1e3, "ms")


class _Many:
    """The cluster, where one pod stands for many: each is asked over connections of its own, through the API server."""

    def __init__(self, cluster: Any, pod: str) -> None:
        self._cluster, self._pod = cluster, pod

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cluster, name)

    def request(self, method: str, path: str, **options: Any) -> Any:
        answer = self._cluster.request(method, self._real(path), **options)
        if not path.endswith("/pods"):
            return answer
        item = next((one for one in answer["items"] if one["metadata"]["name"] == self._pod), None)
        if item is None:
            return answer
        many = []
        for number in range(_MANY):
            one = copy.deepcopy(item)
            one["metadata"] |= {"name": f"{self._pod}--{number}", "uid": f"{item['metadata']['uid']}-{number}"}
            many.append(one)
        return {**answer, "items": many}

    def forward(self, namespace: str, pod: str, ports: Any) -> Any:
        return self._cluster.forward(namespace, self._real(pod), ports)

    def close(self) -> None:
        """Leave the cluster open: it is the session's."""

    def _real(self, text: str) -> str:
        head, sign, tail = text.partition(f"{self._pod}--")
        return f"{head}{self._pod}{tail.lstrip('0123456789')}" if sign else text


def _verdicts(figures: Figures, session: Session) -> None:
    """Measure the verdict of 100 pods: once with no connection made yet, then again."""
    mesh: Any = session.current
    pod = next(one.name for one in mesh.pods() if one.workload == "details-v1")
    for _ in range(runs(5)):
        many: Any = IstioMesh(_Many(mesh.cluster, pod), mesh.namespace, mesh.istio, fetch=mesh.fetch)

        def judge(many: Any = many) -> None:
            found = many.verdicts("header-filter")
            assert [one.verdict for one in found] == [Verdict.LOADED] * _MANY, found[0]

        judges: list[tuple[str, Callable[[], None]]] = [
            ("verdict_100_pods_s", judge),
            ("verdict_100_pods_again_s", judge),
        ]
        for metric, work in judges:
            figures.add(metric, seconds(work), "s", "<= 2")
        many.stop()
