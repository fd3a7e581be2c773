"""The record of a dashboard: its pods with what runs on them, and how fresh that is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wasmnb.display import Cell, Record, Tone
from wasmnb.display.text import several, short_digest
from wasmnb.live.rows import rows_table
from wasmnb.views.mesh import doubted_cell, meanings, plugin_pairs, pod_looks, verdict_cell

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wasmnb.live.feed import Freshness
    from wasmnb.live.row import Row

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
    deployed = any(row.plugins for row in rows)
    table = rows_table(chosen)
    columns = table.look(
        hidden=("workload",),
        **pod_looks(),
        plugins={"show": _doubted if doubted else _plugins, "shown": deployed},
        digests={"show": _digests, "code": True, "shown": deployed},
        requests={"heading": "requests/s", "show": _number, "shown": counted},
        errors={"show": _share, "shown": counted},
        reason={"shown": any(table.values("reason"))},
    )
    text = freshness_text(freshness)
    notes = [] if counted or not rows else [f"requests per second: {reason}" for reason in _silent(rows)]
    if not doubted:
        notes += meanings(one.verdict for row in rows for one in row.plugins)
    if len(chosen) < len(rows):
        left = several(len(rows) - len(chosen), "more pod is", "more pods are")
        notes.append(f"{left} not shown here; those with problems come first")
    return Record(
        f"Pods of {mesh}" if mesh else "Pods",
        "; ".join(part for part in (summary(rows), text) if part),
        "warn" if doubted else _tone(rows),
        columns,
        table.rows,
        notes=tuple(notes),
    )


def summary(rows: Sequence[Row]) -> str:
    """Count the pods that are ready, and those that somebody should look at."""
    if not rows:
        return "there are none"
    pods = [row for row in rows if row.ready]
    ready = sum(row.is_ready for row in pods)
    problems = sum(row.problem for row in rows)
    counted = f"{ready} of {len(pods)} ready" if pods else "none is listed"
    return f"{counted}, {problems} with problems" if problems else counted


def _tone(rows: Sequence[Row]) -> Tone:
    return "good" if rows and not any(row.problem for row in rows) else "warn"


def _silent(rows: Sequence[Row]) -> list[str]:
    return list(dict.fromkeys(row.rate.reason for row in rows if row.rate.reason))[:1]


def _plugins(text: str) -> Cell:
    return Cell(", ".join(f"{verdict_cell(verdict)} {id_}" for id_, verdict in plugin_pairs(text)))


def _doubted(text: str) -> Cell:
    return Cell(", ".join(f"{doubted_cell(verdict)} {id_}" for id_, verdict in plugin_pairs(text)))


def _digests(text: str) -> Cell:
    return Cell(", ".join(short_digest(digest) for _, digest in plugin_pairs(text)), text.replace(",", "\n"))


def _number(value: float | None) -> Cell:
    return Cell("?" if value is None else f"{value:.1f}")


def _share(value: float | None) -> Cell:
    if value is None:
        return Cell("?")
    return Cell(f"{100 * value:.1f} %", sign="!" if value else "", tone="warn" if value else "")
