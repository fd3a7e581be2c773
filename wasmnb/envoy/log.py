"""What an Envoy logged: since which line its present chain serves, which traps, and why it died."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wasmnb.envoy.panics import Spoken, last_words
from wasmnb.plugin.rendering.envoy import CHAIN_NAME
from wasmnb.plugin.verdict import Cause

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

__all__ = [
    "CONTINUED",
    "FORMAT",
    "LASTING",
    "Log",
    "Trap",
    "crash_request",
    "reasons",
    "refusal_cause",
    "said",
    "spoke",
    "traps",
]

FORMAT = "[%Y-%m-%d %T.%e][%t][%l][%n] [%g:%#] %j"
"""How an Envoy of ours logs: as by itself, but each record on one line, so that no text in it looks like another."""
CONTINUED = "  "
"""What stands before the lines of a text of several that is no crash."""
_HEAD = r"\[\d{4}-\d\d-\d\d [\d:.]+\]\[\d+\]"
_BEGIN = re.compile(_HEAD + r"\[\w+\]\[\w+\] (?:\[[^\]]*\] )?")
# Envoy 1.40, config_discovery_impl.cc (logger "filter", level debug).
_UPDATED = f"Updated filter config {CHAIN_NAME} created, warming done"
_MARK = re.compile(rf"{_HEAD}\[debug\]\[filter\] \[[^\]]*\] {_UPDATED}")
_ACCEPTED = f"Updated filter config {CHAIN_NAME} accepted, posting to workers"
_POSTED = re.compile(rf"{_HEAD}\[debug\]\[filter\] \[[^\]]*\] {_ACCEPTED}")
_NOISE = (
    "][debug][filter]",
    "no configured limit to the number of allowed active downstream connections",
    # Said of a look at what a service receives (`wasmnb.envoy.tap`).
    "Admin tapping (via /tap) is unreliable when the admin endpoint is a pipe",
    # Said of what is loaded ahead (`wasmnb.plugin.rendering.envoy.ahead_resource`).
    "Using deprecated option 'envoy.extensions.wasm.v3.PluginConfig.capability_restriction_config'",
)
# Envoy 1.40: each call into a VM and out of it (wasm_vm.cc), and what happens to each request.
_TRACE = ("][trace][wasm] [source/extensions/common/wasm/wasm_vm.cc", "][trace][http]", "][debug][http]")
# Envoy 1.40, wasm_vm.cc, and proxy-wasm-cpp-host's backtrace in the lines after it.
_TRAP = re.compile(_HEAD + r"\[error\]\[wasm\] \[[^\]]*\] Function: (?P<function>\S+) failed: (?P<why>.*)$")
_BACKTRACE = re.compile(r"[\w -]*in-VM backtrace")
_FRAME = re.compile(r"^\s*\d+:\s+0x(?P<offset>[0-9a-fA-F]+)\s+-\s+(?P<name>.*?)(?:\tthread=\d+)?$")
_PROBLEM = re.compile(
    _HEAD + r"(?:\[(?:error|critical)\]\[wasm\] \[[^\]]*\] (?!wasm log)"
    r"|\[\w+\]\[config\] \[[^\]]*\] Filesystem config update rejected)"
)
_RECORD = re.compile(
    r"\[\d{4}-\d\d-\d\d [\d:.]+\]\[(?P<thread>\d+)\]\[(?P<level>\w+)\]\[\w+\] (?:\[[^\]]*\] )?(?P<text>.*)$"
)
# Envoy 1.40, context.cc: the level, then plugin, root id and VM id in front of what a module logs.
_SAID = re.compile(_HEAD + r"\[(?P<level>\w+)\]\[wasm\] \[[^\]]*\] wasm log[^:]*: (?P<words>.*)$")
LASTING = (_UPDATED, _ACCEPTED, "] Function: ", "Watchdog AbortAction")
"""What a verdict rests on: lines with these stay in a log, however much is logged after them."""

_REFUSALS = (
    ("missing import", Cause.IMPORT_UNKNOWN),
    ("Failed to configure", Cause.CONFIG_REFUSED),
    ("configure failed", Cause.CONFIG_REFUSED),
)
_PSEUDO = re.compile(r"'(:method|:path)', '([^']*)'")


@dataclass(frozen=True)
class Trap:
    """A callback that a VM did not survive.

    Parameters
    ----------
    function : str
        The callback's exported name.
    why : str
        The VM's words.
    frames : tuple of (int, str)
        Byte offset in the module, and the function's name where the module has names; innermost first.
    end : int
        Index of the line behind the trap's last one.
    words : tuple of Spoken
        What a filter logged on the same thread just before; oldest first.
    """

    function: str
    why: str
    frames: tuple[tuple[int, str], ...]
    end: int
    words: tuple[Spoken, ...] = ()

    @property
    def offsets(self) -> tuple[int, ...]:
        """The byte offsets of the frames."""
        return tuple(offset for offset, _ in self.frames)


class Log:
    """One Envoy's log file, with the older one that the supervisor may have set aside.

    Parameters
    ----------
    path : pathlib.Path

    Attributes
    ----------
    traced : bool
        Whether the level "trace" is the user's wish; else its lines are of our own requests.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._old = path.with_name(path.name + ".old")
        self._read: tuple[object, list[str]] = (None, [])
        self.traced = False

    def all(self) -> list[str]:
        """Give every line there still is, oldest first."""
        while True:
            old, new = _state(self._old), _state(self.path)
            known, lines = self._read
            if (old, new) == known:
                return lines
            text = _content(self._old) + _content(self.path)
            # What was set aside meanwhile would be missing.
            if _state(self._old) == old and _state(self.path)[1] >= new[1]:
                lines = _lines(text)
                self._read = ((old, new), lines)
                return lines

    def shown(self) -> list[str]:
        """Give the lines worth showing: without those that only mark our own exchanges."""
        noise, left = _NOISE if self.traced else (*_NOISE, *_TRACE), False
        found = []
        for line in self.all():
            # What goes on with a line, such as a request's headers, is left out with it.
            left = any(words in line for words in noise) if _BEGIN.match(line) else left
            if not left:
                found.append(line)
        return found

    def present(self) -> list[str]:
        """Give the lines since the present chain took over."""
        lines = self.all()
        return lines[_last(_MARK, lines) + 1 :]

    def handover(self) -> list[str]:
        """Give the lines from when the present chain was accepted until Envoy said that it took over.

        The worker may be told of it, and log, before the main thread comes to say so.
        """
        lines = self.all()
        before = lines[: max(0, _last(_MARK, lines))]
        posted = _last(_POSTED, before)
        return before[posted + 1 :] if posted > _last(_MARK, before) else []

    def size(self) -> int:
        """Bytes in the file: where what comes next begins."""
        return self.path.stat().st_size if self.path.exists() else 0

    def since(self, size: int) -> list[str]:
        """Give the lines that were logged after `size` had been read."""
        if not self.path.exists():
            return []
        with self.path.open("rb") as file:
            file.seek(size if size <= self.size() else 0)
            return _lines(file.read())


