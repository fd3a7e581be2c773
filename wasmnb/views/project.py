"""Records of project folders, and the choice of what one begins as."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wasmnb.views.record import Block, Column, Record

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from wasmnb.project import Project

__all__ = ["choice_record", "choose", "project_record"]


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
    return Record(destination, "nothing is written yet: choose above", "quiet", columns, (), (), (note,))


def choose(
    choices: Mapping[str, Sequence[tuple[str, str]]], known: Mapping[str, Any], write: Callable[..., Project]
) -> Any:
    """Make the widget that asks for what a project begins as, and then writes it.

    Parameters
    ----------
    choices : mapping
        By keyword: words and what they are called, the usual one first.
    known : mapping
        What has been said already.
    write : callable
        Called with all of it; what it gives or raises is shown below.

    Returns
    -------
    ipywidgets.VBox or None
        None where there are no widgets.
    """
    try:
        import ipywidgets  # noqa: PLC0415 - only for a choice
    except ImportError:
        return None
    menus = {
        key: ipywidgets.Dropdown(
            options=[(text, word) for word, text in words],
            description=key.capitalize(),
            style={"description_width": "6em"},
        )
        for key, words in choices.items()
    }
    button = ipywidgets.Button(description="Write the folder", button_style="primary")
    output = ipywidgets.Output()

    def on_click(_: object) -> None:
        from IPython.display import display  # noqa: PLC0415

        output.clear_output()
        with output:
            project = write(**known, **{key: menu.value for key, menu in menus.items()})
            display(project_record(project))  # type: ignore[no-untyped-call]
            button.disabled = True

    button.on_click(on_click)
    return ipywidgets.VBox([*menus.values(), button, output])
