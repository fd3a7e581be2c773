"""The form that asks for what a project folder begins as, and writes it."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import ipywidgets

from wasmnb.dashboards.form_widgets import button, failed, in_magics, made
from wasmnb.dashboards.outputs import record_bundle, widget_bundle
from wasmnb.errors import Explained
from wasmnb.views.project import choice_record, project_record

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from wasmnb.display import Record
    from wasmnb.project import Project

__all__ = ["ProjectForm"]


class ProjectForm:
    """Menus for what has not been said, and a button; the record above them says what was written.

    Parameters
    ----------
    choices : mapping
        By keyword: words and what they are called, the usual one first.
    known : mapping
        What has been said already, the destination with it.
    write : callable
        Called with all of it, once; what it raises is shown below.
    """

    def __init__(
        self,
        choices: Mapping[str, Sequence[tuple[str, str]]],
        known: Mapping[str, Any],
        write: Callable[..., Project],
    ) -> None:
        self._known, self._write = known, write
        self._key = uuid.uuid4().hex[:12]
        self._handle: Any = None
        self._record = choice_record(str(known["destination"]))
        self.menus = {
            key: made(ipywidgets.Dropdown, key, options=[(text, word) for word, text in words])
            for key, words in choices.items()
        }
        self.button = button("Write the folder", "Write it with what is chosen", "primary")
        self.button.on_click(lambda _: self._press())
        self.error = ipywidgets.HTML()
        self.widget = ipywidgets.VBox([*self.menus.values(), self.button, self.error])

    def record(self) -> Record:
        """Give what stays in the notebook: that a choice is waited for, or what was written."""
        return self._record

    @in_magics
    def _press(self) -> None:
        try:
            self._record = project_record(
                self._write(**self._known, **{key: menu.value for key, menu in self.menus.items()})
            )
        except Explained as told:
            self.error.value = failed(told)
            return
        self.widget.close()
        if self._handle is not None:
            self._handle.update(record_bundle(self._record, self._key), raw=True)

    def _ipython_display_(self) -> None:
        from IPython.display import display  # noqa: PLC0415 - only in a notebook

        self._handle = display(record_bundle(self._record, self._key), raw=True, display_id=True)  # type: ignore[no-untyped-call]
        display(widget_bundle(self.widget), raw=True)  # type: ignore[no-untyped-call]
