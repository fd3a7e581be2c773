"""The words that a plugin is described with: each enum closed, its values what a user writes."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, TypeVar

from wasmnb.errors import UsageError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["FailPolicy", "Kind", "Mode", "Phase", "PluginType", "PullPolicy", "word", "words"]


class Phase(str, Enum):
    """Where in the filter chain a plugin stands, in the order of requests (Istio ``extensions/v1alpha1``)."""

    AUTHN = "AUTHN"
    AUTHZ = "AUTHZ"
    STATS = "STATS"
    UNSPECIFIED = "UNSPECIFIED"


class FailPolicy(str, Enum):
    """What a proxy does with requests once the plugin's VM has crashed."""

    CLOSE = "close"
    OPEN = "open"
    RELOAD = "reload"


class PluginType(str, Enum):
    """What a plugin filters: requests, or bytes of connections (Istio ``extensions/v1alpha1``, ``PluginType``).

    SINGLETON filters nothing: it is one VM in the main thread of a proxy, which works by ticks, queues and callouts
    (Envoy's ``extensions.wasm.v3.WasmService``).
    """

    HTTP = "HTTP"
    NETWORK = "NETWORK"
    SINGLETON = "SINGLETON"


class PullPolicy(str, Enum):
    """When a proxy's agent fetches an image that it has already (Istio ``extensions/v1alpha1``, ``PullPolicy``)."""

    UNSPECIFIED = "UNSPECIFIED"
    IF_NOT_PRESENT = "IfNotPresent"
    ALWAYS = "Always"


class Kind(str, Enum):
    """What a plugin becomes on a cluster: one of Istio's objects, newest first, or that of another gateway."""

    AUTO = "auto"
    TRAFFIC_EXTENSION = "TrafficExtension"
    WASM_PLUGIN = "WasmPlugin"
    ENVOY_FILTER = "EnvoyFilter"
    ENVOY_GATEWAY = "envoy-gateway"
    HIGRESS = "higress"

    @property
    def foreign(self) -> bool:
        """Whether another controller than Istio takes it, whose proxies are not looked at."""
        return self in (Kind.ENVOY_GATEWAY, Kind.HIGRESS)

    @property
    def istio(self) -> bool:
        """Whether it is one of Istio's objects."""
        return self is not Kind.AUTO and not self.foreign


class Mode(str, Enum):
    """Which side of a connection the proxy is on (Istio ``type/v1beta1``, ``WorkloadMode``); a gateway is CLIENT."""

    CLIENT = "CLIENT"
    SERVER = "SERVER"
    CLIENT_AND_SERVER = "CLIENT_AND_SERVER"


_Words = TypeVar("_Words", bound=Enum)


def words(kind: Iterable[Enum]) -> tuple[str, ...]:
    """List what a user writes for each member of an enum, or for some."""
    return tuple(str(one.value) for one in kind)


def word(kind: type[_Words], given: object) -> _Words:
    """Read a word.

    Raises
    ------
    UsageError
        It is none of them.
    """
    try:
        return kind(given)
    except ValueError:
        known = words(kind)
        near = did_you_mean(str(given), known)
        raise UsageError(
            f"{given!r} is no {kind.__name__}.", hint=f"{near} available: {', '.join(known)}".strip()
        ) from None
