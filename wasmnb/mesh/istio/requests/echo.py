"""What reached our echo in a cluster, body and all: the echo keeps each request, and is asked for it past its proxy."""

from __future__ import annotations

import base64
import json
import uuid
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from wasmnb.errors import MeshError
from wasmnb.mesh import urls
from wasmnb.mesh.istio.requests import services
from wasmnb.mesh.istio.requests.received import MARK
from wasmnb.traffic import Headers, Received, Request

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from wasmnb.mesh.istio.api.cluster import Cluster
    from wasmnb.mesh.istio.api.port_forward_pool import PortForwardPool
    from wasmnb.traffic import Exchange

__all__ = ["KEPT_PORT", "NAME", "PORT", "is_echo", "kept", "observed"]

NAME = "wasmnb-echo"
"""Of the service, of its Deployment, and of the label ``app`` of its pods."""
PORT, KEPT_PORT = 8080, 8081
"""Where it takes requests, and where it tells of them: the second is open to the pod alone, and to who forwards it."""
_NOT_ARRIVED = "the request did not reach the echo, or a filter took its x-request-id away"


def is_echo(url: str, namespace: str) -> bool:
    """Say whether a URL names the echo of a namespace."""
    name, _, rest = urls.read(url).host.partition(".")
    return name == NAME and rest.partition(".")[0] in ("", namespace)


def kept(request: Request, most: int, *, ended: bool = True) -> str:
    """Write a request down as JSON; of its body, so many bytes at most.

    A body that has not ended is whole as far as its content-length tells what is missing.
    """
    told = ended or "content-length" in request.headers
    return json.dumps(
        {
            "method": request.method,
            "authority": request.authority,
            "path": request.path,
            "headers": list(request.headers),
            "body": base64.b64encode(request.body[:most]).decode(),
            "whole": told and len(request.body) <= most,
        }
    )


def observed(
    cluster: Cluster,
    namespace: str,
    tunnels: PortForwardPool,
    send: Callable[[Sequence[tuple[str, str]]], Exchange],
    url: str,
    *,
    headers: Sequence[tuple[str, str]],
) -> Exchange:
    """Send a request to the echo, and have it tell what it received.

    Parameters
    ----------
    cluster : Cluster
    namespace : str
    tunnels : PortForwardPool
    send : callable
        Sends it with these headers.
    url : str
    headers : sequence of (str, str)
    """
    own = next((value for name, value in headers if name.lower() == MARK), "")
    mark = own or str(uuid.uuid4())
    taken = send([*(line for line in headers if line[0].lower() != MARK), (MARK, mark)])
    if not own:
        lines = tuple(line for line in taken.request.headers if line != (MARK, mark))
        taken = replace(taken, request=replace(taken.request, headers=Headers(lines)))
    try:
        for pod in services.endpoints(cluster, namespace, url):
            said = json.loads(tunnels.get(cluster, namespace, pod, KEPT_PORT, f"/{quote(mark, safe='')}"))
            if said is not None:
                return replace(taken, received=_received(said, "" if own else mark))
    except (MeshError, TimeoutError, ValueError, KeyError) as error:
        why = error.what if isinstance(error, MeshError) else "the echo does not answer"
        return replace(taken, unseen=f"what the service received is not known: {why}")
    return replace(taken, unseen=_NOT_ARRIVED)


def _received(said: dict[str, Any], mark: str) -> Received:
    told = ((str(name).lower(), str(value)) for name, value in said["headers"])
    lines = tuple(line for line in told if line[0] != "host" and line != (MARK, mark))
    body = base64.b64decode(said["body"])
    request = Request(said["method"], said["authority"], said["path"], Headers(lines), body)
    return Received(request, whole=bool(said["whole"]))
