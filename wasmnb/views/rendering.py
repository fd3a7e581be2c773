"""The record of a plugin as text: which object it is and why, and the lines of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wasmnb.display.record import Block, Column, Record

if TYPE_CHECKING:
    from wasmnb.session import Rendered

__all__ = ["rendered_record"]


def rendered_record(done: Rendered) -> Record:
    """Show a plugin as what a cluster or an Envoy reads.

    The frame has one row per line: ``line`` (``string``).
    """
    lines = tuple(done.text.splitlines())
    written = f"; written: {', '.join(done.files)}" if done.files else ""
    return Record(
        done.plugin.id,
        f"{done.kind}: {done.reason}{written}",
        "quiet",
        (Column("line", shown=False),),
        tuple((line,) for line in lines),
        (Block("the text", lines, open=not done.files),),
        done.notes,
    )
