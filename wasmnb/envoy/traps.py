"""Traps told in the user's words: whose they can be, and function names and cell lines for their frames."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from wasmnb.display.text import cut, several
from wasmnb.envoy.log import Trap, traps
from wasmnb.envoy.panics import panic_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from wasmnb.compile.backtrace import Frame
    from wasmnb.envoy.panics import Panic
    from wasmnb.module import Module

__all__ = ["annotated", "could_trap", "crash_line", "own_words", "panic_lines", "summary", "told", "told_frames"]

_MOST = 8  # lines of frames
_MOST_SAID = 6  # lines of a panic's own text
_PANIC, _LOGGED = "panic: ", "it logged: "
_SHORT = 120  # columns of a panic in one line
_WIDEST = 60  # columns of a library's function


def could_trap(module: Module, trap: Trap) -> bool:
    """Say whether a module can be the one that trapped: it exports the callback, and can trap at these offsets."""
    from wasmnb.compile.backtrace import could_trap_at  # noqa: PLC0415 - heavy, and traps are rare

    exported = trap.function in {one.name for one in module.facts.exports}
    return exported and could_trap_at(module, trap.offsets)


def told(module: Module, trap: Trap, plugin: str = "") -> list[str]:
    """Tell a trap: what the filter said of it, what happened, then where: its own frames, and how many others.

    Parameters
    ----------
    module : Module
    trap : Trap
    plugin : str
        Whose words those before the trap must be; anybody's when empty.
    """
    said = panic_lines(module, trap, plugin)
    return [*said, f"{trap.function} failed: {trap.why}", *_frames(module, trap, folded=bool(said))]


def panic_lines(module: Module | None, trap: Trap, plugin: str = "") -> list[str]:
    """Tell what a filter said just before it crashed, and the line that it named; nothing where it said nothing."""
    panic = _panic(trap, plugin)
    if panic is None:
        return []
    first, *more = panic.text.split("\n")
    lines = [f"{_PANIC if panic.sure else _LOGGED}{first}", *(f"  {one}" for one in more[: _MOST_SAID - 1])]
    return [*lines, f"  at {_place(module, panic)}"] if panic.line else lines


def own_words(evidence: Iterable[str]) -> str:
    """Give the first line of what a filter said of its crash, out of the evidence that quotes it; empty for none."""
    for line in evidence:
        for label in (_PANIC, _LOGGED):
            if line.startswith(label):
                return line.removeprefix(label)
    return ""


def summary(module: Module | None, trap: Trap, plugin: str = "") -> str:
    """Say in a few words why a VM crashed: in the filter's own where it said something, else in the VM's."""
    panic = _panic(trap, plugin)
    if panic is None:
        return trap.why
    words = cut(panic.text.partition("\n")[0], _SHORT)
    words += f" ({_place(module, panic).partition(': ')[0]})" if panic.line else ""
    return words if panic.sure else f"{trap.why}, after it logged: {words}"


def crash_line(module: Module, trap: Trap, plugin: str = "") -> int:
    """Give the line of the cell in which a VM crashed, as the filter itself said, or of its innermost frame; else 0."""
    from wasmnb.compile.backtrace import is_cell, symbolize  # noqa: PLC0415 - heavy, and traps are rare

    panic = _panic(trap, plugin)
    if panic is not None and panic.line and is_cell(module, panic.file):
        return panic.line
    return next((frame.line for frame in symbolize(module, trap.offsets) if frame.line), 0)


def _panic(trap: Trap, plugin: str) -> Panic | None:
    return panic_of(trap.words) if not plugin or all(one.is_of(plugin) for one in trap.words) else None


def _place(module: Module | None, panic: Panic) -> str:
    if module is None:
        return f"{panic.file} line {panic.line}"
    from wasmnb.compile.backtrace import place_in  # noqa: PLC0415 - heavy, and traps are rare

    return place_in(module, panic.file, panic.line)


def _frames(module: Module, trap: Trap, *, folded: bool = False) -> list[str]:
    from wasmnb.compile.backtrace import symbolize  # noqa: PLC0415

    return told_frames(symbolize(module, trap.offsets), folded=folded)


def told_frames(frames: Sequence[Frame], *, folded: bool = False) -> list[str]:
    """Tell where a trap was: the cell's lines, else the filter's own functions; a recursion counted, libraries folded.

    Parameters
    ----------
    frames : sequence of Frame
        Innermost first.
    folded : bool
        Fold the frames of libraries though there are no others: the place is known.
    """
    lined = [frame for frame in frames if frame.line]
    own = lined or [frame for frame in frames if not frame.library]
    shown = own or (() if folded else frames)
    groups = [(str(frame), len(list(same))) for frame, same in groupby(shown)]
    lines = [f"  at {words}" + (f", {count} times" if count > 1 else "") for words, count in groups[:_MOST]]
    left = sum(count for _, count in groups[_MOST:])
    lines += [f"  and {several(left, 'more frame')}"] if left else []
    hidden = [frame for frame in frames if frame not in own] if own or folded else []
    if hidden:
        count, inner = len(hidden), cut(hidden[0].function, _WIDEST)
        lines.append(f"  and {several(count, 'frame')} of libraries, the innermost {inner}")
    return lines


def annotated(lines: Sequence[str], modules: Iterable[Module]) -> list[str]:
    """Insert names and cell lines behind each trap that only one of the modules can have made."""
    candidates = list(modules)
    result: list[str] = []
    done = 0
    for trap in traps(lines):
        result.extend(lines[done : trap.end])
        done = trap.end
        owners = [module for module in candidates if could_trap(module, trap)]
        if len(owners) == 1:
            result.append(f"wasmnb: {owners[0].name}")
            said = panic_lines(owners[0], trap)
            result.extend([*said, *_frames(owners[0], trap, folded=bool(said))])
    return [*result, *lines[done:]]
