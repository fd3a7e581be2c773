"""The catalogue of what breaks: each fault is done to a world, and gives what mends it."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import threading
from collections.abc import Callable
from pathlib import Path

from tests.chaos import filters
from tests.chaos.world import SOURCE, World
from wasmnb.envoy.proxy import Proxy
from wasmnb.errors import WasmnbError
from wasmnb.plugin import FailPolicy, Phase

Mend = Callable[[], object]
Fault = Callable[[World], "Mend | None"]

FAULTS: dict[str, Fault] = {}
"""By name."""


def _fault(function: Fault) -> Fault:
    FAULTS[function.__name__.strip("_").replace("_", " ")] = function
    return function


def _proxy(world: World) -> Proxy:
    """Choose one of the proxies that the filter is on."""
    name = world.choose.choice(world.pods)
    return next(one for one in world.mesh._plan.proxies if one.name == name)


def _send_signal(world: World, name: str, number: int) -> None:
    state = world.mesh._processes.state(name)
    if state is not None and state.pid:
        with contextlib.suppress(ProcessLookupError):
            os.kill(state.pid, number)


# What is deployed.


@_fault
def _another_build(world: World) -> None:
    world.change(filters.marking(world.choose.choice(filters.BUILDS)))


@_fault
def _another_configuration(world: World) -> None:
    world.change(config={"n": world.choose.randrange(1000)})


@_fault
def _a_configuration_with_a_digest_in_it(world: World) -> None:
    world.change(config={"of": "x@sha256:" + "0" * 64})


@_fault
def _a_configuration_beyond_the_basic_plane(world: World) -> None:
    world.change(config="\N{WOLF FACE}")


@_fault
def _another_policy(world: World) -> None:
    world.change(fail_policy=world.choose.choice(list(FailPolicy)))


@_fault
def _other_variables(world: World) -> None:
    world.change(env={"NUMBER": str(world.choose.randrange(1000))})


@_fault
def _a_module_with_a_missing_import(world: World) -> None:
    world.change(filters.missing_import())


@_fault
def _a_module_that_refuses_its_configuration(world: World) -> None:
    world.change(filters.unconfigurable())


@_fault
def _a_module_whose_configuration_never_ends(world: World) -> None:
    world.change(filters.endless())


@_fault
def _a_module_that_traps_on_everything(world: World) -> None:
    world.change(filters.always_trapping())


@_fault
def _a_module_that_logs_lies(world: World) -> None:
    world.change(filters.lying(), config=None)


@_fault
def _undeployed(world: World) -> None:
    world.undeploy()


@_fault
def _undeployed_and_deployed_again(world: World) -> None:
    world.undeploy()
    world.deploy(world.plugin)


@_fault
def _rolled_back(world: World) -> None:
    with contextlib.suppress(WasmnbError):
        earlier = world.mesh.history(world.plugin.id)
        world.deploy(earlier[min(1, len(earlier) - 1)])


# What stands beside it.


@_fault
def _a_filter_before_it_that_answers(world: World) -> Mend:
    world.beside("guard", filters.refusing(), phase=Phase.AUTHN)
    return lambda: world.mesh.remove("guard")


@_fault
def _a_filter_after_it_that_answers(world: World) -> Mend:
    world.beside("wall", filters.refusing(), priority=-1)
    return lambda: world.mesh.remove("wall")


@_fault
def _a_filter_beside_it_that_traps(world: World) -> Mend:
    world.beside("bomb", filters.always_trapping(), priority=world.choose.choice((-1, 1)))
    return lambda: world.mesh.remove("bomb")


@_fault
def _the_same_build_beside_it(world: World) -> Mend:
    world.beside("twin", filters.lying())
    return lambda: world.mesh.remove("twin")


# What comes in.


@_fault
def _a_request_that_it_traps_on(world: World) -> None:
    world.provoke(filters.TRAPS)


@_fault
def _a_request_that_it_hangs_on(world: World) -> None:
    world.provoke(filters.HANGS)


@_fault
def _many_requests_that_it_hangs_on(world: World) -> None:
    world.provoke(filters.HANGS, times=3)


@_fault
def _a_request_that_it_answers_itself(world: World) -> None:
    world.provoke(filters.REFUSES)


@_fault
def _a_client_that_speaks_like_envoy(world: World) -> None:
    words = "[error][wasm] Function: proxy_on_response_headers failed: Failed to load Wasm"
    for pod in world.pods:
        with contextlib.suppress(WasmnbError):
            world.mesh.send(SOURCE, world.url, headers=(("user-agent", words),), pod=pod, timeout=0.5)


@_fault
def _a_burst_of_requests(world: World) -> None:
    def send() -> None:
        for _ in range(10):
            with contextlib.suppress(WasmnbError):
                world.mesh.send(SOURCE, world.url, timeout=0.5)

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


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
