"""The fields of a filter's configuration, each with what the schema says of it and what is wrong with it."""

from __future__ import annotations

import html
import json
from typing import TYPE_CHECKING, Any

import ipywidgets
import traitlets

from wasmnb.dashboards.form_widgets import input_of, label_of, value_of
from wasmnb.dashboards.schema_form import Field, assembled, fields, parsed, problems

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["ConfigForm"]

_JSON = Field("", "configuration", "JSON", "json")
_EM = 0.56  # of a letter of a label, about
_LEAST, _MOST = 9, 26  # em


class ConfigForm:
    """The form of a configuration.

    Parameters
    ----------
    changed : callable
        Told when a value is another one.
    begin : object
        The configuration that its fields begin with; None is none.
    """

    def __init__(self, changed: Callable[[], None], begin: Any = None) -> None:
        self._changed, self._begin = changed, begin
        self._schema: Mapping[str, Any] | None = None
        self._inputs: dict[tuple[str, ...], tuple[Field, Any, Any]] = {}
        # What the user wrote outlives the schema that it was written for: a name may only be corrected.
        self._written: dict[tuple[str, ...], Any] = {}
        self.widget = ipywidgets.VBox([])

    def show(self, schema: Mapping[str, Any] | None) -> None:
        """Show the fields of a schema; without one, a field for JSON."""
        if self._inputs and schema == self._schema:
            return
        self._schema = schema
        found = fields(schema) or (_JSON,)
        longest = max(len(label_of(one)) for one in found)
        room = min(max(round(longest * _EM) + 1, _LEAST), _MOST)
        self._inputs = {one.path: (one, self._input(one, room), ipywidgets.HTML()) for one in found}
        self.widget.children = [part for _, control, note in self._inputs.values() for part in (control, note)]
        for one, control, _ in self._inputs.values():
            control.observe(lambda _, path=one.path: self._write(path), "value")
        self._say({})

    def value(self) -> Any:
        """Give the configuration that the fields hold; None is none.

        Raises
        ------
        ConfigError
            A field should be JSON, and is not.
        """
        if () in self._inputs:
            return parsed(self._inputs[()][1].value)
        return assembled((one, value_of(one, control)) for one, control, _ in self._inputs.values())

    def check(self) -> list[str]:
        """Say at each field what is wrong with it; give what is wrong with no field that is shown.

        Raises
        ------
        ConfigError
            A field should be JSON, and is not; or the schema is none.
        """
        found = problems(self.value(), self._schema)
        at: dict[tuple[str, ...], str] = {}
        rest = []
        for path, text in found.items():
            place = next((path[:length] for length in range(len(path), -1, -1) if path[:length] in self._inputs), None)
            if place is None:
                rest.append(f"{'.'.join(path)}: {text}" if path else text)
            else:
                at.setdefault(place, text if place == path else f"{'.'.join(path[len(place) :])}: {text}")
        self._say(at)
        return rest + [f"{self._inputs[path][0].title}: {text}" for path, text in at.items()]

    def _input(self, one: Field, room: int) -> Any:
        control = input_of(one, room)
        if one.path not in self._written and (there := _at(self._begin, one.path)) is not None:
            self._written[one.path] = there if isinstance(there, bool | str) and one.path else json.dumps(there)
        if one.path in self._written:
            try:
                control.value = self._written[one.path]
            except traitlets.TraitError:
                del self._written[one.path]
        return control

    def _write(self, path: tuple[str, ...]) -> None:
        self._written[path] = self._inputs[path][1].value
        self._changed()

    def _say(self, wrong: Mapping[tuple[str, ...], str]) -> None:
        for path, (one, control, note) in self._inputs.items():
            indent = f"margin-left:calc({control.style.description_width} + 1em);line-height:1.4"
            told = f"<div>{html.escape(one.help)}</div>" if one.help and path else ""
            if path in wrong:
                told += f'<div role="status"><strong>✗ {html.escape(wrong[path])}</strong></div>'
            note.value = f'<div style="{indent}">{told}</div>' if told else ""
            note.layout.display = "" if told else "none"


def _at(config: Any, path: tuple[str, ...]) -> Any:
    """Give what stands at a path of a configuration; None where nothing does."""
    for key in path:
        config = config.get(key) if isinstance(config, dict) else None
    return config
