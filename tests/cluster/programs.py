"""The cluster's programs, built from Go modules: about 13 minutes on two cores the first time, and then kept."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.cluster.places import HERE, cache

Say = Callable[[str], None]

_KUBERNETES = "v1.34.4"
# A release is told its version by the linker; without, it calls itself v0.0.0 and clients take it for ancient.
_VERSION = f"""\
-X k8s.io/component-base/version.gitVersion={_KUBERNETES} \
-X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=34 \
-X k8s.io/client-go/pkg/version.gitVersion={_KUBERNETES}"""


@dataclass(frozen=True)
class Source:
    """A Go module of ours below ``src``, and the packages that are built of it."""

    name: str
    packages: tuple[str, ...]
    flags: str = ""

    @property
    def folder(self) -> Path:
        return HERE / "src" / self.name

    @property
    def built(self) -> Path:
        """Where its programs are kept: another folder for every version, source and flag."""
        digest = hashlib.sha256(self.flags.encode())
        for path in sorted(self.folder.rglob("*")):
            if path.suffix in {".go", ".mod", ".sum"}:
                digest.update(path.relative_to(self.folder).as_posix().encode() + b"\0" + path.read_bytes())
        return cache() / "programs" / f"{self.name}-{digest.hexdigest()[:12]}"

    def missing(self) -> list[str]:
        return [package for package in self.packages if not (self.built / Path(package).name).exists()]


KUBERNETES = Source(
    "kubernetes",
    tuple(
        f"k8s.io/kubernetes/cmd/{name}"
        for name in (
            "kube-apiserver",
            "kube-controller-manager",
            "kube-scheduler",
            "kubelet",
            "kube-proxy",
            "kubectl",
        )
    ),
    _VERSION,
)
ISTIO = Source(
    "istio",
    (
        "istio.io/istio/pilot/cmd/pilot-discovery",
        "istio.io/istio/pilot/cmd/pilot-agent",
        "istio.io/istio/istioctl/cmd/istioctl",
    ),
)
COREDNS = Source("coredns", ("wasmnb.test/cluster/coredns",))
WORKLOADS = Source("workloads", ("wasmnb.test/cluster/workloads/bookinfo", "wasmnb.test/cluster/workloads/pause"))
SOURCES = (KUBERNETES, ISTIO, COREDNS, WORKLOADS)


class BuildError(Exception):
    """A program cannot be built; the message has the compiler's words."""


def unbuilt() -> list[str]:
    """List the packages that `build` would have to build."""
    return [package for source in SOURCES for package in source.missing()]


def compiler() -> bool:
    """Say whether there is a Go."""
    return shutil.which("go") is not None


def build(say: Say) -> None:
    """Build whatever is missing; only one process at a time does.

    Parameters
    ----------
    say : callable
        Takes a line about each program before and after it is built.

    Raises
    ------
    BuildError
    """
    if not unbuilt():
        return
    if not compiler():
        raise BuildError("the cluster's programs are built with Go, which is not installed")
    with _alone(say):
        for source in SOURCES:
            for package in source.missing():
                _build(source, package, say)


def _build(source: Source, package: str, say: Say) -> None:
    name = Path(package).name
    say(f"building {name} ({len(unbuilt())} programs to go)")
    start = time.monotonic()
    source.built.mkdir(parents=True, exist_ok=True)
    unfinished = source.built / f".{name}"
    command = ["go", "build", "-buildvcs=false", "-trimpath", "-ldflags", f"-s -w {source.flags}".strip()]
    done = subprocess.run(
        [*command, "-o", unfinished, package],
        cwd=source.folder,
        env={**os.environ, "CGO_ENABLED": "0", "GOFLAGS": "", "GOWORK": "off"},
        capture_output=True,
        text=True,
    )
    if done.returncode:
        unfinished.unlink(missing_ok=True)
        raise BuildError(f"go build {package}:\n" + "\n".join(done.stderr.strip().splitlines()[-20:]))
    unfinished.rename(source.built / name)
    say(f"built {name} in {time.monotonic() - start:.0f} s")


def istio_file(path: str) -> Path:
    """Give a file of the Istio module's source."""
    command = ["go", "list", "-mod=mod", "-m", "-f", "{{.Dir}}", "istio.io/istio"]
    done = subprocess.run(command, cwd=ISTIO.folder, capture_output=True, text=True, check=True)
    return Path(done.stdout.strip(), path)


@contextmanager
def _alone(say: Say) -> Iterator[None]:
    with (cache() / "build.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            say("waiting for another build of the same programs")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
