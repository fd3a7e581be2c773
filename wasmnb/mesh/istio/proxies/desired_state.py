"""What a pod is meant to run, and what is remembered of how it ran it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from wasmnb.mesh.istio.proxies.evidence import Evidence
    from wasmnb.module import Module
    from wasmnb.plugin import FailPolicy
    from wasmnb.plugin.verdict import PodVerdict

__all__ = ["DesiredState", "Judged", "Known"]


@dataclass(frozen=True)
class DesiredState:
    """What a pod is meant to run.

    Parameters
    ----------
    plugin : str
        Its id.
    digest : str
    root_id : str
    policy : FailPolicy
    config : object
        The configuration: an object, a text, or None.
    env : mapping of str to str
    machine : tuple of str
        The id of the VM, and the VM's configuration.
    names : tuple of str
        What the proxy may call it.
    envoy_name : str
        As Envoy's messages call it.
    since : datetime
        When it was put in force.
    serves : bool
        Whether it is for what comes to a pod; else only for what the pod sends.
    module : Module or None
        Where it is at hand: for root ids and traces.
    injected : str
        Why the namespace's pods get no sidecar; empty when they do, or it is not known.
    ports : tuple of int
        Those of a pod to which it is confined; none where it is for all.
    """

    plugin: str
    digest: str
    root_id: str
    policy: FailPolicy
    config: Any
    env: Mapping[str, str]
    machine: tuple[str, str]
    names: tuple[str, ...]
    envoy_name: str
    since: datetime
    serves: bool = True
    module: Module | None = None
    injected: str = ""
    ports: tuple[int, ...] = ()


@dataclass
class Known:
    """What this mesh remembers of one plugin on one pod: until when it is known to run without a crash.

    A log may be rotated away later; what was seen in it before remains seen. All times are of the pod's node.
    """

    entry: str = ""
    read: datetime = field(default_factory=lambda: datetime.fromtimestamp(0, timezone.utc))
    """Of the newest line that was in the log then: where that one is still there, nothing after it is gone."""
    clean: datetime = field(default_factory=lambda: datetime.fromtimestamp(0, timezone.utc))
    blank: datetime | None = None
    """Since when the log was without any line at each look, as it is after a rotation until something is logged."""
    before: tuple[str, datetime] | None = None
    """Version and time of the filter that the proxy had when the plugin was put in force last."""
    judged: Judged | None = None
    """What was judged last: the very same evidence of the very same wish has the same verdict."""


class Judged(NamedTuple):
    """A verdict, and all that it was judged by."""

    seen: Evidence
    wanted: DesiredState
    before: tuple[str, datetime] | None
    verdict: PodVerdict
