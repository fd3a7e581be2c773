"""The cluster's programs, built from Go modules: a quarter of an hour of a core the first time, and then kept."""

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
from typing import IO

import psutil

from tests.cluster.places import HERE, cache

Say = Callable[[str], None]

_KUBERNETES = "v1.36.1"
# A release is told its version by the linker; without, it calls itself v0.0.0 and clients take it for ancient.
_VERSION = f"""\
-X k8s.io/component-base/version.gitVersion={_KUBERNETES} \
-X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=36 \
-X k8s.io/client-go/pkg/version.gitVersion={_KUBERNETES}"""
# Thousands of packages run for a moment or never: the optimiser is for those that work all the time.
_WORKING = (
    "k8s.io/apimachinery",
    "k8s.io/apiserver",
    "k8s.io/client-go",
    "go.etcd.io",
    "golang.org/x",
    "google.golang.org",
    "github.com/gogo",
    "sigs.k8s.io",
)
_UNOPTIMISED = ("-gcflags=all=-N -l", "-gcflags=std=", *(f"-gcflags={one}/...=" for one in _WORKING))
_BUILD = ("go", "build", "-v", "-buildvcs=false", "-trimpath", *_UNOPTIMISED, "-ldflags", f"-s -w {_VERSION}")
_SETTINGS = {"CGO_ENABLED": "0", "GOFLAGS": "", "GOWORK": "off"}
_EVERY = 30.0  # seconds between two words about a build that goes on
_BLINK = 0.2  # seconds between two looks at somebody else's build


@dataclass(frozen=True)
class Source:
    """A Go module of ours below ``src``, and the programs that are built of it.

    Parameters
    ----------
    name : str
        The module's folder.
    packages : tuple of str
        Each gives a program, called like the package.
    names : tuple
        Programs that are several by the name under which they are started, each with these names.
    files : tuple
        What is kept beside the programs: a module, and the path of a file in it.
    """

    name: str
    packages: tuple[str, ...]
    names: tuple[tuple[str, tuple[str, ...]], ...] = ()
    files: tuple[tuple[str, str], ...] = ()

    @property
    def folder(self) -> Path:
        return HERE / "src" / self.name

    @property
    def built(self) -> Path:
        """Where its programs are kept: another folder for every version, source and flag."""
        digest = hashlib.sha256(repr((self.packages, self.names, self.files, _BUILD, _SETTINGS)).encode())
        for path in sorted(self.folder.rglob("*")):
            if path.suffix in {".go", ".mod", ".sum"}:
                digest.update(path.relative_to(self.folder).as_posix().encode() + b"\0" + path.read_bytes())
        return cache() / "programs" / f"{self.name}-{digest.hexdigest()[:12]}"


PROGRAMS = Source(
    "programs",
    ("./kubernetes", "./pilot", "./coredns", "istio.io/istio/pilot/cmd/pilot-agent"),
    (
        (
            "kubernetes",
            ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet", "kube-proxy", "kubectl"),
        ),
        ("pilot", ("pilot-discovery", "istio-manifests")),
    ),
    # Whoever has the programs need not have the modules that they were built of.
    (("istio.io/istio", "tools/packaging/common/envoy_bootstrap.json"),),
)
"""Kubernetes, Istio and CoreDNS: one module, so that all stand on the same parts, and each part is compiled once."""
WORKLOADS = Source("workloads", ("./bookinfo", "./pause"))
SOURCES = (PROGRAMS, WORKLOADS)


class BuildError(Exception):
    """A program cannot be built; the message has the compiler's words."""


def unbuilt() -> list[Source]:
    """List what `build` would have to build."""
    return [source for source in SOURCES if not source.built.exists()]


def compiler() -> bool:
    """Say whether there is a Go."""
    return shutil.which("go") is not None


def build(say: Say) -> None:
    """Build whatever is missing; only one process at a time does, and the others tell what it says.

    Parameters
    ----------
    say : callable
        Takes a line about each step, and at least one a minute.

    Raises
    ------
    BuildError
    """
    if not unbuilt():
        return
    if not compiler():
        raise BuildError("the cluster's programs are built with Go, which is not installed")
    with _alone(say) as told:
        for source in unbuilt():
            _build(source, told)


def _build(source: Source, say: Say) -> None:
    names = ", ".join(Path(package).name for package in source.packages)
    usual = "10 to 20 minutes on two cores" if source is PROGRAMS else "a few seconds"
    say(f"building {names} from Go modules: usually {usual}, once")
    start = time.monotonic()
    scratch = cache() / "programs" / ".unfinished"
    # Of a build that was killed.
    shutil.rmtree(scratch, ignore_errors=True)
    done, temporary = scratch / "done", scratch / "temporary"
    for folder in (done, temporary):
        folder.mkdir(parents=True)
    _compile(source, done, temporary, say)
    for program, others in source.names:
        for name in others:
            (done / name).symlink_to(program)
    for module, path in source.files:
        shutil.copyfile(_module(source, module) / path, done / Path(path).name)
    done.rename(source.built)
    shutil.rmtree(scratch)
    say(f"built {names} in {time.monotonic() - start:.0f} s")


def _compile(source: Source, target: Path, temporary: Path, say: Say) -> None:
    environment = {**os.environ, **_SETTINGS, **_unhurried_collector(), "GOTMPDIR": str(temporary)}
    start = said = time.monotonic()
    words, count = [], 0
    with subprocess.Popen(
        [*_BUILD, "-o", f"{target}/", *source.packages],
        cwd=source.folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            for line in map(str.strip, process.stderr or ()):
                # Packages are named as they are compiled; whatever else is said has spaces.
                if " " in line:
                    words.append(line)
                    continue
                count += 1
                if time.monotonic() - said > _EVERY:
                    said = time.monotonic()
                    say(f"{count} packages compiled in {said - start:.0f} s")
        except BaseException:
            process.terminate()
            raise
    if process.returncode:
        raise BuildError(f"go build {' '.join(source.packages)}:\n" + "\n".join(words[-20:]))


def _unhurried_collector() -> dict[str, str]:
    """Let compilers collect garbage only when memory gets scarce: it is a seventh of what they do otherwise."""
    share = psutil.virtual_memory().available // (2 * (os.cpu_count() or 1))
    return {"GOGC": "off", "GOMEMLIMIT": str(share)}


def _module(source: Source, name: str) -> Path:
    """Give the folder of a module that a source is built of."""
    return Path(_go_list(source, "-m", "-f", "{{.Dir}}", name).strip())


def _go_list(source: Source, *arguments: str) -> str:
    done = subprocess.run(
        ["go", "list", *arguments],
        cwd=source.folder,
        env={**os.environ, **_SETTINGS},
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise BuildError(f"go list {' '.join(arguments)}:\n{done.stderr.strip()}")
    return done.stdout


@contextmanager
def _alone(say: Say) -> Iterator[Say]:
    """Wait until no other process builds, passing on what it says. Give what says a line to those who wait for us."""
    log = cache() / "build.log"
    with (cache() / "build.lock").open("w") as lock:
        heard = 0
        waits = not _locked(lock)
        while waits:
            # Looked at before the log is: what was said until the lock was free is passed on, and nothing of ours.
            waits = not _locked(lock)
            lines = log.read_text().splitlines() if log.exists() else []
            for line in lines[heard:]:
                say(line)
            heard = len(lines)
            if waits:
                time.sleep(_BLINK)
        with log.open("w", buffering=1) as ours:

            def tell(line: str) -> None:
                print(line, file=ours)
                say(line)

            yield tell


def _locked(lock: IO[str]) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
