"""Records of project folders."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wasmnb.display import Block, Column, Record
from wasmnb.display.text import several
from wasmnb.wording import Option, Verb, Wording

if TYPE_CHECKING:
    from wasmnb.project import Project

__all__ = ["choice_record", "project_record"]


def project_record(project: Project) -> Record:
    """Show a project folder that was written."""
    rows = project.table.rows
    own = [path for path in project.files if not path.startswith("proxy_wasm_sdk/")]
    status = f"{several(len(rows), 'file')} written" + (
        f", {len(project.replaced)} over others" if project.replaced else ""
    )
    said = ", ".join(f"{key} {getattr(project, key)}" for key in ("language", "template", "platform"))
    notes = [said]
    if project.assumed:
        flags = {"language": "--lang"}
        options = " ".join(str(Wording("{}", Option(key, flag=flags.get(key, "")))) for key in project.assumed)
        more = len(project.assumed) > 1
        notes.append(
            f"{' and '.join(project.assumed)} {'are the defaults' if more else 'is the default'}; {options} "
            f"{'choose others' if more else 'chooses another'}"
        )
    build = Verb("build", (str(project.path),))
    notes.append(str(Wording("{} builds it; make builds it without a notebook", build)))
    columns = project.table.look(hidden=("file", "replaced"))
    return Record(
        f"{project.path}", status, "good", columns, rows, (Block("files", tuple(own), open=False),), tuple(notes)
    )


def choice_record(destination: str) -> Record:
    """Show that a choice is being waited for."""
    columns = (Column("file"), Column("replaced", "boolean"))
    lang = Option("language", flag="--lang")
    note = str(Wording("in a runbook: {}, {} and {}", lang, Option("template"), Option("platform")))
    return Record(destination, "nothing is written yet: choose below", "quiet", columns, (), (), (note,))
