"""One request into the mesh: from which pod, to which proxy."""

from __future__ import annotations

import contextlib
import uuid
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from wasmnb.envoy.effect import UPSTREAM
from wasmnb.envoy.tap import MARK, tapped
from wasmnb.errors import BadNameError, Place, UsageError
from wasmnb.mesh.local.lookup import Service, find
from wasmnb.mesh.local.workload import GATEWAY
from wasmnb.mesh.suggestion import suggestion
from wasmnb.wording import Option, Wording

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from wasmnb.envoy.processes import Processes
    from wasmnb.envoy.proxy import Proxy
    from wasmnb.mesh.local.topology import Plan
    from wasmnb.traffic import Exchange, Request

__all__ = ["Way", "exchange"]

_LISTEN, _TELL, _BRIEF = 1.0, 2.0, 0.1
_NOT_ARRIVED = "the request did not reach the service: a filter or the proxy answered"
_DROPPED = "the service sent more than its answer announced, and its proxy dropped that: look at its content-length"
_UNKNOWN = "what the service received is not known: the proxy did not tell"


@dataclass(frozen=True)
class Way:
    """From where, to which service, through what, and to which of its pods (any when empty).

    With ``received`` it is looked at what the service receives, too.
    """

    source: str
    service: Service
    via: str
    pod: str = ""
    received: bool = False


def exchange(parts: Plan, processes: Processes, way: Way, request: Request, *, timeout: float) -> Exchange:
    """Send a request to a service as one of the pods; see `LocalMesh.send`."""
    from wasmnb.traffic.send import send  # noqa: PLC0415 - not needed to start a mesh

    service = way.service
    if way.via not in ("proxy", "app"):
        raise UsageError(f"{way.via!r} is not a way to send.", hint=suggestion(way.via, ("proxy", "app")))
    origin = find(way.source, parts.everyone)
    proxy = _named(service, way.pod) if way.pod else _turn(service, processes)
    address, pod = proxy.site.inbound, proxy.name
    if way.via == "app":
        if not origin.site.outbound:
            raise UsageError(f"{GATEWAY} has no application that could send.", hint="send as one of the pods")
        if way.pod and len(service.proxies) > 1:
            raise UsageError(
                f"Through the application's proxy no pod of {service.name} can be chosen: that proxy chooses.",
                hint=Wording("send past it, with {}", Option("via", "proxy")),
            )
        address = ("127.0.0.1", origin.site.outbound)
        # The source's proxy chooses among several pods, and its response does not say which it chose.
        pod = pod if len(service.proxies) == 1 else service.name
    sent = partial(send, address or ("", 0), source=origin.site.workload, pod=pod, via=way.via, timeout=timeout)
    if not way.received:
        return sent(request)
    behind = service.proxies if way.via == "app" else [proxy]
    return _watched(behind, sent, request)


def _watched(proxies: Sequence[Proxy], sent: Callable[[Request], Exchange], request: Request) -> Exchange:
    """Send a request, and tell what came of it to the service behind one of some proxies."""
    from wasmnb.traffic import Headers  # noqa: PLC0415 - not needed to start a mesh

    mark = request.headers.get(MARK) or str(uuid.uuid4())
    marked = request if MARK in request.headers else replace(request, headers=Headers((*request.headers, (MARK, mark))))
    with contextlib.ExitStack() as stack:
        for proxy in proxies:
            # An Envoy tells of one request at a time.
            stack.enter_context(proxy.tapping)
        try:
            broken = _broken(proxies)
            told = stack.enter_context(tapped([proxy.admin.path for proxy in proxies], mark, timeout=_LISTEN))
        except OSError as error:
            return replace(sent(request), unseen=f"what the service received is not known: {error}")
        taken = sent(marked)
        # A proxy names the time that its upstream took in each answer that is not its own.
        answered = taken.response.headers.get(UPSTREAM) is not None
        received = told(_TELL if answered else _BRIEF)
        dropped = _DROPPED if answered and _broken(proxies) > broken else ""
    unseen = "" if received else _UNKNOWN if answered else _NOT_ARRIVED
    notes = (*taken.notes, *filter(None, [dropped, received.flaw if received else ""]))
    return replace(taken, request=request, received=received, unseen=unseen, notes=notes, dropped=dropped)


def _broken(proxies: Sequence[Proxy]) -> int:
    found = 0
    for proxy in proxies:
        with contextlib.suppress(OSError):
            found += proxy.admin.protocol_errors()
    return found


def _named(service: Service, pod: str) -> Proxy:
    for proxy in service.proxies:
        if proxy.name == pod:
            return proxy
    raise BadNameError(
        f"The service {service.name!r} has no pod {pod!r}.",
        where=Place("the pod", quote=pod),
        hint=suggestion(pod, [proxy.name for proxy in service.proxies]),
    )


def _turn(service: Service, processes: Processes) -> Proxy:
    for _ in service.proxies:
        proxy = service.next()
        state = processes.state(proxy.name)
        if state is not None and state.pid:
            break
    return proxy
