"""The record of a plugin as text: which object it is and why, and the lines of it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from wasmnb.display import Block, Record
from wasmnb.display.text import several
from wasmnb.mesh.results import Verdicts
from wasmnb.views.mesh import verdicts_record

if TYPE_CHECKING:
    from wasmnb.session.gitops import Exported, FolderStatus
    from wasmnb.session.rendering import Rendered, RenderedAgent

__all__ = ["agent_record", "exported_record", "folder_record", "rendered_record"]


def exported_record(done: Exported) -> Record:
    """Show what was written into a folder for Git."""
    status = f"{done.kind} in {done.folder}{'' if done.changed else ', as it was'}"
    return Record(done.plugin.id, status, "good", done.table.look(), done.table.rows, notes=done.notes)


def folder_record(status: FolderStatus) -> Record:
    """Show the plugins of a folder on the pods, and where the cluster differs from it."""
    record = verdicts_record(Verdicts(status.verdicts, at=status.at))
    count = len(status.differences)
    if not count:
        return replace(record, title=f"Plugins of {status.folder}", status=f"as the folder says, {record.status}")
    lines = Block("Where the cluster differs", tuple(map(str, status.differences)))
    told = f"{several(count, 'difference')}, {record.status}"
    return replace(record, title=f"Plugins of {status.folder}", status=told, tone="bad", blocks=(lines, *record.blocks))


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


def agent_record(done: RenderedAgent) -> Record:
    """Show the objects of the agent in a cluster."""
    written = f"; written: {', '.join(done.files)}" if done.files else ""
    return Record(
        "Agent",
        f"for the namespace {done.namespace}, image {done.image}{written}",
        "quiet",
        done.table.look(hidden=("line",)),
        done.table.rows,
        (Block("the text", tuple(done.text.splitlines()), open=not done.files),),
        done.notes,
    )
