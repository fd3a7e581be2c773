"""The controls of the panel: fields for what a deployment can be told, and buttons, each one call of the session."""

from __future__ import annotations

import html
import json
import time
from typing import TYPE_CHECKING, Any

import ipywidgets

from wasmnb.dashboards.choices import Choices, matching, schema_of
from wasmnb.dashboards.fields import Field, checked, fields, parsed
from wasmnb.dashboards.panel import deployable
from wasmnb.errors import Told
from wasmnb.plugin import FailPolicy, Phase

if TYPE_CHECKING:
    from collections.abc import Callable

    from wasmnb.mesh import Pod
    from wasmnb.progress import Progress
    from wasmnb.session import Session
    from wasmnb.views import Record

__all__ = ["Controls"]

_LASTS = 3.0  # seconds for which a list of pods is believed
_WIDE = {"description_width": "9em"}
_LAYOUT = {"width": "min(46em, 98%)"}


class Controls:
    """The controls of a panel, as a front end shows them.

    Parameters
    ----------
    session : Session
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._inputs: dict[str, tuple[Field, Any]] = {}
        self._known: list[Pod] = []
        self._listed = float("-inf")
        self.name = _made(ipywidgets.Combobox, "filter or image", options=deployable(session), ensure_option=False)
        self.id = _made(ipywidgets.Text, "plugin id", placeholder="the filter's name")
        self.selector = _made(ipywidgets.Text, "selector", value="*", placeholder="app=details,version=v1")
        self.phase = _made(ipywidgets.Dropdown, "phase", options=[one.value for one in Phase], value="UNSPECIFIED")
        self.policy = _made(ipywidgets.Dropdown, "fail policy", options=[one.value for one in FailPolicy])
        self.form = ipywidgets.VBox([])
        self.pods, self.problem, self.done = ipywidgets.HTML(), ipywidgets.HTML(), ipywidgets.VBox([])
        self.lines = ipywidgets.HTML()
        self.deploy = _button("Deploy", "Put it in force on the pods that match", "primary", self._press(self._deploy))
        self.undeploy = _button("Undeploy", "Take the plugin away from every pod", "", self._press(self._undeploy))
        self.rollback = _button("Roll back", "Restore what was in force before", "", self._press(self._rollback))
        buttons = ipywidgets.HBox([self.deploy, self.undeploy, self.rollback])
        parts = [self.name, self.id, self.selector, self.pods, self.phase, self.policy, self.form]
        self.widget = ipywidgets.VBox([*parts, self.problem, buttons, self.lines, self.done])
        for control in (self.id, self.selector, self.phase, self.policy):
            control.observe(lambda _: self._renew(), "value")
        self.name.observe(lambda _: self._rebuild(), "value")
        self._rebuild()

    @property
    def choices(self) -> Choices:
        """What the controls are set to.

        Raises
        ------
        ConfigError
            A field is no JSON, or the schema does not allow it.
        """
        config = checked(self._config(), schema_of(self.name.value))
        return Choices(
            self.name.value, self.id.value.strip(), self.selector.value, self.phase.value, self.policy.value, config
        )

    def _rebuild(self) -> None:
        """Make the form for the configuration of another filter."""
        found = fields(schema_of(self.name.value))
        if not found:
            found = (Field("", "configuration", "JSON", "json"),)
        self._inputs = {one.name: (one, _input(one)) for one in found}
        for _, control in self._inputs.values():
            control.observe(lambda _: self._renew(), "value")
        self.form.children = [control for _, control in self._inputs.values()]
        self._renew()

    def _config(self) -> Any:
        if "" in self._inputs:
            return parsed(self._inputs[""][1].value)
        values = {name: _value(one, control) for name, (one, control) in self._inputs.items()}
        return {name: value for name, value in values.items() if value is not None}

    def _pods(self) -> list[Pod]:
        """List the pods, anew only now and then: each letter of a selector asks for them."""
        if time.monotonic() - self._listed > _LASTS:
            self._known, self._listed = self._session.pods(), time.monotonic()
        return self._known

    def _renew(self) -> None:
        """Say what the controls come to: the pods that match, what is wrong, and the magic lines."""
        problems = []
        try:
            names = matching(self._pods(), self.selector.value)
            count = "1 pod matches" if len(names) == 1 else f"{len(names)} pods match"
            self.pods.value = _said(f"{count}: {', '.join(names[:12])}{' …' if len(names) > 12 else ''}")  # noqa: PLR2004
            if not names:
                problems.append("The selector matches no pod.")
        except Told as error:
            self.pods.value = ""
            problems.append(str(error))
        lines = []
        try:
            choices = self.choices
            if self.name.value:
                lines = [choices.deploy_line(), choices.undeploy_line(), choices.rollback_line()]
        except Told as error:
            problems.append(str(error))
        self.problem.value = _said("\n".join(problems), sign="✗ ") if problems else ""
        self.lines.value = _quoted("the same as magics, for a runbook", lines)
        self.deploy.disabled = bool(problems) or not self.name.value
        self.undeploy.disabled = self.rollback.disabled = not self.name.value

    def _press(self, action: Callable[[Progress], Record]) -> Callable[[Any], None]:
        """Make what a button does: the work, and below it how far it is, and what came of it, be it an error."""

        def pressed(_: Any) -> None:
            from wasmnb.views.progress import LiveProgress  # noqa: PLC0415

            # A second press would be a second deployment, once this one is done.
            for button in (self.deploy, self.undeploy, self.rollback):
                button.disabled = True
            shown, error = _Shown(), ipywidgets.HTML()
            self.done.children = [shown.widget, error]
            try:
                with LiveProgress(after=0.0, every=0.3, line=shown) as progress:
                    record = action(progress)
                shown.write("", record)
            except Told as told:
                error.value = _quoted(f"✗ {type(told).__name__}", told.lines())
            self._listed = float("-inf")
            self._renew()

        return pressed

    def _deploy(self, progress: Progress) -> Record:
        return _deployed(self.choices.deploy(self._session, progress))

    def _undeploy(self, progress: Progress) -> Record:
        from wasmnb.views import undeploy_record  # noqa: PLC0415

        progress.update(f"taking {self.choices.plugin} away")
        done = self._session.undeploy(self.choices.plugin)
        return undeploy_record(done.plugin, done.pods, seconds=done.seconds)

    def _rollback(self, progress: Progress) -> Record:
        return _deployed(self._session.rollback(self.choices.plugin, progress=progress))


class _Shown:
    """The place below the buttons; see `wasmnb.views.progress.Line`."""

    room = True

    def __init__(self) -> None:
        self.widget = ipywidgets.HTML()

    def write(self, text: str, record: Record | None = None) -> None:
        self.widget.value = _said(text) if record is None else record._repr_html_()

    def clear(self) -> None:
        self.widget.value = ""


def _deployed(done: Any) -> Record:
    from wasmnb.views import deploy_record  # noqa: PLC0415

    return deploy_record(done.plugin, done.verdicts, done.stages, unchanged=done.unchanged, notes=done.notes)


def _made(kind: Any, label: str, **more: Any) -> Any:
    return kind(description=label, style=_WIDE, layout=_LAYOUT, **more)


def _button(label: str, tip: str, style: str, pressed: Callable[[Any], None]) -> Any:
    button = ipywidgets.Button(description=label, tooltip=tip, button_style=style)
    button.on_click(pressed)
    return button


def _input(one: Field) -> Any:
    label = f"{one.title}{' (required)' if one.required else ''}"
    if one.kind == "choice":
        start = one.default if one.default in one.choices else one.choices[0]
        return _made(ipywidgets.Dropdown, label, options=[(str(c), c) for c in one.choices], value=start)
    if one.kind == "switch":
        return _made(ipywidgets.Checkbox, label, value=bool(one.default), indent=True)
    if one.kind == "json":
        text = "" if one.default is None else json.dumps(one.default, ensure_ascii=False)
        return _made(ipywidgets.Textarea, label, value=text, placeholder=one.help or "JSON")
    return _made(ipywidgets.Text, label, value="" if one.default is None else str(one.default), placeholder=one.help)


def _value(one: Field, control: Any) -> Any:
    if one.kind == "choice":
        return control.value
    if one.kind == "switch":
        # Off is only said where schema or user had something to say.
        return control.value if control.value or one.default is not None or one.required else None
    if one.kind == "json":
        return parsed(control.value)
    if not control.value.strip():
        return None
    return control.value if one.kind == "text" else _number(one.kind, control.value)


def _number(kind: str, text: str) -> Any:
    try:
        return int(text) if kind == "integer" else float(text)
    except ValueError:
        return text  # the schema says that it is no number


def _said(text: str, *, sign: str = "") -> str:
    return f'<div role="status" style="white-space:pre-wrap;line-height:1.5">{html.escape(sign + text)}</div>'


def _quoted(label: str, lines: list[str]) -> str:
    if not lines:
        return ""
    quoted = html.escape("\n".join(lines))
    style = "white-space:pre-wrap;overflow-wrap:anywhere;line-height:1.5;user-select:all"
    return f'<div style="line-height:1.5">{html.escape(label)}</div><pre style="{style}">{quoted}</pre>'
