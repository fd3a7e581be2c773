"""Real container daemons of the tests' own: docker's and podman's, each in namespaces that take everything along."""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import signal
import socket
import subprocess
import tarfile
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from wasmnb.module.module import Module

#: The image that every daemon of the tests has: busybox, and nothing else.
IMAGE = "localhost/builder:1"
#: The same with a command of its own, which makes a module.
MAKER = "localhost/maker:1"

_APPLETS = "sh cat ls id env sleep cp mv echo mkdir touch printf dd seq stty ln true false test rm head kill".split()
_START = 20.0  # seconds until a daemon must answer
# The smallest thing that is a WebAssembly module (core specification, "Modules", binary format).
WASM = b"\0asm\1\0\0\0"

_PODMAN = """
[containers]
netns = "none"
cgroups = "enabled"
log_driver = "k8s-file"
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
"""


@dataclass(frozen=True)
class Engine:
    """A daemon of ours.

    Parameters
    ----------
    kind : str
        ``docker`` or ``podman``.
    socket : pathlib.Path
    port : int
        Where docker's listens too, on the loopback; 0 for podman's.
    hidden : pathlib.Path
        A folder that the daemon sees empty.
    """

    kind: str
    socket: Path
    port: int
    hidden: Path

    @property
    def address(self) -> str:
        return f"unix://{self.socket}"

    def containers(self) -> list[dict[str, object]]:
        """List every container, running or not."""
        import docker

        with contextlib.closing(docker.DockerClient(self.address, version="auto")) as client:
            found: list[dict[str, object]] = client.api.containers(all=True)
            return found


def _root_filesystem() -> bytes:
    busybox = shutil.which("busybox")
    if busybox is None:
        pytest.skip("no busybox: apt-get install busybox-static")
    memory = io.BytesIO()
    with tarfile.open(fileobj=memory, mode="w") as archive:
        for name in ("bin", "tmp", "etc"):
            member = tarfile.TarInfo(name)
            member.type, member.mode = tarfile.DIRTYPE, 0o1777 if name == "tmp" else 0o755
            archive.addfile(member)
        archive.add(Path(busybox).resolve(), "bin/busybox")
        for name in _APPLETS:
            link = tarfile.TarInfo(f"bin/{name}")
            link.type, link.linkname = tarfile.SYMTYPE, "busybox"
            archive.addfile(link)
        member = tarfile.TarInfo("bin/module.wasm")
        member.size, member.mode = len(WASM), 0o644
        archive.addfile(member, io.BytesIO(WASM))
    return memory.getvalue()


def _docker(folder: Path, port: int, group: str) -> str:
    (folder / "daemon.json").write_text("{}")
    return (
        f"dockerd --config-file {folder}/daemon.json --data-root {folder}/data --exec-root {folder}/exec"
        f" --pidfile {folder}/pid --host unix://{folder}/engine.sock --host tcp://127.0.0.1:{port} --tls=false"
        f" --iptables=false --ip6tables=false --bridge=none --storage-driver=vfs --cgroup-parent /{group}"
    )


def _podman(folder: Path, port: int, group: str) -> str:
    (folder / "containers.conf").write_text(_PODMAN)
    return (
        f"podman --root {folder}/data --runroot {folder}/exec --tmpdir {folder}/own --storage-driver vfs"
        f" system service --time 0 unix://{folder}/engine.sock"
    )


_COMMANDS: dict[str, Callable[[Path, int, str], str]] = {"docker": _docker, "podman": _podman}
_PACKAGES = {"docker": "docker.io", "podman": "podman"}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _unfit(kind: str) -> str:
    """Say why a daemon cannot run here; nothing when it can."""
    if os.geteuid() != 0:
        return "a container daemon of the tests' own needs root"
    if shutil.which({"docker": "dockerd"}.get(kind, kind)) is None:
        return f"no {kind}: apt-get install {_PACKAGES[kind]}"
    tried = subprocess.run(
        ["unshare", "--mount", "--pid", "--fork", "mount", "-t", "tmpfs", "none", "/run"],
        capture_output=True,
        text=True,
        timeout=10,
    )
    return f"no namespaces here: {tried.stderr.strip()}" if tried.returncode else ""


@contextlib.contextmanager
def _running(kind: str) -> Iterator[Engine]:
    import docker

    with tempfile.TemporaryDirectory(prefix=f"wasmnb-{kind}-") as name:
        folder = Path(name)
        (folder / "hidden").mkdir()
        group, port = f"wasmnb-{uuid.uuid4().hex[:8]}", _free_port() if kind == "docker" else 0
        covers = [str(folder / "hidden"), "/run", *filter(os.path.isdir, ("/etc/docker", "/var/lib/containers"))]
        # The shell stays the first process of its namespace: it adopts what a daemon leaves, and takes it along.
        script = "\n".join(
            [
                "set -e",
                *(f"mount -t tmpfs none {cover}" for cover in covers),
                f"{_COMMANDS[kind](folder, port, group)} & wait $!",
            ]
        )
        environment = {
            **os.environ,
            "CONTAINERS_CONF": str(folder / "containers.conf"),
            # What podman would hand on to its containers.
            "http_proxy": "http://user:s3cret-of-the-service@proxy.test:3128",
        }
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                ["unshare", "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child", "--mount-proc"]
                + ["sh", "-c", script],
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                env=environment,
            )
        engine = Engine(kind, folder / "engine.sock", port, folder / "hidden")
        try:
            client = _answering(engine, process, folder / "log")
            with contextlib.closing(client):
                data, (repository, tag) = _root_filesystem(), IMAGE.rsplit(":", 1)
                client.api.import_image_from_data(data, repository=repository, tag=tag)
                repository, tag = MAKER.rsplit(":", 1)
                changes = ["CMD cp /bin/module.wasm made.wasm"]
                client.api.import_image_from_data(data, repository=repository, tag=tag, changes=changes)
                yield engine
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait(10)
            for root, folders, _ in os.walk("/sys/fs/cgroup", topdown=False):
                for found in (Path(root, name) for name in folders if group in Path(root, name).parts):
                    _remove_group(found)
        del docker


def _remove_group(path: Path) -> None:
    deadline = time.monotonic() + 5
    while path.exists():
        try:
            path.rmdir()
        except OSError:  # its last process is still being taken down
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)
