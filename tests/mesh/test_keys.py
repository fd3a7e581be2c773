"""Keys of a kubeconfig: in memory, so that a kernel that is killed leaves none of them on a disk."""

from __future__ import annotations

import base64
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from wasmnb.mesh.istio.api import kubeconfig

_LOADS = """
import sys, time
from kubernetes.client import Configuration
from wasmnb.mesh.istio.api import kubeconfig
configuration = Configuration()
let_go = kubeconfig.load("here", configuration)
print(open(configuration.key_file).read(), flush=True)
time.sleep(60)
"""

pytestmark = pytest.mark.skipif(not hasattr(os, "memfd_create"), reason="there are no files in memory")


@pytest.fixture
def config(tmp_path, monkeypatch):
    data = {name: base64.b64encode(f"the {name}".encode()).decode() for name in ("ca", "certificate", "key")}
    path = tmp_path / "kubeconfig"
    path.write_text(
        f"""
apiVersion: v1
kind: Config
current-context: here
clusters: [{{name: c, cluster: {{server: "https://127.0.0.1:1", certificate-authority-data: {data["ca"]}}}}}]
users: [{{name: u, user: {{client-certificate-data: {data["certificate"]}, client-key-data: {data["key"]}}}}}]
contexts: [{{name: here, context: {{cluster: c, user: u}}}}]
"""
    )
    (tmp_path / "temporary").mkdir()
    monkeypatch.setenv("KUBECONFIG", str(path))
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    return tmp_path / "temporary"


def test_keys_are_read_like_files_until_they_are_let_go_of(config):
    from kubernetes.client import Configuration

    configuration = Configuration()
    let_go = kubeconfig.load("here", configuration)
    files = [Path(path) for path in (configuration.ssl_ca_cert, configuration.cert_file, configuration.key_file)]
    assert [path.read_text() for path in files] == ["the ca", "the certificate", "the key"]
    # Once more, as each connection reads them.
    assert files[2].read_text() == "the key"
    let_go()
    assert not any(path.exists() for path in files)


def test_keys_stay_where_they_are_when_a_credential_is_asked_for(config):
    from kubernetes.client import Configuration

    path = Path(os.environ["KUBECONFIG"])
    path.write_text(path.read_text().replace("client-certificate-data", "token: t, client-certificate-data"))
    configuration = Configuration()
    let_go = kubeconfig.load("here", configuration)
    for _ in range(2):
        assert configuration.auth_settings()["BearerToken"]["value"] == "Bearer t"
        assert [Path(file).read_text() for file in (configuration.ssl_ca_cert, configuration.key_file)] == [
            "the ca",
            "the key",
        ]
    assert [path for path in config.rglob("*") if path.is_file()] == []
    let_go()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_kernel_that_is_killed_leaves_no_key(config, number):
    with subprocess.Popen([sys.executable, "-c", _LOADS], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "the key\n"
        process.send_signal(number)
    assert [path for path in config.rglob("*") if path.is_file()] == []
