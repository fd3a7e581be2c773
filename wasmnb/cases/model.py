"""A test of a filter: what it is given, phase by phase, and what must come out.

The names and meanings of the fields are those of Google's declarative tester for Proxy-Wasm plugins
(``plugins/test/runner.proto`` in GoogleCloudPlatform/service-extensions); what that format cannot say stands under
names of our own, and docs/tests.md lists both.
"""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass, field
from enum import Enum
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

__all__ = [
    "HTTP_PHASES",
    "Answer",
    "Case",
    "Environment",
    "Expectation",
    "Failure",
    "FilterInChain",
    "Immediate",
    "Invocation",
    "Lines",
    "Matcher",
    "Outcome",
    "Phase",
    "Stream",
    "Suite",
    "pattern",
]

Lines = tuple[tuple[str, str], ...]
"""Header lines in order."""


# RE2 has these within brackets, and Python has not.
_CLASSES = {
    "alnum": "0-9A-Za-z",
    "alpha": "A-Za-z",
    "ascii": r"\x00-\x7f",
    "blank": r"\t ",
    "cntrl": r"\x00-\x1f\x7f",
    "digit": "0-9",
    "graph": "!-~",
    "lower": "a-z",
    "print": " -~",
    "punct": r"!-/:-@\[-`{-~",
    "space": r"\t\n\v\f\r ",
    "upper": "A-Z",
    "word": r"\w",
    "xdigit": "0-9A-Fa-f",
}


@cache
def pattern(regex: str) -> re.Pattern[str]:
    """Compile a regular expression.

    Raises
    ------
    re.error
        It is none.
    """
    for name, members in _CLASSES.items():
        regex = regex.replace(f"[:{name}:]", members)
    with warnings.catch_warnings():
        # What may mean something else in a later Python (a bracket within brackets) means the same in RE2 as today.
        warnings.simplefilter("ignore", FutureWarning)
        return re.compile(regex)


class Phase(Enum):
    """Where in the life of a plugin or of one of its streams something is."""

    PLUGIN_INIT = "plugin_init"
    STREAM_INIT = "stream_init"
    REQUEST_HEADERS = "request_headers"
    REQUEST_BODY = "request_body"
    REQUEST_TRAILERS = "request_trailers"
    RESPONSE_HEADERS = "response_headers"
    RESPONSE_BODY = "response_body"
    RESPONSE_TRAILERS = "response_trailers"
    STREAM_DESTROY = "stream_destroy"

    @property
    def of_request(self) -> bool:
        """Whether it is one of a request's."""
        return self.value.startswith("request_")


HTTP_PHASES = tuple(phase for phase in Phase if phase.value.startswith(("request_", "response_")))
"""The phases that have input."""


class Failure(Enum):
    """How a call to another service fails."""

    REFUSED = "refused"
    RESET = "reset"
    TIMEOUT = "timeout"


@dataclass(frozen=True)
class Matcher:
    """What a text must be, or must not be.

    Parameters
    ----------
    exact : bytes or None
        The whole text.
    regex : str or None
        A regular expression for the whole text.
    invert : bool
        No text may be so.
    line : int
        Where the case says it, 1-based; 0 for one that was made in Python.
    """

    exact: bytes | None = None
    regex: str | None = None
    invert: bool = False
    line: int = field(default=0, compare=False)

    def matches(self, texts: Sequence[bytes]) -> bool:
        """Say whether one of the texts is so; when inverted, whether none is."""
        return any(map(self._fits, texts)) is not self.invert

    def _fits(self, text: bytes) -> bool:
        if self.regex is None:
            return text == self.exact
        return pattern(self.regex).fullmatch(text.decode("utf-8", "surrogateescape")) is not None

    def __str__(self) -> str:
        said = f"/{self.regex}/" if self.regex is not None else (self.exact or b"").decode("utf-8", "replace")
        return f"not {said}" if self.invert else said


@dataclass(frozen=True)
class Immediate:
    """An answer that the filter gives by itself; what is None is not looked at."""

    http_status: int | None = None
    grpc_status: int | None = None
    details: str | None = None


@dataclass(frozen=True)
class Expectation:
    """What must come out of a phase.

    Parameters
    ----------
    has_header : tuple of (str, str, int)
        Name, value (several lines of one name joined by ``, ``), and the line of the case.
    no_header : tuple of (str, int)
        Names that may not be there.
    headers : tuple of Matcher
        Of the lines ``name: value``.
    body : tuple of Matcher
    immediate : Immediate or None
        The filter must answer by itself; None: it may not.
    log : tuple of Matcher
        Of what the filter logs in this phase.
    """

    has_header: tuple[tuple[str, str, int], ...] = ()
    no_header: tuple[tuple[str, int], ...] = ()
    headers: tuple[Matcher, ...] = ()
    body: tuple[Matcher, ...] = ()
    immediate: Immediate | None = None
    log: tuple[Matcher, ...] = ()
    line: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Invocation:
    """A phase: what the filter is given, and what must come out.

    Parameters
    ----------
    headers : tuple of (str, str)
        For a phase of headers or trailers.
    body : bytes
        For a phase of a body.
    result : Expectation or None
    """

    headers: Lines = ()
    body: bytes = b""
    result: Expectation | None = None


