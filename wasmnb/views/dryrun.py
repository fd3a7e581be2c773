"""The record of a deployment that was only asked about: what would be applied, and the diff to what is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wasmnb.display import Block, Record

if TYPE_CHECKING:
    from wasmnb.rollout.dry_run import DryRun

__all__ = ["dry_run_record"]

_WORDS = {
    "config": "configuration",
    "match": "listeners",
    "env": "environment",
    "vm_config": "VM configuration",
    "vm_id": "VM id",
}


def dry_run_record(done: DryRun) -> Record:
    """Show what would be applied, and how that differs from what is there."""
    where = ", ".join(done.pods) or "no pod"
    blocks = [Block(f"would be applied to {where}:", tuple(done.text.splitlines()), open=not done.before)]
    if done.before and done.diff:
        blocks.insert(0, Block("diff to what is in force:", done.diff))
    return Record(
        done.plugin.id,
        f"dry run, nothing was applied: {_effect(done)}; image {done.digest}",
        "quiet",
        done.table.look(hidden=("change", "line")),
        done.table.rows,
        tuple(blocks),
        done.notes,
    )


def _effect(done: DryRun) -> str:
    if not done.before:
        return "nothing is in force yet"
    what = ", ".join(_WORDS.get(key, key.replace("_", " ")) for key in done.changes)
    changes = [f"it would change: {what}" if what else "it would change"] if done.diff else []
    if done.gained:
        changes.append(f"{done.plugin.id} would come to {', '.join(done.gained)}")
    if done.left:
        changes.append(f"{done.plugin.id} would be taken from {', '.join(done.left)}")
    return ", and ".join(changes) or "nothing would change"
