"""What reached a service of a cluster, told by its proxy's own log for one recognisable request.

The loggers ``http`` and ``router`` say at the level debug what came to a proxy, and what left its filters for the
service: headers only. Their levels are raised for that one request, where it is allowed.
Source: Envoy 1.40, ``conn_manager_impl.cc`` ("request headers complete"), ``router.cc`` ("router decoding headers").
"""

from __future__ import annotations

import re
import time
import uuid
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from wasmnb.envoy.effect import UPSTREAM
from wasmnb.errors import MeshError
from wasmnb.mesh.istio.proxies.pods import has_proxy, name_of
from wasmnb.mesh.istio.proxies.proxy_log import logged_lately
from wasmnb.mesh.istio.requests import services
from wasmnb.traffic import Headers, Received, Request

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

    from wasmnb.mesh.istio.api.cluster import Cluster
    from wasmnb.mesh.istio.proxies.log_format import Record
    from wasmnb.traffic import Exchange

__all__ = ["observed", "told"]

MARK = "x-request-id"
"""The header by which one request is recognised where it comes to a proxy."""

_LEVELS = {"http": "debug", "router": "debug"}
_MOST = 8  # pods whose logs are looked at for one request
_SLACK = 2.0
"""For the way there, and the whole seconds of a question for a log."""
_PATIENCE, _STEP = 3.0, 0.2
_STREAM = re.compile(r'^\[Tags: (?P<tags>"ConnectionId":"\d+","StreamId":"\d+")\] (?P<words>.*)$')
_CAME, _LEFT = "request headers complete", "router decoding headers:"
_CLUSTER = re.compile(r"^cluster '(?P<name>[^']*)' match for URL")
_LINE = re.compile(r"^'(?P<name>[^']+)', '(?P<value>.*)'$")
_NOT_ARRIVED = "the request did not reach the service: a filter or the proxy answered"
_UNKNOWN = "what the service received is not known: the proxy's log does not tell"


def observed(
    cluster: Cluster,
    namespace: str,
    raised: Callable[[Sequence[Mapping[str, Any]], Mapping[str, str]], AbstractContextManager[None]],
    send: Callable[[Sequence[tuple[str, str]]], Exchange],
    url: str,
    *,
    headers: Sequence[tuple[str, str]],
    pod: str,
) -> Exchange:
    """Send a request, and tell what came of it to the service.

    Parameters
    ----------
    cluster : Cluster
    namespace : str
        The mesh's, whose proxies may be asked.
    raised : callable
        Raises log levels of pods until the end of a block.
    send : callable
        Sends it with these headers.
    url : str
    headers : sequence of (str, str)
    pod : str
        The pod that is to answer; empty for any.
    """
    target = services.locate(cluster, namespace, url)
    try:
        items = _items(cluster, namespace, target, pod)
    except MeshError as error:
        return replace(send(headers), unseen=f"what the service received is not known: {error.what}")
    mark = next((value for name, value in headers if name.lower() == MARK), "") or str(uuid.uuid4())
    marked = [*(line for line in headers if line[0].lower() != MARK), (MARK, mark)]
    begin, taken = time.monotonic() - _SLACK, None
    try:
        with raised(items, _LEVELS):
            taken = send(marked)
    except (MeshError, TimeoutError) as error:
        why = error.what if isinstance(error, MeshError) else "its proxy does not answer"
        if taken is None:
            return replace(send(headers), unseen=f"what the service received is not known: {why}")
        taken = replace(taken, notes=(*taken.notes, str(why)))
    asked = taken.request
    own = replace(asked, headers=Headers(tuple(line for line in asked.headers if line != (MARK, mark))))
    asked = asked if mark in (value for _, value in headers) else own
    answered = taken.response.headers.get(UPSTREAM) is not None
    found = _found(cluster, namespace, [name_of(one) for one in items], begin, mark)
    unseen = "" if found else _UNKNOWN if answered else _NOT_ARRIVED
    return replace(taken, request=asked, received=found, unseen=unseen)


def told(records: Sequence[Record], mark: str) -> Received | None:
    """Read off a log the request that carried a mark, as it left the filters; None when the log has it not.

    Parameters
    ----------
    records : sequence of Record
        Of one proxy.
    mark : str
        The value of `MARK`.
    """
    streams: dict[str, str] = {}  # of requests that came with the mark: the cluster that they went on to
    found: list[tuple[str, list[tuple[str, str]]]] = []
    for tags, words, fields in _messages(records):
        if words.startswith(_CAME) and (MARK, mark) in fields:
            streams[tags] = ""
        elif tags in streams and (cluster := _CLUSTER.match(words)):
            streams[tags] = cluster["name"]
        elif tags in streams and words == _LEFT:
            found.append((tags, fields))
    # Of a pod that asks itself the proxy logs the way out as well, which comes first.
    inbound = [one for one in found if streams[one[0]].startswith("inbound|")]
    chosen = (inbound or found)[-1:]
    return _received(chosen[0][1]) if chosen else None


def _items(cluster: Cluster, namespace: str, target: services.Target, pod: str) -> list[dict[str, Any]]:
    if target.namespace != namespace:
        raise MeshError(f"{target.service} is in the namespace {target.namespace}, not in the mesh's.")
    names = [pod] if pod else [one.pod for one in services.ready(cluster, target)]
    if len(names) > _MOST:
        raise MeshError(f"{len(names)} pods may answer, and the logs of {_MOST} at most are looked at: name one.")
    items = [cluster.request("GET", f"/api/v1/namespaces/{namespace}/pods/{name}") for name in names]
    bare = [name_of(item) for item in items if not has_proxy(item)]
    if bare or not items:
        raise MeshError(f"{bare[0]} has no proxy that could tell." if bare else "no pod of it is ready.")
    return items


def _found(cluster: Cluster, namespace: str, pods: Sequence[str], begin: float, mark: str) -> Received | None:
    """Look for a request in the logs of pods, since a time of the clock that never goes back."""
    deadline = time.monotonic() + _PATIENCE
    while True:
        for pod in pods:
            # By the clock of its node, which may be another than the API server's.
            found = told(logged_lately(cluster, namespace, pod, time.monotonic() - begin), mark)
            if found is not None:
                return found
        if time.monotonic() > deadline:
            return None
        time.sleep(_STEP)


def _messages(records: Sequence[Record]) -> Iterator[tuple[str, str, list[tuple[str, str]]]]:
    """Give what Envoy's two loggers say of a stream: its tags, the words, and the header lines below them."""
    for record in records:
        if not record.envoy or record.scope not in _LEVELS:
            continue
        first, *rest = record.message.splitlines() or [""]
        stream = _STREAM.match(first)
        if stream is not None:
            fields = [(line["name"], line["value"]) for one in rest if (line := _LINE.match(one))]
            yield stream["tags"], stream["words"].strip(), fields


def _received(fields: Sequence[tuple[str, str]]) -> Received:
    pseudo = {name: value for name, value in fields if name.startswith(":")}
    request = Request(
        pseudo.get(":method", ""),
        pseudo.get(":authority", ""),
        pseudo.get(":path", ""),
        Headers(tuple(line for line in fields if not line[0].startswith(":"))),
    )
    return Received(request, whole=False, body=False)
