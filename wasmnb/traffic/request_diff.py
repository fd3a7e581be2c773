"""What filters did to a request on its way: as it was sent, and as the service received it, before and after."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from wasmnb.display import Column, Table
from wasmnb.display.result import Tabled
from wasmnb.traffic.lines import CHANGES, VARYING, excerpts, partners

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wasmnb.traffic.exchange import Exchange, Headers, Request

__all__ = ["RequestDiff", "RequestRow"]

_Lines = tuple[tuple[str, str], ...]
_Line = tuple[str, "str | None", "str | None", "str | None"]


@dataclass(frozen=True)
class RequestRow:
    """One line of a request.

    Parameters
    ----------
    name : str
        In lower case; ``:method``, ``:path`` and ``:authority`` for the request line and the host, ``:body`` for the
        body.
    sent, before, after : str or None
        As it was sent, and as the service received it before and after; None where the line was not there.
    change : str
        One of `wasmnb.traffic.lines.CHANGES`: from ``before`` to ``after``, or from ``sent`` where nothing is
        known of before.
    """

    name: str
    sent: str | None
    before: str | None
    after: str | None
    change: str


@dataclass(frozen=True)
class RequestDiff(Tabled):
    """The lines of a request.

    Parameters
    ----------
    rows : tuple of RequestRow
        Empty where it is not known what the service received.
    compared : bool
        Whether it is known what the service received before.
    unseen : str
        Why nothing is known; empty when something is, or when nobody looked.
    """

    rows: tuple[RequestRow, ...] = ()
    compared: bool = False
    unseen: str = ""

    @classmethod
    def of(cls, after: Exchange, before: Exchange | None) -> RequestDiff:
        """Compare what the service received of two exchanges of the same request.

        Lines of one name are paired by equal value first, then in order.
        """
        if after.received is None:
            return cls(unseen=after.unseen)
        old = before.received.request if before is not None and before.received is not None else None
        sent, new = after.request, after.received.request
        found = [
            _row(name, was, earlier, now, compared=old is not None)
            for name, was, earlier, now in (
                (":method", sent.method, old.method if old else None, new.method),
                (":authority", sent.authority, old.authority if old else None, new.authority),
                (":path", sent.path, old.path if old else None, new.path),
                *_lines(sent.headers, old.headers if old else None, new.headers),
            )
        ]
        known = after.received.body and (before is None or before.received is None or before.received.body)
        return cls((*found, *(_body(sent, old, new) if known else ())), old is not None)

    @property
    def changed(self) -> bool:
        """Whether a line was added, changed or removed."""
        return any(row.change in ("added", "changed", "removed") for row in self.rows)

    @property
    def table(self) -> Table:
        """One row per line: ``name``, ``sent``, ``before``, ``after`` (text) and ``change`` (a category)."""
        texts = [Column(name) for name in ("name", "sent", "before", "after")]
        values = ((row.name, row.sent, row.before, row.after, row.change) for row in self.rows)
        return Table((*texts, Column("change", categories=CHANGES)), tuple(values))

    def to_dict(self) -> dict[str, Any]:
        """Give plain JSON values."""
        return {"rows": [vars(row) for row in self.rows], "compared": self.compared, "unseen": self.unseen}


def _lower(headers: Headers | None) -> _Lines:
    return tuple((name.lower(), value) for name, value in headers or ())


def _lines(sent: Headers, old: Headers | None, new: Headers) -> list[_Line]:
    first, earlier, now = _lower(sent), _lower(old), _lower(new)
    from_sent, from_old = partners(first, now), partners(earlier, now)
    found: list[_Line] = [
        (
            name,
            first[from_sent[index]][1] if index in from_sent else None,
            earlier[from_old[index]][1] if index in from_old else None,
            value,
        )
        for index, (name, value) in enumerate(now)
    ]
    # What did not arrive stands behind what did: in ``sent``, in what came before, or in both.
    lost = {index for index in range(len(first)) if index not in from_sent.values()}
    missing = {index for index in range(len(earlier)) if index not in from_old.values()}
    ordered = sorted(missing)
    pairs = partners(tuple(earlier[index] for index in ordered), tuple(first[index] for index in sorted(lost)))
    for place, index in enumerate(sorted(lost)):
        other = ordered[pairs[place]] if place in pairs else None
        missing.discard(-1 if other is None else other)
        found.append((first[index][0], first[index][1], None if other is None else earlier[other][1], None))
    found += [(earlier[index][0], None, earlier[index][1], None) for index in sorted(missing)]
    return found


def _row(name: str, sent: str | None, before: str | None, after: str | None, *, compared: bool) -> RequestRow:
    was = before if compared else sent
    if name in VARYING:
        change = "varies"
    elif was is None:
        change = "added" if after is not None else "same"
    elif after is None:
        change = "removed"
    else:
        change = "same" if was == after else "changed"
    return RequestRow(name, sent, before, after, change)


def _body(sent: Request, old: Request | None, new: Request) -> Sequence[RequestRow]:
    bodies = [sent.body, *([old.body] if old is not None else []), new.body]
    if len(set(bodies)) == 1:
        return ()
    shown = excerpts(bodies)
    return (_row(":body", shown[0], shown[1] if old is not None else None, shown[-1], compared=old is not None),)
