"""How a cluster comes, is found, and goes."""

from __future__ import annotations

import contextlib
import fcntl
import itertools
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

from tests.cluster import groups, guard, images, manifests, node, programs
from tests.cluster.cluster import Cluster, ClusterError
from tests.cluster.places import HERE, Home

DEFAULT = "default"
"""The cluster that `make cluster` brings up."""
_ENDING = 30.0  # seconds


def unfit() -> str:
    """Say why no cluster can run here; nothing when one can."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return "a cluster of the tests' own needs Linux and root"
    if problem := _no_namespaces():
        return f"a cluster needs namespaces of its own: {problem}"
    if packages := node.missing():
        return "a cluster needs " + ", ".join(packages) + ": apt-get install " + " ".join(packages)
    if programs.unbuilt() and not programs.compiler():
        return "a cluster's programs are built with Go, which is not installed"
    return ""


def _no_namespaces() -> str:
    """Say what a container without further rights is told."""
    spaces = ["--net", "--mount", "--pid", "--fork"]
    tried = subprocess.run(
        ["unshare", *spaces, "mount", "-n", "-t", "tmpfs", "none", "/run"], capture_output=True, text=True
    )
    return tried.stderr.strip() or groups.problem()


def up(name: str = DEFAULT, *, owned: bool = False, say: programs.Say = print) -> Cluster:
    """Bring up a cluster; about half a minute once its programs are built.

    Parameters
    ----------
    name : str
        The cluster's.
    owned : bool
        It ends with this process.
    say : callable
        Takes a line about each step.

    Raises
    ------
    ClusterError
        It does not come up, or runs already.
    BuildError
        A program cannot be built.
    """
    if reason := unfit():
        raise ClusterError(reason)
    programs.build(say)
    images.archive()
    manifests.istio()
    command = [sys.executable, "-m", "tests.cluster.guard", name, *(["--owned"] if owned else [])]
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE if owned else subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        cwd=HERE.parent.parent,
        start_new_session=True,
    )
    try:
        said = list(_until_ready(process, say))
    except BaseException:
        process.terminate()
        process.wait()
        raise
    if not said or not said[-1].startswith("ready"):
        process.wait()
        why = list(itertools.dropwhile(lambda line: not line.startswith("failed"), said))
        raise ClusterError("\n".join(why) or f"the cluster {name!r} ended without a word")
    found = find(name)
    assert found
    if owned:
        _OWNED[name] = process
    return found


def _until_ready(process: subprocess.Popen[str], say: programs.Say) -> Iterator[str]:
    assert process.stdout
    with process.stdout:
        for line in map(str.rstrip, process.stdout):
            yield line
            if not line.startswith(("failed", "  ")):
                say(line)
            if line.startswith("ready"):
                return


_OWNED: dict[str, subprocess.Popen[str]] = {}
"""Keeps the pipes that say that we are here."""


def find(name: str = DEFAULT) -> Cluster | None:
    """Give a cluster that is up."""
    home = Home(name)
    if not home.facts.exists() or not _is_locked(home):
        return None
    return Cluster(home, json.loads(home.facts.read_text())["address"])


def down(name: str = DEFAULT) -> None:
    """End a cluster, and sweep up after one that came to a bad end."""
    home = Home(name)
    deadline = time.monotonic() + _ENDING
    while time.monotonic() < deadline:
        with guard.locked(home) as lock:
            if lock is not None:
                guard.sweep(home)
                home.lock.unlink()
                break
        with contextlib.suppress(ProcessLookupError, ValueError):
            os.kill(int(home.lock.read_text()), signal.SIGTERM)
    else:
        raise ClusterError(f"the cluster {name!r} does not end; its guard is process {home.lock.read_text()}")
    if process := _OWNED.pop(name, None):
        process.stdin.close()
        process.wait()


def _is_locked(home: Home) -> bool:
    if not home.lock.exists():
        return False
    with home.lock.open() as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return True
    return False
