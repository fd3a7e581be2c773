"""Callbacks and host calls read from what an Envoy logs of its Wasm VMs at the level trace.

Source: Envoy 1.40, ``wasm_vm.cc`` and proxy-wasm-cpp-host's ``v8.cc``: ``[host->vm] f(1, 2)``,
``[host<-vm] f return: 0``, ``[vm->host] env.g(1)``, ``[vm<-host] env.g return: 0``. Lines name a thread, not a plugin;
the main thread has VMs of its own, which run what starts a plugin and its timer once more.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from wasmnb.cases.model import Immediate
from wasmnb.cases.observation import Callback, LogLine
from wasmnb.envoy.log import CONTINUED, traps

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from wasmnb.envoy.log import Trap

__all__ = ["callbacks_in", "records"]

_RECORD = re.compile(r"^\[[^\]]*\]\[(?P<thread>\d+)\]\[(?P<level>\w+)\]\[wasm\] \[[^\]]*\] (?P<text>.*)$", re.DOTALL)
_CALL = re.compile(r"\[(?P<way>host->vm|vm->host)\] (?P<name>[\w.]+)\((?P<arguments>[^)]*)\)")
_BACK = re.compile(r"\[(?P<way>host<-vm|vm<-host)\] (?P<name>[\w.]+) return: (?P<value>.*)")
_SAID = re.compile(r"wasm log[^:]*: (?P<text>.*)", re.DOTALL)
_LEVELS = ("trace", "debug", "info", "warn", "error", "critical")
_NAMES = {"warning": "warn"}
_TRAP = re.compile(r"Function: \S+ failed: ")
_BASE = "Base Wasm created"
_REPLY = "env.proxy_send_local_response"
# Calls in which the host asks for memory, which no filter's author wrote.
_OWN = {"malloc", "proxy_on_memory_allocate"}


@dataclass(frozen=True)
class _Record:
    thread: str
    level: str
    text: str


@dataclass
class _Open:
    name: str
    arguments: tuple[int, ...]
    calls: list[str] = field(default_factory=list)
    log: list[LogLine] = field(default_factory=list)
    replied: Immediate | None = None

    def closed(self, returned: str, trap: tuple[str, ...] = ()) -> Callback:
        return Callback(
            self.name, self.arguments, returned, tuple(self.calls), tuple(self.log), None, trap, self.replied
        )


def records(lines: Iterable[str]) -> list[_Record]:
    """Put together the lines of each record: what a filter logs may have several."""
    found: list[_Record] = []
    for line in lines:
        match = _RECORD.match(line)
        if match is not None:
            found.append(_Record(match["thread"], match["level"], match["text"]))
        elif found and not line.startswith("["):
            last = found[-1]
            found[-1] = _Record(last.thread, last.level, f"{last.text}\n{line.removeprefix(CONTINUED)}")
    return found


class _Reader:
    """Takes records one by one; ``done`` has the callbacks that came back, ``open`` the one that is under way."""

    def __init__(self, level: str, told: Callable[[Trap], list[str]] | None) -> None:
        self.least = _LEVELS.index(level)
        self.told = told
        self.done: list[Callback] = []
        self.open: _Open | None = None

    def trapped(self, trap: Trap) -> None:
        why = self.told(trap) if self.told else [f"{trap.function} failed: {trap.why}"]
        self.done.append((self.open or _Open(trap.function, ())).closed("", tuple(why)))
        self.open = None

    def take(self, record: _Record) -> None:
        if (call := _CALL.match(record.text)) is not None:
            arguments = tuple(int(value) for value in call["arguments"].split(",") if value.strip())
            if call["way"] == "vm->host":
                _called(self.open, call["name"], arguments)
            elif call["name"] not in _OWN:
                self.open = _Open(call["name"], arguments)
        elif self.open is None:
            return
        elif (back := _BACK.match(record.text)) is not None:
            self._back(self.open, back)
        elif (said := _SAID.match(record.text)) is not None:
            line = LogLine(_NAMES.get(record.level, record.level), said["text"])
            if _LEVELS.index(line.level) >= self.least:
                self.open.log.append(line)

    def _back(self, callback: _Open, back: re.Match[str]) -> None:
        if back["way"] == "vm<-host":
            if callback.calls:
                callback.calls[-1] += f" = {back['value']}"
        elif back["name"] == callback.name:
            self.done.append(callback.closed(back["value"]))
            self.open = None


def callbacks_in(
    lines: Sequence[str], *, level: str = "trace", told: Callable[[Trap], list[str]] | None = None
) -> list[Callback]:
    """Give the callbacks of the worker's VMs, in order; the one that is not back yet, too.

    Parameters
    ----------
    lines : sequence of str
        Of the log, from before the plugin was loaded.
    level : str
        What is less is left out of what the filter logged.
    told : callable, optional
        Gives the lines that tell a trap.
    """
    read = records(lines)
    main = next((one.thread for one in read if _BASE in one.text), "")
    trapped = iter(traps(lines))
    reader = _Reader(level, told)
    for record in read:
        trap = next(trapped, None) if _TRAP.match(record.text) and record.level == "error" else None
        if record.thread == main:
            continue
        if trap is not None:
            reader.trapped(trap)
        else:
            reader.take(record)
    return [*reader.done, reader.open.closed("")] if reader.open is not None else reader.done


def _called(callback: _Open | None, name: str, arguments: tuple[int, ...]) -> None:
    if callback is None:
        return
    callback.calls.append(f"{name.rpartition('.')[2]}({', '.join(map(str, arguments))})")
    if name == _REPLY:
        status, _, details = arguments[:3]
        grpc = arguments[-1]
        # Only the length of the details is told.
        callback.replied = Immediate(status, grpc if 0 <= grpc < 1 << 31 else None, None if details else "")
