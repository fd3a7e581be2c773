"""A namespace of the test cluster with the article's application, and the mesh that it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from tests.cluster import bookinfo
from tests.cluster.cluster import Cluster
from wasmnb.image import Image, package
from wasmnb.image.registry import push
from wasmnb.mesh import Proof
from wasmnb.mesh.istio import IstioMesh
from wasmnb.module import Module
from wasmnb.session import Session

DETAILS = {"app": "details"}


@pytest.fixture(scope="module")
def home(cluster: Cluster) -> Iterator[str]:
    """Three pods that filters are put on, one that sends, and one that no selector names."""
    with cluster.namespace() as name:
        bookinfo.install(cluster, name, ("details-v1", "productpage-v1", "ratings-v1"), replicas={"details-v1": 3})
        yield name


@pytest.fixture(scope="module")
def connect(cluster: Cluster) -> Iterator[Callable[..., IstioMesh]]:
    """Connect as the administrator, with requests allowed, or with another kubeconfig; all are let go of at the end."""
    made = []
    with pytest.MonkeyPatch.context() as patch:

        def connect(namespace: str, kubeconfig: object = None, **options: object) -> IstioMesh:
            patch.setenv("KUBECONFIG", str(kubeconfig or cluster.kubeconfig))
            options.setdefault("prove", None if kubeconfig else Proof.EFFECT)
            made.append(IstioMesh.connect(None, namespace, **options))
            return made[-1]

        yield connect
        for mesh in made:
            mesh.stop()


@pytest.fixture(scope="module")
def running(home: str, connect: Callable[..., IstioMesh]) -> IstioMesh:
    return connect(home)


@pytest.fixture
def mesh(running: IstioMesh) -> Iterator[IstioMesh]:
    yield running
    for plugin in running.plugins():
        running.remove(plugin.id)


@pytest.fixture
def fearless(mesh: IstioMesh, monkeypatch: pytest.MonkeyPatch) -> IstioMesh:
    """The same mesh, which applies what the embedded Envoy would not take."""
    monkeypatch.setattr(mesh, "preflight", None)
    return mesh


@pytest.fixture
def bare(cluster: Cluster) -> Iterator[str]:
    """A namespace whose pods get no proxy."""
    with cluster.namespace(injected=False) as name:
        yield name


@pytest.fixture
def session(connect: Callable[..., IstioMesh]) -> Iterator[Callable[..., Session]]:
    """Begin a session on a namespace, as the administrator or with another kubeconfig."""
    made: list[Session] = []

    def session(namespace: str, kubeconfig: object = None) -> Session:
        made.append(Session())
        made[-1].use(connect(namespace, kubeconfig, preflight=False))
        return made[-1]

    yield session
    for one in made:
        one.close()


@pytest.fixture(scope="session")
def published(cluster: Cluster) -> Callable[[Module], Image]:
    """Push a module to the cluster's registry, and give its image by digest."""

    def published(module: Module, registry: str = "") -> Image:
        image = package(module, f"{registry or cluster.registry}/{module.name}:1")
        push(image, image.reference, plain_http=True)
        return replace(image, reference=image.pinned)

    return published
