"""The controls of the panel: fields for what a deployment can be told, and buttons, each one call of the session."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import ipywidgets

from wasmnb.dashboards.deploy_settings import Choices, matching, schema_of
from wasmnb.dashboards.form_widgets import button, failed, input_of, made, quoted, said, shown, value_of
from wasmnb.dashboards.panel import deployable
from wasmnb.dashboards.schema_form import Field, checked, fields, parsed
from wasmnb.errors import Explained
from wasmnb.mesh.results import Pods
from wasmnb.plugin import FailPolicy, Phase
from wasmnb.views import record_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from wasmnb.display import Record
    from wasmnb.progress import Progress
    from wasmnb.session import Session

__all__ = ["Controls"]

_LASTS = 3.0  # seconds for which a list of pods is believed


class Controls:
    """The controls of a panel, as a front end shows them.

    Parameters
    ----------
    session : Session
    did : callable
        Told the magic that a button stands for, and what came of it.
    """

    def __init__(self, session: Session, *, did: Callable[[str, str], None] = lambda *_: None) -> None:
        self._session, self._did = session, did
        self._inputs: dict[str, tuple[Field, Any]] = {}
        self._known = Pods()
        self._listed = float("-inf")
        self.name = made(ipywidgets.Combobox, "filter or image", options=deployable(session), ensure_option=False)
        self.id = made(ipywidgets.Text, "plugin id", placeholder="the filter's name")
        self.selector = made(ipywidgets.Text, "selector", value="*", placeholder="app=details,version=v1")
        self.phase = made(ipywidgets.Dropdown, "phase", options=[one.value for one in Phase], value="UNSPECIFIED")
        self.policy = made(ipywidgets.Dropdown, "fail policy", options=[one.value for one in FailPolicy])
        self.secret = made(ipywidgets.Text, "pull secret", placeholder="of the namespace, for a private registry")
        self.form = ipywidgets.VBox([])
        self.pods, self.problem, self.done = ipywidgets.HTML(), ipywidgets.HTML(), ipywidgets.VBox([])
        self.lines = ipywidgets.HTML()
        self.deploy = button("Deploy", "Put it in force on the pods that match", "primary")
        self.deploy.on_click(lambda _: self._press(self._deploy, self.choices.deploy_line()))
        self.undeploy = button("Undeploy", "Take the plugin away from every pod")
        self.undeploy.on_click(lambda _: self._press(self._undeploy, self._plain.undeploy_line()))
        self.rollback = button("Roll back", "Restore what was in force before")
        self.rollback.on_click(lambda _: self._press(self._rollback, self._plain.rollback_line()))
        buttons = ipywidgets.HBox([self.deploy, self.undeploy, self.rollback])
        # A mesh of this machine reads the image where it is.
        secrets = [self.secret] if session.current.needs_registry else []
        parts = [self.name, self.id, self.selector, self.pods, self.phase, self.policy, *secrets, self.form]
        self.widget = ipywidgets.VBox([*parts, self.problem, buttons, self.lines, self.done])
        for control in (self.id, self.selector, self.phase, self.policy, self.secret):
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
        return replace(self._plain, config=checked(self._config(), schema_of(self.name.value)))

    @property
    def _plain(self) -> Choices:
        """The same without the configuration, which only a deployment needs."""
        id_, secret = self.id.value.strip(), self.secret.value.strip()
        return Choices(self.name.value, id_, self.selector.value, self.phase.value, self.policy.value, secret)

    def _rebuild(self) -> None:
        """Make the form for the configuration of another filter."""
        found = fields(schema_of(self.name.value))
        if not found:
            found = (Field("", "configuration", "JSON", "json"),)
        self._inputs = {one.name: (one, input_of(one)) for one in found}
        for _, control in self._inputs.values():
            control.observe(lambda _: self._renew(), "value")
        self.form.children = [control for _, control in self._inputs.values()]
        self._renew()

    def _config(self) -> Any:
        if "" in self._inputs:
            return parsed(self._inputs[""][1].value)
        values = {name: value_of(one, control) for name, (one, control) in self._inputs.items()}
        return {name: value for name, value in values.items() if value is not None}

    def _pods(self) -> Pods:
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
            self.pods.value = said(f"{count}: {', '.join(names[:12])}{' …' if len(names) > 12 else ''}")  # noqa: PLR2004
            if not names:
                problems.append("The selector matches no pod.")
        except Explained as error:
            self.pods.value = ""
            problems.append(str(error))
        lines = []
        try:
            deploy = self.choices.deploy_line()
            if self.name.value:
                lines = [deploy, self._plain.undeploy_line(), self._plain.rollback_line()]
        except Explained as error:
            problems.append(str(error))
        self.problem.value = said("\n".join(problems), sign="✗ ") if problems else ""
        self.lines.value = quoted("the same as magics, for a runbook", lines)
        self.deploy.disabled = bool(problems) or not self.name.value
        self.undeploy.disabled = self.rollback.disabled = not self.name.value

    def _press(self, action: Callable[[Progress], Record], line: str) -> None:
        """Do what a button stands for; below it, say how far it is, and what came of it, be it an error."""
        from wasmnb.views.progress import LiveProgress  # noqa: PLC0415

        # A second press would be a second deployment, once this one is done.
        for one in (self.deploy, self.undeploy, self.rollback):
            one.disabled = True
        place, error = _Place(), ipywidgets.HTML()
        self.done.children = [place.widget, error]
        try:
            with LiveProgress(after=0.0, every=0.3, line=place) as progress:
                record = action(progress)
            place.write("", record)
            self._did(line, f"{record.sign} {record.status}")
        except Explained as told:
            error.value = failed(told)
            self._did(line, f"✗ {type(told).__name__}: {told.what}")
        self._listed = float("-inf")
        self._renew()

    def _deploy(self, progress: Progress) -> Record:
        return record_of(self.choices.deploy(self._session, progress))

    def _undeploy(self, progress: Progress) -> Record:
        progress.update(f"taking {self._plain.plugin} away")
        return record_of(self._session.undeploy(self._plain.plugin))

    def _rollback(self, progress: Progress) -> Record:
        return record_of(self._session.rollback(self._plain.plugin, progress=progress))


class _Place:
    """The place below the buttons; see `wasmnb.views.progress.Line`."""

    room = True

    def __init__(self) -> None:
        self.widget = ipywidgets.HTML()

    def write(self, text: str, record: Record | None = None) -> None:
        self.widget.value = said(text) if record is None else shown(record)

    def clear(self) -> None:
        self.widget.value = ""
