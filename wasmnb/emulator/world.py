"""What filters find around them: a clock that stands still, shared data, queues, metrics, properties, services."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from wasmnb.emulator.codes import LogLevel, MetricType

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["Call", "Metric", "Response", "World"]

_BEGIN = 1_000_000  # nanoseconds since 1970: Go's runtime does not start at none


@dataclass(frozen=True)
class Response:
    """What a called service answers.

    Parameters
    ----------
    headers, trailers : tuple of (str, str)
        ``:status`` among them; none when the call failed without an answer.
    body : bytes
    delay : float
        Seconds.
    never : bool
        It does not answer at all.
    grpc_status : int or None
        Of a gRPC answer, with its ``messages``.
    """

    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    trailers: tuple[tuple[str, str], ...] = ()
    delay: float = 0.0
    never: bool = False
    grpc_status: int | None = None
    messages: tuple[bytes, ...] = ()


@dataclass(frozen=True)
class Call:
    """A call to another service, as it was made."""

    cluster: str
    headers: tuple[tuple[str, str], ...]
    body: bytes = b""
    trailers: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        names = dict(self.headers)
        return f"{names.get(':method', '')} {self.cluster}{names.get(':path', '')}"


@dataclass
class Metric:
    """A metric with its value; a histogram's is what was recorded last, and it has been recorded ``count`` times."""

    kind: MetricType
    name: str
    value: int = 0
    count: int = 0


@dataclass
class World:
    """All that filters share.

    Parameters
    ----------
    now : int
        Nanoseconds since 1970; only what is waited for moves it.
    properties : mapping of str to bytes
        By path, its parts joined by dots.
    answer : callable
        Gives what a cluster answers to a call; None where there is no such cluster.
    level : LogLevel
        What is less is not logged.
    """

    now: int = _BEGIN
    properties: Mapping[str, bytes] = field(default_factory=dict)
    answer: Callable[[Call], Response | None] = lambda _: None
    level: LogLevel = LogLevel.INFO
    shared: dict[str, tuple[bytes, int]] = field(default_factory=dict)
    queues: dict[str, list[bytes]] = field(default_factory=dict)
    metrics: list[Metric] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)

    def share(self, key: str, value: bytes) -> None:
        """Write shared data, under the next number."""
        self.shared[key] = (value, self.shared.get(key, (b"", 0))[1] + 1)

    def define(self, kind: MetricType, name: str) -> int:
        """Define a metric; one of the same name and kind is the same. Gives its number, from 1."""
        for index, metric in enumerate(self.metrics):
            if (metric.kind, metric.name) == (kind, name):
                return index + 1
        self.metrics.append(Metric(kind, name))
        return len(self.metrics)
