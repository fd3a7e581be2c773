"""Pods as kubectl would list them, from what answers at this moment."""

from __future__ import annotations

import time
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from wasmnb.envoy.admin import Question, ask_all
from wasmnb.envoy.grpc_health import unhealthy
from wasmnb.mesh.local.judge import ANSWER, ending
from wasmnb.mesh.protocol import Pod

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wasmnb.envoy.processes import Processes, State
    from wasmnb.envoy.proxy import Proxy

__all__ = ["Rested", "describe"]

Rested = dict[Question, tuple[float, str]]

_PARTS = 2
_REST = 5.0


def describe(proxies: Sequence[Proxy], processes: Processes, *, rested: Rested | None = None) -> list[Pod]:
    """Look at every pod, all at the same time.

    Parameters
    ----------
    proxies : sequence of Proxy
    processes : Processes
    rested : dict, optional
        What was found of users' own services and when, kept by a caller that looks often: they are asked again only
        after a while, so that their logs do not fill.
    """
    services = [proxy.service for proxy in proxies if proxy.service is not None]
    known = rested if rested is not None else {}
    fresh = [one for one in services if time.monotonic() - known.get(one, (float("-inf"), ""))[0] > _REST]
    answers = ask_all([*(proxy.health for proxy in proxies), *fresh], timeout=ANSWER)
    found = dict(zip(fresh, answers[len(proxies) :], strict=True))
    for proxy, sidecar in zip(proxies, answers, strict=False):
        # Only a proxy that answers can ask a gRPC service, and only of one that takes connections.
        if proxy.service in found and proxy.service.http2 and not found[proxy.service] and not sidecar:
            found[proxy.service] = unhealthy(proxy.folder / "grpc.sock", timeout=ANSWER)
    for proxy in proxies:
        if proxy.service in found and processes.state(f"{proxy.name}/service") is None:
            known[proxy.service] = (time.monotonic(), found[proxy.service])
    behind = [found[one] if one in found else known[one][1] for one in services]
    return [_pod(*three, processes) for three in zip(proxies, answers, behind, strict=False)]


def _pod(proxy: Proxy, sidecar: str, service: str, processes: Processes) -> Pod:
    state = processes.state(proxy.name)
    own = processes.state(f"{proxy.name}/service")
    reasons = []
    if service:
        host, port = proxy.service.address if proxy.service and not isinstance(proxy.service.address, str) else ("", 0)
        reasons.append(f"the service at {host}:{port} is not ready: {service}")
    if sidecar:
        why = ending(proxy, state).words if state is None or not state.pid else sidecar
        reasons.append(f"the proxy does not answer: {why or sidecar}")
    return Pod(
        name=proxy.name,
        workload=proxy.site.workload,
        labels=proxy.labels,
        ready=f"{_PARTS - len(reasons)}/{_PARTS}",
        status=_status(state, own),
        restarts=sum(one.restarts for one in (state, own) if one is not None),
        started=state.started if state else datetime.now(timezone.utc),
        address=proxy.address,
        reason="; ".join(reasons),
    )


def _status(*states: State | None) -> str:
    known = [state for state in states if state is not None]
    if any(not state.pid and state.delay > 0 for state in known):
        return "CrashLoopBackOff"
    if not known or any(not state.pid for state in known):
        return "PodInitializing"
    return "Running"
