"""Traps told in the user's words: whose they can be, and function names and cell lines for their frames."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from wasmnb.display.text import cut
from wasmnb.envoy.log import Trap, traps

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from wasmnb.compile.backtrace import Frame
    from wasmnb.module import Module

__all__ = ["annotated", "could_trap", "told", "told_frames"]

_MOST = 8  # lines of frames
_WIDEST = 60  # columns of a library's function


def could_trap(module: Module, trap: Trap) -> bool:
    """Say whether a module can be the one that trapped: it exports the callback, and can trap at these offsets."""
    from wasmnb.compile.backtrace import could_trap_at  # noqa: PLC0415 - heavy, and traps are rare

    exported = trap.function in {one.name for one in module.facts.exports}
    return exported and could_trap_at(module, trap.offsets)


def told(module: Module, trap: Trap) -> list[str]:
    """Tell a trap: what happened, then where: the frames of the cell, innermost first, and how many others."""
    return [f"{trap.function} failed: {trap.why}", *_frames(module, trap)]


def _frames(module: Module, trap: Trap) -> list[str]:
    from wasmnb.compile.backtrace import symbolize  # noqa: PLC0415

    return told_frames(symbolize(module, trap.offsets))


def told_frames(frames: Sequence[Frame]) -> list[str]:
    """Tell where a trap was: the cell's lines first, a recursion counted, the frames of libraries folded.

    Parameters
    ----------
    frames : sequence of Frame
        Innermost first.
    """
    own = [frame for frame in frames if frame.line]
    shown = own or frames
    groups = [(str(frame), len(list(same))) for frame, same in groupby(shown)]
    lines = [f"  at {words}" + (f", {count} times" if count > 1 else "") for words, count in groups[:_MOST]]
    left = sum(count for _, count in groups[_MOST:])
    lines += [f"  and {left} more frames"] if left else []
    folded = len(frames) - len(own) if own else 0
    if folded:
        lines.append(f"  and {folded} frame{'s' if folded > 1 else ''} of libraries, the innermost {_inner(frames)}")
    return lines


def _inner(frames: Sequence[Frame]) -> str:
    name = next(frame.function for frame in frames if not frame.line)
    return cut(name, _WIDEST)


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
            result.extend(_frames(owners[0], trap))
    return [*result, *lines[done:]]
