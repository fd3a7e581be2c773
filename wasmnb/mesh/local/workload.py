"""What runs behind a sidecar: a user's own service, or one of bookinfo's."""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from wasmnb.envoy.admin import Question, ask_all
from wasmnb.errors import BadNameError, ConfigError, Place, UsageError, did_you_mean
from wasmnb.plugin.selector import selector
from wasmnb.wording import Option, Wording

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["BOOKINFO", "GATEWAY", "SERVICE_PORT", "Bookinfo", "Protocol", "Workload", "find_protocols", "read_workload"]

SERVICE_PORT = 9080
"""The port in the names of bookinfo's services, as in the article; the real ports are whatever is free."""

# RFC 1123 label, as Kubernetes wants it of a workload's name.
_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_HIGHEST_PORT = 65535
_ANSWER = 0.5


class Protocol(enum.Enum):
    """What a service speaks behind its sidecar."""

    AUTO = ""
    """Found out when the mesh starts; HTTP/1.1 where nobody answers yet."""
    HTTP = "http"
    """HTTP/1.1."""
    H2C = "h2c"
    """HTTP/2 without TLS, as gRPC uses it."""


@dataclass(frozen=True)
class Workload:
    """A running HTTP service of the user's that gets a sidecar.

    Parameters
    ----------
    name : str
        Names the workload; its pod is ``<name>-0``.
    address : str
        ``host:port`` where the service listens (``[::1]:port`` for IPv6). It need not be up yet.
    labels : mapping of str to str
        What selectors see. ``app`` defaults to the name, and names the service for requests.
    protocol : Protocol
        What the service speaks.

    Raises
    ------
    BadNameError
        The name cannot be a workload's.
    ConfigError
        The address is no ``host:port``.
    """

    name: str
    address: str
    labels: Mapping[str, str] = field(default_factory=dict)
    protocol: Protocol = Protocol.AUTO

    def __post_init__(self) -> None:
        check_name(self.name)
        self.endpoint  # noqa: B018 - raises for a malformed address
        object.__setattr__(self, "labels", {"app": self.name, **self.labels})
        check_name(self.labels["app"])

    @property
    def endpoint(self) -> tuple[str, int]:
        """Host and port."""
        host, colon, port = self.address.rpartition(":")
        bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
        number = int(port) if port.isascii() and port.isdigit() else 0
        wrong_host = (
            not bare or "/" in bare or any(letter.isspace() for letter in bare) or (bare == host and ":" in host)
        )
        if not colon or wrong_host or not 0 < number <= _HIGHEST_PORT:
            raise ConfigError(
                f"{self.address!r} is not an address of a service (workload {self.name}).",
                where=Place("the workload's address", quote=self.address),
                hint=f"write host:port, for instance {self.name}=127.0.0.1:8000",
            )
        return bare, number


def find_protocols(workloads: Sequence[Workload | Bookinfo]) -> list[Workload | Bookinfo]:
    """Find out what those services speak of which it is not said; one that answers HTTP/1.1 is asked no further."""
    unknown = [one for one in workloads if isinstance(one, Workload) and one.protocol is Protocol.AUTO]
    silent = _silent(unknown, [Question(one.endpoint, "HEAD") for one in unknown])
    plain = _silent(silent, [Question(one.endpoint, http2=True) for one in silent])
    found = {one.name: Protocol.HTTP for one in unknown}
    found |= {one.name: Protocol.H2C for one in silent if one not in plain}
    return [
        replace(one, protocol=found[one.name]) if isinstance(one, Workload) and one.name in found else one
        for one in workloads
    ]


def _silent(workloads: Sequence[Workload], questions: Sequence[Question]) -> list[Workload]:
    answers = ask_all(questions, timeout=_ANSWER)
    return [one for one, why in zip(workloads, answers, strict=True) if why]


@dataclass(frozen=True)
class Bookinfo:
    """One deployment of the article's application."""

    app: str
    version: str

    @property
    def name(self) -> str:
        """The deployment's name."""
        return f"{self.app}-{self.version}"

    @property
    def labels(self) -> dict[str, str]:
        """What selectors see."""
        return {"app": self.app, "version": self.version}


BOOKINFO = (
    Bookinfo("details", "v1"),
    Bookinfo("productpage", "v1"),
    Bookinfo("ratings", "v1"),
    Bookinfo("reviews", "v1"),
    Bookinfo("reviews", "v2"),
    Bookinfo("reviews", "v3"),
)

GATEWAY = "istio-ingressgateway"


def check_name(name: str) -> None:
    """Refuse a name that no workload can have."""
    if not _NAME.fullmatch(name):
        proposal = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:63] or "my-service"
        raise BadNameError(
            f"{name!r} cannot name a workload.",
            where=Place("the workload's name", quote=name),
            hint=f"use lower-case letters, digits and '-', for instance {proposal!r}",
        )


def read_workload(words: str) -> Workload:
    """Read ``NAME=HOST:PORT`` with an optional protocol and labels behind it: ``NAME=HOST:PORT/h2c,version=v1``.

    Raises
    ------
    UsageError, BadNameError, ConfigError
        A part is missing, the name cannot be a workload's, the address is none, or nobody speaks such a protocol.
    """
    name, equals, rest = words.partition("=")
    if not equals:
        raise UsageError(
            f"{words!r} is not a workload.",
            where=Place(Option("workloads", flag="--workload"), quote=words),
            hint=Wording(
                "write NAME=HOST:PORT, for instance {}",
                Option("workloads", "shop=127.0.0.1:8000,version=v2", flag="--workload"),
                python="write NAME=HOST:PORT, for instance shop=127.0.0.1:8000,version=v2",
            ),
        )
    place, _, labels = rest.partition(",")
    address, slash, protocol = place.partition("/")
    known = {one.value: one for one in Protocol if one.value} | {"grpc": Protocol.H2C}
    if slash and protocol not in known:
        raise UsageError(
            f"{protocol!r} is not a protocol of a workload.",
            where=Place(Option("workloads", flag="--workload"), quote=words),
            hint=did_you_mean(protocol, known) or f"write one of {', '.join(known)}, or leave it out",
        )
    return Workload(name, address, selector(labels), known.get(protocol, Protocol.AUTO))
