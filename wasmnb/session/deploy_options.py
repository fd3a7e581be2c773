"""What a user said about a deployment, read and made a plugin."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from wasmnb.errors import UsageError
from wasmnb.plugin import FailPolicy, Kind, Phase, Plugin, PluginType, PullPolicy
from wasmnb.plugin.rendering import TARGETS
from wasmnb.plugin.selector import selector
from wasmnb.session.defaults import choice, number
from wasmnb.session.parsing import configuration
from wasmnb.session.plugin_options import environment, kind, matches, target, targets
from wasmnb.wording import Option, Wording

if TYPE_CHECKING:
    from collections.abc import Mapping
    from enum import Enum

    from wasmnb.image import Image

__all__ = ["Wanted"]


@dataclass(frozen=True)
class Wanted:
    """The keywords of ``Session.deploy``; None is what was not said."""

    id: str | None = None
    selector: str | Mapping[str, str] | None = None
    config: str | Mapping[str, Any] | None = None
    root_id: str | None = None
    phase: str | None = None
    priority: int | None = None
    fail_policy: str | None = None
    timeout: float | None = None
    match: Any = None
    pull_policy: str | None = None
    pull_secret: str | None = None
    env: Any = None
    target_ref: Any = None
    type: str | None = None
    as_: str | None = None
    target: str | None = None
    preflight: bool | None = None

    @property
    def seconds(self) -> float:
        """How long to wait; once read, it is there."""
        return float(self.timeout or 0)

    def refuse(self) -> None:
        """Refuse words about a deployment where there is none.

        Raises
        ------
        UsageError
        """
        said = [name for name, value in asdict(self).items() if value is not None]
        if said:
            raise UsageError(
                f"{', '.join(said)} says how to deploy, but nothing is to be deployed.",
                hint=Wording("add {}, for instance {}", Option("deploy", "SELECTOR"), Option("deploy", "app=details")),
            )

    def read(self, defaults: Mapping[str, Any]) -> Wanted:
        """Read every word, those that were not said from the session's defaults.

        Raises
        ------
        UsageError, ConfigError
            A word is not what it must be.
        """
        values, taken = environment(self.env)
        # Who names a gateway, or writes for another one, does not mean the pods that the session's default names.
        own = self.target_ref is None and (self.target or "istio") == "istio"

        def said(name: str) -> Any:
            value = getattr(self, name)
            return defaults[name] if value is None else value

        return replace(
            self,
            selector=selector(said("selector") if own else self.selector),
            config=configuration(self.config),
            phase=choice("phase", said("phase"), [word.value for word in Phase]),
            priority=self.priority or 0,
            fail_policy=choice("fail_policy", said("fail_policy"), [word.value for word in FailPolicy]),
            timeout=number("timeout", said("timeout")),
            match=matches(self.match),
            pull_policy=choice("pull_policy", self.pull_policy or PullPolicy.UNSPECIFIED, _words(PullPolicy)),
            env=[values, *taken],
            target_ref=targets(self.target_ref),
            type=choice("type", self.type or PluginType.HTTP, _words(PluginType)),
            target=target(self.target),
        )

    def plugin(self, image: Image) -> Plugin:
        """Make the plugin; call `read` first.

        Raises
        ------
        ModuleError
            Envoy would refuse the module, or silently ignore the root id.
        """
        from wasmnb.module.check import check, unchecked  # noqa: PLC0415 - the parser, for deployments only

        root_id_of = unchecked if self.preflight is False else check
        values, taken = environment(self.env)
        return Plugin(
            id=self.id or image.module.name,
            image=image,
            selector=selector(self.selector),
            config=self.config,
            root_id=root_id_of(image.module, self.root_id or _said(image)),
            phase=Phase(self.phase),
            priority=self.priority or 0,
            fail_policy=FailPolicy(self.fail_policy),
            match=matches(self.match),
            pull_policy=PullPolicy(self.pull_policy),
            pull_secret=self.pull_secret or "",
            env=values,
            host_env=taken,
            targets=targets(self.target_ref),
            type=PluginType(self.type),
            kind=kind(self.as_, self.target) if TARGETS.load(str(self.target)).kind else Kind.AUTO,
        )


def _words(of: type[Enum]) -> list[str]:
    return [str(one.value) for one in of]


def _said(image: Image) -> str | None:
    """Give the root id that an image names, where its module does not tell which ones it has."""
    if image.module.facts.root_ids is not None:
        return None
    from wasmnb.image.oci_annotations import declared_by  # noqa: PLC0415

    named = declared_by(image.annotations)[2]
    if named is None:
        try:
            config = json.loads(image.config).get("config") or {}
            named = config.get("rootIds") or config.get("root_ids")
        except (ValueError, AttributeError, RecursionError):
            return None
    return str(named[0]) if isinstance(named, list | tuple) and len(named) == 1 else None
