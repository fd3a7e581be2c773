"""Benchmarks of the program ``wasmnb``: its start, Tab, and a look at the mesh beside one of ``kubectl``."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from measure import Figures, runs, seconds

from tests.cluster import life, programs

_SMALL = ("--no-bookinfo", "--workload", "x=127.0.0.1:9")


def program(figures: Figures) -> None:
    """Measure each command as a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        places = {name: str(Path(folder, name.lower())) for name in ("STORE", "RUNTIME_DIR", "CACHE_DIR")}
        environment = {**os.environ, **{f"WASMNB_{name}": place for name, place in places.items()}}
        # An installation has its modules compiled.
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        _run(environment, "__complete", "wasmnb st")
        for _ in range(runs(9)):
            figures.add("cli_version_ms", _run(environment, "--version"), "ms", "<= 80")
            # Nothing is kept for it, so that the first Tab is as the others.
            figures.add("cli_tab_ms", _run(environment, "__complete", "wasmnb st"), "ms", "<= 150")
        with _mesh(environment):
            _run(environment, "status")
            for _ in range(runs(9)):
                figures.add("cli_status_ms", _run(environment, "status"), "ms", "report")
    _beside_kubectl(figures, environment)


def _beside_kubectl(figures: Figures, environment: Mapping[str, str]) -> None:
    """Look at one namespace of a cluster that runs, in turn with ``kubectl get``; none is brought up for it."""
    cluster = life.find()
    if cluster is None:
        print("no ratio to kubectl: the tests' cluster does not run")
        return
    environment = {**environment, "KUBECONFIG": str(cluster.kubeconfig)}
    kubectl = [str(programs.PROGRAMS.built / "kubectl"), "get", "pods", "-n", "istio-system"]
    for run in range(-1, runs(9)):
        ours = _run(environment, "status", "--mesh", "istio", "-n", "istio-system")
        theirs = 1e3 * seconds(lambda: subprocess.run(kubectl, env=environment, check=True, capture_output=True))
        if run >= 0:
            figures.add("cli_status_cluster_ms", ours, "ms", "report")
            for kept in Path(environment["WASMNB_CACHE_DIR"]).rglob("cluster-names"):
                kept.unlink()
            line = "wasmnb logs --mesh istio -n istio-system i"
            figures.add("cli_tab_cluster_ms", _run(environment, "__complete", line), "ms", "report")
            figures.add("cli_status_vs_kubectl", ours / theirs, "x", "<= 1")


def _run(environment: Mapping[str, str], *words: str) -> float:
    """Give the milliseconds that a command takes."""
    command = [sys.executable, "-m", "wasmnb", *words]
    return 1e3 * seconds(lambda: subprocess.run(command, env=environment, check=True, capture_output=True))


@contextmanager
def _mesh(environment: Mapping[str, str]) -> Iterator[None]:
    """Run a small embedded mesh in another process."""
    command = [sys.executable, "-m", "wasmnb", "mesh", "local", *_SMALL]
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        assert process.stderr is not None
        try:
            assert any(b"Ctrl-C ends it" in line for line in process.stderr)
            yield
        finally:
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=60)
