"""The first process inside: gives the cluster a world of its own, adopts orphans, and takes all along at its end."""

from __future__ import annotations

import ctypes
import os
import signal
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from tests.cluster import groups
from tests.cluster.places import INSIDE, Home
from tests.cluster.tools import run

_NEW_MOUNTS, _NEW_NETWORK = 0x00020000, 0x40000000  # CLONE_NEWNS, CLONE_NEWNET: linux/sched.h
_PARENT_DIED = 1  # PR_SET_PDEATHSIG, linux/prctl.h

# The kubelet sets these for the whole machine, and refuses to start where it may not. It gets files in their place.
_TUNED = {
    "vm/overcommit_memory": 1,
    "vm/panic_on_oom": 0,
    "kernel/panic": 10,
    "kernel/panic_on_oops": 1,
    "kernel/keys/root_maxkeys": 1000000,
    "kernel/keys/root_maxbytes": 25000000,
}


libc = ctypes.CDLL(None, use_errno=True)


def checked(result: int) -> None:
    """Raise the error of a system call that failed."""
    if result:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def become(home: Home, ready: int, address: int, bringup: Callable[[Home, str], None]) -> NoReturn:
    """Be the first process of the cluster, in a process just forked into a new namespace of processes.

    Parameters
    ----------
    home : Home
    ready : int
        A pipe that is told when the namespaces are there.
    address : int
        A pipe that gives the node's address.
    bringup : callable
        Brings up the cluster and stays with it, in a process of its own.
    """
    code = 1
    try:
        signal.signal(signal.SIGTERM, lambda *_: _end(home))
        for number in (signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        os.setsid()
        libc.prctl(_PARENT_DIED, signal.SIGTERM)
        checked(libc.unshare(_NEW_MOUNTS | _NEW_NETWORK))
        groups.make(home.group)
        _own_folders(home)
        run("ip", "link", "set", "lo", "up")
        os.write(ready, b"ready")
        os.close(ready)
        with os.fdopen(address) as pipe:
            node = pipe.read()
        # Nothing to read: the guard died before it had laid the link.
        code = _adopt(_start(home, node, bringup)) if node else 1
    except Exception:  # noqa: BLE001 - nothing may reach the guard's code, of which this process is a copy
        (home.logs / "cluster.log").write_text(traceback.format_exc())
    finally:
        os._exit(code)


def _own_folders(home: Home) -> None:
    """Give the cluster a /proc, /run and /var of its own, in memory, and files in place of settings it would tune."""
    own = home.folder / "run"
    run("mount", "-n", "--make-rprivate", "/")
    run("mount", "-n", "-t", "proc", "proc", "/proc")
    run("mount", "-n", "-t", "tmpfs", "-o", "mode=755,size=75%", "cluster", own)
    for name in ("cluster/logs", "cluster/tuned", "cluster/tmp", "var/upper", "var/work"):
        (own / name).mkdir(parents=True)
    run("mount", "-n", "--bind", home.logs, own / "cluster/logs")
    run("mount", "-n", "--move", own, "/run")
    layers = "lowerdir=/var,upperdir=/run/var/upper,workdir=/run/var/work"
    run("mount", "-n", "-t", "overlay", "-o", layers, "var", "/var")
    for name, value in _TUNED.items():
        stand_in = INSIDE / "tuned" / name.replace("/", ".")
        stand_in.write_text(f"{value}\n")
        if Path("/proc/sys", name).exists():
            run("mount", "-n", "--bind", stand_in, Path("/proc/sys", name))


def _start(home: Home, node: str, bringup: Callable[[Home, str], None]) -> int:
    pid = os.fork()
    if pid == 0:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        try:
            bringup(home, node)
        finally:
            os._exit(1)
    return pid


def _adopt(pid: int) -> int:
    """Reap everything that ends, until the process named does."""
    while True:
        ended, status = os.wait()
        if ended == pid:
            return os.waitstatus_to_exitcode(status)


def _end(home: Home) -> NoReturn:
    """End without a guard: kill all others of this namespace, and remove what would not go with it."""
    os.kill(-1, signal.SIGKILL)
    try:
        while True:
            os.wait()
    except ChildProcessError:
        groups.remove(home.group)
    finally:
        os._exit(1)
