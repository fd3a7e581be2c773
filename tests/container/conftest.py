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
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.needs import needs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from docker import DockerClient

#: The image that every daemon of the tests has: busybox, and nothing else.
IMAGE = "localhost/builder:latest"
#: The same with a command of its own, which makes a module.
MAKER = "localhost/maker:latest"

_APPLETS = (
    "sh",
    "cat",
    "cp",
    "dd",
    "echo",
    "env",
    "id",
    "ln",
    "ls",
    "mkdir",
    "printf",
    "rm",
    "seq",
    "sleep",
    "test",
    "touch",
    "true",
)
_START = 20.0  # seconds until a daemon must answer
# The smallest thing that is a WebAssembly module (core specification, "Modules", binary format).
WASM = b"\0asm\1\0\0\0"

_PODMAN = """
[containers]
netns = "none"
cgroups = "disabled"
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
        f"podman --root {folder}/data --runroot /run/own --tmpdir /run/own-too --storage-driver vfs"
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
        check=False,
        capture_output=True,
        text=True,
        timeout=10,
    )
    return f"no namespaces here: {tried.stderr.strip()}" if tried.returncode else ""


@contextlib.contextmanager
def _running(kind: str) -> Iterator[Engine]:
    with tempfile.TemporaryDirectory(prefix=f"wasmnb-{kind}-") as name:
        folder = Path(name)
        for below in ("hidden", "tmp"):
            (folder / below).mkdir()
        group, port = f"wasmnb-{uuid.uuid4().hex[:8]}", _free_port() if kind == "docker" else 0
        covers = [str(folder / "hidden"), "/run", *filter(os.path.isdir, ("/etc/docker", "/var/lib/containers"))]
        # The shell stays the first process of its namespace: it adopts what a daemon leaves, and takes it along.
        script = "\n".join(
            [
                "set -e",
                *(f"mount -t tmpfs none {cover}" for cover in covers),
                # podman's crun refuses a machine that has both versions of control groups.
                "umount /sys/fs/cgroup/unified 2>&- || true",
                f"{_COMMANDS[kind](folder, port, group)} & wait $!",
            ]
        )
        environment = {
            **os.environ,
            "TMPDIR": str(folder / "tmp"),
            "CONTAINERS_CONF": str(folder / "containers.conf"),
            # What podman would hand on to its containers.
            "http_proxy": "http://user:s3cret-of-the-service@proxy.test:3128",
        }
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                [
                    "unshare",
                    "--mount",
                    "--propagation",
                    "private",
                    "--pid",
                    "--fork",
                    "--kill-child",
                    "--mount-proc",
                    "sh",
                    "-c",
                    script,
                ],
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
            for top in Path("/sys/fs/cgroup").rglob(group):
                for root, _, _ in os.walk(top, topdown=False):
                    _remove_group(Path(root))


def _answering(engine: Engine, process: subprocess.Popen[bytes], log: Path) -> DockerClient:
    import docker

    deadline = time.monotonic() + _START
    while not engine.socket.exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    while True:
        try:
            return docker.DockerClient(engine.address, version="auto", timeout=60)
        except docker.errors.DockerException as error:
            if process.poll() is not None or time.monotonic() > deadline:
                last = log.read_text(errors="replace").strip().splitlines()[-3:]
                pytest.skip(f"{engine.kind} does not start here: {last or error}")
            time.sleep(0.05)


def _remove_group(path: Path) -> None:
    deadline = time.monotonic() + 5
    while path.exists():
        try:
            path.rmdir()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)


@pytest.fixture(scope="session")
@needs("container")
def docker_engine() -> Iterator[Engine]:
    """Give docker's daemon."""
    reason = _unfit("docker")
    if reason:
        pytest.skip(reason)
    with _running("docker") as engine:
        yield engine


@pytest.fixture(scope="session")
@needs("container")
def podman_engine() -> Iterator[Engine]:
    """Give podman's service."""
    reason = _unfit("podman")
    if reason:
        pytest.skip(reason)
    with _running("podman") as engine:
        yield engine
        assert engine.containers() == []


@pytest.fixture(autouse=True)
def _nothing_of_the_users(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Keep the machine's own daemons, proxies and docker configuration out of the tests."""
    for name in ("DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH"):
        monkeypatch.delenv(name, raising=False)
    for name in ("http_proxy", "https_proxy", "no_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "no-docker-configuration"))
    monkeypatch.setenv("WASMNB_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "no-runtime"))


@pytest.fixture(params=["docker", "podman"])
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """Give each daemon in turn, named in DOCKER_HOST; it must have no container afterwards.

    Podman takes half a second to tell, and is asked once, at the end.
    """
    chosen: Engine = request.getfixturevalue(f"{request.param}_engine")
    monkeypatch.setenv("DOCKER_HOST", chosen.address)
    yield chosen
    if chosen.kind == "docker":
        assert chosen.containers() == []


@pytest.fixture
def docker(docker_engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """Give docker's daemon alone, for what podman's does by the same code."""
    monkeypatch.setenv("DOCKER_HOST", docker_engine.address)
    yield docker_engine
    assert docker_engine.containers() == []


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give a filter's folder, with one source."""
    path = tmp_path / "header-filter"
    path.mkdir()
    (path / "filter.cc").write_text("int answer() {\n  return 四 + nothing;\n}\n")
    return path
