"""What the control panel is set to, what it comes to, and the magic lines that say the same."""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wasmnb import redact
from wasmnb.dashboards.schema_form import checked
from wasmnb.errors import BadNameError, did_you_mean
from wasmnb.image import oci_annotations
from wasmnb.image.manifest import is_digest
from wasmnb.options import line, said
from wasmnb.plugin.scope import carries
from wasmnb.plugin.selector import selector as labels
from wasmnb.session.image_source import held, is_reference
from wasmnb.session.options.deploy import PanelCall
from wasmnb.session.parsing import configuration
from wasmnb.session.secrets import REFERENCE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from wasmnb.mesh import Pod
    from wasmnb.progress import Progress
    from wasmnb.session import Session

__all__ = ["Choices", "json_value", "known", "matching", "schema_of"]


_CONTROLLED = frozenset({"name", "id", "selector", "phase", "fail_policy", "pull_secret", "config"})


@dataclass(frozen=True)
class Choices:
    """The settings of a deployment, as the panel has them.

    Parameters
    ----------
    name : str
        A filter, a ``.wasm`` file or the reference of an image.
    id : str
        Empty: the filter's name.
    selector : str
        ``app=details``; ``*`` is every pod, and nothing is not said yet.
    phase, fail_policy : str
        See `wasmnb.Phase` and `wasmnb.FailPolicy`.
    pull_secret : str
        Name of the Secret that proxies fetch the image with; empty for none.
    config : object
        What JSON has; None is none.
    rest : PanelCall
        What else is said of it, for which there is no control.
    """

    name: str
    id: str = ""
    selector: str = ""
    phase: str = "UNSPECIFIED"
    fail_policy: str = "close"
    pull_secret: str = ""
    config: Any = field(default=None, repr=False)
    rest: PanelCall = field(default_factory=PanelCall, repr=False)

    @property
    def plugin(self) -> str:
        """The id on the mesh."""
        from wasmnb.session.image_source import default_id  # noqa: PLC0415 - the session's own rule

        return self.id or default_id(self.name.removesuffix(".wasm"))

    def deploy_line(self) -> str:
        """Give the magic that deploys it; the configuration names its secrets."""
        words = ["%wasm_deploy", self.name, "--selector", self.selector]
        words += ["--id", self.id] if self.id else []
        words += ["--phase", self.phase] if self.phase != "UNSPECIFIED" else []
        words += ["--fail-policy", self.fail_policy] if self.fail_policy != "close" else []
        words += ["--pull-secret", self.pull_secret] if self.pull_secret else []
        if self.config is not None:
            words += ["--config", json.dumps(self._named()[0], ensure_ascii=False)]
        words += [str(redact.config(word)) for word in line(self.rest, PanelCall, without=_CONTROLLED)]
        return " ".join(word if word == "*" else shlex.quote(word) for word in words)

    def secrets(self) -> dict[str, str]:
        """Give the secrets of the configuration by the names that the magic has for them."""
        return self._named()[1]

    def secret_lines(self) -> list[str]:
        """Give the magics that keep the secrets under these names."""
        return [f"%wasm_secret {shlex.quote(name)}" for name in self.secrets()]

    def _named(self) -> tuple[Any, dict[str, str]]:
        values: dict[str, str] = {}

        def named(item: Any, key: str) -> Any:
            if isinstance(item, dict) and set(item) != {REFERENCE}:
                return {key: named(value, key) for key, value in item.items()}
            if isinstance(item, list):
                return [named(value, key) for value in item]
            if isinstance(item, str) and item and redact.is_secret(key):
                name = f"{self.plugin}-{key}" + (f"-{len(values) + 1}" if f"{self.plugin}-{key}" in values else "")
                values[name] = item
                return {REFERENCE: name}
            return item

        return named(self.config, ""), values

    def undeploy_line(self) -> str:
        """Give the magic that takes it away."""
        return f"%wasm_undeploy {shlex.quote(self.plugin)}"

    def rollback_line(self) -> str:
        """Give the magic that restores what was in force before."""
        return f"%wasm_rollback {shlex.quote(self.plugin)}"

    def deploy(self, session: Session, progress: Progress | None = None) -> Any:
        """Put it in force, with a configuration that its schema allows."""
        return session.deploy(
            self.name,
            id=self.id or None,
            selector=self.selector,
            config=checked(self.config, schema_of(self.name, session)),
            phase=self.phase,
            fail_policy=self.fail_policy,
            pull_secret=self.pull_secret or None,
            progress=progress,
            **{name: value for name, value in said(self.rest, PanelCall).items() if name not in _CONTROLLED},
        )


def json_value(config: Any) -> Any:
    """Read a configuration as it is said of a deployment; text that is not valid JSON is the value itself.

    Raises
    ------
    ConfigError
        It begins like JSON and is none, or its file cannot be read.
    """
    value = configuration(config)
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


def matching(pods: Iterable[Pod], selector: str) -> list[str]:
    """Name the pods that a selector means.

    Raises
    ------
    UsageError
        It is not a selector.
    """
    wanted = labels(selector)
    return [pod.name for pod in pods if carries(pod.labels, wanted)]


def known(session: Session, name: str, deployable: Iterable[str]) -> str:
    """Say why a name cannot be deployed; empty when it can, as far as this machine knows."""
    if failure := session.context.filters.failure(name):
        return failure
    if name in deployable or is_digest(name):
        return ""
    if name.endswith(".wasm"):
        return "" if Path(name).is_file() else f"There is no file {name}."
    if is_reference(name) and not name.startswith((".", "/", "~")):
        return ""
    there = [*session.filters, *deployable]
    meant = did_you_mean(name, there)
    return f"There is no filter or image {name!r}{f': {meant}' if meant else '.'}"


def schema_of(name: str, session: Session | None = None) -> Mapping[str, Any] | None:
    """Give the JSON Schema of a configuration: in the filter's folder, beside its file, or in an image that is here."""
    stem = name.removesuffix(".wasm")
    places = [Path(name, "schema.json"), Path(f"{stem}.schema.json")] if name else []
    for place in places:
        if place.is_file():
            found = json.loads(place.read_text("utf-8"))
            return found if isinstance(found, dict) else None
    try:
        if session is None or not is_reference(name) or not held(session.store, name):
            return None
    except BadNameError:  # it is still being typed
        return None
    text = session.store.get(name).annotations.get(oci_annotations.SCHEMA)
    return json.loads(text) if text else None
