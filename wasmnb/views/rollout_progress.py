"""How far a rollout has come: on which pods a plugin is live with this digest, which are not, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wasmnb.display.record import Column, Record
from wasmnb.display.text import duration, several, short_digest
from wasmnb.mesh import Verdict
from wasmnb.rollout.result import Rollout
from wasmnb.rollout.standing import Standing
from wasmnb.views.board import freshness_text
from wasmnb.views.mesh import digest_cell, doubted_cell, verdict_cell
from wasmnb.views.rollout import rollout_record

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wasmnb.live.feed import Freshness
    from wasmnb.live.row import PluginState, Row
    from wasmnb.plugin import Plugin

__all__ = ["following_record", "state_record"]

_MOST = 50


def state_record(state: object, *, stage: str, seconds: float) -> Record:
    """Show how far a deployment has come: a `Standing`, or a `Rollout` in steps.

    Parameters
    ----------
    state : Standing or Rollout
    stage : str
        What is being done now.
    seconds : float
        How long it has taken.
    """
    if isinstance(state, Rollout):
        return rollout_record(state, stage=stage, seconds=seconds)
    if isinstance(state, Standing):
        return following_record(state.plugin, state.rows, state.freshness, stage=stage, seconds=seconds)
    raise TypeError(f"{type(state).__name__} says of no deployment how far it has come")


def following_record(
    plugin: Plugin, rows: Sequence[Row], freshness: Freshness, *, stage: str = "", seconds: float = 0.0
) -> Record:
    """Show a rollout that is under way.

    The frame has ``pod``, ``verdict`` (``category`` of all verdicts), ``running`` and ``reason`` (``string``), one row
    for each pod that the plugin is wanted on, those that are not live first; at most 50.

    Parameters
    ----------
    plugin : Plugin
    rows : sequence of Row
        All pods of the mesh.
    freshness : Freshness
        What is stale is not counted as live.
    stage : str
        What is being done.
    seconds : float
        How long it has taken.
    """
    known = [(row, state) for row in rows for state in row.plugins if state.id == plugin.id]
    known.sort(key=lambda pair: _is_live(pair[1], plugin))
    live = sum(_is_live(state, plugin) for _, state in known)
    doubted = freshness.kind == "stale"
    counted = f"{live} of {len(known)} {'were ' if doubted else ''}live with {short_digest(plugin.image.digest)}"
    words = counted if known else "no pod has it yet"
    parts = [f"{words} after {duration(seconds)}", stage, freshness_text(freshness)]
    told = [(row.name, _told(state, plugin), state.running, _reason(row, state)) for row, state in known[:_MOST]]
    columns = (
        Column("pod"),
        Column(
            "verdict",
            show=doubted_cell if doubted else verdict_cell,
            categories=tuple(verdict.value for verdict in Verdict),
        ),
        Column("running", code=True, show=digest_cell),
        Column("reason", shown=any(row[3] for row in told)),
    )
    left = len(known) - len(told)
    notes = (
        (f"{several(left, 'more pod is', 'more pods are')} not shown here; those that are not live come first",)
        if left
        else ()
    )
    return Record(plugin.id, "; ".join(part for part in parts if part), "", columns, tuple(told), notes=notes)


def _is_live(state: PluginState, plugin: Plugin) -> bool:
    return state.verdict == Verdict.LIVE.value and state.running == plugin.image.digest


def _told(state: PluginState, plugin: Plugin) -> str:
    """Give the verdict about this digest: what is LIVE of another one is OLD."""
    if state.verdict == Verdict.LIVE.value and not _is_live(state, plugin):
        return Verdict.OLD.value
    return state.verdict


def _reason(row: Row, state: PluginState) -> str:
    """Say why it is not live; what keeps the pod from being ready may be all there is to say."""
    if state.reason or state.verdict == Verdict.LIVE.value or row.is_ready:
        return state.reason
    return ": ".join(word for word in (row.status, row.reason) if word)
