"""What breaks on any mesh: each fault is done to a world, and gives what mends it."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable

from tests.chaos import filters
from tests.chaos.world import SOURCE, World
from wasmnb.errors import WasmnbError
from wasmnb.plugin import FailPolicy, Phase

Mend = Callable[[], object]
Fault = Callable[[World], "Mend | None"]

Catalogue = dict[str, Fault]
"""Faults by name."""

COMMON: Catalogue = {}
"""Those of any mesh."""


def into(catalogue: Catalogue) -> Callable[[Fault], Fault]:
    """Put a function into a catalogue, under its name."""

    def put(function: Fault) -> Fault:
        catalogue[function.__name__.strip("_").replace("_", " ")] = function
        return function

    return put


_fault = into(COMMON)


# What is deployed.


@_fault
def _another_build(world: World) -> None:
    world.change(filters.marking(world.choose.choice(filters.BUILDS)))


@_fault
def _a_build_in_another_language(world: World) -> None:
    world.change(filters.written_in(world.choose.choice(filters.LANGUAGES)))


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
