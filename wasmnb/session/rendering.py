"""A plugin as text: an object of a cluster, or the bootstrap of a plain Envoy, shown or written to a file."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wasmnb import redact
from wasmnb.display import Column, Table
from wasmnb.display.result import Dated, Tabled
from wasmnb.errors import ConfigError
from wasmnb.plugin.identity import plugin_dict
from wasmnb.plugin.rendering import yaml_text

if TYPE_CHECKING:
    from wasmnb.agent import Agent
    from wasmnb.plugin import Plugin
    from wasmnb.plugin.rendering import Place, Target

__all__ = ["Rendered", "RenderedAgent", "render", "render_agent"]


@dataclass(frozen=True)
class Rendered(Dated, Tabled):
    """A plugin as what a cluster or an Envoy reads.

    Parameters
    ----------
    plugin : Plugin
    kind : str
        Of the object, such as ``TrafficExtension``, or ``envoy``.
    reason : str
        Why it is this one.
    text : str
        YAML, the secrets of configuration and environment masked.
    value : dict
        The same as JSON values, with nothing masked.
    files : tuple of str
        What was written.
    notes : tuple of str
    """

    plugin: Plugin = field(repr=False)
    kind: str
    reason: str
    text: str
    value: dict[str, Any] = field(repr=False)
    files: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def table(self) -> Table:
        """The text, one row per line: ``line`` (``string``)."""
        return _lines(self.text)

    def to_dict(self) -> dict[str, Any]:
        """Give plain JSON values, secrets masked."""
        return {
            "plugin": plugin_dict(self.plugin),
            "kind": self.kind,
            "reason": self.reason,
            "text": self.text,
            "files": list(self.files),
            "notes": list(self.notes),
            "at": self.at.isoformat(),
        }


def _lines(text: str) -> Table:
    return Table((Column("line"),), tuple((line,) for line in text.splitlines()))


def render(plugin: Plugin, target: Target, place: Place) -> Rendered:
    """Render a plugin, and write it where a file is named; what reads the module from a file has it beside that.

    Raises
    ------
    UsageError, ConfigError
        The target has no word for what the plugin says, or a file cannot be written.
    """
    masked = replace(
        plugin,
        config=redact.config(plugin.config),
        env=redact.config(plugin.env),
        vm_config=redact.config(plugin.vm_config),
    )
    made = target.render(plugin, place)
    # What is masked might have made another choice.
    shown = target.render(masked, replace(place, kind=made.kind)).value
    text, open_ = yaml_text(shown), yaml_text(made.value)
    notes = [] if open_ == text else [f"secret values are shown as {redact.MASK}"]
    files: list[str] = []
    if place.output:
        module = plugin.image.module.wasm if made.modules else b""
        _write(((place.output, open_.encode()), *((name, module) for name in made.modules)))
        files = [place.output, *made.modules]
        notes = [f"{note}; {place.output} has them" for note in notes]
    return Rendered(plugin, made.kind, made.reason, text, made.value, tuple(files), tuple(notes))


@dataclass(frozen=True)
class RenderedAgent(Dated, Tabled):
    """The agent in a cluster as the objects that ``kubectl apply`` takes.

    Parameters
    ----------
    namespace, image : str
    text : str
        YAML.
    files : tuple of str
        What was written.
    notes : tuple of str
    """

    namespace: str
    image: str
    text: str = field(repr=False)
    files: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def table(self) -> Table:
        """The text, one row per line: ``line`` (``string``)."""
        return _lines(self.text)

    def to_dict(self) -> dict[str, Any]:
        """Give plain JSON values."""
        return {
            "namespace": self.namespace,
            "image": self.image,
            "text": self.text,
            "files": list(self.files),
            "notes": list(self.notes),
            "at": self.at.isoformat(),
        }


def render_agent(agent: Agent, output: str, notes: tuple[str, ...]) -> RenderedAgent:
    """Render the agent's objects, and write them where a file is named.

    Raises
    ------
    ConfigError
        The file cannot be written.
    """
    from wasmnb.agent.manifest import manifest  # noqa: PLC0415 - for who wants one

    text = "---\n".join(yaml_text(item) for item in manifest(agent))
    if output:
        _write(((output, text.encode()),))
    return RenderedAgent(agent.namespace, agent.image, text, (output,) if output else (), notes)


def _write(files: tuple[tuple[str, bytes], ...]) -> None:
    try:
        for name, data in files:
            Path(name).expanduser().write_bytes(data)
    except OSError as error:
        raise ConfigError(
            f"{error.filename} cannot be written: {error.strerror or error}.",
            hint="name a file in a folder that exists",
        ) from None
