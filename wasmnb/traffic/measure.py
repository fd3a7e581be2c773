"""How quickly a request is answered, and how often it fails: a bounded number of them, one after the other."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from wasmnb.display import Column, Table
from wasmnb.display.result import Tabled
from wasmnb.display.text import several
from wasmnb.errors import TrafficError

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    import pandas as pd

    from wasmnb.progress import Progress
    from wasmnb.traffic.exchange import Exchange

__all__ = ["Comparison", "Measurement", "measure"]

_SERVER_ERROR = 500
_MILLISECONDS = 1000


@dataclass(frozen=True)
class Measurement:
    """Answers to one request.

    Parameters
    ----------
    what : str
        ``source → url``.
    plugins : tuple of str
        What was in force: ``id sha256:...``.
    seconds : tuple of float
        How long each answer took.
    statuses : tuple of int
        The status of each; 0 where none came.
    at : datetime
        When the first was sent (aware, UTC).
    """

    what: str
    plugins: tuple[str, ...]
    seconds: tuple[float, ...] = field(repr=False)
    statuses: tuple[int, ...] = field(repr=False)
    at: datetime

    @property
    def errors(self) -> float:
        """Share of requests with a 5xx, or with no answer at all."""
        failed = sum(status == 0 or status >= _SERVER_ERROR for status in self.statuses)
        return failed / len(self.statuses) if self.statuses else 0.0

    def quantile(self, share: float) -> float:
        """Give the seconds within which that share of the answers came (nearest rank)."""
        ordered = sorted(self.seconds)
        return ordered[min(int(share * len(ordered)), len(ordered) - 1)] if ordered else float("nan")

    @property
    def frame(self) -> pd.DataFrame:
        """One row per request: ``seconds`` (``Float64``) and ``status`` (``Int64``)."""
        import pandas as pd  # noqa: PLC0415 - slow to import, and only a table needs it

        columns = {"seconds": pd.array(self.seconds, "Float64"), "status": pd.array(self.statuses, "Int64")}
        made: pd.DataFrame = pd.DataFrame(columns)
        return made

    def to_dict(self) -> dict[str, Any]:
        """Give plain JSON values."""
        return {
            "what": self.what,
            "plugins": list(self.plugins),
            "seconds": list(self.seconds),
            "statuses": list(self.statuses),
            "at": self.at.isoformat(),
        }


@dataclass(frozen=True)
class Comparison(Tabled):
    """A measurement, and that of the same request while other plugins were in force, if there is one."""

    after: Measurement
    before: Measurement | None = None

    @property
    def at(self) -> datetime:
        """When measuring began (aware, UTC)."""
        return self.after.at

    @property
    def table(self) -> Table:
        """Before and after in rows.

        The columns are ``when`` (``before`` or ``after``), ``plugins`` (``string``), ``requests`` (``Int64``),
        ``p50_ms``, ``p90_ms``, ``p99_ms`` and ``errors`` (share of them; ``Float64``).
        """
        columns = (
            Column("when"),
            Column("plugins"),
            Column("requests", "Int64"),
            *(Column(f"p{share}_ms", "Float64") for share in (50, 90, 99)),
            Column("errors", "Float64"),
        )
        both = (("before", self.before), ("after", self.after))
        return Table(columns, tuple(_row(when, one) for when, one in both if one is not None))

    def to_dict(self) -> dict[str, Any]:
        """Give plain JSON values."""
        return {"after": self.after.to_dict(), "before": self.before and self.before.to_dict()}


def _row(when: str, one: Measurement) -> tuple[Any, ...]:
    quantiles = (round(_MILLISECONDS * one.quantile(share), 2) for share in (0.5, 0.9, 0.99))
    return (when, ", ".join(one.plugins) or "none", len(one.statuses), *quantiles, round(one.errors, 4))


def measure(
    send: Callable[[], Exchange],
    *,
    requests: int,
    what: str,
    plugins: tuple[str, ...],
    at: datetime,
    progress: Progress,
) -> Measurement:
    """Send a request so many times, and measure each answer.

    Raises
    ------
    TrafficError
        Not one was answered.
    """
    seconds, statuses = [], []
    problem: TrafficError | None = None
    for number in range(requests):
        progress.update(f"sending {several(requests, 'request')}", number, requests)
        try:
            exchange = send()
        except TrafficError as error:
            problem = error
            statuses.append(0)
            continue
        seconds.append(exchange.seconds)
        statuses.append(exchange.response.status)
    if problem is not None and not seconds:
        raise problem
    return Measurement(what, plugins, tuple(seconds), tuple(statuses), at)
