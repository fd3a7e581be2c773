"""What a change of plugins did to an answer: one exchange against an earlier one of the same request."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from wasmnb.display import Column, Table
from wasmnb.display.result import Tabled
from wasmnb.traffic import masking
from wasmnb.traffic.lines import CHANGES, VARYING, excerpts, partners
from wasmnb.traffic.masked_rows import masked, masked_request
from wasmnb.traffic.request_diff import RequestDiff

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Sequence
    from datetime import datetime

    import pandas as pd

    from wasmnb.traffic.exchange import Exchange, Response

__all__ = ["Capture", "Captures", "Row", "diff", "rows", "status_line"]

_STATES_KEPT, _REQUESTS_KEPT = 8, 256
_Lines = tuple[tuple[str, str], ...]
_Value = TypeVar("_Value")


@dataclass(frozen=True)
class Row:
    """One line of a response, before and after.

    Parameters
    ----------
    name : str
        As it came over the wire; ``:status`` for the status line, ``:body`` for the body, and ``trailer NAME`` (no
        header's name has a space) for a trailer.
    before, after : str or None
        None where the line was not there.
    change : str
        One of `CHANGES`.
    """

    name: str
    before: str | None
    after: str | None
    change: str


def rows(before: Exchange | None, after: Exchange) -> list[Row]:
    """Compare two responses line by line, in wire order; what has gone stands where it was.

    Lines of one name are paired by equal value first, then in order. Names are compared without case.
    """
    old, new = before.response if before else None, after.response
    found = [_row(":status", status_line(old) if old else None, status_line(new), compared=old is not None)]
    for prefix, old_lines, new_lines in (
        ("", old.headers.lines if old else (), new.headers.lines),
        ("trailer ", old.trailers.lines if old else (), new.trailers.lines),
    ):
        for name, was, now in _merge(old_lines, new_lines):
            found.append(_row(prefix + name, was, now, compared=old is not None))
    if old is not None and old.body != new.body:
        was, now = excerpts([old.body, new.body])
        found.append(Row(":body", was, now, "changed"))
    return found


def diff(before: Exchange | None, after: Exchange) -> pd.DataFrame:
    """Give the comparison of two responses as a table.

    Parameters
    ----------
    before : Exchange or None
        None when there is nothing to compare with: ``before`` is missing in every row and ``change`` is empty.
    after : Exchange

    Returns
    -------
    pandas.DataFrame
        ``name``, ``before``, ``after`` (``string``, missing where a line was not there) and ``change`` (``category``
        of `CHANGES`). One row per line, see `Row`; the body has a row only when it changed.
    """
    return _table(rows(before, after)).frame


def _table(found: Sequence[Row]) -> Table:
    columns = (Column("name"), Column("before"), Column("after"), Column("change", categories=CHANGES))
    return Table(columns, tuple((row.name, row.before, row.after, row.change) for row in found))


@dataclass(frozen=True)
class Capture(Tabled):
    """An exchange, and the earlier one that it is to be compared with, if there is one."""

    after: Exchange
    before: Exchange | None = None

    @property
    def at(self) -> datetime:
        """When the response came (aware, UTC)."""
        return self.after.at

    def diff(self) -> pd.DataFrame:
        """Give the comparison as a table; see `wasmnb.traffic.diff`."""
        return diff(self.before, self.after)

    @property
    def request(self) -> RequestDiff:
        """What became of the request on its way to the service, the values of credentials and cookies masked."""
        return masked_request(
            RequestDiff.of(self.after, self.before), [one for one in (self.after, self.before) if one is not None]
        )

    def shown(self) -> list[Row]:
        """Compare line by line, the values of credentials and cookies masked."""
        return masked(rows(self.before, self.after), [one for one in (self.after, self.before) if one is not None])

    @property
    def table(self) -> Table:
        """The comparison in rows, as `wasmnb.traffic.diff` has them, the values of credentials and cookies masked."""
        return _table(self.shown())

    def to_dict(self) -> dict[str, Any]:
        """Give plain JSON values, the values of credentials and cookies masked."""
        before, after = self.before, self.after
        return {
            "after": masking.exchange(after, before=before).to_dict(),
            "before": before and masking.exchange(before).to_dict(),
            "lines": [asdict(row) for row in self.shown()],
            "request": self.request.to_dict(),
        }


class Captures:
    """The exchanges of a session, by request and by the state of plugins they were made under.

    Two requests are the same when source, method, URL, ``via``, headers and body are. What is kept is bounded: the
    last one per pod of the last few states of each request.
    """

    def __init__(self) -> None:
        self._kept: dict[Hashable, dict[Hashable, dict[str, Exchange]]] = {}

    def add(self, exchange: Exchange, state: Hashable) -> Capture:
        """Keep an exchange; give it with its ``before``.

        Parameters
        ----------
        exchange : Exchange
        state : hashable
            What was in force, such as a tuple of plugin ids, digests and configurations.
        """
        before = self.before(exchange, state)
        request = _identity(exchange)
        states = self._kept.pop(request, {})
        self._kept[request] = states
        pods = states.pop(state, {})
        states[state] = pods
        pods.pop(exchange.pod, None)
        pods[exchange.pod] = exchange
        _drop_oldest(states, _STATES_KEPT)
        _drop_oldest(self._kept, _REQUESTS_KEPT)
        return Capture(exchange, before)

    def before(self, exchange: Exchange, state: Hashable) -> Exchange | None:
        """Find the last exchange of the same request under another state, of the same pod where there is one."""
        states = self._kept.get(_identity(exchange), {})
        for other in reversed(states):
            if other != state:
                pods = states[other]
                return pods.get(exchange.pod) or pods[next(reversed(pods))]
        return None

    def clear(self) -> None:
        """Forget everything, as when another mesh is chosen."""
        self._kept.clear()

    def __iter__(self) -> Iterator[Exchange]:
        kept = (one for states in self._kept.values() for pods in states.values() for one in pods.values())
        return iter(sorted(kept, key=lambda exchange: exchange.at))

    def __len__(self) -> int:
        return sum(len(pods) for states in self._kept.values() for pods in states.values())


def _identity(exchange: Exchange) -> Hashable:
    request = exchange.request
    return (exchange.source, request.method, request.url, exchange.via, request.headers.lines, request.body)


def _drop_oldest(kept: dict[Hashable, _Value], limit: int) -> None:
    while len(kept) > limit:
        del kept[next(iter(kept))]


def status_line(response: Response) -> str:
    """Give the status with its words."""
    return f"{response.status} {response.reason}".rstrip()


def _row(name: str, before: str | None, after: str | None, *, compared: bool) -> Row:
    if not compared:
        change = ""
    elif before is None:
        change = "added"
    elif after is None:
        change = "removed"
    elif name.lower().removeprefix("trailer ") in VARYING:
        # Also when it happens to be equal, so that the table does not depend on the clock.
        change = "varies"
    else:
        change = "same" if before == after else "changed"
    return Row(name, before, after, change)


def _merge(old: _Lines, new: _Lines) -> Iterator[tuple[str, str | None, str | None]]:
    partner = partners(old, new)
    order: list[tuple[int | None, int | None]] = [(partner.get(index), index) for index in range(len(new))]
    paired = set(partner.values())
    for index in range(len(old)):
        if index not in paired:
            # Behind the line that stood before it; everything earlier in ``old`` has its place already.
            place = next((at + 1 for at, (was, _) in enumerate(order) if index and was == index - 1), 0)
            order.insert(place, (index, None))
    for was, now in order:
        name = new[now][0] if now is not None else old[was or 0][0]
        yield name, None if was is None else old[was][1], None if now is None else new[now][1]
