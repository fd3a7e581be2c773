from __future__ import annotations

from pathlib import Path

import pytest
from IPython.core.interactiveshell import InteractiveShell
from jupyter_client.manager import start_new_kernel
from traitlets.config import Config

import wasmnb.image.registry.client as clients
from tests.image.registry.parts import HTPASSWD, DockerRegistry
from tests.magics.meshes import FakeMesh
from tests.needs import needs
from wasmnb import session

ROOT = Path(__file__).parents[2]

FILTER = """\
#include "proxy_wasm_intrinsics.h"

class Hello : public Context {
 public:
  explicit Hello(uint32_t id, RootContext* root) : Context(id, root) {}
  FilterHeadersStatus onResponseHeaders(uint32_t, bool) override {
    addResponseHeader("hello", "world");
    return FilterHeadersStatus::Continue;
  }
};

static RegisterContextFactory register_Hello(CONTEXT_FACTORY(Hello));
"""


@pytest.fixture(autouse=True)
def own_places(tmp_path, monkeypatch):
    """A store, credentials and registries that are nobody else's."""
    monkeypatch.setenv("WASMNB_STORE", str(tmp_path / "store"))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    clients.drop()
    yield
    clients.drop()


@pytest.fixture(scope="session")
@needs("registry")
def registry(tmp_path_factory):
    """A registry that lets everybody in."""
    registry = DockerRegistry(tmp_path_factory.mktemp("open"))
    yield registry
    registry.stop()


@pytest.fixture(scope="session")
@needs("registry")
def guarded(tmp_path_factory):
    """A registry that wants a name and a password."""
    folder = tmp_path_factory.mktemp("guarded")
    (folder / "htpasswd").write_text(HTPASSWD)
    registry = DockerRegistry(folder, f"auth:\n  htpasswd: {{realm: Registry, path: {folder}/htpasswd}}\n")
    yield registry
    registry.stop()


@pytest.fixture
def shell(tmp_path, monkeypatch):
    """A shell with the extension, and a session of its own."""
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    config = Config()
    config.HistoryManager.enabled = False
    shell = InteractiveShell(config=config)
    shell.extension_manager.load_extension("wasmnb")
    yield shell
    shell.extension_manager.unload_extension("wasmnb")


@pytest.fixture
def fake(shell):
    """A mesh in memory, chosen in the shell's session."""
    mesh = FakeMesh()
    session.default().use(mesh)
    return mesh


@pytest.fixture
def start_kernel(tmp_path):
    """Start real kernels with the extension loaded; they end with the test."""
    started = []

    def start(*cells):
        manager, client = start_new_kernel(kernel_name="python3", cwd=str(ROOT))
        started.append((manager, client))
        for cell in ("%load_ext wasmnb", *cells):
            reply = client.execute_interactive(cell, timeout=60, output_hook=lambda _: None)
            assert reply["content"]["status"] == "ok", reply["content"]
        return manager, client

    yield start
    for manager, client in started:
        client.stop_channels()
        manager.shutdown_kernel(now=False)
