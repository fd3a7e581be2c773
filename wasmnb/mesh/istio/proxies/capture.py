"""Which of a pod's ports its proxy does not see: what annotations and capture rules leave out.

Sources: Istio, ``tools/istio-iptables``, and ``injection-template.yaml`` of its charts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["passed_by"]

_PREFIX = "traffic.sidecar.istio.io/"
_MODE = "sidecar.istio.io/interceptionMode"
_INIT = ("istio-init", "istio-validation")
_EVERY = "*"


def passed_by(item: Mapping[str, Any], ports: Iterable[int]) -> list[int]:
    """Give those ports of a pod whose connections reach the application without the proxy.

    Parameters
    ----------
    item : mapping
        The pod.
    ports : iterable of int
    """
    notes = item["metadata"].get("annotations") or {}
    if notes.get(_MODE) == "NONE":
        return list(ports)
    # What the rules were made with counts; the annotations are all there is where the node's CNI plugin makes them.
    included = _argument(item, "-b", notes.get(_PREFIX + "includeInboundPorts", _EVERY))
    excluded = {*_numbers(_argument(item, "-d", "")), *_numbers(notes.get(_PREFIX + "excludeInboundPorts", ""))}
    taken = None if included.strip() == _EVERY else set(_numbers(included))
    return [port for port in ports if port in excluded or (taken is not None and port not in taken)]


def _argument(item: Mapping[str, Any], name: str, otherwise: str) -> str:
    for container in item.get("spec", {}).get("initContainers") or ():
        words = [str(word) for word in container.get("args") or ()]
        if container["name"] in _INIT and name in words[:-1]:
            return words[words.index(name) + 1]
    return otherwise


def _numbers(text: str) -> list[int]:
    return [int(part) for part in text.split(",") if part.strip().isdigit()]
