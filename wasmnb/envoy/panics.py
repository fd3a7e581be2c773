"""A panic in the filter's own words: what it logged just before its VM crashed, and where it says that was.

Sources: Rust, ``std::panic::PanicHookInfo``, whose form the hook of proxy-wasm-rust-sdk logs, too; Go,
``runtime/panic.go`` and ``runtime/traceback.go``, each piece of which comes as a record of its own; AssemblyScript,
``abort`` of its SDKs; C++, ``LOG_ERROR`` of its SDK, and what stands in for exceptions. Envoy's host drops the newline
at the end of what is written to standard error (proxy-wasm-cpp-host, ``exports.cc``).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["Panic", "Spoken", "last_words", "panic_of"]

_MOST = 5_000  # records; a backtrace of Go has twelve for each of its hundred frames
_SPEAKER = re.compile(r"(?P<speaker>wasm log[^:]*): ?(?P<text>.*)", re.DOTALL)
_CALL = re.compile(r"\[vm(?:->|<-)host\] ")
_FAULTS = {"error", "critical"}

_RUST = re.compile(r"panicked at (?P<file>[^\n]+?):(?P<line>\d+):\d+:\n(?P<text>.*)", re.DOTALL)
_OLD_RUST = re.compile(r"panicked at '(?P<text>.*)', (?P<file>[^\n]+?):(?P<line>\d+):\d+\s*$", re.DOTALL)
_ABORT = re.compile(r"abort: (?P<text>.*) at: (?P<file>[^\n]+?)\((?P<line>\d+):\d+\)", re.DOTALL)
_LOG = re.compile(r"\[(?P<file>[^\]:]+):(?P<line>\d+)\]::\S*?\(\) (?P<text>.*)", re.DOTALL)

_GO = ("panic: ", "fatal error: ")
_GO_END = re.compile(r"(?:\s*\[recovered.*|\n\[signal .*)?\n\ngoroutine .*", re.DOTALL)
_GO_FRAME = re.compile(r"(?P<function>[^\s:]+?)\((?:[^()]|\([^()]*\))*\)\s*\t(?P<file>[^\t\n]+?):(?P<line>\d+)")
_GO_OWN = "main."
_GO_SDK = "proxy-wasm-go-sdk"


class Spoken(NamedTuple):
    """A record of a log: its thread and level, who speaks (empty for Envoy itself), and the text."""

    thread: str
    level: str
    speaker: str
    text: str

    @classmethod
    def of(cls, thread: str, level: str, message: str) -> Spoken:
        """Read a message of Envoy's logger ``wasm``: what a filter logs is behind the filter's names."""
        own = _SPEAKER.fullmatch(message)
        return cls(thread, level, own["speaker"], own["text"]) if own else cls(thread, level, "", message)

    def is_of(self, plugin: str) -> bool:
        """Say whether a plugin of this name spoke; Istio puts a namespace before it."""
        name = f"{self.speaker} ".removeprefix("wasm log ").partition(" ")[0]
        return name == plugin or name.endswith(f".{plugin}")


@dataclass(frozen=True)
class Panic:
    """Why a filter ended itself.

    Parameters
    ----------
    text : str
        Its own words, of one line or several.
    file : str
        Where it says that was; empty when it says nothing of it.
    line : int
        1-based; 0 when it says nothing of it.
    sure : bool
        It is the reason; else the last fault that the filter logged, right before.
    """

    text: str
    file: str = ""
    line: int = 0
    sure: bool = True


def last_words(earlier: Iterable[Spoken], thread: str) -> tuple[Spoken, ...]:
    """Give what one filter logged on a thread before the thread did anything else, oldest first.

    Parameters
    ----------
    earlier : iterable of Spoken
        Newest first. Other threads' records and those of calls to the host are passed by.
    thread : str
    """
    found: list[Spoken] = []
    for one in earlier:
        if one.thread != thread or (not one.speaker and _CALL.match(one.text)):
            continue
        if not one.speaker or (found and one.speaker != found[0].speaker) or len(found) == _MOST:
            break
        found.append(one)
    return tuple(reversed(found))


def panic_of(words: Sequence[Spoken]) -> Panic | None:
    """Find the panic in what a filter logged last; None where it said nothing of a fault."""
    for one in reversed(words):
        for form in (_RUST, _OLD_RUST, _ABORT):
            if (found := form.search(one.text)) is not None:
                return Panic(found["text"].strip(), found["file"], int(found["line"]))
    for index in reversed(range(len(words))):
        if words[index].text.startswith(_GO):
            return _go("".join(one.text or "\n" for one in words[index:]))
    if not words or words[-1].level not in _FAULTS:
        return None
    text = words[-1].text.strip()
    logged = _LOG.fullmatch(text)
    if logged is None:
        return Panic(text, sure=False)
    return Panic(logged["text"], logged["file"], int(logged["line"]), sure=False)


def _go(text: str) -> Panic:
    """Read what Go's runtime wrote, and find the filter's own frame in its backtrace."""
    words = _GO_END.sub("", text)
    frames = list(_GO_FRAME.finditer(text[len(words) :]))
    own = [frame for frame in frames if frame["function"].startswith(_GO_OWN)]
    others = [frame for frame in frames if "." in frame["file"].partition("/")[0] and _GO_SDK not in frame["file"]]
    place = next(iter([*own, *others]), None)
    words = words.removeprefix("panic: ").strip()
    return Panic(words, place["file"], int(place["line"])) if place else Panic(words)
