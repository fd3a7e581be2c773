"""Records of responses: their headers before and after, and those of each pod side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wasmnb import redact
from wasmnb.display import Block, Cell, Record, Tone
from wasmnb.display.text import duration, size
from wasmnb.traffic.lines import VARYING
from wasmnb.traffic.masked_rows import BODY_SHOWN

if TYPE_CHECKING:
    from collections.abc import Iterable

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
_FEW, _SHORT = 2, 80  # changed lines that stand in the headline, and their characters


def headers_record(taken: Capture) -> Record:
    """Show the headers of a response, and what became of each since an earlier response."""
    before, after = taken.before, taken.after
    compared, table = before is not None, taken.table
    columns = table.look(
        name={"code": True},
        before={"code": True, "shown": compared},
        after={"heading": "after" if compared else "value", "code": True},
        change={"show": change_cell, "shown": compared},
    )
    response = after.response
    settled = f"{response.status} {response.reason}".rstrip() + f" from {after.pod}"
    status = f"{settled} in {duration(after.seconds)}"
    if before is not None:
        settled += f"; {_effect(taken)}"
        status += f"; {_effect(taken)} since {before.at:%H:%M:%S} UTC"
    notes = list(after.notes)
    if before is not None and before.pod != after.pod:
        notes.append(f"another pod answered before: {before.pod}; a difference may be between the pods")
    blocks = (*_request(taken), *_body(response))
    flawed = response.flaw or (after.received is not None and after.received.flaw)
    tone: Tone = "bad" if flawed else _tone(response.status)
    shown = (columns, table.rows, blocks, tuple(notes))
    varying = frozenset(index for index, name in enumerate(table.values("name")) if name.lower() in VARYING)
    return Record(_title(after), status, tone, *shown, settled=settled, varying=varying)


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
        Block(f"{len(rest)} lines of the request unchanged" if changed else label, tuple(rest), open=False),
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
    status = f"{len(taken.pods)} pod{'' if len(taken.pods) == 1 else 's'} answered, " + (
        f"and differ in {', '.join(dict.fromkeys(differ))}" if differ else "all the same"
    )
    silent = [f"{pod} gave no answer: {why}" for pod, why in taken.silent.items()]
    tones = {_tone(one.after.response.status) for one in taken.captures}
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
        f"{one.after.pod}: {_summary(one)} since {one.before.at:%H:%M:%S} UTC"
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


def _effect(taken: Capture) -> str:
    """Say in short what a filter did: the lines themselves where they are few and short, else how many there are."""
    changed = [row for row in taken.shown() if row.change in _COUNTED]
    lines = [_effect_line(row) for row in changed if not row.name.startswith(":body")]
    few = 0 < len(lines) <= _FEW and len(lines) == len(changed) and all(len(line) <= _SHORT for line in lines)
    return ", ".join(lines) if few else _summary(taken)


def _effect_line(row: Row) -> str:
    sign = _CHANGES[row.change][0]
    if row.change == "changed":
        return f"{sign} {row.name}: {row.before} → {row.after}"
    return f"{sign} {row.name}: {row.before if row.after is None else row.after}"


def _summary(taken: Capture) -> str:
    return _counts(row.change for row in taken.shown())


def _counts(changes: Iterable[str]) -> str:
    found = list(changes)
    counts = {change: found.count(change) for change in _COUNTED}
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
    more = ("…",) if len(text) > BODY_SHOWN else ()
    return (Block(label, (*str(redact.config(text[:BODY_SHOWN])).splitlines(), *more), open=False),)
