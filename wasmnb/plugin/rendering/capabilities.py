"""What each target has words for. What a plugin says beyond that is refused, never left out in silence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wasmnb.errors import UsageError
from wasmnb.plugin.enums import FailPolicy, Kind, Phase, PluginType, PullPolicy, words
from wasmnb.plugin.rendering.names import ENVOY_FILTER, TRAFFIC_EXTENSION, WASM_PLUGIN
from wasmnb.wording import Option, Wording

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from wasmnb.plugin import Plugin

__all__ = ["ENVOY", "ENVOY_GATEWAY", "HIGRESS", "MACHINE", "option", "references", "refuse", "said"]

ENVOY_GATEWAY, HIGRESS = words((Kind.ENVOY_GATEWAY, Kind.HIGRESS))
ENVOY = "envoy"

_ORDER = {*(f"phase {one.value}" for one in Phase if one is not Phase.UNSPECIFIED), "priority"}
_ENV = {"env", "env NAME"}
_PULL = {"pull-policy", "pull-secret"}
_RELOAD = "fail-policy reload"
_SINGLETON = "type SINGLETON"
MACHINE = ("vm-config", "vm-id")
"""What is said of a plugin's VM, beside its environment."""
_ALL = {"selector", "target-ref", "match", "type NETWORK", _RELOAD, *_ORDER, *_ENV, *_PULL}
_SAYS = {
    TRAFFIC_EXTENSION: _ALL,
    WASM_PLUGIN: _ALL,
    # Of a VM Istio's own objects say the environment alone (extensions/v1alpha1/wasm.proto, ``VmConfig``).
    # Its patches are placed beside filters that are there: those of authentication and of statistics need not be.
    ENVOY_FILTER: {*_ALL, *MACHINE} - _PULL - {f"phase {one.value}" for one in (Phase.AUTHZ, Phase.STATS)},
    # api/v1alpha1/wasm_types.go of Envoy Gateway: no order but that of the list, no values, no FAIL_RELOAD.
    ENVOY_GATEWAY: {"target-ref", "env NAME", *_PULL},
    # api/extensions/v1alpha1/wasmplugin.proto of Higress: it always is for the whole gateway.
    HIGRESS: _ORDER | _ENV | _PULL,
    # A singleton service stands in a proxy's bootstrap, which no object of a cluster adds a module to.
    ENVOY: {"type NETWORK", _SINGLETON, _RELOAD, *_ENV, *MACHINE},
}


def said(plugin: Plugin) -> list[str]:
    """List what a plugin says that not every target has a word for, as the options of a magic."""
    words = {
        "selector": plugin.selector,
        "target-ref": plugin.targets,
        "match": plugin.match,
        f"type {plugin.type.value}": plugin.type is not PluginType.HTTP,
        f"phase {plugin.phase.value}": plugin.phase is not Phase.UNSPECIFIED,
        "priority": plugin.priority,
        _RELOAD: plugin.fail_policy is FailPolicy.RELOAD,
        "env": plugin.env,
        "env NAME": plugin.host_env,
        "vm-config": plugin.vm_config is not None,
        "vm-id": plugin.vm_id,
        "pull-policy": plugin.pull_policy is not PullPolicy.UNSPECIFIED,
        "pull-secret": plugin.pull_secret,
    }
    return [word for word, given in words.items() if given]


def refuse(plugin: Plugin, target: str, has: Collection[str] | None = None) -> None:
    """Refuse a plugin that says what a target cannot.

    Parameters
    ----------
    plugin : Plugin
    target : str
        What people call it.
    has : collection of str, optional
        The words of `said` that it has; for a target of ours they are known.

    Raises
    ------
    UsageError
        It names the options, and the targets that have them.
    """
    missing = [word for word in said(plugin) if word not in (_SAYS[target] if has is None else has)]
    if not missing:
        return
    others = [name for name, has in _SAYS.items() if has.issuperset(said(plugin))]
    options = [option(word) for word in missing]
    named = Wording(" and ".join("{}" for _ in options), *options)
    hint = f"leave it out, or take one that has: {', '.join(others)}" if others else "leave it out"
    if _SINGLETON in missing:
        hint = "it starts with its proxy, and nothing here adds it to that; the embedded mesh and a plain Envoy run it"
    raise UsageError(Wording("{} has no field for {}, which {} asks for.", target, named, plugin.id), hint=hint)


def option(said: str) -> Option:
    """Give the option of a word in `_SAYS`, such as ``type NETWORK``."""
    flag, _, value = said.partition(" ")
    return Option(flag.replace("-", "_"), value)


def references(plugin: Plugin, target: str, namespace: str, kinds: Sequence[str]) -> list[dict[str, Any]]:
    """Render the targets of a plugin: all of them in its own namespace, and of these kinds.

    Raises
    ------
    UsageError
        One is not.
    """
    for one in plugin.targets:
        if one.kind not in kinds:
            raise UsageError(
                f"{target} cannot attach {plugin.id} to a {one.kind}.", hint=f"name one of these: {', '.join(kinds)}"
            )
        if one.namespace not in ("", namespace):
            raise UsageError(
                f"{one} lives in another namespace than {plugin.id}, which will live in {namespace!r}.",
                hint=f"{target} attaches to what is in the same namespace: put it into {one.namespace}",
            )
    return [{"group": one.group, "kind": one.kind, "name": one.name} for one in plugin.targets]