def _last(pattern: re.Pattern[str], lines: Sequence[str]) -> int:
    """Give the place of the last line that begins so; -1 where none does."""
    return next((at for at in reversed(range(len(lines))) if pattern.match(lines[at])), -1)


def _state(path: Path) -> tuple[int, int]:
    """Give when a file was written, and its size; zero where there is none."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return 0, 0
    return found.st_mtime_ns, found.st_size


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""


def _lines(data: bytes) -> list[str]:
    """Read lines: what an Envoy says in several is one on the disk, and only what it says of a crash keeps its form."""
    found: list[str] = []
    for line in data.decode("utf-8", "replace").removesuffix("\n").split("\n") if data else ():
        begin = _BEGIN.match(line) if "\\" in line else None
        if begin is None:
            found.append(line)
            continue
        try:
            text = json.loads(f'"{line[begin.end() :]}"', strict=False)
        except ValueError:
            # Its beginning, or its end, was let go.
            text = line[begin.end() :]
        first, *more = text.split("\n")
        first = begin[0] + first
        found += [first, *(more if _TRAP.match(first) else (CONTINUED + one for one in more))]
    return found


def traps(lines: Sequence[str], start: re.Pattern[str] = _TRAP) -> list[Trap]:
    """Find the traps among log lines, oldest first.

    Parameters
    ----------
    lines : sequence of str
    start : re.Pattern
        What a trap begins with; its groups ``function`` and ``why``. Istio writes Envoy's lines in a form of its own.
    """
    found = []
    for index, line in enumerate(lines):
        match = start.match(line)
        if match is None:
            continue
        end = index + 1
        frames = []
        if end < len(lines) and _BACKTRACE.match(lines[end]):
            end += 1
            while end < len(lines) and (frame := _FRAME.match(lines[end])):
                frames.append((int(frame["offset"], 16), frame["name"]))
                end += 1
        thread = record["thread"] if (record := _RECORD.match(line)) is not None else ""
        words = last_words(_earlier(lines, index), thread) if thread else ()
        found.append(Trap(match["function"], match["why"], tuple(frames), end, words))
    return found


def _earlier(lines: Sequence[str], end: int) -> Iterator[Spoken]:
    """Give the records before a line, newest first; what goes on with one belongs to it."""
    more: list[str] = []
    for line in reversed(lines[:end]):
        record = _RECORD.match(line)
        if record is None:
            more.insert(0, line.removeprefix(CONTINUED))
            continue
        yield Spoken.of(record["thread"], record["level"], "\n".join([record["text"], *more]))
        more = []


def reasons(lines: Sequence[str]) -> list[str]:
    """Pick the lines in which Envoy says why it refused something, without time and source file."""
    picked = []
    for line in lines:
        if _PROBLEM.match(line):
            text = _BEGIN.sub("", line, count=1)
            if text not in picked:
                picked.append(text)
    return picked


def refusal_cause(lines: Sequence[str]) -> Cause:
    """Tell from Envoy's own words why it refused a filter.

    Sources: Envoy 1.40 and proxy-wasm-cpp-host, ``wasm.cc``, ``wasm_vm.cc``.
    """
    text = "\n".join(lines)
    return next((cause for words, cause in _REFUSALS if words in text), Cause.MODULE_REFUSED)


def said(lines: Sequence[str]) -> list[str]:
    """Pick the lines that a module logged itself, each behind its level."""
    found = (_SAID.match(line) for line in lines)
    return [f"{match['level']}: {match['words']}" for match in found if match is not None]


def spoke(lines: Sequence[str], whose: str, pid: int) -> str:
    """Give the newest line that a module logged in the main thread of a process; empty where there is none.

    Parameters
    ----------
    lines : sequence of str
    whose : str
        What Envoy 1.40 writes in front of each text: root id and VM id, as far as they are not empty.
    pid : int
        Linux numbers the main thread as the process.
    """
    mark = re.compile(rf"\[[^\]]*\]\[{pid}\]\[\w+\]\[wasm\] \[[^\]]*\] (wasm log {re.escape(whose)}: .*)$")
    return next((match[1] for line in reversed(lines) if (match := mark.match(line))), "")


def crash_request(lines: Sequence[str]) -> str:
    """Name the request that an Envoy worked on when it died last, such as ``GET /path``; empty when unknown.

    A proxy that its watchdog ends quotes the stream at hand in its crash dump, pseudo headers included.
    """
    dumps = [index for index, line in enumerate(lines) if "Caught Aborted" in line or "suspect faulting" in line]
    if not dumps:
        return ""
    found = dict(_PSEUDO.findall("\n".join(lines[dumps[-1] :])))
    return f"{found.get(':method', '')} {found[':path']}".strip() if ":path" in found else ""
