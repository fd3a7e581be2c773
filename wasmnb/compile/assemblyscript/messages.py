"""What the AssemblyScript compiler says, as objects that know the cell's own lines."""

from __future__ import annotations

import difflib
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from wasmnb.compile.diagnostics import Diagnostic, line_of
from wasmnb.compile.misspelt import never_called

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["CELL", "diagnostics", "hint", "overriding_nothing"]

_NEAR = 0.8  # of names that may be meant as each other

#: The name under which the compiler sees the cell.
CELL = "cell.ts"

_SDK = "@gcoredev/proxy-wasm-sdk-as/assembly"
_UPSTREAM = "@solo-io/proxy-runtime/assembly"
# DiagnosticCategory in the compiler's interface: pedantic, info, warning, error.
_SEVERITIES = {0: "note", 1: "note", 2: "warning", 3: "error"}
_SDK_NAMES = (
    r"RootContext|Context|registerRootContext|stream_context|log|LogLevelValues|Filter\w+StatusValues|makeHeaderPair"
    r"|send_local_response|send_http_response|[gs]et_shared_data|Counter|Gauge|Histogram|Headers|HeaderPair"
    r"|[gs]et_buffer_bytes|set_tick_period_milliseconds|BufferTypeValues|WasmResultValues"
)
_HINTS = (
    (
        r"File '~lib/[^']*' not found",
        f'a cell can import "{_SDK}" or "{_UPSTREAM}" alone; a folder with a package.json can have other npm packages',
    ),
    (rf"Cannot find name '(?:{_SDK_NAMES})'", f'import it from "{_SDK}"'),
    (r"Closures", "AssemblyScript has no closures: keep the value in a field of your context, or in a global"),
    (r"Exception", "AssemblyScript has no exceptions: return a value that tells the failure"),
)


def diagnostics(found: Iterable[dict[str, Any]], source: str, first_line: int) -> tuple[Diagnostic, ...]:
    """Read what the compiler found.

    Parameters
    ----------
    found : iterable of dict
        As the service gives it; lines count from the cell's first.
    source : str
        The cell's source.
    first_line : int
        The number, in the cell, of the source's first line.

    Returns
    -------
    tuple of Diagnostic
        In the compiler's order.
    """
    made = []
    for item in found:
        message, severity = str(item["message"]), _SEVERITIES.get(item["category"], "error")
        notes: tuple[Diagnostic, ...] = ()
        if item["related"] and item["related"]["line"]:
            notes = (_located("note", "in connection with this", item["related"], source, first_line),)
        made.append(replace(_located(severity, message, item["place"], source, first_line), notes=notes))
    return tuple(made)


def overriding_nothing(found: Iterable[dict[str, Any]], source: str, first_line: int) -> tuple[Diagnostic, ...]:
    """Warn of methods that are called nearly like callbacks, and override none.

    Parameters
    ----------
    found : iterable of dict
        As the service gives it: the method, its place, and the callbacks that its class could override.
    source : str
        The cell's source.
    first_line : int
        The number, in the cell, of the source's first line.
    """
    made = []
    for item in found:
        name = str(item["name"])
        near = difflib.get_close_matches(name, item["known"], n=1, cutoff=_NEAR)
        if near:
            made.append(_located("warning", never_called(name, near[0]), item["place"], source, first_line))
    return tuple(made)


def _located(severity: str, message: str, place: dict[str, Any] | None, source: str, first_line: int) -> Diagnostic:
    if place is None or place["file"] in ("", "entry.ts"):
        return Diagnostic(severity, message)
    if place["file"] != CELL:
        return Diagnostic(severity, message, text=place["file"].rsplit("/", 1)[-1])
    line, column = int(place["line"]), int(place["column"])
    return Diagnostic(severity, message, line, column, line_of(source, line, first_line))


def hint(found: Sequence[Diagnostic]) -> str:
    """Give the way out of what a filter's author often meets; empty when there is none."""
    for diagnostic in found[:4]:
        for pattern, text in _HINTS:
            if re.search(pattern, diagnostic.message):
                return text
    return ""
