"""The answer of a command on the standard output, in the form that was asked for; what else there is, beside it."""

from __future__ import annotations

import json
import re
import sys
from typing import TYPE_CHECKING, Any

from wasmnb.cli import table
from wasmnb.cli.terminal import coloured, columns, say, silence, tinted
from wasmnb.display.result import Plural
from wasmnb.display.text import cut, visible, width

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from wasmnb.display import Record

__all__ = ["answer", "in_room", "remark"]

# What a name consists of where a column alone does not tell things apart.
_TWO_PARTS = ((("pod", "plugin"), "/"), (("name", "tag"), ":"))
# What is a text, and not a table of something.
_TEXTS = ("Rendered", "RenderedAgent", "Roles", "Explanation")
_QUOTED, _CARET = re.compile(r"\s*\d* \| |\s+\^$"), re.compile(r"\s+\^$")
_BEHIND = 8  # columns that stay behind a caret


def answer(result: Any, form: str, *, quiet: bool = False) -> str:
    """Give what the standard output gets; what goes beside it is written to the standard error.

    Parameters
    ----------
    result : object
        Of a command.
    form : str
        One of `wasmnb.cli.verbs.FORMS`.
    quiet : bool
        Nothing goes beside it.
    """
    if type(result).__name__ == "LogTail":
        return _followed(result, form)
    if form in {"json", "yaml"}:
        return _values(result, form)
    if form == "name":
        return "\n".join(_names(result))
    kind = type(result).__name__
    if kind == "Logs":
        return "\n".join(visible(line, keep="\t") for line in result)
    if kind in _TEXTS:
        for note in () if quiet else getattr(result, "notes", ()):
            remark(f"note: {visible(note)}")
        text = str(result.text if hasattr(result, "text") else result).rstrip("\n")
        return _folded(text, columns(sys.stdout)) if kind == "Explanation" else text
    return _table(result, wide=form == "wide", quiet=quiet)


def _values(result: Any, form: str) -> str:
    if form == "json":
        return json.dumps(_plain(result), indent=2, ensure_ascii=False)
    import yaml  # noqa: PLC0415 - for those who ask

    dumped: str = yaml.safe_dump(_plain(result), sort_keys=False, allow_unicode=True)
    return dumped.rstrip("\n")


def _followed(lines: Iterable[str], form: str) -> str:
    """Write lines as they come: as text, or, where values are wanted, each as a JSON string of its own."""
    for line in lines:
        text = json.dumps(line, ensure_ascii=False) if form in {"json", "yaml"} else visible(line, keep="\t")
        try:
            print(text, flush=True)  # noqa: T201 - the answer
        except BrokenPipeError:
            # Who read lines as they came has gone: no more are wanted.
            silence(sys.stdout)
            break
    return ""


def remark(text: str) -> None:
    """Write a line to the standard error."""
    for line in in_room(text.splitlines(), columns(sys.stderr)):
        say(line, sys.stderr)


def in_room(lines: Sequence[str], room: int) -> Iterator[str]:
    """Have lines fit into a terminal: what is quoted stays one line, so that a caret stands below its word."""
    left = [*lines]
    while left:
        line = left.pop(0)
        quoted = _QUOTED.match(line)
        if not room or quoted is None:
            yield _folded(line, room)
            continue
        if left and _CARET.match(left[0]):
            line, left[0] = _moved(line, left[0], len(quoted[0]), room)
        yield cut(line, room)


def _moved(line: str, caret: str, head: int, room: int) -> tuple[str, str]:
    """Leave out what stands before the word that a caret is below, where the word would be beyond the terminal."""
    beyond = width(caret) + _BEHIND - room
    if width(line) <= room or beyond <= 0:
        return line, caret
    return f"{line[:head]}…{line[head + beyond + 1 :]}", caret[beyond:]


def _table(result: Any, *, wide: bool, quiet: bool) -> str:
    from wasmnb.views import record_of  # noqa: PLC0415 - for tables only

    record = record_of(result)
    colours = coloured(sys.stdout)
    found = table.lines(record, room=columns(sys.stdout), wide=wide, colours=colours)
    headline = _headline(record, colours=coloured(sys.stderr) if found else colours)
    none = not found and isinstance(result, Plural)
    if (found or none) and not quiet:
        remark(headline)
    out = found or ([] if none else _folded(headline, columns(sys.stdout)).splitlines())
    for block in record.blocks:
        label = _folded(visible(block.label), columns(sys.stdout)).splitlines() if block.label else []
        shown = block.lines if wide or block.open else ()
        quoted = "\n".join(f"    {visible(line, keep=chr(9))}".rstrip() for line in shown)
        out += [*label, *_folded(quoted, columns(sys.stdout)).splitlines()] if shown else []
    for note in () if quiet else record.notes:
        remark(f"note: {visible(note)}")
    return "\n".join(out)


def _folded(text: str, room: int) -> str:
    """Break lines that are longer than a terminal is wide."""
    if not room:
        return text
    return "\n".join(
        part
        for line in text.splitlines()
        for part in (table.wrapped(line, room, indent=len(line) - len(line.lstrip())) if line else [""])
    )


def _headline(record: Record, *, colours: bool) -> str:
    text = visible(f"{record.title}: {record.status}" if record.status else record.title)
    return f"{tinted(record.sign, record.tone, colours=colours)} {text}" if record.sign else text


def _plain(result: Any) -> Any:
    return result.to_dict() if hasattr(result, "to_dict") else result


def _names(result: Any) -> list[str]:
    """Name what a result is about, one a line: what the next command of a pipeline takes."""
    if hasattr(result, "pinned"):
        return [str(result.pinned)]
    if hasattr(result, "files") and result.files:
        return list(result.files)
    if hasattr(result, "plugin"):
        return [str(result.plugin.id)]
    found = result.table if hasattr(result, "table") else None
    if found is None:
        return [str(getattr(result, "code", result))]
    names = [column.name for column in found.columns]
    one = (["name"] if "name" in names else names[:1], "")
    keys, sign = next(((keys, sign) for keys, sign in _TWO_PARTS if set(keys) <= set(names)), one)
    at = [names.index(key) for key in keys]
    return list(dict.fromkeys(sign.join(str(row[index]) for index in at if row[index]) for row in found.rows))
