"""The magic that begins a project folder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wasmnb.magics._attended import attended
from wasmnb.magics._command import Argument, Command, Option

if TYPE_CHECKING:
    from wasmnb.project import Project
    from wasmnb.session import Session
    from wasmnb.views import Record

__all__ = ["COMMANDS"]


def _init(session: Session, **keywords: Any) -> Project | str:
    from wasmnb.project import choices  # noqa: PLC0415
    from wasmnb.views.project import choose  # noqa: PLC0415

    left = {key: words for key, words in choices().items() if key not in keywords}
    widget = choose(left, keywords, session.init) if left and attended() else None
    if widget is None:
        return session.init(**keywords)
    from IPython.display import display  # noqa: PLC0415

    display(widget)  # type: ignore[no-untyped-call]
    return str(keywords["destination"])


def _shown(done: Project | str) -> Record:
    from wasmnb.views.project import choice_record, project_record  # noqa: PLC0415

    return choice_record(done) if isinstance(done, str) else project_record(done)


COMMANDS = (
    Command(
        "wasm_init",
        "Write a project folder that a colleague can build without us: source, Makefile, schema, test, manifest.",
        _init,
        _shown,
        (Argument("destination", "the folder", True),),
        (
            Option(
                ("--language", "--lang", "-l"), "of the filter; cpp", "LANGUAGE", values="cpp|rust|go|assemblyscript"
            ),
            Option(
                ("--template", "-t"),
                "what it begins as; add-header",
                "TEMPLATE",
                values="add-header|auth|rate-limit|body-rewrite|http-callout|metrics",
            ),
            Option(
                ("--platform", "-p"),
                "what its manifest is for; istio",
                "PLATFORM",
                values="istio|envoy-gateway|higress|envoy",
            ),
            Option(("--name",), "of the filter; the folder's", "NAME"),
            Option(("--force",), "write over files that are there"),
        ),
        (
            "%wasm_init my-filter --lang go --template auth --platform istio",
            "%wasm_init my-filter",
        ),
    ),
)
