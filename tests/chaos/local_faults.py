"""What breaks on the embedded mesh: its processes, and what its verdicts rest on."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
from pathlib import Path

from tests.chaos import filters
from tests.chaos.faults import COMMON, Catalogue, Mend, into
from tests.chaos.world import World
from wasmnb.envoy.proxy import Proxy

LOCAL: Catalogue = dict(COMMON)
"""All that happens there."""

_fault = into(LOCAL)


def _proxy(world: World) -> Proxy:
    """Choose one of the proxies that the filter is on."""
    name = world.choose.choice(world.pods)
    return next(one for one in world.mesh._plan.proxies if one.name == name)


def _send_signal(world: World, name: str, number: int) -> None:
    state = world.mesh._processes.state(name)
    if state is not None and state.pid:
        with contextlib.suppress(ProcessLookupError):
            os.kill(state.pid, number)


# What comes in.


@_fault
def _a_request_that_it_hangs_on(world: World) -> None:
    world.provoke(filters.HANGS)


@_fault
def _many_requests_that_it_hangs_on(world: World) -> None:
    world.provoke(filters.HANGS, times=3)


# The processes.


@_fault
def _a_proxy_is_killed(world: World) -> None:
    _send_signal(world, _proxy(world).name, signal.SIGKILL)


@_fault
def _a_proxy_is_ended(world: World) -> None:
    _send_signal(world, _proxy(world).name, signal.SIGTERM)


@_fault
def _a_proxy_is_stopped(world: World) -> Mend:
    name = _proxy(world).name
    _send_signal(world, name, signal.SIGSTOP)
    return lambda: _send_signal(world, name, signal.SIGCONT)


@_fault
def _a_service_is_killed(world: World) -> None:
    _send_signal(world, f"{_proxy(world).name}/service", signal.SIGKILL)


@_fault
def _the_canary_is_killed(world: World) -> None:
    _send_signal(world, "canary-0", signal.SIGKILL)


# What evidence rests on.


def _post(proxy: Proxy, path: str) -> None:
    """Ask an Envoy to change something of itself."""
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as admin:
        admin.settimeout(1.0)
        admin.connect(str(proxy.admin.path))
        admin.sendall(f"POST {path} HTTP/1.1\r\nhost: admin\r\nconnection: close\r\ncontent-length: 0\r\n\r\n".encode())
        admin.recv(4096)


@_fault
def _counters_are_reset(world: World) -> None:
    _post(_proxy(world), "/reset_counters")


_LEVELS = ("level=warning", "wasm=info", "config=warning", "filter=debug")
"""What the mesh starts its Envoys with."""


@_fault
def _a_log_that_tells_nothing(world: World) -> Mend:
    return _silenced(_proxy(world), "level")


@_fault
def _a_log_that_does_not_tell_of_wasm(world: World) -> Mend:
    return _silenced(_proxy(world), "wasm")


@_fault
def _a_log_that_does_not_tell_of_filters(world: World) -> Mend:
    return _silenced(_proxy(world), "filter")


def _silenced(proxy: Proxy, logger: str) -> Mend:
    _post(proxy, f"/logging?{logger}=off")

    def mend() -> None:
        for level in _LEVELS:
            _post(proxy, f"/logging?{level}")

    return mend


@_fault
def _a_log_is_emptied(world: World) -> None:
    with contextlib.suppress(OSError):
        os.truncate(_proxy(world).log.path, 0)


@_fault
def _a_log_is_flooded(world: World) -> None:
    proxy = _proxy(world)
    with contextlib.suppress(OSError), proxy.log.path.open("a") as log:
        log.write("[2026-01-01 00:00:00.000][1][info][misc] nothing\n" * 20_000)


@_fault
def _its_module_s_file_is_gone_and_the_proxy_is_killed(world: World) -> Mend:
    proxy = _proxy(world)
    digest = world.plugin.image.module.digest.removeprefix("sha256:")
    file = Path(proxy.folder.parent, "modules", f"{digest}.wasm")
    data = file.read_bytes() if file.exists() else b""
    file.unlink(missing_ok=True)
    _send_signal(world, proxy.name, signal.SIGKILL)

    def mend() -> None:
        if data:
            file.write_bytes(data)
        _send_signal(world, proxy.name, signal.SIGKILL)

    return mend
