from __future__ import annotations

from pathlib import Path

import pytest
from IPython.core.interactiveshell import InteractiveShell
from jupyter_client.manager import start_new_kernel
from traitlets.config import Config

from tests.magics.meshes import FakeMesh
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
