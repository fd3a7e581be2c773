"""What the lines of a proxy's log say: when, how grave, which plugin, what, and which line of the cell."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from wasmnb.errors import Place, UsageError, did_you_mean
from wasmnb.wording import Option

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["LEVELS", "LogLine", "chosen", "read"]

LEVELS = ("trace", "debug", "info", "warning", "error", "critical")
"""How grave a line is, in Envoy's words; the gravest last."""

_OTHER_WORDS = {"warn": "warning", "err": "error"}
# Envoy's own form, and that of Istio's agent, which has tabs between the parts and the thread behind them.
_ENVOY = re.compile(
    r"\[(?P<time>[\d-]+ [\d:.]+)\]\[\d+\]\[(?P<level>\w+)\]\[(?P<logger>\w+)\] (?:\[[^\]]*\] )?(?P<rest>.*)"
)
_ISTIO = re.compile(
    r"(?P<time>[\d-]+T[\d:.]+)Z\t(?P<level>\w+)\t(?P<logger>[^\t]*)\t(?P<rest>.*?)(?:\tthread=\d+)?$", re.DOTALL
)
# Envoy 1.40, context.cc: plugin, root id and VM id stand before what a module logs.
_SAID = re.compile(r"wasm log(?: (?P<plugin>[^\s:]+)[^:]*)?: (?P<message>.*)", re.DOTALL)
_CELL = re.compile(r"\[cell\.\w+:(?P<line>\d+)\](?:::\w+\(\))?\s*")
_FRAME = re.compile(r"\(cell line (?P<line>\d+): ")


@dataclass(frozen=True)
class LogLine:
    """One line.

    Parameters
    ----------
    text : str
        As the proxy wrote it.
    time : datetime or None
        Aware, UTC; None for a line that goes on with the one before.
    level : str
        One of `LEVELS`; empty for a line that goes on.
    plugin : str
        The plugin that logged it; empty for the proxy's own lines.
    message : str
        Without time, level and source.
    cell_line : int
        The line of the cell that logged it; 0 when it is not known.
    """

    text: str
    time: datetime | None = None
    level: str = ""
    plugin: str = ""
    message: str = ""
    cell_line: int = 0


def read(text: str) -> LogLine:
    """Read one line of a log."""
    match = _ENVOY.match(text) or _ISTIO.match(text)
    if match is None:
        frame = _FRAME.search(text)
        return LogLine(text, message=text, cell_line=int(frame["line"]) if frame else 0)
    said = _SAID.match(match["rest"])
    message = said["message"] if said else match["rest"]
    cell = _CELL.match(message)
    return LogLine(
        text,
        _time(match["time"]),
        _OTHER_WORDS.get(match["level"], match["level"]),
        (said["plugin"] or "") if said else "",
        message[cell.end() :] if cell else message,
        int(cell["line"]) if cell else 0,
    )


def chosen(lines: Iterable[str], *, level: str | None = None, grep: str | None = None) -> list[str]:
    """Choose lines; one that goes on with another, such as a backtrace, stays with it.

    Parameters
    ----------
    lines : iterable of str
    level : str, optional
        This one and graver ones.
    grep : str, optional
        A regular expression that a line must contain.

    Raises
    ------
    UsageError
        There is no such level, or it is no regular expression.
    """
    least = _grade(level) if level else 0
    try:
        wanted = re.compile(grep or "")
    except re.error as error:
        raise UsageError(
            f"{grep!r} is not a regular expression: {error}.",
            where=Place(Option("grep"), quote=str(grep)),
            hint="write a backslash before a sign that is meant as itself",
        ) from None
    found: list[str] = []
    for group in _groups(lines):
        first = read(group[0])
        grade = LEVELS.index(first.level) if first.level in LEVELS else 0
        if grade >= least and any(wanted.search(line) for line in group):
            found += group
    return found


def _grade(level: str) -> int:
    word = _OTHER_WORDS.get(level.lower(), level.lower())
    if word not in LEVELS:
        raise UsageError(
            f"{level!r} is not a level of a log.",
            where=Place(Option("level"), quote=level),
            hint=f"{did_you_mean(level, LEVELS)} available: {', '.join(LEVELS)}".strip(),
        )
    return LEVELS.index(word)


def _groups(lines: Iterable[str]) -> list[Sequence[str]]:
    found: list[list[str]] = []
    for line in lines:
        if found and read(line).time is None:
            found[-1].append(line)
        else:
            found.append([line])
    return [*found]


def _time(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text[:26].replace("T", " ")).replace(tzinfo=timezone.utc)
    except ValueError:
        return None
