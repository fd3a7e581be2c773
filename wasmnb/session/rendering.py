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
from wasmnb.plugin.rendering import TARGETS, Place, Site, yaml_text
from wasmnb.session.deploy_options import Wanted
from wasmnb.session.image_source import Supplying
from wasmnb.session.secrets import Secrets
from wasmnb.wording import Verb, Wording

if TYPE_CHECKING:
    from collections.abc import Mapping

    from wasmnb.plugin import Plugin
    from wasmnb.plugin.rendering import Target
    from wasmnb.progress import Progress
    from wasmnb.session.image_source import Deployable

__all__ = ["Rendered", "Rendering"]


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
        return Table((Column("line"),), tuple((line,) for line in self.text.splitlines()))

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


class Rendering(Secrets, Supplying):
    """How a session shows what a plugin becomes."""

    def render(
        self,
        name: Deployable,
        *,
        id: str | None = None,  # noqa: A002 - the option's own word
        selector: str | Mapping[str, str] | None = None,
        config: str | Mapping[str, Any] | None = None,
        root_id: str | None = None,
        phase: str | None = None,
        priority: int | None = None,
        fail_policy: str | None = None,
        match: Any = None,
        pull_policy: str | None = None,
        pull_secret: str | None = None,
        env: Any = None,
        target_ref: Any = None,
        type: str | None = None,  # noqa: A002 - the option's own word
        as_: str | None = None,
        target: str | None = None,
        istio_version: str = "",
        namespace: str | None = None,
        output: str = "",
        listen: str = Site.listen,
        upstream: str = Site.upstream,
        admin: str = Site.admin,
        plain_http: bool = False,
        insecure: bool = False,
        ca: str | None = None,
        progress: Progress | None = None,
    ) -> Rendered:
        """Show what a filter or an image becomes on a cluster or in a plain Envoy, and write it to a file if asked to.

        It needs no mesh; nothing is applied and nothing pushed.

        Parameters
        ----------
        name : str, Filter, Module, Image, or what `build`, `push` and `pull` give
        id, selector, config, root_id, phase, priority, fail_policy, match, pull_policy, pull_secret, env, target_ref
            As for `deploy`.
        type, as_, plain_http, insecure, ca
            As for `deploy`.
        target : str, optional
            ``istio`` unless it is said; ``envoy-gateway``, ``higress``, ``envoy`` for the bootstrap of a plain one, or
            another name in `wasmnb.plugin.rendering.TARGETS`.
        istio_version : str
            Which decides on the object; the newest.
        namespace : str, optional
            Of the object: ``default``; ``higress-system`` for Higress.
        output : str
            File to write; the module of a plain Envoy is written beside it.
        listen, upstream, admin : str
            ``host:port`` of a plain Envoy: where it listens, the service behind it (none: it answers by itself) and
            its administration (empty: none).

        Raises
        ------
        BadNameError, UsageError, ConfigError, ModuleError, ImageError, RegistryError
        """
        with self._guard():
            said = Wanted(
                *(id, selector, config, root_id, phase, priority, fail_policy),
                match=match,
                pull_policy=pull_policy,
                pull_secret=pull_secret,
                env=env,
                target_ref=target_ref,
                type=type,
                as_=as_,
                target=target,
            )
            how = said.read(self._defaults)
            how = replace(how, config=self._with_secrets(how.config))
            site = Site(listen, upstream, admin)
            self._secrets |= redact.secrets_in(how.config) | redact.secrets_in(how.env)
            spoken = {"plain_http": plain_http, "insecure": insecure, "ca": ca}
            found = self._find(name, spoken, progress)
            reader = TARGETS.load(str(how.target))
            place = Place(namespace or reader.namespace, istio_version, site=site, output=output)
            made = _render(how.plugin(found.image), reader, place)
            notes = (*made.notes, *found.notes(found.image))
            if not found.named and reader.fetches:
                module = made.plugin.image.module.name
                push = Verb("push", (module,))
                notes += (str(Wording("proxies look for the image in a registry: {} brings it there", push)),)
            return replace(made, notes=notes)


def _render(plugin: Plugin, target: Target, place: Place) -> Rendered:
    """Render a plugin, and write it where a file is named; what reads the module from a file has it beside that.

    Raises
    ------
    UsageError, ConfigError
        The target has no word for what the plugin says, or a file cannot be written.
    """
    masked = replace(plugin, config=redact.config(plugin.config), env=redact.config(plugin.env))
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


def _write(files: tuple[tuple[str, bytes], ...]) -> None:
    try:
        for name, data in files:
            Path(name).expanduser().write_bytes(data)
    except OSError as error:
        raise ConfigError(
            f"{error.filename} cannot be written: {error.strerror or error}.",
            hint="name a file in a folder that is there",
        ) from None
