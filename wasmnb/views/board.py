"""The record of a dashboard: its pods with what runs on them, and how fresh that is."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from wasmnb.display.record import Cell, Column, Record, Tone
from wasmnb.display.text import short_digest
from wasmnb.views.mesh import doubted_cell, pods_columns, verdict_cell

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wasmnb.live.feed import Freshness
    from wasmnb.live.row import PluginState, Row

__all__ = ["board_record", "freshness_text"]


def freshness_text(freshness: Freshness) -> str:
    """Say in words whether the state of now is shown."""
    since = f"{freshness.since:%H:%M:%S} UTC"
    words = {
        "starting": "asking the mesh",
        "live": "",
        "stale": f"stale since {since}",
        "paused": f"as of {since}",
        "ended": f"as of {since}",
    }[freshness.kind]
    return f"{words}: {freshness.reason}" if freshness.reason else words


def board_record(rows: Sequence[Row], freshness: Freshness, *, mesh: str = "", limit: int | None = 50) -> Record:
    """Show the pods of a dashboard.

    The frame has ``pod``, ``workload``, ``ready``, ``status``, ``plugins`` (``id=VERDICT``, comma between),
    ``digests`` (``id=sha256:...``), ``reason`` (all ``string``), ``restarts`` (``Int64``), ``started``
    (``datetime64[us, UTC]``), ``requests`` (per second) and ``errors`` (share of them; both ``Float64``).

    Parameters
    ----------
    rows : sequence of Row
    freshness : Freshness
        What is stale is shown as what it was, never as what it is.
    mesh : str
        Name of the mesh.
    limit : int, optional
        Most rows that are shown, those with problems first; None for all, by name.
    """
    chosen = list(rows)
    if limit is not None and len(rows) > limit:
        chosen = sorted(rows, key=lambda row: not row.problem)[:limit]
    doubted = freshness.kind == "stale"
    counted = any(row.rate.requests is not None for row in rows)
    columns = (
        *pods_columns(),
        Column("plugins", show=_doubted if doubted else _plugins, shown=any(row.plugins for row in rows)),
        Column("digests", show=_digests, code=True, shown=any(row.plugins for row in rows)),
        Column("requests", "Float64", "requests/s", _number, shown=counted),
        Column("errors", "Float64", "errors", _share, shown=counted),
        Column("reason", shown=any(_reason(row) for row in chosen)),
        Column("workload", shown=False),
    )
    text = freshness_text(freshness)
    notes = [] if counted or not rows else [f"requests per second: {reason}" for reason in _silent(rows)]
    if len(chosen) < len(rows):
        notes.append(f"{len(rows) - len(chosen)} more pods are not shown here; those with problems come first")
    return Record(
        f"Pods of {mesh}" if mesh else "Pods",
        "; ".join(part for part in (summary(rows), text) if part),
        "warn" if doubted else _tone(rows),
        columns,
        tuple(_values(row) for row in chosen),
        notes=tuple(notes),
    )


def summary(rows: Sequence[Row]) -> str:
    """Count the pods that are ready, and those that somebody should look at."""
    if not rows:
        return "there are none"
    pods = [row for row in rows if row.ready]
    ready = sum(row.is_ready for row in pods)
    problems = sum(row.problem for row in rows)
    counted = f"{ready} of {len(pods)} ready"
    return f"{counted}, {problems} with problems" if problems else counted


def _tone(rows: Sequence[Row]) -> Tone:
    return "good" if rows and not any(row.problem for row in rows) else "warn"


def _silent(rows: Sequence[Row]) -> list[str]:
    return list(dict.fromkeys(row.rate.reason for row in rows if row.rate.reason))[:1]


def _values(row: Row) -> tuple[Any, ...]:
    started = None if row.started is None else datetime.fromtimestamp(row.started, timezone.utc)
    return (
        *(row.name, row.ready, row.status, row.restarts, started),
        ",".join(f"{one.id}={one.verdict}" for one in row.plugins),
        ",".join(f"{one.id}={one.digest}" for one in row.plugins if one.digest),
        *(row.rate.requests, row.rate.errors, _reason(row), row.workload),
    )


def _reason(row: Row) -> str:
    return "; ".join(reason for reason in (row.reason, *map(_why, row.plugins)) if reason)


def _why(plugin: PluginState) -> str:
    return f"{plugin.id}: {plugin.reason}" if plugin.reason and plugin.verdict != "LIVE" else ""


def _pairs(text: str) -> list[tuple[str, str]]:
    return [(one.rpartition("=")[0], one.rpartition("=")[2]) for one in text.split(",") if one]


def _plugins(text: str) -> Cell:
    return Cell(", ".join(f"{verdict_cell(verdict)} {id_}" for id_, verdict in _pairs(text)))


def _doubted(text: str) -> Cell:
    return Cell(", ".join(f"{doubted_cell(verdict)} {id_}" for id_, verdict in _pairs(text)))


def _digests(text: str) -> Cell:
    return Cell(", ".join(short_digest(digest) for _, digest in _pairs(text)), text.replace(",", "\n"))


def _number(value: float | None) -> Cell:
    return Cell("?" if value is None else f"{value:.1f}")


def _share(value: float | None) -> Cell:
    if value is None:
        return Cell("?")
    return Cell(f"{100 * value:.1f} %", sign="!" if value else "", tone="warn" if value else "")
