"""Records of project folders."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wasmnb.display.record import Block, Column, Record

if TYPE_CHECKING:
    from wasmnb.project import Project

__all__ = ["choice_record", "project_record"]


def project_record(project: Project) -> Record:
    """Show a project folder that was written.

    The frame has ``file`` (``string``) and ``replaced`` (``boolean``).
    """
    rows = tuple((path, path in project.replaced) for path in project.files)
    own = [path for path, _ in rows if not path.startswith("proxy_wasm_sdk/")]
    status = f"{len(rows)} files written" + (f", {len(project.replaced)} over others" if project.replaced else "")
    said = ", ".join(f"{key} {getattr(project, key)}" for key in ("language", "template", "platform"))
    notes = [said]
    if project.assumed:
        options = " ".join(f"--{'lang' if key == 'language' else key}" for key in project.assumed)
        notes.append(f"not said, so the usual was taken: {', '.join(project.assumed)}; {options} says it")
    notes.append(f"%wasm_build {project.path} builds it; make builds it without a notebook")
    columns = (Column("file", shown=False), Column("replaced", "boolean", shown=False))
    return Record(
        f"{project.path}", status, "good", columns, rows, (Block("files", tuple(own), open=False),), tuple(notes)
    )


def choice_record(destination: str) -> Record:
    """Show that a choice is being waited for."""
    columns = (Column("file"), Column("replaced", "boolean"))
    note = "in a runbook: --lang, --template and --platform"
    return Record(destination, "nothing is written yet: choose below", "quiet", columns, (), (), (note,))
