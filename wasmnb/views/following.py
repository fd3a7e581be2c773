"""How far a rollout has come: on which pods a plugin is live with this digest, which are not, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wasmnb.mesh import Verdict
from wasmnb.views.board import freshness_text
from wasmnb.views.mesh import digest_cell, verdict_cell
from wasmnb.views.record import Column, Record
from wasmnb.views.text import duration, short_digest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wasmnb.dashboards.feed import Freshness
    from wasmnb.dashboards.row import PluginState, Row
    from wasmnb.plugin import Plugin

__all__ = ["following_record"]

_MOST = 50


def following_record(
    plugin: Plugin, rows: Sequence[Row], freshness: Freshness, *, stage: str = "", seconds: float = 0.0
) -> Record:
    """Show a rollout that is under way.

    The frame has ``pod``, ``verdict`` (``category`` of all verdicts), ``running`` and ``reason`` (``string``), one row
    for each pod that the plugin is wanted on, those that are not live first.

    Parameters
    ----------
    plugin : Plugin
    rows : sequence of Row
        All pods of the mesh.
    freshness : Freshness
    stage : str
        What is being done.
    seconds : float
        How long it has taken.
    """
    known = [(row.name, state) for row in rows for state in row.plugins if state.id == plugin.id]
    live = sum(_is_live(state, plugin) for _, state in known)
    known.sort(key=lambda pair: _is_live(pair[1], plugin))
    words = f"{live} of {len(known)} live with {short_digest(plugin.image.digest)}" if known else "no pod has it yet"
    parts = [f"{words} after {duration(seconds)}", stage, freshness_text(freshness)]
    columns = (
        Column("pod"),
        Column("verdict", show=verdict_cell, categories=tuple(verdict.value for verdict in Verdict)),
        Column("running", code=True, show=digest_cell),
        Column("reason", shown=any(state.reason for _, state in known)),
    )
    told = tuple((pod, _told(state, plugin), state.running, state.reason) for pod, state in known[:_MOST])
    return Record(plugin.id, "; ".join(part for part in parts if part), "", columns, told)


def _is_live(state: PluginState, plugin: Plugin) -> bool:
    return state.verdict == Verdict.LIVE.value and state.running == plugin.image.digest


def _told(state: PluginState, plugin: Plugin) -> str:
    """Give the verdict about this digest: what is LIVE of another one is OLD."""
    if state.verdict == Verdict.LIVE.value and not _is_live(state, plugin):
        return Verdict.OLD.value
    return state.verdict
