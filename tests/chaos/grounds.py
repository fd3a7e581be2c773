"""Kinds of meshes on which the chaos takes place: how one is made, and what breaks there."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.chaos.faults import Catalogue
from tests.chaos.istio_faults import ISTIO, OUTSIDE
from tests.chaos.istio_world import ANNOTATIONS, NAMES, REPLICAS, IstioWorld
from tests.chaos.local_faults import LOCAL
from tests.chaos.world import World
from tests.cluster import bookinfo
from tests.cluster.cluster import Cluster
from tests.cluster.wire import wired
from tests.mesh.istio.published import PublishedMesh
from wasmnb.mesh import Cause, Proof, Verdict
from wasmnb.mesh.local import LocalMesh

Begin = Callable[[random.Random, str], World]
"""Begins a run: with what chooses, and an id that was never used before."""


@dataclass(frozen=True)
class Ground:
    """A kind of mesh.

    Parameters
    ----------
    name : str
    faults : Catalogue
    begin : callable
        Makes a mesh, for a number of runs.
    blind : frozenset of Cause
        Why something that acts may stay unproven there, when a fault has taken away what would prove it: such a verdict
        says so, and is counted by itself.
    right : Verdict
        What a filter that acts is to be called there.
    """

    name: str
    faults: Catalogue
    begin: Callable[[], AbstractContextManager[Begin]]
    blind: frozenset[Cause] = frozenset()
    right: Verdict = Verdict.LIVE


@contextmanager
def _local() -> Iterator[Begin]:
    with LocalMesh.start() as mesh:
        yield lambda choose, id_: World.begin(mesh, choose, id_)


EMBEDDED = Ground("local", LOCAL, _local)


_BLIND = frozenset({Cause.LOG_SILENT, Cause.LOG_ROTATED, Cause.LOG_UNREADABLE, Cause.UNASKED})


def istio(cluster: Cluster, prove: Proof = Proof.EFFECT) -> Ground:
    """Give the tests' cluster; each mesh is a namespace with bookinfo of its own."""

    @contextmanager
    def begin() -> Iterator[Begin]:
        with (
            cluster.namespace() as name,
            TemporaryDirectory() as folder,
            wired(cluster.kubeconfig, Path(folder)) as (wire, kubeconfig),
            pytest.MonkeyPatch.context() as patch,
        ):
            bookinfo.install(cluster, name, NAMES, annotations=ANNOTATIONS, replicas=REPLICAS)
            patch.setenv("KUBECONFIG", str(kubeconfig))
            mesh = PublishedMesh.connect(None, name, prove=prove)
            mesh.registry = cluster.registry
            try:
                yield lambda choose, id_: IstioWorld.begin(
                    mesh, choose, id_, cluster=cluster, namespace=name, wire=wire
                )
            finally:
                mesh.stop()

    right = Verdict.LIVE if prove is Proof.EFFECT else Verdict.LOADED
    return Ground("istio", {**ISTIO, **OUTSIDE}, begin, _BLIND, right)
