"""VMs that keep the environment they began with: an Envoy that tells VMs apart without it starts none for a new one.

Source: Envoy, ``source/extensions/common/wasm/wasm.cc``: the key of a VM has its environment since 1.39 (pull request
44563); before, it is the VM's id, its configuration and the code, and Istio's own objects give no id.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from wasmnb.plugin.rendering.names import ENVOY_FILTER
from wasmnb.plugin.verdict import Cause, PodVerdict, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from wasmnb.mesh.istio.objects.objects import Stored

__all__ = ["changed", "kept", "shared"]

_SINCE = (1, 39)
_BUILD = re.compile(r"[^/]*/(?P<version>(?P<major>\d+)\.(?P<minor>\d+)[^/]*)/")


def changed(stored: Stored) -> str:
    """Say so where an object's plugin had the same VM with another environment before; empty when not."""
    present = stored.record.get("plugin") or {}
    if _own(stored):
        return ""
    for former in stored.record.get("history") or ():
        if _machine(former) != _machine(present):
            break
        if _environment(former) != _environment(present):
            return "only its environment was changed"
    return ""


def shared(stored: Stored, there: Sequence[Stored]) -> str:
    """Say which other plugin of a pod has the same VM with another environment; empty when none has.

    Parameters
    ----------
    stored : Stored
    there : sequence of Stored
        The objects that are for the pod.
    """
    present = stored.record.get("plugin") or {}
    for one in there:
        plugin = one.record.get("plugin") or {}
        other = one.id != stored.id and not _own(one) and not _own(stored) and bool(plugin)
        if other and _machine(plugin) == _machine(present) and _environment(plugin) != _environment(present):
            return f"{one.id} runs the same image with another environment"
    return ""


def _older(build: str) -> str:
    """Give the version of an Envoy that keeps a VM's environment, from what ``/server_info`` says; empty when not."""
    found = _BUILD.match(build)
    if found is None:
        return "of unknown version"
    version = (int(found["major"]), int(found["minor"]))
    before_release = version == _SINCE and "-" in found["version"]
    return found["version"] if version < _SINCE or before_release else ""


def kept(verdict: PodVerdict, why: str, build: str) -> PodVerdict:
    """Give a verdict that everything but the environment is proven of.

    Parameters
    ----------
    verdict : PodVerdict
        LIVE as far as the proxy says.
    why : str
        What `changed` says.
    build : str
        The ``version`` of the proxy's ``/server_info``.
    """
    version = _older(build)
    if not version:
        return verdict
    words = (
        f"{why}, and the proxy's Envoy ({version}) may go on with a VM that has the former one: restart the pod, or "
        f"make {verdict.plugin} an {ENVOY_FILTER}, whose VM gets another id"
    )
    return replace(verdict, verdict=Verdict.UNPROVEN, cause=Cause.ENVIRONMENT_KEPT, reason=words)


def _own(stored: Stored) -> bool:
    """Say whether an object's VM has an id that changes with its environment."""
    return stored.kind.name == ENVOY_FILTER and not (stored.record.get("plugin") or {}).get("vm_id")


def _machine(plugin: Mapping[str, Any]) -> tuple[Any, ...]:
    return plugin.get("image"), plugin.get("vm_id") or "", plugin.get("vm_config")


def _environment(plugin: Mapping[str, Any]) -> tuple[dict[str, str], list[str]]:
    return dict(plugin.get("env") or {}), sorted(plugin.get("host_env") or ())
