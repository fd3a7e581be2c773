"""Where a plugin acts: on pods by their labels, on which listeners, and on which gateways, waypoints and services."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from wasmnb.errors import UsageError, did_you_mean
from wasmnb.plugin.enums import Mode, word

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Match", "TargetRef", "carries"]

_LAST_PORT = 65535
# Istio extensions/v1alpha1 wasm.proto, targetRefs: what a plugin can be attached to, and the group of each.
_GATEWAY_API = "gateway.networking.k8s.io"
_GROUPS = {
    "Gateway": _GATEWAY_API,
    "GatewayClass": _GATEWAY_API,
    "ListenerSet": _GATEWAY_API,
    "HTTPRoute": _GATEWAY_API,
    "GRPCRoute": _GATEWAY_API,
    "TCPRoute": _GATEWAY_API,
    "TLSRoute": _GATEWAY_API,
    "UDPRoute": _GATEWAY_API,
    "Service": "",
    "ServiceEntry": "networking.istio.io",
}


def carries(labels: Mapping[str, str], wanted: Mapping[str, str]) -> bool:
    """Say whether labels have all that are wanted, as a selector of Kubernetes reads ``matchLabels``."""
    return wanted.items() <= labels.items()


@dataclass(frozen=True)
class Match:
    """Listeners that a plugin is for.

    Parameters
    ----------
    mode : Mode
    ports : tuple of int
        Container ports where the proxy is the server, ports of services where it is the client; none is every port.

    Raises
    ------
    UsageError
    """

    mode: Mode = Mode.CLIENT_AND_SERVER
    ports: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "mode", word(Mode, self.mode))
        given: Any = self.ports
        ports = (given,) if isinstance(given, int) else tuple(given)
        for port in ports:
            if not isinstance(port, int) or isinstance(port, bool) or not 0 < port <= _LAST_PORT:
                raise UsageError(f"{port!r} is not a port.", hint=f"give a number from 1 to {_LAST_PORT}")
        object.__setattr__(self, "ports", ports)

    @classmethod
    def parse(cls, text: str) -> Match:
        """Read ``SERVER``, ``SERVER:9080,9081`` or ``:9080``.

        Raises
        ------
        UsageError
        """
        mode, _, ports = text.strip().partition(":")
        if not ports and mode.replace(",", "").isdigit():
            mode, ports = "", mode
        try:
            numbers = tuple(int(port) for port in ports.split(",") if port.strip())
        except ValueError:
            raise UsageError(f"{text!r} has a port that is not a number.", hint="as in SERVER:9080") from None
        return cls(word(Mode, mode.strip().upper() or Mode.CLIENT_AND_SERVER.value), numbers)

    def fits(self, mode: Mode, port: int) -> bool:
        """Say whether a listener is one of these; ``mode`` is the side that its proxy is on."""
        return self.mode in (mode, Mode.CLIENT_AND_SERVER) and (not self.ports or port in self.ports)

    def __str__(self) -> str:
        return self.mode.value + (":" + ",".join(str(port) for port in self.ports) if self.ports else "")

    def to_dict(self) -> dict[str, Any]:
        """Give the match as plain JSON values."""
        return {"mode": self.mode.value, "ports": list(self.ports)}


@dataclass(frozen=True)
class TargetRef:
    """What a plugin is attached to in place of a selector: a gateway, a waypoint, a service.

    Parameters
    ----------
    kind : str
        ``Gateway`` (a waypoint is one too), ``GatewayClass``, ``Service``, ``ServiceEntry``; on Envoy Gateway also the
        routes and listener sets of the Gateway API.
    name : str
    group : str or None
        None: the group that this kind has; "" is Kubernetes' own.
    namespace : str
        Empty: the plugin's, the only one that Istio takes.

    Raises
    ------
    UsageError
        The kind is unknown and no group is given, or the name is empty.
    """

    kind: str
    name: str
    group: str | None = None
    namespace: str = ""

    def __post_init__(self) -> None:
        if not all(isinstance(one, str) for one in (self.kind, self.name, self.namespace)):
            raise UsageError("A target's kind, name and namespace are text.", hint='TargetRef("Gateway", "waypoint")')
        if not self.name or not self.kind:
            raise UsageError("A target needs a kind and a name.", hint="for instance Gateway/waypoint")
        if self.group is None:
            if self.kind not in _GROUPS:
                raise UsageError(
                    f"A plugin cannot be attached to a {self.kind!r}.",
                    why=[f"it can be attached to: {', '.join(_GROUPS)}"],
                    hint=did_you_mean(self.kind, _GROUPS) or "name its group too, as Kind.group/name",
                )
            object.__setattr__(self, "group", _GROUPS[self.kind])

    @classmethod
    def parse(cls, text: str) -> TargetRef:
        """Read ``Gateway/waypoint``, ``Service/details``, ``Kind.group/name`` or ``Gateway/namespace/name``.

        Raises
        ------
        UsageError
        """
        kind, *names = text.strip().split("/")
        kind, dot, group = kind.partition(".")
        if not 1 <= len(names) <= 2:  # noqa: PLR2004 - a name, with or without its namespace
            raise UsageError(f"{text!r} is not a target.", hint="write Kind/name, for instance Gateway/waypoint")
        known = {one.lower(): one for one in _GROUPS}
        return cls(known.get(kind.lower(), kind), names[-1], group if dot else None, names[0] if names[1:] else "")

    def __str__(self) -> str:
        kind = self.kind if self.group == _GROUPS.get(self.kind) else f"{self.kind}.{self.group}"
        return "/".join(part for part in (kind, self.namespace, self.name) if part)

    def to_dict(self) -> dict[str, Any]:
        """Give the target as plain JSON values."""
        return {"kind": self.kind, "name": self.name, "group": self.group, "namespace": self.namespace}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> TargetRef:
        """Make the target of what `to_dict` gave."""
        return cls(values["kind"], values["name"], values.get("group"), values.get("namespace", ""))