@dataclass(frozen=True)
class Stream:
    """A request and its response.

    Parameters
    ----------
    phases : mapping of Phase to tuple of Invocation
        Those there are; only a body can have more than one.
    num_chunks, chunk_size : int
        Into how many pieces a body is cut, or how long they are; 0 for not at all.
    init, destroy : Expectation or None
    ticks : int
        How often the filter's timer goes off before the request.
    """

    phases: Mapping[Phase, tuple[Invocation, ...]] = field(default_factory=dict)
    num_chunks: int = 0
    chunk_size: int = 0
    init: Expectation | None = None
    destroy: Expectation | None = None
    ticks: int = 0

    def headers(self, phase: Phase) -> Lines:
        """Give the header lines of a phase's input."""
        return tuple(line for one in self.phases.get(phase, ()) for line in one.headers)

    def chunks(self, phase: Phase) -> tuple[bytes, ...]:
        """Give the pieces in which a body comes; none when there is no such phase."""
        parts = [one.body for one in self.phases.get(phase, ())]
        if len(parts) != 1 or not (self.num_chunks or self.chunk_size):
            return tuple(parts)
        whole = parts[0]
        size = self.chunk_size or max(1, len(whole) // self.num_chunks)
        most = self.num_chunks or len(whole) // size + 1
        cuts = [index * size for index in range(most) if index == 0 or index * size < len(whole)]
        return tuple(whole[start:end] for start, end in zip(cuts, [*cuts[1:], len(whole)], strict=True))


@dataclass(frozen=True)
class Answer:
    """What a service answers that a filter calls.

    Parameters
    ----------
    status : int
    headers, trailers : tuple of (str, str)
    body : bytes
    delay : float
        Seconds before the answer.
    failure : Failure or None
        In place of an answer.
    grpc_status : int or None
        Makes it an answer to a gRPC call, with ``messages``.
    messages : tuple of bytes
    """

    status: int = 200
    headers: Lines = ()
    body: bytes = b""
    trailers: Lines = ()
    delay: float = 0.0
    failure: Failure | None = None
    grpc_status: int | None = None
    messages: tuple[bytes, ...] = ()


@dataclass(frozen=True)
class Environment:
    """What a plugin is configured with.

    Parameters
    ----------
    config, vm_config : str or None
        Configuration of the plugin, and of its VM.
    root_id : str or None
        None: the only one of the module.
    variables : mapping of str to str
        Environment variables of the VM.
    """

    config: str | None = None
    vm_config: str | None = None
    root_id: str | None = None
    variables: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class FilterInChain:
    """One of several filters that a request meets.

    Parameters
    ----------
    module : str
        Path of the module, or the name it is given under; empty for the one under test.
    environment : Environment
    """

    module: str
    environment: Environment


@dataclass(frozen=True)
class Outcome:
    """What must be so after the last request.

    Parameters
    ----------
    metrics : mapping of str to int
        Of a histogram: how many values were recorded.
    shared_data : mapping of str to bytes or None
        None: the key may not be there.
    queues : mapping of str to tuple of bytes
        What is left in each.
    calls : tuple of Matcher
        Of the calls to other services, such as ``POST auth/check`` (method, cluster and path).
    call_headers : tuple of Matcher
        Of the header lines of these calls, such as ``x-user: me``.
    log : tuple of Matcher
        Of all that was logged.
    """

    metrics: Mapping[str, int] = field(default_factory=dict)
    shared_data: Mapping[str, bytes | None] = field(default_factory=dict)
    queues: Mapping[str, tuple[bytes, ...]] = field(default_factory=dict)
    calls: tuple[Matcher, ...] = ()
    call_headers: tuple[Matcher, ...] = ()
    log: tuple[Matcher, ...] = ()
    line: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Case:
    """A test: one or several requests through a fresh VM.

    Parameters
    ----------
    name : str
    streams : tuple of Stream
    environment : Environment
    filters : tuple of FilterInChain
        In the order in which a request meets them; empty: the filter under test alone.
    properties : mapping of str to bytes
        By their path, its parts joined by dots.
    callouts : mapping of str to tuple of Answer
        By cluster: the answers in turn; the last one goes on.
    shared_data : mapping of str to bytes
        What is there before.
    queues : mapping of str to tuple of bytes
    init : Expectation or None
        Of the plugin's start.
    refused : bool
        The filter must refuse to start, as one does whose configuration is wrong.
    outcome : Outcome or None
    log_level : str
        ``trace``, ``debug``, ``info``, ``warn``, ``error`` or ``critical``: what is less is not logged.
    time : int or None
        The clock, in Unix seconds; None: it is not looked at.
    benchmark : bool
    line : int
        Where it begins, 1-based.
    said : mapping
        The file as it was read, with this test alone; empty for a case that was made in Python.
    """

    name: str
    streams: tuple[Stream, ...] = ()
    environment: Environment = field(default_factory=Environment)
    filters: tuple[FilterInChain, ...] = ()
    properties: Mapping[str, bytes] = field(default_factory=dict)
    callouts: Mapping[str, tuple[Answer, ...]] = field(default_factory=dict)
    shared_data: Mapping[str, bytes] = field(default_factory=dict)
    queues: Mapping[str, tuple[bytes, ...]] = field(default_factory=dict)
    init: Expectation | None = None
    refused: bool = False
    outcome: Outcome | None = None
    log_level: str = "info"
    time: int | None = None
    benchmark: bool = False
    line: int = field(default=0, compare=False)
    said: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True)
class Suite:
    """Cases that stand together.

    Parameters
    ----------
    source : str
        What the text is called: a file's path, or ``cell``.
    cases : tuple of Case
    folder : pathlib.Path or None
        What relative paths in it are relative to.
    module : str
        Path of the module that they are about; empty when they do not say.
    """

    source: str
    cases: tuple[Case, ...]
    folder: Path | None = None
    module: str = ""
