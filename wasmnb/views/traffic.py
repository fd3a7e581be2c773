"""Records of responses: their headers before and after, and those of each pod side by side."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from wasmnb import redact
from wasmnb.display import Block, Cell, Record, Tone
from wasmnb.display.text import duration, several, size
from wasmnb.envoy.effect import UPSTREAM
from wasmnb.traffic.body_diff import body_rows
from wasmnb.traffic.lines import VARYING
from wasmnb.traffic.masked_rows import BODY_SHOWN

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from wasmnb.traffic import Capture, Exchange, PodCaptures, Response
    from wasmnb.traffic.header_diff import Row
    from wasmnb.traffic.request_diff import RequestDiff, RequestRow

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
_COUNTED = ("added", "changed", "removed")
_CLIENT_ERROR, _SERVER_ERROR = 400, 500
_BODY_LINES = 20  # changed values of a body that are shown
_FEW, _SHORT = 2, 80  # changed lines that stand in the headline, and their characters


def headers_record(taken: Capture) -> Record:
    """Show the headers of a response, and what became of each since an earlier response."""
    before, after = taken.before, taken.after
    compared, table, lines = before is not None, taken.table, taken.shown()
    columns = table.look(
        name={"code": True},
        before={"code": True, "shown": compared, **_heading(before)},
        after={"code": True, **(_heading(after) if compared else {"heading": "value"})},
        change={"show": change_cell, "shown": compared},
    )
    response = after.response
    settled = f"{response.status} {response.reason}".rstrip() + f" {_whence(after)}"
    status = f"{settled} in {duration(after.seconds)}"
    body = None if before is None else body_rows(before, after)
    if before is not None:
        effect = _effect(lines, body)
        settled += f"; {effect}"
        status += f"; {effect} (since {before.at:%H:%M:%S} UTC)"
    notes = list(after.notes)
    if before is not None and before.pod != after.pod:
        notes.append(f"another pod answered before: {before.pod}; a difference may be between the pods")
    folded = frozenset(index for index, row in enumerate(lines) if compared and _is_folded(row, body))
    rest = [row for row in lines if compared and row.change not in _COUNTED]
    blocks = (*_body_changes(body), *_unchanged(rest), *_request(taken), *_body(response))
    tone = _tone(after)
    shown = (columns, table.rows, blocks, tuple(notes))
    kept = [row for index, row in enumerate(lines) if index not in folded]
    varying = frozenset(index for index, row in enumerate(kept) if row.name.lower() in VARYING)
    return Record(_title(after), status, tone, *shown, settled=settled, varying=varying, folded=folded)


def _whence(of: Exchange) -> str:
    """Say whose response it is; without the time that an upstream took, an error may be the sender's own proxy's."""
    failed = of.response.status >= _SERVER_ERROR and UPSTREAM not in of.response.headers
    return f"on the way to {of.pod}" if of.via == "app" and failed else f"from {of.pod}"


def _heading(of: Exchange | None) -> dict[str, str]:
    """Head a column by what was in force, and when."""
    if of is None or of.in_force is None:
        return {}
    few = of.in_force if len(of.in_force) <= _FEW else (several(len(of.in_force), "filter"),)
    return {"under": ", ".join(few) or "no filter", "when": f"{of.at:%H:%M:%S}"}


def _is_folded(row: Row, body: list[Row] | None) -> bool:
    """Say whether a line stands in a block below the table, not in it."""
    return row.change not in _COUNTED or (row.name == ":body" and body is not None)


def _body_changes(found: list[Row] | None) -> tuple[Block, ...]:
    """Show what became of each value of a body that is JSON."""
    if found is None:
        return ()
    if not found:
        return (Block("body: the same JSON, written in another way", ()),)
    label = f"body, compared as JSON: {_counts(row.change for row in found)}"
    more = (f"… {len(found) - _BODY_LINES} more",) if len(found) > _BODY_LINES else ()
    return (Block(label, (*(_effect_line(row) for row in found[:_BODY_LINES]), *more)),)


def _unchanged(rest: Sequence[Row]) -> tuple[Block, ...]:
    """Fold the lines away that are as before, or vary by themselves."""
    if not rest:
        return ()
    lines = [f"≈ {row.name}" if row.change == "varies" else f"= {row.name}: {row.after}" for row in rest]
    return (Block(f"{several(len(rest), 'line')} unchanged", tuple(lines), open=False),)


def _request(taken: Capture) -> tuple[Block, ...]:
    """Show the request as the service received it: what filters changed in it, then the rest, folded away."""
    found = taken.request
    if found.unseen:
        return (Block("request as the service received it: not known", (found.unseen,), open=False),)
    if not found.rows:
        return ()
    since = "before" if found.compared else "what was sent"
    label = f"request as the service received it: {_counts(row.change for row in found.rows)}, compared with {since}"
    changed = [line for row in found.rows if row.change in _COUNTED for line in _request_line(row, found)]
    rest = [line for row in found.rows if row.change not in _COUNTED for line in _request_line(row, found)]
    blocks = [Block(label, tuple(changed))] if changed else []
    return (
        *blocks,
        Block(f"{several(len(rest), 'line')} of the request unchanged" if changed else label, tuple(rest), open=False),
    )


def _request_line(row: RequestRow, found: RequestDiff) -> list[str]:
    sign, was = _CHANGES[row.change][0], row.before if found.compared else row.sent
    if row.change == "varies":
        return [f"{sign} {row.name}"]
    if row.change == "changed":
        return [f"{sign} {row.name}: {was} → {row.after}"]
    value = was if row.after is None else row.after
    return [] if value is None else [f"{sign} {row.name}: {value}"]


def pod_headers_record(taken: PodCaptures) -> Record:
    """Show what each pod of a service answered, and where they differ."""
    table = taken.table
    columns = table.look(name={"code": True}, among={"show": _among}, **{pod: {"code": True} for pod in taken.pods})
    differ = [line.name for line in taken.shown() if line.among == "differs"]
    status = f"{several(len(taken.pods), 'pod')} answered, " + (
        f"and differ in {', '.join(dict.fromkeys(differ))}" if differ else "all the same"
    )
    silent = [f"{pod} gave no answer: {why}" for pod, why in taken.silent.items()]
    tones = {_tone(one.after) for one in taken.captures}
    return Record(
        _title(taken.captures[0].after),
        status,
        "bad" if silent or "bad" in tones else "warn" if "warn" in tones or differ else "good",
        columns,
        table.rows,
        notes=(*silent, *_since(taken), *dict.fromkeys(note for one in taken.captures for note in one.after.notes)),
    )


def _title(of: Exchange) -> str:
    return f"{of.source} → {redact.url(of.request.url)}" + (f" via {of.via}" if of.via != "proxy" else "")


def _since(taken: PodCaptures) -> list[str]:
    """Say of each pod what became of its lines since before."""
    return [
        f"{one.after.pod}: {_counts(row.change for row in one.shown())} since {one.before.at:%H:%M:%S} UTC"
        for one in taken.captures
        if one.before is not None
    ]


def _among(among: str) -> Cell:
    sign, tone = _AMONG[among]
    return Cell(among, sign=sign, tone=tone)


def change_cell(change: str) -> Cell:
    """Show what became of a line as sign and word."""
    sign, tone = _CHANGES[change]
    return Cell(change, sign=sign, tone=tone)


def _effect(rows: list[Row], body: list[Row] | None) -> str:
    """Say in short what a filter did: the lines themselves where they are few and short, else how many there are."""
    changed = [row for row in rows if row.change in _COUNTED]
    told = [row for row in changed if row.name != ":body"]
    whole = len(told) == len(changed) or body is not None
    lines = [_effect_line(row) for row in (*told, *(replace(one, name=f"body {one.name}") for one in body or ()))]
    few = whole and 0 < len(lines) <= _FEW and all(len(line) <= _SHORT for line in lines)
    return ", ".join(lines) if few else _counts(row.change for row in rows)


def _effect_line(row: Row) -> str:
    sign = _CHANGES[row.change][0]
    if row.change == "changed":
        return f"{sign} {row.name}: {row.before} → {row.after}"
    return f"{sign} {row.name}: {row.before if row.after is None else row.after}"


def _counts(changes: Iterable[str]) -> str:
    found = list(changes)
    counts = {change: found.count(change) for change in _COUNTED}
    return ", ".join(f"{count} {change}" for change, count in counts.items() if count) or "nothing changed"


def _tone(exchange: Exchange) -> Tone:
    status = exchange.response.status
    if exchange.flaw:
        return "bad"
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
        return (Block(label, ("not UTF-8 text",), open=False),)
    # Cut first: a secret whose end is missing is masked all the same, and a long body costs nothing.
    more = ("…",) if len(text) > BODY_SHOWN else ()
    return (Block(label, (*str(redact.config(text[:BODY_SHOWN])).splitlines(), *more), open=False),)
