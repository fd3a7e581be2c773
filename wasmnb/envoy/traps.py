"""Traps told in the user's words: whose they can be, and function names and cell lines for their frames."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wasmnb.envoy.log import Trap, traps

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from wasmnb.module import Module

__all__ = ["annotated", "could_trap", "told"]


def could_trap(module: Module, trap: Trap) -> bool:
    """Say whether a module can be the one that trapped: it exports the callback, and can trap at these offsets."""
    from wasmnb.compile.backtrace import could_trap_at  # noqa: PLC0415 - heavy, and traps are rare

    exported = trap.function in {one.name for one in module.facts.exports}
    return exported and could_trap_at(module, trap.offsets)


def told(module: Module, trap: Trap) -> list[str]:
    """Tell a trap: what happened, then one line per frame, innermost first."""
    return [f"{trap.function} failed: {trap.why}", *_frames(module, trap)]


def _frames(module: Module, trap: Trap) -> list[str]:
    from wasmnb.compile.backtrace import symbolize  # noqa: PLC0415

    return [f"  at {frame}" for frame in symbolize(module, trap.offsets)]


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
