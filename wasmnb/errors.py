"""Every error this package raises on purpose: what, where, why, and what to try.

The class names are public: ``nbclient`` and ``papermill`` match on them (``allow_error_names``).
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = [
    "BadNameError",
    "CompileError",
    "ConfigError",
    "DeployError",
    "HangError",
    "LinkError",
    "MeshError",
    "ModuleError",
    "NoMeshError",
    "Place",
    "SelectorError",
    "ToolchainError",
    "TrafficError",
    "UsageError",
    "WasmnbError",
]


@dataclass(frozen=True)
class Place:
    """A place in the user's own text.

    Parameters
    ----------
    text : str
        What the text is called: ``cell``, ``--config``, a file name.
    line : int
        1-based line; 0 when only the text as a whole is meant.
    column : int
        1-based column; 0 when only the line is meant.
    quote : str
        The line as the user wrote it, without its line end.
    """

    text: str
    line: int = 0
    column: int = 0
    quote: str = ""

    def __str__(self) -> str:
        where = f"{self.text} line {self.line}" if self.line else self.text
        return f"{where}, column {self.column}" if self.column else where


class WasmnbError(Exception):
    """Something did not work; the message says what, where, why, and what to try.

    Parameters
    ----------
    what : str
        One sentence: what did not work, naming the thing.
    where : Place, optional
        The place in the user's text that is to be changed.
    why : sequence of str
        A few quoted lines (of a compiler, of Envoy) that give the reason; long ones are cut when shown.
    hint : str
        What to try next.
    """

    def __init__(
        self,
        what: str,
        *,
        where: Place | None = None,
        why: list[str] | tuple[str, ...] = (),
        hint: str = "",
    ) -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.why = tuple(why)
        self.hint = hint

    def lines(self) -> list[str]:
        """Give the message as plain lines, the form a log or a traceback quotes."""
        lines = [f"{type(self).__name__.rstrip('_')}: {self.what}"]
        if self.where is not None:
            lines.append(f"  at {self.where}")
            if self.where.quote:
                gutter = f"{self.where.line or '':>5} | "
                lines.append(gutter + self.where.quote)
                if self.where.column:
                    lines.append(" " * (len(gutter) + self.where.column - 1) + "^")
        lines.extend(f"  | {line}" for line in self.why)
        if self.hint:
            lines.append(f"  try: {self.hint}")
        return lines

    def __str__(self) -> str:
        return "\n".join(self.lines()).split(": ", 1)[1]

    def _render_traceback_(self) -> list[str]:
        """Give IPython our message in place of a Python traceback (IPython protocol)."""
        bold_red, blue, reset = "\x1b[1;31m", "\x1b[34m", "\x1b[0m"
        first, *rest = self.lines()
        rest = [f"{blue}{line}{reset}" if line.startswith("  try: ") else line for line in rest]
        return [f"{bold_red}{first}{reset}", *rest]


class UsageError(WasmnbError):
    """A magic or a function was called with words it does not take."""


class ConfigError(WasmnbError):
    """A filter's configuration, or a session default, is not what it must be."""


class BadNameError(WasmnbError):
    """A name does not exist, or is not allowed for what it is to name."""


class ToolchainError(WasmnbError):
    """A compiler is missing, broken, or stopped."""


class CompileError(WasmnbError):
    """The cell does not compile; ``diagnostics`` has every message with its cell line."""

    diagnostics: tuple[object, ...] = ()


class LinkError(CompileError):
    """The cell compiles, but names a function that neither it nor the host has."""


class ModuleError(WasmnbError):
    """A module is no Proxy-Wasm module that Envoy would load."""


class MeshError(WasmnbError):
    """The mesh could not do what was asked."""


class NoMeshError(MeshError):
    """No mesh has been chosen yet."""


class SelectorError(MeshError):
    """A selector matches no pod."""


class DeployError(MeshError):
    """A plugin was not accepted; ``verdicts`` has one per pod."""

    verdicts: tuple[object, ...] = ()


class HangError(DeployError):
    """A module did not come back from a callback in time."""


class TrafficError(WasmnbError):
    """A request got no answer."""
