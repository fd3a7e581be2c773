"""Shares of a service's requests on the embedded mesh: values that its proxies read with each request.

Source: Envoy 1.40, ``config.route.v3``: ``runtime_fraction`` of a route's match, ``runtime_key_prefix`` of weighted
clusters; ``POST /runtime_modify`` writes such values.
"""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from wasmnb.errors import MeshError
from wasmnb.mesh.local.topology import route_to
from wasmnb.mesh.shares import Share, refused, weights
from wasmnb.plugin.scope import carries
from wasmnb.plugin.selector import labels_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from wasmnb.envoy.bootstrap import Route
    from wasmnb.envoy.proxy import Proxy
    from wasmnb.mesh.local.topology import Plan
    from wasmnb.plugin import Plugin

__all__ = ["Shares"]

_ON, _ANSWER = "100", 5.0


class Shares:
    """The shares of one mesh.

    Parameters
    ----------
    parts : Plan
    """

    def __init__(self, parts: Plan) -> None:
        self._plan = parts
        # Never changed, but replaced: who looks does not wait for a proxy that is being told.
        self._there: Mapping[str, tuple[Share, Route]] = {}
        self._lock = threading.RLock()

    def text(self, plugin: Plugin, wanted: Mapping[str, str], percent: float) -> str:
        """Give the runtime values of proxies, as JSON; see `MeshOfShares.rendered_share`."""
        return json.dumps(self._planned(plugin, wanted, percent)[2], indent=2) + "\n"

    def put(self, plugin: Plugin, wanted: Mapping[str, str], percent: float) -> Share:
        """Put a share in force; see `MeshOfShares.share`."""
        with self._lock:
            share, route, values = self._planned(plugin, wanted, percent)
            self._there = {**self._there, plugin.id: (share, route)}
            self._tell(values)
            return share

    def there(self, id_: str | None = None) -> tuple[Share, ...]:
        """List the shares that there are, or those of one plugin."""
        return tuple(share for share, _ in self._there.values() if id_ in (None, share.plugin))

    def drop(self, id_: str) -> None:
        """Have each pod asked in turn again."""
        with self._lock:
            if id_ in self._there:
                _, route = self._there[id_]
                # An empty value is the one that was there before.
                self._tell({route.shared_key: "", **{route.weight_key(pod): "" for pod in route.parts}})
                self._there = {one: kept for one, kept in self._there.items() if one != id_}

    def _planned(
        self, plugin: Plugin, wanted: Mapping[str, str], percent: float
    ) -> tuple[Share, Route, dict[str, str]]:
        said = labels_text(wanted, "+")
        own = {one.name for one in self._plan.proxies if plugin.selects(one.labels) and carries(one.labels, wanted)}
        services = [one for one in self._plan.services.values() if own and own <= {pod.name for pod in one.proxies}]
        if len(services) != 1:
            raise refused(
                said, [f"no service has all pods that carry {said}"], "choose pods that are behind one service"
            )
        (service,) = services
        others = [pod for pod in service.proxies if pod.name not in own]
        beyond = [pod.name for pod in others if carries(pod.labels, wanted)]
        busy = next((share for share, _ in self._there.values() if share.service == service.name), None)
        if beyond or not others or (busy is not None and busy.plugin != plugin.id):
            why = [f"with these labels, and not selected: {', '.join(beyond)}"] if beyond else []
            why += [] if others else [f"every pod of {service.name} carries them"]
            why += [f"{busy}, in a rollout of {busy.plugin}"] if busy is not None and busy.plugin != plugin.id else []
            raise refused(service.name, why, "choose a label that some pods of the service do not have")
        route, pods = route_to(service), [*sorted(own), *(pod.name for pod in others)]
        shared = weights(percent, [1] * len(own), [1] * len(others))
        values = {route.weight_key(pod): str(weight) for pod, weight in zip(pods, shared, strict=True)}
        share = Share(plugin.id, service.name, dict(wanted), percent, tuple(pod.name for pod in service.proxies))
        return share, route, {**values, route.shared_key: _ON}

    def _tell(self, values: Mapping[str, str]) -> None:
        """Have every proxy know some runtime values."""
        for proxy in self._plan.everyone:
            _post(proxy, f"/runtime_modify?{urlencode(values)}")


def _post(proxy: Proxy, path: str) -> None:
    try:
        proxy.admin.post(path, timeout=_ANSWER)
    except (ConnectionRefusedError, FileNotFoundError):
        # One that does not run sends no request, and comes back without such values.
        return
    except OSError as error:
        raise MeshError(
            f"The proxy of {proxy.name} does not take a share of the requests.",
            why=[str(error)],
            hint="look at the pods, then try again",
        ) from None
