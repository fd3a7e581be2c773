"""The process outside that a cluster hangs on: it makes the namespaces and the link to them, waits, and sweeps up.

Run as ``python -m tests.cluster.guard NAME``. Lines on its standard output tell how far the cluster is. The guard's end
is the cluster's end, whichever way it comes about; with ``--owned``, so is the end of its standard input.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import json
import os
import select
import shutil
import signal
import sys
import time
from collections.abc import Iterator
from ipaddress import IPv4Network
from typing import IO

from tests.cluster import bringup, groups, inside
from tests.cluster.inside import checked, libc
from tests.cluster.places import Home, cache
from tests.cluster.tools import ToolError, output, run

_NEW_PROCESSES = 0x20000000  # CLONE_NEWPID, linux/sched.h
_BLINK = 0.5  # seconds for which somebody else may have the lock only to look
_NETWORKS = [f"10.231.{number}.0/30" for number in range(256)]


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("name")
    parser.add_argument("--owned", action="store_true")
    options = parser.parse_args()
    home = Home(options.name)
    with locked(home) as lock:
        if lock is None:
            _tell(f"failed: the cluster {home.name!r} is running already")
            return 1
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        return _guard(home, owned=options.owned)


@contextlib.contextmanager
def locked(home: Home) -> Iterator[IO[str] | None]:
    """Take a cluster's lock, and give its file, or nothing while a guard has it."""
    home.lock.parent.mkdir(parents=True, exist_ok=True)
    deadline = time.monotonic() + _BLINK
    while (lock := _lock(home)) is None and time.monotonic() < deadline:
        time.sleep(0.05)
    with lock or contextlib.nullcontext():
        yield lock


def _lock(home: Home) -> IO[str] | None:
    lock = home.lock.open("a+")
    with contextlib.suppress(OSError):
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # Whoever ended a cluster may have removed the file meanwhile, with its lock.
        if os.path.samestat(os.fstat(lock.fileno()), home.lock.stat()):
            return lock
    lock.close()
    return None


def sweep(home: Home) -> None:
    """Remove what is left of a cluster whose processes are gone."""
    groups.remove(home.group)
    shutil.rmtree(home.folder, ignore_errors=True)


def _guard(home: Home, *, owned: bool) -> int:
    sweep(home)
    home.logs.mkdir(parents=True)
    (home.folder / "run").mkdir()
    _let_go_of_errors(home)
    wake, told = os.pipe()
    os.set_blocking(told, False)
    signal.set_wakeup_fd(told)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD):
        signal.signal(number, lambda *_: None)
    pid, link = 0, ""
    try:
        pid, go = _fork(home)
        link, address = _link(pid)
        os.write(go, address.encode())
        os.close(go)
        code = _wait(pid, wake, owned=owned)
    except Exception as error:  # noqa: BLE001 - the caller reads it from our output
        _tell(f"failed: {error}")
        code = 1
        if pid:
            _end(pid)
    with contextlib.suppress(ToolError):
        # It goes with the namespace, but the kernel takes its time.
        run("ip", "link", "delete", link)
    groups.remove(home.group)
    if code == 0:
        sweep(home)
    return code


def _let_go_of_errors(home: Home) -> None:
    """Write errors to a log from now on: whoever reads ours to its end would wait for the end of the cluster."""
    with (home.logs / "guard.log").open("w") as log:
        os.dup2(log.fileno(), sys.stderr.fileno())


def _fork(home: Home) -> tuple[int, int]:
    """Start the first process of new namespaces; it waits for the node's address from the pipe that is given."""
    own = os.open("/proc/self/ns/pid", os.O_RDONLY)
    checked(libc.unshare(_NEW_PROCESSES))
    ready, ready_end = os.pipe()
    address_end, go = os.pipe()
    pid = os.fork()
    if pid == 0:
        for end in (own, ready, go):
            os.close(end)
        signal.set_wakeup_fd(-1)
        inside.become(home, ready_end, address_end, bringup.run)
    # Further children are ours again.
    checked(libc.setns(own, _NEW_PROCESSES))
    for end in (own, ready_end, address_end):
        os.close(end)
    with os.fdopen(ready, "rb") as pipe:
        if not pipe.read():
            raise RuntimeError("no namespaces of its own: " + (home.logs / "cluster.log").read_text().strip())
    return pid, go


def _link(pid: int) -> tuple[str, str]:
    """Lay the link between this machine and the node. Give its name here, and the node's address."""
    with (cache() / "network.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        network = _free_network()
        host, node = (f"{address}/30" for address in (network[2], network[1]))
        name = f"wasmnb{network.network_address.packed[2]}"
        run("ip", "link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", str(pid))
        run("ip", "address", "add", host, "dev", name)
        run("ip", "link", "set", name, "up")
        run("nsenter", f"--net=/proc/{pid}/ns/net", "ip", "address", "add", node, "dev", "eth0")
    return name, str(network[1])


def _free_network() -> IPv4Network:
    routes = json.loads(output("ip", "-json", "-4", "route", "show", "table", "all"))
    taken = [IPv4Network(route["dst"]) for route in routes if route["dst"] != "default"]
    for one in map(IPv4Network, _NETWORKS):
        if not any(one.overlaps(other) for other in taken):
            return one
    raise RuntimeError("no free network among 10.231.0.0/16")


def _wait(pid: int, wake: int, *, owned: bool) -> int:
    """Wait until the cluster has ended by itself (gives 1) or by our doing (gives 0)."""
    watched = [wake, sys.stdin.fileno()] if owned else [wake]
    while True:
        found, _, _ = select.select(watched, [], [])
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            if os.WIFSIGNALED(status):
                _tell(f"failed: its first process was killed by signal {os.WTERMSIG(status)}")
            return 1
        asked = wake in found and set(os.read(wake, 100)) - {signal.SIGCHLD}
        if asked or sys.stdin.fileno() in found:
            _end(pid)
            return 0


def _tell(text: str) -> None:
    # Nobody listens any more once the cluster is up.
    with contextlib.suppress(OSError):
        print(text, flush=True)


def _end(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    except (ProcessLookupError, ChildProcessError):
        return


if __name__ == "__main__":
    sys.exit(main())
