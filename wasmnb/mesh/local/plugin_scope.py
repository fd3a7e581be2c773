"""Which proxies of a local mesh a plugin is for, and what of a plugin means nothing here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wasmnb.errors import SelectorError, UsageError
from wasmnb.mesh.local.lookup import no_pod
from wasmnb.mesh.local.workload import GATEWAY
from wasmnb.plugin import Cause, Kind, Mode, PluginType, PullPolicy
from wasmnb.wording import Option, Verb, Wording

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from wasmnb.envoy.proxy import Proxy
    from wasmnb.plugin import Plugin

__all__ = ["check_network", "check_scope", "is_for", "meaningless", "no_proxy", "unselected"]


def check_scope(plugin: Plugin) -> None:
    """Refuse what only a cluster can do.

    Raises
    ------
    UsageError
        The plugin is to become an object of a cluster, or is attached to something else than the
        ingress gateway.
    """
    if plugin.kind is not Kind.AUTO:
        raise UsageError(
            f"The local mesh has no objects of a cluster, and {plugin.id} is to become one for {plugin.kind.value}.",
            hint=Wording("leave {} and {} out; {} shows the object", Option("as_"), Option("target"), Verb("render")),
        )
    for target in plugin.targets:
        if (target.kind, target.name) != ("Gateway", GATEWAY):
            raise UsageError(
                f"There is no {target} in the local mesh, and {plugin.id} is to be attached to it.",
                hint=Wording("its only gateway is Gateway/{}; pods are named with {}", GATEWAY, Option("selector")),
            )


def check_network(plugin: Plugin, proxies: Iterable[Proxy]) -> None:
    """Refuse a second plugin of the type NETWORK for a proxy: each discovers one.

    Raises
    ------
    UsageError
    """
    if plugin.type is not PluginType.NETWORK:
        return
    for proxy in proxies:
        for one in proxy.chain.plugins:
            if one.network and one.plugin.id != plugin.id:
                raise UsageError(
                    f"{proxy.name} has a filter of connections already: {one.plugin.id}.",
                    why=["a proxy of the local mesh runs one plugin of the type NETWORK"],
                    hint=Wording("{} takes it away", Verb("undeploy", (one.plugin.id,))),
                )


def is_for(plugin: Plugin, proxy: Proxy) -> bool:
    """Say whether a proxy is to run a plugin."""
    return _is_selected(plugin, proxy) and _fits(plugin, proxy)


def no_proxy(plugin: Plugin, proxies: Sequence[Proxy]) -> SelectorError:
    """Make the error for a plugin that is for no proxy."""
    selected = [proxy for proxy in proxies if _is_selected(plugin, proxy)]
    if not selected:
        return no_pod(plugin.selector, proxies)
    there = dict.fromkeys(f"{_mode(proxy).value}:{proxy.site.port}" for proxy in selected)
    return SelectorError(
        f"No listener of the pods that {plugin.id} selects is one of {', '.join(str(one) for one in plugin.match)}.",
        hint=f"available: {', '.join(there)}; the local mesh filters what pods receive, not what they send",
    )


def unselected(plugin: Plugin, proxy: Proxy) -> tuple[Cause, str]:
    """Say why a plugin is not for a pod."""
    if plugin.targets:
        return Cause.OTHER_TARGET, f"the plugin is for {plugin.scope}"
    if plugin.selects(proxy.labels):
        return Cause.LISTENER_DIFFERS, f"its listener is none of {', '.join(str(one) for one in plugin.match)}"
    return Cause.LABELS_DIFFER, f"the pod's labels do not match {plugin.scope}"


def meaningless(plugin: Plugin, proxy: Proxy) -> str:
    """Say what of a plugin means nothing on a proxy of this mesh; empty when all of it does."""
    found = []
    if plugin.pull_secret or plugin.pull_policy is not PullPolicy.UNSPECIFIED:
        found.append("nothing is pulled on the local mesh: pull secret and pull policy mean nothing")
    if _mode(proxy) is Mode.SERVER and any(one.mode is not Mode.SERVER for one in plugin.match):
        found.append("what the pod sends is not filtered on the local mesh, only what it receives")
    return "; ".join(found)


def _mode(proxy: Proxy) -> Mode:
    return Mode.CLIENT if proxy.site.workload == GATEWAY else Mode.SERVER


def _is_selected(plugin: Plugin, proxy: Proxy) -> bool:
    if proxy.site.workload == GATEWAY and not plugin.selector:
        return bool(plugin.targets)
    return plugin.selects(proxy.labels)


def _fits(plugin: Plugin, proxy: Proxy) -> bool:
    return not plugin.match or any(one.fits(_mode(proxy), proxy.site.port) for one in plugin.match)
