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


def test_a_plain_context_is_read_as_the_library_reads_it(config):
    from kubernetes.client import Configuration

    library = Configuration()
    let_go = kubeconfig.load("here", library)
    own = kubeconfig.plain(None)
    assert (own.context, own.namespace) == ("here", "default")
    for name in ("host", "verify_ssl", "tls_server_name", "assert_hostname", "proxy", "no_proxy", "proxy_headers"):
        assert getattr(own, name) == getattr(library, name), name
    for name in ("ssl_ca_cert", "cert_file", "key_file"):
        assert Path(getattr(own, name)).read_text() == Path(getattr(library, name)).read_text()
    assert own.auth_settings() == library.auth_settings() == {}
    own.token = "hunter2"
    assert "hunter2" not in repr(own)
    key = Path(own.key_file)
    own.close()
    assert not key.exists()
    let_go()


@pytest.mark.parametrize(
    ("said", "instead"),
    [
        ("client-key-data", "exec: {command: gives-keys}, client-key-data"),
        ("server:", "proxy-url: 'http://127.0.0.1:3', server:"),
        ("client-key-data", "client-key: there, client-key-data"),
        ("current-context: here", "current-context: elsewhere"),
        ("clusters:", "clusters: ["),
    ],
)
def test_what_takes_the_library_is_left_to_it(config, said, instead):
    path = Path(os.environ["KUBECONFIG"])
    path.write_text(path.read_text().replace(said, instead, 1))
    assert kubeconfig.plain(None) is None
    assert kubeconfig.plain("nowhere") is None


def test_a_proxy_of_the_environment_takes_the_library_where_it_is_for_the_server(config, monkeypatch):
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:3")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    kubeconfig.plain(None).close()
    monkeypatch.setenv("no_proxy", "")
    assert kubeconfig.plain(None) is None


def test_a_look_at_a_cluster_imports_no_library(config):
    program = """
import sys
from wasmnb.errors import MeshError
from wasmnb.mesh.istio import IstioMesh
try:
    IstioMesh.connect()
except MeshError as error:
    print(error)
print("kubernetes" in sys.modules)
"""
    Path(os.environ["KUBECONFIG"]).write_text(
        "current-context: a\ncontexts: [{name: a, context: {cluster: a, user: a}}]\n"
        "clusters: [{name: a, cluster: {server: 'http://127.0.0.1:1'}}]\nusers: [{name: a, user: {token: t}}]\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "False"
    assert "127.0.0.1:1" in done.stdout


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_kernel_that_is_killed_leaves_no_key(config, number):
    with subprocess.Popen([sys.executable, "-c", _LOADS], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "the key\n"
        process.send_signal(number)
    assert [path for path in config.rglob("*") if path.is_file()] == []
