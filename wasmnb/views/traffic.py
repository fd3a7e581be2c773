"""The record of an exchange: its headers, before and after."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wasmnb import redact
from wasmnb.display.record import Block, Cell, Column, Record, Tone
from wasmnb.display.text import duration, size
from wasmnb.traffic.header_diff import CHANGES, Row, rows
from wasmnb.traffic.pod_diff import AMONG, Line

if TYPE_CHECKING:
    from wasmnb.traffic import Exchange, PodCaptures, Response

__all__ = ["change_cell", "headers_record", "pod_headers_record"]

_CHANGES: dict[str, tuple[str, Tone]] = {
    "added": ("+", "good"),
    "changed": ("~", "warn"),
    "removed": ("-", "bad"),
    "varies": ("≈", "quiet"),
    "same": ("=", "quiet"),
    "": ("", ""),
}
_AMONG: dict[str, tuple[str, Tone]] = {"same": ("=", "quiet"), "differs": ("≠", "warn"), "varies": ("≈", "quiet")}
_CLIENT_ERROR, _SERVER_ERROR = 400, 500
_BODY_SHOWN = 2000


def headers_record(before: Exchange | None, after: Exchange) -> Record:
    """Show the headers of a response, and what became of each since an earlier response.

    The frame has ``name``, ``before``, ``after`` (``string``) and ``change`` (``category``), as
    `wasmnb.traffic.diff`, with the values of credentials and cookies masked.

    Parameters
    ----------
    before : Exchange or None
        None when there is nothing to compare with.
    after : Exchange
    """
    bodies = [after.response.body, *([before.response.body] if before else [])]
    quotable = all(map(_quotable, bodies))
    found = [_masked(row, quotable=quotable) for row in rows(before, after)]
    compared = before is not None
    columns = (
        Column("name", code=True),
        Column("before", code=True, shown=compared),
        Column("after", heading="after" if compared else "value", code=True),
        Column("change", show=change_cell, shown=compared, categories=CHANGES),
    )
    response = after.response
    status = f"{response.status} {response.reason}".rstrip() + f" from {after.pod} in {duration(after.seconds)}"
    if before is not None:
        status += f"; {_summary(found)} since {before.at:%H:%M:%S} UTC"
    notes = list(after.notes)
    if before is not None and before.pod != after.pod:
        notes.append(f"another pod answered before: {before.pod}; a difference may be between the pods")
    return Record(
        f"{after.source} → {redact.url(after.request.url)}" + (f" via {after.via}" if after.via != "proxy" else ""),
        status,
        _tone(response.status),
        columns,
        tuple((row.name, row.before, row.after, row.change) for row in found),
        _body(response),
        tuple(notes),
    )


def pod_headers_record(taken: PodCaptures) -> Record:
    """Show what each pod of a service answered, and where they differ.

    The frame has ``name`` (``string``), ``among`` (``category``) and a column of type ``string`` per pod that answered,
    missing where its response has no such line; `wasmnb.traffic.PodCaptures.diff` has a row per pod and line, in
    columns that do not depend on the pods, with what was before.

    Parameters
    ----------
    taken : PodCaptures
    """
    quotable = all(_quotable(one.after.response.body) for one in taken.captures)
    lines = [_masked_line(line, quotable=quotable) for line in taken.lines()]
    columns = (
        Column("name", code=True),
        Column("among", show=_among, categories=AMONG),
        *(Column(pod, code=True) for pod in taken.pods),
    )
    first = taken.captures[0].after
    differ = [line.name for line in lines if line.among == "differs"]
    status = f"{len(taken.pods)} pod{'' if len(taken.pods) == 1 else 's'} answered, " + (
        f"and differ in {', '.join(dict.fromkeys(differ))}" if differ else "all the same"
    )
    silent = [f"{pod} gave no answer: {why}" for pod, why in taken.silent.items()]
    tones = {_tone(one.after.response.status) for one in taken.captures}
    return Record(
        f"{first.source} → {redact.url(first.request.url)}" + (f" via {first.via}" if first.via != "proxy" else ""),
        status,
        "bad" if silent or "bad" in tones else "warn" if "warn" in tones or differ else "good",
        columns,
        tuple((line.name, line.among, *(line.by_pod.get(pod) for pod in taken.pods)) for line in lines),
        notes=(*silent, *_since(taken), *dict.fromkeys(note for one in taken.captures for note in one.after.notes)),
    )


def _since(taken: PodCaptures) -> list[str]:
    """Say of each pod what became of its lines since before."""
    return [
        f"{one.after.pod}: {_summary(rows(one.before, one.after))} since {one.before.at:%H:%M:%S} UTC"
        for one in taken.captures
        if one.before is not None
    ]


def _masked_line(line: Line, *, quotable: bool) -> Line:
    if redact.is_secret(line.name):
        return Line(line.name, dict.fromkeys(line.by_pod, redact.MASK), line.among)
    if line.name == ":body" and not quotable:
        return Line(line.name, {pod: _size_only(value) or "" for pod, value in line.by_pod.items()}, line.among)
    return line


def _among(among: str) -> Cell:
    sign, tone = _AMONG[among]
    return Cell(among, sign=sign, tone=tone)


def change_cell(change: str) -> Cell:
    """Show what became of a line as sign and word."""
    sign, tone = _CHANGES[change]
    return Cell(change, sign=sign, tone=tone)


def _quotable(body: bytes) -> bool:
    """Say whether any part of a body may be shown: a part of a secret does not look like one."""
    text = body[: _BODY_SHOWN + 1].decode("utf-8", "replace")
    return len(text) <= _BODY_SHOWN and redact.config(text) == text


def _masked(row: Row, *, quotable: bool) -> Row:
    """Mask the values of a line; that they differ stays to be seen in ``change``."""
    if redact.is_secret(row.name):
        return Row(row.name, row.before and redact.MASK, row.after and redact.MASK, row.change)
    if row.name == ":body" and not quotable:
        return Row(row.name, _size_only(row.before), _size_only(row.after), row.change)
    return row


def _size_only(excerpt: str | None) -> str | None:
    return excerpt and excerpt.partition(":")[0]


def _summary(found: list[Row]) -> str:
    counts = {change: sum(row.change == change for row in found) for change in ("added", "changed", "removed")}
    return ", ".join(f"{count} {change}" for change, count in counts.items() if count) or "nothing changed"


def _tone(status: int) -> Tone:
    return "good" if status < _CLIENT_ERROR else "warn" if status < _SERVER_ERROR else "bad"


def _body(response: Response) -> tuple[Block, ...]:
    """Show a body that is text, folded away."""
    if not response.body:
        return ()
    kind = response.headers.get("content-type")
    label = f"body: {size(len(response.body))}" + (f" of {kind}" if kind else "")
    try:
        text = response.body.decode()
    except UnicodeDecodeError:
        return (Block(label, ("no UTF-8 text",), open=False),)
    # Cut first: a secret whose end is missing is masked all the same, and a long body costs nothing.
    more = ("…",) if len(text) > _BODY_SHOWN else ()
    return (Block(label, (*str(redact.config(text[:_BODY_SHOWN])).splitlines(), *more), open=False),)
