"""Envoy's own trace of one recognisable request: which Wasm filters of a chain were called for it.

Sources: Envoy 1.40, ``conn_manager_impl.cc`` and ``filter_manager.cc`` (loggers ``http``, with the stream in front);
``wasm_vm.cc`` (logger ``wasm``). What a VM is called with names neither plugin nor stream; but at the end of each call
of a filter the filter manager names both, in the line after it of the same thread. Nothing names a filter of
connections: its VM is called, then ``http1/codec_impl.cc`` says of which connection it reads.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from wasmnb.envoy.exchange import Probe

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = [
    "CALLBACKS",
    "CONNECTION",
    "CONNECTION_CALLBACKS",
    "LOGGERS",
    "Spoken",
    "called",
    "marked",
    "spoken",
    "token",
]

LOGGERS = ("http", "wasm")
"""The loggers that tell of it at the level "trace"."""
_MARK = "x-wasmnb-probe"
_RECORD = re.compile(r"\[[^\]]*\]\[(?P<thread>\d+)\]\[\w+\]\[(?P<logger>\w+)\] \[[^\]]*\] (?P<words>.*)")
_STREAM = re.compile(r'(?P<stream>\[Tags: [^\]]*"StreamId":"\d+"[^\]]*\]|\[C\d+\]\[S\d+\]) (?P<words>.*)', re.DOTALL)
_OF = re.compile(
    r'(?:\[Tags: [^\]]*"ConnectionId":"(?P<tagged>\d+)"[^\]]*\]|\[C(?P<plain>\d+)\])(?P<reads> parsing \d+)?'
)
_CALL = re.compile(r"\[host->vm\] (?P<name>proxy_on_(?:request|response)_\w+)\(")
_RETURN = re.compile(r"\[host<-vm\] (?P<name>proxy_on_(?:request|response)_\w+) return")
_CALLED = re.compile(r"(?P<way>decode|encode) (?P<part>headers|data|trailers) called: filter=(?P<filter>\S+) status=")
_CONNECTION_CALL = re.compile(r"\[host->vm\] proxy_on_(?:new_connection|downstream_data)\(")
_CONNECTION_RETURN = re.compile(r"\[host<-vm\] proxy_on_(?:new_connection|downstream_data) return")
_WAYS = {"decode": "request", "encode": "response"}
_PARTS = {"headers": "headers", "data": "body", "trailers": "trailers"}
_FAILED = re.compile(r"local reply with details \S*wasm_fail_stream")
"""Envoy 1.40, ``context.cc``: the answer in place of a filter whose VM has crashed."""
CALLBACKS = ("proxy_on_request_headers", "proxy_on_response_headers", "proxy_on_response_body")
"""Callbacks that a request without a body calls."""
CONNECTION_CALLBACKS = ("proxy_on_new_connection", "proxy_on_downstream_data")
"""Callbacks that its connection calls."""
CONNECTION = ""
"""What stands for the name of a filter of connections, which the trace does not name."""


class Spoken(NamedTuple):
    """One record of a log: by which thread and logger, and what."""

    thread: str
    logger: str
    words: str


def token() -> str:
    """Give what makes a request recognisable: nobody else sends it."""
    return secrets.token_hex(12)


def marked(probe: Probe, by: str) -> Probe:
    """Give a request the header by which a trace knows it."""
    return Probe(probe.method, probe.path, (*probe.headers, (_MARK, by)), probe.body)


def spoken(lines: Iterable[str]) -> list[Spoken]:
    """Read the lines of an Envoy's log; those that go on with a record, such as a request's headers, are part of it."""
    found: list[Spoken] = []
    for line in lines:
        record = _RECORD.match(line)
        if record is not None:
            found.append(Spoken(record["thread"], record["logger"], record["words"]))
        elif found:
            found[-1] = found[-1]._replace(words=f"{found[-1].words}\n{line}")
    return found


@dataclass
class _Call:
    name: str
    words: str
    ended: bool = False


@dataclass
class _Thread:
    """What one worker does at the moment: calls into VMs may be nested, as when a filter answers by itself."""

    calls: list[_Call] = field(default_factory=list)
    entering: str = ""
    entered: str = ""

    def wasm(self, words: str) -> None:
        if _CONNECTION_CALL.search(words):
            self.entering = words
        elif _CONNECTION_RETURN.search(words):
            self.entering, self.entered = "", self.entering
        call, back = _CALL.search(words), _RETURN.search(words)
        if call is not None:
            self.calls.append(_Call(call["name"], words))
        elif back is not None:
            open_ = [one for one in self.calls if one.name == back["name"] and not one.ended]
            if open_:
                open_[-1].ended = True

    def take(self, name: str) -> str:
        """Give the call of this callback that has just ended; what is left of the same name is nobody's any more."""
        last = self.calls[-1] if self.calls else None
        self.calls = [one for one in self.calls if not (one.ended and one.name == name)]
        return last.words if last is not None and last.ended and last.name == name else ""

    def met(self) -> str:
        """Give the call of a filter of connections that has just ended; empty for none."""
        self.entered, call = "", self.entered
        return call


def _connection(record: Spoken) -> tuple[str, bool]:
    """Give of which connection a record tells, empty for none, and whether it is that its bytes are read."""
    found = _OF.match(record.words) if record.logger == "http" else None
    return (found["tagged"] or found["plain"], found["reads"] is not None) if found is not None else ("", False)


def called(records: Sequence[Spoken], by: str) -> dict[str, str]:
    """Find the filters whose VMs were called for a recognisable request.

    Parameters
    ----------
    records : sequence of Spoken
    by : str
        What the request was marked with.

    Returns
    -------
    dict of str to str
        The first call, by the filter's name; none where a VM that had crashed made Envoy answer: what the others were
        called for was that failure. `CONNECTION` is the last filter of connections that the request's bytes met when
        it first came.
    """
    threads: dict[str, _Thread] = {}
    stream, found = "", dict[str, str]()
    connections: dict[str, str] = {}
    for record in records:
        thread = threads.setdefault(record.thread, _Thread())
        if record.logger == "wasm":
            thread.wasm(record.words)
            continue
        connection, reads = _connection(record)
        if connection and (call := thread.met()) and reads:
            connections[connection] = call
        tagged = _STREAM.match(record.words) if record.logger == "http" else None
        if tagged is None:
            continue
        if "request headers complete" in tagged["words"] and f"'{_MARK}', '{by}'" in tagged["words"]:
            # A service may ask on with the same headers, on a connection that meets another filter.
            if not stream and connection in connections:
                found[CONNECTION] = connections[connection]
            stream = tagged["stream"]
        if tagged["stream"] == stream and _FAILED.search(tagged["words"]):
            return {}
        ended = _CALLED.match(tagged["words"])
        if ended is not None:
            call = thread.take(f"proxy_on_{_WAYS[ended['way']]}_{_PARTS[ended['part']]}")
            if call and tagged["stream"] == stream:
                found.setdefault(ended["filter"], call)
    return found
