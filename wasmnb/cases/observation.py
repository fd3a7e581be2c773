"""What a host saw while a case ran: each callback with what the filter called and logged in it, and what came out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from wasmnb.cases.model import Phase

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from wasmnb.cases.model import Immediate, Lines

__all__ = ["Callback", "Exchange", "LogLine", "Observation", "Part", "phases_of"]

_CALLBACKS = {f"proxy_on_{phase.value}": phase for phase in Phase if phase.value.startswith(("request", "response"))}
_ENDS = ("proxy_on_done", "proxy_on_log", "proxy_on_delete")


@dataclass(frozen=True)
class LogLine:
    """What a filter logged, and at which level (``trace`` to ``critical``)."""

    level: str
    text: str

    def __str__(self) -> str:
        return f"{self.level}: {self.text}"


@dataclass(frozen=True)
class Callback:
    """One call from the host into the filter.

    Parameters
    ----------
    name : str
        Of the export, such as ``proxy_on_request_headers``.
    arguments : tuple of int
    returned : str
    calls : tuple of str
        What the filter called in it; the emulator knows texts, an Envoy numbers only.
    log : tuple of LogLine
    instructions : int or None
        WebAssembly instructions that ran (wasmtime's fuel); None where nobody counts them.
    trap : tuple of str
        Why it did not come back, then the frames, innermost first; empty when it did.
    replied : Immediate or None
        The answer that the filter gave by itself in it.
    """

    name: str
    arguments: tuple[int, ...] = ()
    returned: str = ""
    calls: tuple[str, ...] = ()
    log: tuple[LogLine, ...] = ()
    instructions: int | None = None
    trap: tuple[str, ...] = ()
    replied: Immediate | None = None

    def to_dict(self) -> dict[str, Any]:
        """Give it as plain JSON values."""
        return {
            "name": self.name,
            "arguments": list(self.arguments),
            "returned": self.returned,
            "calls": list(self.calls),
            "log": [str(line) for line in self.log],
            "instructions": self.instructions,
            "trap": list(self.trap),
        }


@dataclass(frozen=True)
class Part:
    """What a phase let out: header lines or trailers, or a body.

    Parameters
    ----------
    headers : tuple of (str, str)
    body : bytes
    pieces : tuple of bytes or None
        What came out with each piece that went in; None where that cannot be told.
    """

    headers: Lines = ()
    body: bytes = b""
    pieces: tuple[bytes, ...] | None = None


@dataclass(frozen=True)
class Exchange:
    """One request with its response.

    Parameters
    ----------
    request : mapping of Phase to Part
        What arrived at the service; empty when nothing did.
    response : mapping of Phase to Part
        What came back.
    callbacks : tuple of Callback
        Of this stream, and what happened meanwhile, in order.
    failure : str
        Why there is no response; empty when there is one.
    """

    request: Mapping[Phase, Part] = field(default_factory=dict)
    response: Mapping[Phase, Part] = field(default_factory=dict)
    callbacks: tuple[Callback, ...] = ()
    failure: str = ""


@dataclass(frozen=True)
class Observation:
    """What was seen of a case.

    Parameters
    ----------
    start : tuple of Callback
        Those of the plugin's start.
    exchanges : tuple of Exchange
    refused : tuple of str
        Why the filter was not loaded or not started; empty when it was.
    calls : tuple of str
        To other services: method, cluster and path.
    call_headers : tuple of (str, str)
        The header lines of all of them.
    metrics : mapping of str to int
    shared_data : mapping of str to bytes, or None
        None where the host does not tell.
    queues : mapping of str to tuple of bytes, or None
    memory : int or None
        Bytes of memory that the filters had at most; None where the host does not tell.
    """

    start: tuple[Callback, ...] = ()
    exchanges: tuple[Exchange, ...] = ()
    refused: tuple[str, ...] = ()
    calls: tuple[str, ...] = ()
    call_headers: Lines = ()
    metrics: Mapping[str, int] = field(default_factory=dict)
    shared_data: Mapping[str, bytes] | None = None
    queues: Mapping[str, tuple[bytes, ...]] | None = None
    memory: int | None = None

    @property
    def callbacks(self) -> tuple[Callback, ...]:
        """All of them, in order."""
        return (*self.start, *(callback for one in self.exchanges for callback in one.callbacks))

    @property
    def log(self) -> tuple[LogLine, ...]:
        """All that was logged."""
        return tuple(line for callback in self.callbacks for line in callback.log)

    @property
    def instructions(self) -> int | None:
        """All instructions that ran; None where nobody counts them."""
        counted = [callback.instructions for callback in self.callbacks if callback.instructions is not None]
        return sum(counted) if counted else None


def phases_of(callbacks: Iterable[Callback], first: Phase) -> dict[Phase, list[Callback]]:
    """Sort callbacks by phase: what is of none (an answer of another service, a timer) is of the one under way.

    Parameters
    ----------
    callbacks : iterable of Callback
    first : Phase
        The one that is under way at the beginning.
    """
    found: dict[Phase, list[Callback]] = {}
    phase = first
    for callback in callbacks:
        phase = _phase(callback.name, callback.arguments) or phase
        found.setdefault(phase, []).append(callback)
    return found


def _phase(name: str, arguments: Sequence[int]) -> Phase | None:
    if name == "proxy_on_context_create":
        # A root context has no parent.
        return Phase.STREAM_INIT if arguments[1:] and arguments[1] else Phase.PLUGIN_INIT
    return Phase.STREAM_DESTROY if name in _ENDS else _CALLBACKS.get(name)
