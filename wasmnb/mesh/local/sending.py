"""One request into the mesh: from which pod, to which proxy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wasmnb.errors import UsageError
from wasmnb.mesh.local.names import Service, did_you_mean, find
from wasmnb.mesh.local.workload import GATEWAY

if TYPE_CHECKING:
    from wasmnb.mesh.local.plan import Plan
    from wasmnb.mesh.local.processes import Processes
    from wasmnb.mesh.local.proxy import Proxy
    from wasmnb.traffic import Exchange, Request

__all__ = ["exchange"]


def exchange(
    parts: Plan, processes: Processes, source: str, service: Service, request: Request, *, via: str, timeout: float
) -> Exchange:
    """Send a request to a service as one of the pods; see `LocalMesh.send`."""
    from wasmnb.traffic.send import send  # noqa: PLC0415 - not needed to start a mesh

    if via not in ("proxy", "app"):
        raise UsageError(f"{via!r} is no way to send.", hint=did_you_mean(via, ("proxy", "app")))
    origin = find(source, parts.everyone)
    proxy = _turn(service, processes)
    address, pod = proxy.site.inbound, proxy.name
    if via == "app":
        if not origin.site.outbound:
            raise UsageError(f"{GATEWAY} has no application that could send.", hint="send as one of the pods")
        address = ("127.0.0.1", origin.site.outbound)
        # The source's proxy chooses among several pods, and its response does not say which it chose.
        pod = pod if len(service.proxies) == 1 else service.name
    workload = origin.site.workload
    return send(address or ("", 0), request, source=workload, pod=pod, via=via, timeout=timeout)


def _turn(service: Service, processes: Processes) -> Proxy:
    for _ in service.proxies:
        proxy = service.next()
        state = processes.state(proxy.name)
        if state is not None and state.pid:
            break
    return proxy
