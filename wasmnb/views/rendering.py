"""The record of a plugin as text: which object it is and why, and the lines of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wasmnb.display import Block, Record

if TYPE_CHECKING:
    from wasmnb.session.rendering import Rendered

__all__ = ["rendered_record"]


def rendered_record(done: Rendered) -> Record:
    """Show a plugin as what a cluster or an Envoy reads."""
    written = f"; written: {', '.join(done.files)}" if done.files else ""
    return Record(
        done.plugin.id,
        f"{done.kind}: {done.reason}{written}",
        "quiet",
        done.table.look(hidden=("line",)),
        done.table.rows,
        (Block("the text", tuple(done.text.splitlines()), open=not done.files),),
        done.notes,
    )
