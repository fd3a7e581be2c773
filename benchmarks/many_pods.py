"""Verdicts of up to 5,000 pods: what one real pod, its proxy, its kubelet and istiod answered, replayed for many.

Each measure is a process of its own, so that its memory is that of the looks. What it asks is `many_proxies`, a
program in Go, as an API server is one.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from measure import Figures, runs

from wasmnb.errors import MeshError
from wasmnb.mesh import Verdict
from wasmnb.mesh.istio import IstioMesh
from wasmnb.mesh.istio.api.port_forward_pool import PortForwardPool
from wasmnb.mesh.istio.proxies import config_dump, istiod
from wasmnb.mesh.istio.proxies.admin import PORT
from wasmnb.mesh.istio.proxies.kept_evidence import EACH
from wasmnb.mesh.istio.proxies.pods import PROXY

_PLUGIN = "header-filter"
_SIZES = {1: "", 30: "", 300: "", 1000: "<= 3, again <= 1", 2500: "", 5000: "<= 10, again <= 3"}
_WIDTH = 60
_SETTLED = 11.0  # seconds; see `kept_evidence`
_TOKEN = "t" * 900  # as long as one of a service account
_SERVER = Path(__file__).with_name("many_proxies")


def many_pods(figures: Figures, mesh: Any, pod: str) -> None:
    """Measure looks at many pods that are all like one, first and again; plot them."""
    with tempfile.TemporaryDirectory() as folder:
        recording = Path(folder, "recording.json")
        recording.write_text(json.dumps(_record(mesh, pod)))
        for count, goal in _SIZES.items():
            for _ in range(runs(3)):
                command = [sys.executable, __file__, str(recording), str(count)]
                done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=600)
                found = json.loads(done.stdout)
                figures.add(f"verdict_{count}_pods_s", found["first"], "s", goal)
                figures.add(f"verdict_{count}_pods_again_s", found["again"], "s", goal)
                figures.add(f"verdict_{count}_pods_cpu_s", found["cpu"], "s")
                figures.add(f"verdict_{count}_pods_again_cpu_s", found["cpu_again"], "s")
                figures.add(f"look_{count}_pods_rss_mib", found["rss"], "MiB", "<= 300")
                if count >= 1000:
                    figures.add("look_bytes_per_pod", found["bytes"], "bytes", "<= 2000")
    _plot(figures)


def _plot(figures: Figures) -> None:
    for kind in ("", "_again"):
        took = {count: figures.median(f"verdict_{count}_pods{kind}_s") for count in _SIZES}
        most = max(took.values())
        print(f"seconds of a look{' again' if kind else ''}, by pods")
        for count, seconds in took.items():
            print(f"{count:>6} {seconds:8.2f} {'#' * max(1, round(_WIDTH * seconds / most))}")


def _record(mesh: Any, pod: str) -> dict[str, Any]:
    """Ask for everything that a look asks for, once."""
    cluster, namespace = mesh.cluster, mesh.namespace
    system = mesh.istio.namespace
    paths = [
        "/version",
        f"/api/v1/namespaces/{namespace}",
        f"/api/v1/namespaces/{namespace}/pods",
        f"/api/v1/namespaces/{system}/pods?labelSelector=app%3Distiod",
        *{f"/apis/{kind.group}/{kind.version}" for kind in mesh.istio.kinds},
        *(kind.path(namespace) for kind in mesh.istio.kinds),
    ]
    api = {}
    for path in paths:
        with suppress(MeshError):
            api[path] = cluster.request("GET", path)
    tunnels = PortForwardPool()
    pages = (config_dump.ECDS, config_dump.LISTENERS, config_dump.INBOUND, config_dump.INBOUND_MARK, config_dump.STATS)
    admin = {page: tunnels.get(cluster, namespace, pod, PORT, page) for page in pages}
    admin["POST /logging"] = tunnels.get(cluster, namespace, pod, PORT, "/logging", method="POST")
    query = {"container": PROXY, "timestamps": "true"}
    log = cluster.request("GET", f"/api/v1/namespaces/{namespace}/pods/{pod}/log", query=query)
    syncz = tunnels.get(cluster, system, mesh.istio.pods[0], istiod.PORT, "/debug/syncz")
    tunnels.close()
    # Whether a module registers its root id is known from its image, which is not what is measured here.
    admin[config_dump.ECDS] = admin[config_dump.ECDS].replace('"root_id": "add_header"', '"root_id": ""')
    parts = {"namespace": namespace, "pod": pod, "api": api, "admin": admin, "log": log}
    return {**parts, "syncz": json.loads(syncz)}


def _measure(recording: Path, count: int, folder: Path) -> dict[str, float]:
    """Look at pods, first and again, and twice more for what is sent in the steady state."""
    certify(folder)
    namespace = json.loads(recording.read_text())["namespace"]
    with serving(recording, count, folder) as port:
        configure(folder, port, namespace)
        mesh = IstioMesh.connect(None, namespace, preflight=False)
        took, sent = [], [0.0]
        busied = []
        for look in range(4):
            if look == 2:
                # From now on what istiod says is used again, where nothing has changed.
                time.sleep(_SETTLED if count > EACH else 0)
            start, busy = time.perf_counter(), time.process_time()
            found = mesh.verdicts(_PLUGIN)
            took.append(time.perf_counter() - start)
            busied.append(time.process_time() - busy)
            sent.append(float(mesh.cluster.request("GET", "/bytes")))
            assert [one.verdict for one in found] == [Verdict.LOADED] * count, found[0]
        mesh.stop()
    rss = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10
    steady = (sent[4] - sent[3]) / count
    spent = {"cpu": busied[0], "cpu_again": busied[1]}
    return {"first": took[0], "again": took[1], **spent, "rss": rss, "bytes": steady}


@contextmanager
def serving(recording: Path, count: int, folder: Path) -> Iterator[int]:
    """Run the stand-in for an API server, with the certificate in a folder; give its port.

    Go keeps what it compiled, so that only the first time takes long.
    """
    program = folder / "many_proxies"
    settings = {**os.environ, "CGO_ENABLED": "0", "GOFLAGS": "", "GOWORK": "off"}
    subprocess.run(["go", "build", "-buildvcs=false", "-o", str(program), "."], cwd=_SERVER, env=settings, check=True)
    command = [str(program), str(recording), str(count), str(folder / "server.pem")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout
        assert server.stdin
        with server.stdin:
            yield int(server.stdout.readline())


def configure(folder: Path, port: int, namespace: str) -> None:
    """Have a kubeconfig that leads there, and its certificate's authority."""
    cluster = {"server": f"https://127.0.0.1:{port}", "certificate-authority": str(folder / "ca.pem")}
    whole = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "many",
        "contexts": [{"name": "many", "context": {"cluster": "many", "user": "many", "namespace": namespace}}],
        "clusters": [{"name": "many", "cluster": cluster}],
        "users": [{"name": "many", "user": {"token": _TOKEN}}],
    }
    (folder / "config").write_text(json.dumps(whole))
    os.environ["KUBECONFIG"] = str(folder / "config")


def certify(folder: Path) -> None:
    """Make a certificate for this machine, as an API server has one."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "many")])
    now, day = dt.datetime.now(dt.timezone.utc), dt.timedelta(days=1)
    here = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, now - day, now + day)
    authority = x509.BasicConstraints(ca=True, path_length=None)
    certificate = builder.add_extension(here, critical=False).add_extension(authority, critical=True)
    encoding = serialization.Encoding.PEM
    public = certificate.sign(key, hashes.SHA256()).public_bytes(encoding)
    private = key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "ca.pem").write_bytes(public)
    (folder / "server.pem").write_bytes(private + public)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as kept:
        print(json.dumps(_measure(Path(sys.argv[1]), int(sys.argv[2]), Path(kept))))
