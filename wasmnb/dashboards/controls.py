"""The controls of the panel: fields for what a deployment can be told, and buttons, each one call of the session."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

import ipywidgets

from wasmnb.dashboards.config_form import ConfigForm
from wasmnb.dashboards.deploy_settings import Choices, json_value, known, matching, schema_of
from wasmnb.dashboards.form_widgets import button, failed, in_magics, made, said, shown
from wasmnb.dashboards.label_chips import LabelChips
from wasmnb.dashboards.panel import deployable
from wasmnb.dashboards.widget import panel_lines
from wasmnb.display.text import several, short_digest
from wasmnb.errors import Explained
from wasmnb.mesh.results import Pods
from wasmnb.plugin import FailPolicy, Phase
from wasmnb.plugin.scope import carries
from wasmnb.plugin.selector import labels_text
from wasmnb.plugin.selector import selector as labels
from wasmnb.rollout.deploy import back, in_force, previous
from wasmnb.session.options.deploy import PanelCall
from wasmnb.views import record_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from wasmnb.display import Record
    from wasmnb.plugin import Plugin
    from wasmnb.progress import Progress
    from wasmnb.session import Session

__all__ = ["Controls"]

_LASTS = 3.0  # seconds for which what a mesh said is believed
_NAMED = 12  # pods
_PHASES = sorted((one.value for one in Phase), key=lambda value: value != Phase.UNSPECIFIED.value)
_POLICIES = [one.value for one in FailPolicy]


class Controls:
    """The controls of a panel, as a front end shows them.

    Parameters
    ----------
    session : Session
    call : PanelCall, optional
        What they begin with, and what they have no control for.
    key : str
        Names the record that these controls stand for while they are there.
    did : callable
        Told the magic that a button stands for, and what came of it.
    """

    def __init__(
        self,
        session: Session,
        call: PanelCall | None = None,
        *,
        key: str = "",
        did: Callable[[str, str], None] = lambda *_: None,
    ) -> None:
        self._session, self._did, self._call = session, did, call or PanelCall()
        self._known, self._deployable, self._listed = Pods(), deployable(session), float("-inf")
        self._running: dict[str, tuple[Plugin | None, Plugin | None, str]] = {}
        self.name = made(ipywidgets.Combobox, "filter or image", options=self._deployable, ensure_option=False)
        self.id = made(ipywidgets.Text, "plugin id", placeholder="the filter's name")
        self.selector = made(ipywidgets.Text, "selector", placeholder="app=details,version=v1; * is every pod")
        self.chips = LabelChips(self.selector)
        self.phase = made(ipywidgets.Dropdown, "phase", options=_PHASES)
        self.policy = made(ipywidgets.Dropdown, "fail policy", options=_POLICIES)
        self.secret = made(ipywidgets.Text, "pull secret", placeholder="of the namespace, for a private registry")
        self.config = ConfigForm(self._renew, json_value(self._call.config))
        self.pods, self.problem, self.effects = ipywidgets.HTML(), ipywidgets.HTML(), ipywidgets.HTML()
        self.done = ipywidgets.VBox([])
        self.deploy = button("Deploy", "Put it in force on the pods that match", "primary")
        self.deploy.on_click(lambda _: self._press(self._deploy, self.choices.deploy_line()))
        self.undeploy = button("Undeploy", "Remove the plugin from every pod")
        self.undeploy.on_click(lambda _: self._press(self._undeploy, self._plain.undeploy_line()))
        self.rollback = button("Roll back", "Restore what was in force before")
        self.rollback.on_click(lambda _: self._press(self._rollback, self._plain.rollback_line()))
        buttons = ipywidgets.HBox([self.deploy, self.undeploy, self.rollback])
        # A mesh of this machine reads the image where it is.
        secrets = [self.secret] if session.current.needs_registry else []
        parts = [self.name, self.id, self.selector, self.chips.widget, self.phase, self.policy, *secrets]
        self.widget = ipywidgets.VBox()
        self.lines = panel_lines(key, self.widget.model_id, self._look)
        after = [self.pods, self.problem, buttons, self.effects, self.lines, self.done]
        self.widget.children = [*parts, self.config.widget, *after]
        self._begin()
        for control in (self.id, self.selector, self.phase, self.policy, self.secret):
            control.observe(lambda _: self._renew(), "value")
        self.name.observe(lambda _: self._rebuild(), "value")
        self._rebuild()

    def _begin(self) -> None:
        """Set the controls to what was said of them."""
        call = self._call
        chosen = call.selector if isinstance(call.selector, str) else labels_text(call.selector or {})
        self.name.value, self.id.value, self.selector.value = call.name or "", call.id or "", chosen
        self.phase.value, self.policy.value = _one_of(_PHASES, call.phase), _one_of(_POLICIES, call.fail_policy)
        self.secret.value = call.pull_secret or ""

    @property
    def choices(self) -> Choices:
        """What the controls are set to.

        Raises
        ------
        ConfigError
            A field should be JSON, and is not.
        """
        return replace(self._plain, config=self.config.value())

    @property
    def _plain(self) -> Choices:
        """The same without the configuration, which only a deployment needs."""
        id_, secret = self.id.value.strip(), self.secret.value.strip()
        chosen = (self.selector.value.strip(), self.phase.value, self.policy.value, secret)
        return Choices(self.name.value, id_, *chosen, rest=self._call)

    @in_magics
    def _rebuild(self) -> None:
        """Show the form for the configuration of another filter."""
        self.config.show(schema_of(self.name.value, self._session))
        self._renew()

    def _ask(self) -> None:
        """Ask the mesh, anew only now and then: each letter of a selector needs its pods."""
        if time.monotonic() - self._listed > _LASTS:
            self._known, self._listed = self._session.pods(), time.monotonic()
            self._running = {}

    def _present(self, plugin: str) -> tuple[Plugin | None, Plugin | None, str]:
        """Give what is in force under a name, what was before, and what a rollback would do."""
        if plugin not in self._running:
            mesh = self._session.current
            now, before = in_force(mesh, plugin), None
            try:
                before = previous(mesh, plugin)
                does = back(before, now)
            except Explained as error:
                does = error.what
            self._running[plugin] = (now, before, does)
        return self._running[plugin]

    @in_magics
    def _look(self) -> None:
        """Say what is there now: a cell, or another notebook, may have changed it since."""
        self._deployable, self._listed = deployable(self._session), float("-inf")
        self.name.options = self._deployable
        self._renew()

    @in_magics
    def _renew(self) -> None:
        """Say what the controls come to: the pods that match, what is wrong, what the buttons do, and the lines."""
        problems = [known(self._session, self.name.value, self._deployable)] if self.name.value else []
        plugin, matched, effects = self._plain.plugin, "", ""
        # Until the mesh has said what is in force.
        removes = restores = bool(plugin)
        try:
            self._ask()
            self.chips.show(self._known)
            matched, problem = self._match()
            problems += [problem, *self.config.check()]
            if plugin:
                now, before, _ = self._present(plugin)
                removes, restores = now is not None, before is not None
                effects = said("\n".join(self._effects()))
        except Explained as error:
            problems.append(str(error))
        problems = [one for one in problems if one]
        self.pods.value, self.effects.value = said(matched), effects
        self.problem.value = said("\n".join(problems), sign="✗ ") if problems else ""
        self.lines.lines = self._lines(deployable=not problems)
        self.deploy.disabled = bool(problems) or not self.name.value
        self.undeploy.disabled, self.rollback.disabled = not removes, not restores

    def _match(self) -> tuple[str, str]:
        """Name the pods that match; give what is wrong with the selector, too."""
        wanted = self.selector.value.strip()
        if not wanted:
            empty = "Choose the pods: press labels, or write a selector; * is every pod."
            return "", empty if self.name.value else ""
        names = matching(self._known, wanted)
        if not names:
            return "", "The selector matches no pod."
        return f"{_pods(len(names))}: {_listed(names)}", ""

    def _effects(self) -> list[str]:
        """Say what each button would do to what is in force."""
        plain = self._plain
        now, before, does = self._present(plain.plugin)
        if now is None:
            nothing = f"Nothing is in force as {plain.plugin}."
            return [nothing, f"Roll back: {does}."] if before is not None else [nothing]
        there = [pod.name for pod in self._known if now.selects(pod.labels)]
        lines = [f"In force as {plain.plugin}: {short_digest(now.image.digest)} on {_listed(there) or now.scope}."]
        if plain.selector:
            wanted = labels(plain.selector)
            left = [pod.name for pod in self._known if now.selects(pod.labels) and not carries(pod.labels, wanted)]
            lines += [f"Deploy removes it from {_listed(left)}."] if left else []
        return [*lines, "Undeploy removes it.", f"Roll back: {does.removesuffix('.')}."]

    def _lines(self, *, deployable: bool) -> list[str]:
        if not self._plain.plugin:
            return []
        there = [self._plain.undeploy_line(), self._plain.rollback_line()]
        if not deployable:
            return there
        choices = self.choices
        return [*choices.secret_lines(), choices.deploy_line(), *there]

    @in_magics
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
        choices = self.choices
        # So that the line below does the same at once.
        for name, value in choices.secrets().items():
            self._session.keep(name, value)
        return record_of(choices.deploy(self._session, progress))

    def _undeploy(self, progress: Progress) -> Record:
        progress.update(f"taking {self._plain.plugin} away")
        return record_of(self._session.undeploy(self._plain.plugin))

    def _rollback(self, progress: Progress) -> Record:
        return record_of(self._session.rollback(self._plain.plugin, progress=progress))


def _one_of(values: list[str], word: str | None) -> str:
    """Give the value that a word means, compared without case; the first where nothing was said."""
    return next((value for value in values if value.lower() == (word or "").lower()), values[0])


def _pods(count: int) -> str:
    return several(count, "pod matches", "pods match")


def _listed(names: list[str]) -> str:
    return ", ".join(names[:_NAMED]) + (f" and {len(names) - _NAMED} more" if len(names) > _NAMED else "")


class _Place:
    """The place below the buttons; see `wasmnb.views.progress.Line`."""

    room = True

    def __init__(self) -> None:
        self.widget = ipywidgets.HTML()

    def write(self, text: str, record: Record | None = None) -> None:
        self.widget.value = said(text) if record is None else shown(record)

    def clear(self) -> None:
        self.widget.value = ""
