"""The process outside that a cluster hangs on: it makes the namespaces and the link to them, waits, and sweeps up.

Run as ``python -m tests.cluster.guard NAME``. Lines on its standard output tell how far the cluster is. The guard's end
is the cluster's end, whichever way it comes about; with ``--owned``, so is the end of its standard input.
"""

from __future__ import annotations

import argparse
import ctypes
import fcntl
import json
import os
import select
import shutil
import signal
import sys
from ipaddress import IPv4Network

from tests.cluster import bringup, groups, inside
from tests.cluster.places import Home, cache
from tests.cluster.tools import output, run

_NEW_PROCESSES = 0x20000000  # CLONE_NEWPID, linux/sched.h
_NETWORKS = [f"10.231.{number}.0/30" for number in range(256)]


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("name")
    parser.add_argument("--owned", action="store_true")
    options = parser.parse_args()
    home = Home(options.name)
    home.lock.parent.mkdir(parents=True, exist_ok=True)
    with home.lock.open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            print(f"failed: the cluster {home.name!r} is running already", flush=True)
            return 1
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        return _guard(home, owned=options.owned)


def sweep(home: Home) -> None:
    """Remove what is left of a cluster whose processes are gone."""
    groups.remove(home.group)
    shutil.rmtree(home.folder, ignore_errors=True)


def _guard(home: Home, *, owned: bool) -> int:
    sweep(home)
    home.logs.mkdir(parents=True)
    (home.folder / "run").mkdir()
    wake, told = os.pipe()
    os.set_blocking(told, False)
    signal.set_wakeup_fd(told)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD):
        signal.signal(number, lambda *_: None)
    pid = 0
    try:
        pid, go = _fork(home)
        address = _link(home, pid)
        os.write(go, address.encode())
        os.close(go)
        code = _wait(pid, wake, owned=owned)
    except Exception as error:  # noqa: BLE001 - the caller reads it from our output
        print(f"failed: {error}", flush=True)
        code = 1
        if pid:
            _end(pid)
    groups.remove(home.group)
    if code == 0:
        sweep(home)
    return code


def _fork(home: Home) -> tuple[int, int]:
    """Start the first process of new namespaces; it waits for the node's address from the pipe that is given."""
    libc = ctypes.CDLL(None, use_errno=True)
    own = os.open("/proc/self/ns/pid", os.O_RDONLY)
    if libc.unshare(_NEW_PROCESSES):
        raise OSError(ctypes.get_errno(), "no namespace of processes")
    ready, ready_end = os.pipe()
    address_end, go = os.pipe()
    pid = os.fork()
    if pid == 0:
        for end in (own, ready, go):
            os.close(end)
        signal.set_wakeup_fd(-1)
        inside.become(home, ready_end, address_end, bringup.run)
    # Further children are ours again.
    libc.setns(own, _NEW_PROCESSES)
    for end in (own, ready_end, address_end):
        os.close(end)
    with os.fdopen(ready, "rb") as pipe:
        if not pipe.read():
            raise RuntimeError("no namespaces of its own: " + (home.logs / "cluster.log").read_text().strip())
    return pid, go


def _link(home: Home, pid: int) -> str:
    """Lay the link between this machine and the node; it goes with the node's namespace. Give the node's address."""
    with (cache() / "network.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        network = _free_network()
        host, node = (f"{address}/30" for address in (network[2], network[1]))
        name = f"wasmnb{network.network_address.packed[2]}"
        run("ip", "link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", str(pid))
        run("ip", "address", "add", host, "dev", name)
        run("ip", "link", "set", name, "up")
        run("nsenter", f"--net=/proc/{pid}/ns/net", "ip", "address", "add", node, "dev", "eth0")
    return str(network[1])


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
        if os.waitpid(pid, os.WNOHANG)[0]:
            return 1
        asked = wake in found and set(os.read(wake, 100)) - {signal.SIGCHLD}
        if asked or sys.stdin.fileno() in found:
            _end(pid)
            return 0


def _end(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    except (ProcessLookupError, ChildProcessError):
        return


if __name__ == "__main__":
    sys.exit(main())
