"""What the control panel is set to, what it comes to, and the magic lines that say the same."""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wasmnb import redact
from wasmnb.dashboards.schema_form import checked
from wasmnb.plugin.scope import carries
from wasmnb.plugin.selector import selector as labels

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from wasmnb.mesh import Pod
    from wasmnb.progress import Progress
    from wasmnb.session import Session

__all__ = ["Choices", "matching", "schema_of"]


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
        ``app=details``; ``*`` is every pod.
    phase, fail_policy : str
        See `wasmnb.Phase` and `wasmnb.FailPolicy`.
    pull_secret : str
        Name of the Secret that proxies fetch the image with; empty for none.
    config : object
        What JSON has; None is none.
    """

    name: str
    id: str = ""
    selector: str = "*"
    phase: str = "UNSPECIFIED"
    fail_policy: str = "close"
    pull_secret: str = ""
    config: Any = field(default=None, repr=False)

    @property
    def plugin(self) -> str:
        """The id on the mesh."""
        from wasmnb.session.image_source import default_id  # noqa: PLC0415 - the session's own rule

        return self.id or default_id(self.name.removesuffix(".wasm"))

    def deploy_line(self) -> str:
        """Give the magic that deploys it; secrets of the configuration are masked."""
        words = ["%wasm_deploy", self.name, "--selector", self.selector]
        words += ["--id", self.id] if self.id else []
        words += ["--phase", self.phase] if self.phase != "UNSPECIFIED" else []
        words += ["--fail-policy", self.fail_policy] if self.fail_policy != "close" else []
        words += ["--pull-secret", self.pull_secret] if self.pull_secret else []
        if self.config is not None:
            words += ["--config", json.dumps(redact.config(self.config), ensure_ascii=False)]
        return " ".join(word if word == "*" else shlex.quote(word) for word in words)

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
            config=checked(self.config, schema_of(self.name)),
            phase=self.phase,
            fail_policy=self.fail_policy,
            pull_secret=self.pull_secret or None,
            progress=progress,
        )


def matching(pods: Iterable[Pod], selector: str) -> list[str]:
    """Name the pods that a selector means.

    Raises
    ------
    UsageError
        It is no selector.
    """
    wanted = labels(selector)
    return [pod.name for pod in pods if carries(pod.labels, wanted)]


def schema_of(name: str) -> Mapping[str, Any] | None:
    """Give the JSON Schema of a filter's configuration: ``schema.json`` in its folder, or beside its file."""
    stem = name.removesuffix(".wasm")
    places = [Path(name, "schema.json"), Path(f"{stem}.schema.json")] if name else []
    for place in places:
        if place.is_file():
            found = json.loads(place.read_text("utf-8"))
            return found if isinstance(found, dict) else None
    return None
