"""The rows of a board as a table: pods with what runs on each, and how many requests each answers."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from wasmnb.display import Column, Table
from wasmnb.mesh.results import POD_COLUMNS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from wasmnb.live.row import PluginState, Row

__all__ = ["reason_of", "rows_table"]

_COLUMNS = (
    *POD_COLUMNS,
    Column("plugins"),
    Column("digests"),
    Column("requests", "Float64"),
    Column("errors", "Float64"),
    Column("reason"),
    Column("workload"),
)


def rows_table(rows: Iterable[Row]) -> Table:
    """Give the pods of a board in rows.

    The columns are ``pod``, ``ready``, ``status`` (``string``), ``restarts`` (``Int64``), ``started``
    (``datetime64[us, UTC]``), ``plugins`` (``id=VERDICT``, comma between), ``digests`` (``id=sha256:...``; both
    ``string``), ``requests`` (per second), ``errors`` (share of them; both ``Float64``), ``reason`` and ``workload``
    (``string``).
    """
    return Table(_COLUMNS, tuple(_values(row) for row in rows))


def reason_of(row: Row) -> str:
    """Say what is the matter with a pod, and with each plugin on it that is not LIVE."""
    return "; ".join(reason for reason in (row.reason, *map(_why, row.plugins)) if reason)


def _values(row: Row) -> tuple[Any, ...]:
    started = None if row.started is None else datetime.fromtimestamp(row.started, timezone.utc)
    return (
        *(row.name, row.ready, row.status, row.restarts, started),
        ",".join(f"{one.id}={one.verdict}" for one in row.plugins),
        ",".join(f"{one.id}={one.digest}" for one in row.plugins if one.digest),
        *(row.rate.requests, row.rate.errors, reason_of(row), row.workload),
    )


def _why(plugin: PluginState) -> str:
    return f"{plugin.id}: {plugin.reason}" if plugin.reason and plugin.verdict != "LIVE" else ""
