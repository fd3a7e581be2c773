"""Starting a local mesh: everything at the same time, and the canary once the pods answer."""

from __future__ import annotations

import os
import shutil
import time
from typing import TYPE_CHECKING

from wasmnb.envoy.admin import ask_all
from wasmnb.envoy.no_watch import no_watch
from wasmnb.envoy.processes import Processes, new_folder
from wasmnb.envoy.taken_over import read_proxy
from wasmnb.errors import MeshError
from wasmnb.mesh.local.judge import ANSWER
from wasmnb.mesh.local.topology import Plan, plan
from wasmnb.mesh.local.workload import find_protocols
from wasmnb.mesh.properties import CLUSTERS, SERVER

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wasmnb.envoy.proxy import Proxy
    from wasmnb.envoy.taken_over import TakenOver
    from wasmnb.mesh.local.workload import Bookinfo, Workload
    from wasmnb.progress import Progress

__all__ = ["await_answers", "begin", "takeover_notes"]

_PATIENCE = 60.0
_CRASHES = 3
_STEP = 0.01


def begin(
    workloads: Sequence[Workload | Bookinfo],
    *,
    gateway_port: int,
    log_level: str,
    taken: TakenOver | None = None,
) -> tuple[Plan, Processes]:
    """Start every process but the canary; nothing is left behind when that fails."""
    try:
        folder, lock = new_folder()
    except OSError as error:
        raise MeshError(
            f"The mesh's temporary folder cannot be made: {error.strerror}.",
            hint="set TMPDIR to a folder that can be written, before Python starts",
        ) from error
    try:
        found = find_protocols(workloads)
        parts = plan(folder, found, gateway_port=gateway_port, log_level=log_level, taken=taken)
    except BaseException:
        os.close(lock)
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return parts, Processes(folder, lock, parts.processes, parts.held)


def await_answers(parts: Plan, processes: Processes, progress: Progress) -> None:
    """Wait until every proxy answers, and every service that is ours; then have the canary started.

    A user's own service may be down: its pod says so.

    Raises
    ------
    MeshError
        An Envoy does not start.
    """
    own = {process["name"] for process in parts.processes}
    waiting = [proxy.health for proxy in parts.everyone]
    waiting += [one.service for one in parts.proxies if one.service and f"{one.name}/service" in own]
    total, deadline = len(waiting), time.monotonic() + _PATIENCE
    while waiting := [one for one, why in zip(waiting, ask_all(waiting, timeout=ANSWER), strict=True) if why]:
        progress.update("starting the mesh", total - len(waiting), total)
        for proxy in parts.everyone:
            state = processes.state(proxy.name)
            crashed = state is not None and state.restarts >= _CRASHES
            if crashed or time.monotonic() > deadline or not processes.alive:
                raise _not_up(proxy)
        time.sleep(_STEP)
    for process in parts.spare:
        processes.start(process)


def _not_up(proxy: Proxy) -> MeshError:
    lines, what = proxy.log.shown(), f"The Envoy of {proxy.name}"
    return no_watch(what, lines) or MeshError(f"{what} does not start.", why=lines[-4:], code="WNB4005")


def takeover_notes(parts: Plan) -> tuple[str, ...]:
    """Say what a pod took over of a proxy elsewhere, and whether that has another Envoy.

    Raises
    ------
    MeshError
        The pod's proxy does not answer.
    """
    proxy, taken = next((one, one.site.taken) for one in parts.everyone if one.site.taken is not None)
    aliases = proxy.site.aliases.values()
    led = sum(route is not None for route in aliases)
    whole = f"the node and the {len(aliases)} clusters of the pod {taken.pod}"
    notes = [f"{proxy.name} has {whole}: {led} lead to workloads of this mesh, {len(aliases) - led} answer 503"]
    try:
        own = read_proxy(proxy.name, *(proxy.admin.get(page, timeout=_PATIENCE) for page in (SERVER, CLUSTERS)))
    except (OSError, ValueError) as error:
        raise MeshError(f"The proxy of {proxy.name} does not answer.", why=[str(error)]) from None
    if taken.version and taken.version != own.version:
        notes.append(f"Envoy is {taken.version} on that pod, and {own.version} here")
    return tuple(notes)
