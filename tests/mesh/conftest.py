"""Meshes for the tests: one for each test module, given back without plugins after each test."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import AbstractContextManager, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, TypeVar

import pytest

from tests.cluster import bookinfo
from tests.needs import needs
from wasmnb.mesh import Proof
from wasmnb.mesh.local import LocalMesh

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from wasmnb.mesh import Mesh

T = TypeVar("T")


@contextmanager
def _local(_: pytest.FixtureRequest) -> Iterator[Mesh]:
    with LocalMesh.start() as mesh:
        yield mesh


@contextmanager
def _istio(request: pytest.FixtureRequest) -> Iterator[Mesh]:
    cluster = request.getfixturevalue("cluster")
    from tests.mesh.istio.published import PublishedMesh

    counted = {"sidecar.istio.io/statsInclusionPrefixes": "http.inbound"}
    with cluster.namespace() as name, pytest.MonkeyPatch.context() as patch:
        bookinfo.install(cluster, name, annotations=counted)
        patch.setenv("KUBECONFIG", str(cluster.kubeconfig))
        mesh = PublishedMesh.connect(None, name, prove=Proof.EFFECT)
        mesh.registry = cluster.registry
        try:
            yield mesh
        finally:
            mesh.stop()


MESHES: dict[str, Callable[[pytest.FixtureRequest], AbstractContextManager[Mesh]]] = {"local": _local, "istio": _istio}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run the protocol's tests against every mesh, and those of the local one against that."""
    if "running" in metafunc.fixturenames and "istio" not in metafunc.module.__name__:
        istio = pytest.param("istio", marks=pytest.mark.cluster)
        chosen = ["local", istio] if metafunc.module.__name__.endswith("test_protocol") else ["local"]
        metafunc.parametrize("running", chosen, indirect=True, scope="module")


@pytest.fixture(scope="module")
@needs("envoy")
def running(request: pytest.FixtureRequest) -> Iterator[Mesh]:
    with MESHES[request.param](request) as mesh:
        yield mesh


@pytest.fixture
def mesh(running: Mesh) -> Iterator[Mesh]:
    yield running
    for plugin in running.plugins():
        running.remove(plugin.id)


@pytest.fixture
@needs("envoy")
def local() -> Iterator[LocalMesh]:
    with LocalMesh.start() as mesh:
        yield mesh


def until(look: Callable[[], T], wanted: Callable[[T], bool], seconds: float = 30.0) -> T:
    deadline = time.monotonic() + seconds
    while not wanted(found := look()):
        assert time.monotonic() < deadline, f"still {found!r}"
        time.sleep(0.02)
    return found


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = f"you asked for {self.path}".encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_HEAD(self) -> None:
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def service() -> Iterator[str]:
    """A user's own service, running elsewhere; gives its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
