"""The lines of responses as they may be shown: values of credentials and cookies masked, that they differ kept."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from wasmnb import redact

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from wasmnb.traffic.exchange import Exchange
    from wasmnb.traffic.header_diff import Row
    from wasmnb.traffic.pod_diff import Line
    from wasmnb.traffic.request_diff import RequestDiff, RequestRow

__all__ = ["BODY_SHOWN", "masked", "masked_lines", "masked_request"]

BODY_SHOWN = 2000
"""Characters of a body that are shown at most."""


def masked(rows: Iterable[Row], exchanges: Iterable[Exchange]) -> list[Row]:
    """Mask lines of a comparison; that a value is another one stays to be seen in ``change``.

    Parameters
    ----------
    rows : iterable of Row
    exchanges : iterable of Exchange
        Those that are compared.
    """
    quotable = _quotable(exchanges)
    return [_row(row, quotable=quotable) for row in rows]


def masked_lines(lines: Iterable[Line], exchanges: Iterable[Exchange]) -> list[Line]:
    """Mask lines of several pods' responses; that they differ stays to be seen in ``among``."""
    quotable = _quotable(exchanges)
    return [_line(line, quotable=quotable) for line in lines]


def masked_request(found: RequestDiff, exchanges: Collection[Exchange]) -> RequestDiff:
    """Mask lines of a request, as `masked` does those of a response."""
    bodies = [one.received.request.body for one in exchanges if one.received is not None]
    quotable = _all_quotable([*bodies, *(one.request.body for one in exchanges)])
    return replace(found, rows=tuple(_request_row(row, quotable=quotable) for row in found.rows))


def _request_row(row: RequestRow, *, quotable: bool) -> RequestRow:
    def shown(value: str | None) -> str | None:
        if value is None:
            return None
        if row.name == ":path":
            return redact.url(value)
        if row.name == ":body":
            return value if quotable else _size_only(value)
        return redact.MASK if redact.is_secret(row.name) else value

    return replace(row, sent=shown(row.sent), before=shown(row.before), after=shown(row.after))


def _row(row: Row, *, quotable: bool) -> Row:
    if redact.is_secret(row.name):
        return replace(row, before=row.before and redact.MASK, after=row.after and redact.MASK)
    if row.name == ":body" and not quotable:
        return replace(row, before=_size_only(row.before), after=_size_only(row.after))
    return row


def _line(line: Line, *, quotable: bool) -> Line:
    if redact.is_secret(line.name):
        return replace(line, by_pod=dict.fromkeys(line.by_pod, redact.MASK))
    if line.name == ":body" and not quotable:
        return replace(line, by_pod={pod: _size_only(value) or "" for pod, value in line.by_pod.items()})
    return line


def _quotable(exchanges: Iterable[Exchange]) -> bool:
    """Say whether any part of the bodies may be shown: a part of a secret does not look like one."""
    return _all_quotable([one.response.body for one in exchanges])


def _all_quotable(bodies: Iterable[bytes]) -> bool:
    texts = [body[: BODY_SHOWN + 1].decode("utf-8", "replace") for body in bodies]
    return all(len(text) <= BODY_SHOWN and redact.config(text) == text for text in texts)


def _size_only(excerpt: str | None) -> str | None:
    return excerpt and excerpt.partition(":")[0]
