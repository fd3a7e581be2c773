"""How far a rollout has come: on which pods a plugin is live with this digest, which are not, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from wasmnb.display.record import Column, Record
from wasmnb.display.text import duration, short_digest
from wasmnb.mesh import Verdict
from wasmnb.views.board import freshness_text
from wasmnb.views.mesh import digest_cell, doubted_cell, verdict_cell
from wasmnb.views.rollout import rollout_record

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from wasmnb.live.board import Board
    from wasmnb.live.feed import Freshness
    from wasmnb.live.row import PluginState, Row
    from wasmnb.mesh import Mesh
    from wasmnb.plugin import Plugin
    from wasmnb.session import Rollout

__all__ = ["Followed", "Pods", "Walk", "following_record"]

_MOST = 50


class Followed(Protocol):
    """A rollout that a progress shows."""

    def record(self, stage: str, seconds: float) -> Record:
        """Give how far it has come, what is being done now, and how long it has taken."""

    def close(self) -> None:
        """Look no more; the record stays as it was then, and says so."""


class Pods:
    """A plugin on its way to every pod at once, as a watch of the mesh tells it.

    Parameters
    ----------
    mesh : Mesh
    plugin : Plugin
    mask : callable
        Takes secrets out of a text.
    """

    def __init__(self, mesh: Mesh, plugin: Plugin, mask: Callable[[str], str] = str) -> None:
        self._mesh, self._plugin, self._mask = mesh, plugin, mask
        self._board: Board | None = None

    def record(self, stage: str, seconds: float) -> Record:
        """See `following_record`; the first call opens the watch."""
        from wasmnb.live.board import Board  # noqa: PLC0415 - only for a rollout that takes its time

        if self._board is None:
            self._board = Board(self._mesh, mask=self._mask, rates=False)
            self._board.start()
        rows, freshness = self._board.rows(), self._board.freshness
        return following_record(self._plugin, rows, freshness, stage=stage, seconds=seconds)

    def close(self) -> None:
        """End the watch."""
        if self._board is not None:
            self._board.close()


class Walk:
    """A rollout in steps, as it tells itself.

    Parameters
    ----------
    now : Rollout
        May be set anew.
    """

    def __init__(self, now: Rollout) -> None:
        self.now = now

    def record(self, stage: str, seconds: float) -> Record:
        """See `rollout_record`."""
        return rollout_record(self.now, stage=stage, seconds=seconds)

    def close(self) -> None:
        """There is nothing to end."""


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
    notes = (f"{left} more pods are not shown here; those that are not live come first",) if left else ()
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
