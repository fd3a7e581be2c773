"""What a registry costs, beside ``skopeo`` in the same run: push, pull, and the listing of a thousand tags."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from article_filter import source
from measure import Figures, seconds

import wasmnb
from wasmnb.image import Image, Store, package
from wasmnb.image.registry import client as clients
from wasmnb.image.registry import listing, manifests, pull, push
from wasmnb.image.registry.repository import Remote
from wasmnb.image.registry.responses import Operation
from wasmnb.module import Module

if TYPE_CHECKING:
    from collections.abc import Iterator

RUNS = 9
REPOSITORIES, TAGS = 100, 10
LARGE = 5_000_000


@contextmanager
def docker_registry(folder: Path) -> Iterator[str]:
    """Run Debian's registry with the settings of its package on a port of its own."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{probe.getsockname()[1]}"
    config = folder / "config.yml"
    config.write_text(
        "version: 0.1\nlog: {level: error, accesslog: {disabled: true}}\n"
        f"storage: {{cache: {{blobdescriptor: inmemory}}, filesystem: {{rootdirectory: {folder}/registry}}}}\n"
        f"http: {{addr: {host!r}, secret: bench}}\n"
    )
    with (folder / "registry.log").open("wb") as log:
        process = subprocess.Popen(["docker-registry", "serve", str(config)], stdout=log, stderr=log)
    try:
        for _ in range(500):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", int(host.partition(":")[2]))) == 0:
                    break
            time.sleep(0.02)
        yield host
    finally:
        process.terminate()
        process.wait(10)


def skopeo(*words: str) -> None:
    """Copy an image with ``skopeo``."""
    subprocess.run(["skopeo", "copy", "--quiet", *words], check=True, timeout=120, capture_output=True)


def variant(module: Module, size: int) -> Image:
    """Give the module with random bytes in a custom section, so that no registry has seen it."""
    content = b"\x05bench" + os.urandom(size)
    length, left = bytearray(), len(content)
    while left > 0x7F:
        length.append(left & 0x7F | 0x80)
        left >>= 7
    length.append(left)
    return package(Module("bench", module.wasm + b"\0" + bytes(length) + content), "local/bench:v1")


def pushes(figures: Figures, host: str, module: Module, *, size: int, metric: str) -> None:
    """Measure new images, in turn with ``skopeo`` from a layout; a kernel that has pushed before."""
    goals = ("report", "<= 0.5") if metric == "push" else ("report", "<= 1.0")
    for run in range(-2, RUNS):
        ours, theirs, tag = variant(module, size), variant(module, size), f"v{run + 2}"
        with tempfile.TemporaryDirectory() as layout:
            store = Store(layout)
            store.add(theirs)
            to = f"{host}/{metric}/ours:{tag}"
            took = seconds(lambda image=ours, to=to: push(image, to))
            copy = ("--dest-tls-verify=false", f"oci:{layout}:local/bench:v1", f"docker://{host}/{metric}/theirs:{tag}")
            other = seconds(lambda words=copy: skopeo(*words))
        if run >= 0:
            figures.add(f"{metric}_ms", took * 1e3, "ms", goals[0])
            figures.add(f"{metric}_vs_skopeo", took / other, "x", goals[1])


def unchanged_and_pull(figures: Figures, host: str, folder: Path, module: Module) -> None:
    """Measure a push that changes nothing, and a pull into an empty store."""
    image = variant(module, 16)
    reference = f"{host}/pull/image:v1"
    push(image, reference)
    for run in range(-2, RUNS):
        took = seconds(lambda: push(image, reference))
        if run >= 0:
            figures.add("push_unchanged_ms", took * 1e3, "ms", "<= 15")
        with tempfile.TemporaryDirectory(dir=folder) as layout:
            store = Store(Path(layout, "ours"))
            ours = seconds(lambda store=store: pull(reference, store))
            copy = ("--src-tls-verify=false", f"docker://{reference}", f"oci:{layout}/theirs:v1")
            theirs = seconds(lambda words=copy: skopeo(*words))
        if run >= 0:
            figures.add("pull_ms", ours * 1e3, "ms", "report")
            figures.add("pull_vs_skopeo", ours / theirs, "x", "report")


def fill(host: str, image: Image) -> None:
    """Put a thousand different manifests into a hundred repositories."""
    manifest = json.loads(image.manifest)

    def repository(number: int) -> None:
        remote = Remote(clients.client(host), f"team{number % 10}/filter{number}")
        push(image, f"{host}/{remote.path}:v0")
        for tag in range(1, TAGS):
            notes = {**manifest["annotations"], "bench": f"{number}.{tag}"}
            data = json.dumps({**manifest, "annotations": notes}).encode()
            manifests.put(remote, f"v{tag}", data, manifest["mediaType"], Operation("push", remote.path, host))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(repository, range(REPOSITORIES)))


class First:
    """A progress that notes when it is first told of tags."""

    def __init__(self) -> None:
        self.start = time.perf_counter()
        self.first = 0.0

    def update(self, stage: str, done: float | None = None, total: float | None = None) -> None:
        """Note the time."""
        del done, total
        if not self.first and not stage.startswith("asking"):
            self.first = time.perf_counter() - self.start


def listings(figures: Figures, host: str, folder: Path, image: Image) -> None:
    """Measure a registry with a thousand tags, with an empty memory and with a full one."""
    fill(host, image)
    for _ in range(3):
        clients.drop(host)
        with tempfile.TemporaryDirectory(dir=folder) as cache:
            told = First()
            took = seconds(lambda told=told, cache=cache: listing(host, progress=told, cache=Path(cache)).frame)
            figures.add("list_1000_s", took, "s", "<= 3")
            figures.add("list_1000_first_s", told.first, "s", "<= 0.5")
            again = seconds(lambda cache=cache: listing(host, cache=Path(cache)).frame)
            figures.add("list_1000_again_s", again, "s", "<= 0.5")
            every = seconds(lambda cache=cache: listing(host, cache=Path(cache), fresh=0).frame)
            figures.add("list_1000_every_tag_s", every, "s", "report")


def registry(figures: Figures) -> None:
    """Run the benchmarks of this file; nothing where the registry or ``skopeo`` is missing."""
    missing = [name for name in ("docker-registry", "skopeo") if shutil.which(name) is None]
    if missing:
        print(f"no figures of a registry: {' and '.join(missing)} missing", file=sys.stderr)
        return
    module = wasmnb.Filter("header-filter", source("registry")).build()
    with tempfile.TemporaryDirectory() as name, docker_registry(Path(name)) as host:
        folder = Path(name)
        pushes(figures, host, module, size=16, metric="push")
        pushes(figures, host, module, size=LARGE, metric="push_5mb")
        unchanged_and_pull(figures, host, folder, module)
        listings(figures, host, folder, variant(module, 16))
        clients.drop(host)


if __name__ == "__main__":
    own = Figures()
    registry(own)
    print(own.table())
