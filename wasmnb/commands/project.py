"""The magic that begins a project folder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wasmnb.commands.command import Argument, Command, Option
from wasmnb.notebook import attended

if TYPE_CHECKING:
    from wasmnb.dashboards.project import ProjectForm
    from wasmnb.project import Project
    from wasmnb.session import Session

__all__ = ["COMMANDS"]


def _init(session: Session, **keywords: Any) -> Project | ProjectForm:
    from wasmnb.project import choices  # noqa: PLC0415

    left = {key: words for key, words in choices().items() if key not in keywords}
    if not left or not attended():
        return session.init(**keywords)
    from wasmnb.dashboards.project import ProjectForm  # noqa: PLC0415 - ipywidgets, for a front end only

    return ProjectForm(left, keywords, session.init)


COMMANDS = (
    Command(
        "wasm_init",
        "Write a project folder that a colleague can build without us: source, Makefile, schema, test, manifest.",
        _init,
        (Argument("destination", "the folder", True),),
        (
            Option(
                ("--language", "--lang", "-l"), "language of the filter (default: cpp)", "LANGUAGE", values="languages"
            ),
            Option(
                ("--template", "-t"),
                "template to begin with (default: add-header)",
                "TEMPLATE",
                values="templates",
            ),
            Option(
                ("--platform", "-p"),
                "platform that its manifest is for (default: istio)",
                "PLATFORM",
                values="renderings",
            ),
            Option(("--name",), "name of the filter (default: the folder's)", "NAME"),
            Option(("--force",), "overwrite files that exist"),
        ),
        (
            "%wasm_init my-filter --lang go --template auth --platform istio",
            "%wasm_init my-filter",
        ),
    ),
)
