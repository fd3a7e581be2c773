"""The record of a deployment that was only asked about: what would be applied, and the diff to what is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wasmnb.display.record import Block, Column, Record

if TYPE_CHECKING:
    from wasmnb.session import DryRun

__all__ = ["dry_run_record"]

_CHANGES = {"+": "added", "-": "removed", " ": "same"}
_HEAD = 2  # lines of a unified diff that name the two sides


def dry_run_record(done: DryRun) -> Record:
    """Show what would be applied.

    The frame has the diff, one row per line: ``change`` (``category`` of ``added``, ``removed``, ``same`` and
    ``place``, which is where in the text the lines below stand) and ``line`` (``string``).
    """
    rows = tuple((_CHANGES.get(line[:1], "place"), line[1:] if line[:1] in _CHANGES else line) for line in _body(done))
    columns = (
        Column("change", shown=False, categories=("added", "removed", "same", "place")),
        Column("line", shown=False),
    )
    where = ", ".join(done.pods) or "no pod"
    what = (
        "nothing is in force yet" if not done.before else "it would change" if done.changed else "nothing would change"
    )
    blocks = [Block(f"would be applied to {where}:", tuple(done.text.splitlines()), open=not done.before)]
    if done.before and done.changed:
        blocks.insert(0, Block("diff to what is in force:", done.diff))
    return Record(
        done.plugin.id,
        f"dry run, nothing was applied: {what}; image {done.digest}",
        "quiet",
        columns,
        rows,
        tuple(blocks),
        done.notes,
    )


def _body(done: DryRun) -> tuple[str, ...]:
    return done.diff[_HEAD:]
