"""Shares of a service's requests on a cluster: a DestinationRule and a VirtualService of ours, until they are removed.

The DestinationRule is there before the VirtualService, and after it: whoever finds one finds all there is.
"""

from __future__ import annotations

import time
from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from wasmnb.errors import MeshError
from wasmnb.mesh.istio.api.api_errors import ForbiddenError, MissingError
from wasmnb.mesh.istio.api.rbac import Right
from wasmnb.mesh.istio.objects.objects import MANAGED, MANAGER, PLUGIN, ObjectKind, record_of
from wasmnb.mesh.istio.objects.objects_writer import text_of
from wasmnb.mesh.istio.objects.routes import Routes, clashes, held
from wasmnb.mesh.istio.proxies.pods import has_proxy, labels, moment, name_of
from wasmnb.mesh.shares import Share, refused
from wasmnb.plugin.errors import DeployError
from wasmnb.plugin.scope import carries
from wasmnb.plugin.selector import labels_text
from wasmnb.wording import Option, Verb, Wording

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from wasmnb.mesh.istio.objects.objects import Objects
    from wasmnb.mesh.istio.proxies.admin import Admin
    from wasmnb.plugin import Plugin

__all__ = ["Shares"]

_ISTIO, _GATEWAY = "networking.istio.io", "gateway.networking.k8s.io"
_RULE = ObjectKind("DestinationRule", _ISTIO, "v1beta1", "destinationrules")
_SERVICE = ObjectKind("VirtualService", _ISTIO, "v1beta1", "virtualservices")
_OTHERS = (
    _SERVICE,
    _RULE,
    ObjectKind("HTTPRoute", _GATEWAY, "v1", "httproutes"),
    ObjectKind("GRPCRoute", _GATEWAY, "v1", "grpcroutes"),
)
_ROUTES = "/config_dump?resource=dynamic_route_configs"
_ASKED = 8
"""So many callers' proxies are asked whether they have a share: istiod sends it to all at the same time."""
_PAUSE = 0.1
_FORSAKEN = timedelta(minutes=5)
"""Routes without a plugin are that old before they are taken for left behind: a rollout makes them first."""


class Shares:
    """The shares of one namespace.

    Parameters
    ----------
    objects : Objects
    admin : Admin
    serving : callable
        Gives the pods.
    """

    def __init__(self, objects: Objects, admin: Admin, serving: Callable[[], Sequence[Mapping[str, Any]]]) -> None:
        self._objects, self._admin, self._serving = objects, admin, serving
        self._cluster, self._namespace = objects.cluster, objects.namespace
        self._made: set[str] = set()

    def text(self, plugin: Plugin, wanted: Mapping[str, str], percent: float) -> str:
        """Give the YAML of both objects; see `MeshOfShares.rendered_share`."""
        routes, share = self._planned(plugin, wanted, percent)
        return "---\n".join(text_of(self._marked(one, share)) for one in routes.objects(percent))

    def put(self, plugin: Plugin, wanted: Mapping[str, str], percent: float, wait: float) -> Share:
        """Put a share in force; see `MeshOfShares.share`."""
        routes, share = self._planned(plugin, wanted, percent)
        rule, service = (self._marked(one, share) for one in routes.objects(percent))
        self._made.add(plugin.id)
        self._objects.patch(_RULE, rule)
        self._objects.patch(_SERVICE, service)
        self._arrived(routes, percent, wait)
        return share

    def there(self, id_: str | None = None) -> tuple[Share, ...]:
        """List the shares that there are, or those of one plugin."""
        return tuple(share for item in self._own(id_) if (share := _share(item)) is not None)

    def drop(self, id_: str) -> None:
        """Delete what shares requests for a plugin; who may not list such objects has made none."""
        if not self._cluster.may(_RULE.right("list", self._namespace)):
            return
        try:
            rules = self._own(id_)
        except ForbiddenError:
            if id_ in self._made:
                raise
            return  # who may not even ask finds out by doing
        for rule in rules:
            name = name_of(rule)
            for kind in (_SERVICE, _RULE):
                self._delete(kind, name)
        self._made.discard(id_)

    def left(self) -> list[tuple[str, bool]]:
        """Name the shares there are, and delete those of no rollout; say of each whether it was deleted.

        One of nothing stays while its plugin does: it keeps requests from pods that could not go back.
        """
        if not self._cluster.may(_RULE.right("list", self._namespace)):
            return []
        told, now, own = [], self._cluster.now(), self._own(None)
        there = self._objects.all() if own else []
        for item in own:
            share = _share(item)
            made = moment(str(record_of(item).get("at", "")).replace("+00:00", "Z") or None)
            busy = share is None or any(one.id == share.plugin and (one.part or not share.percent) for one in there)
            if share is None or busy or now - made < _FORSAKEN:
                id_ = item["metadata"]["labels"][PLUGIN]
                told.append((f"{share or name_of(item)}, in a rollout of {id_} that has not ended", False))
                continue
            self.drop(share.plugin)
            told.append((f"{share}, left by a rollout of {share.plugin}: its routes were removed", True))
        return told

    def _planned(self, plugin: Plugin, wanted: Mapping[str, str], percent: float) -> tuple[Routes, Share]:
        items = [item for item in self._serving() if labels(item)]
        own = [item for item in items if plugin.selects(labels(item)) and carries(labels(item), wanted)]
        service = self._service(own, wanted)
        name, spec = name_of(service), service["spec"]
        pods = [item for item in items if carries(labels(item), spec["selector"])]
        others = [item for item in pods if not carries(labels(item), wanted)]
        lacking = [name_of(item) for item in others if not wanted.keys() <= labels(item).keys()]
        beyond = [name_of(item) for item in pods if carries(labels(item), wanted) and item not in own]
        if lacking or beyond or not others:
            why = [f"without a label {' and '.join(wanted)}: {', '.join(lacking)}"] if lacking else []
            why += [f"with these labels, and not selected: {', '.join(beyond)}"] if beyond else []
            why += [] if others else [f"every pod of {name} carries them"]
            raise refused(name, why, "choose a label that each pod of the service has, with another value elsewhere")
        groups = Counter(tuple((key, labels(item)[key]) for key in sorted(wanted)) for item in others)
        routes = Routes(
            f"wasmnb-{plugin.id}",
            self._namespace,
            name,
            tuple(int(one["port"]) for one in spec.get("ports") or () if one.get("protocol", "TCP") == "TCP"),
            dict(wanted),
            [(dict(group), count) for group, count in sorted(groups.items())],
        )
        self._free(routes, plugin.id)
        return routes, Share(plugin.id, name, dict(wanted), percent, tuple(name_of(item) for item in pods))

    def _service(self, own: Sequence[Mapping[str, Any]], wanted: Mapping[str, str]) -> Mapping[str, Any]:
        """Find the one service whose requests come to some pods."""
        path, right = f"/api/v1/namespaces/{self._namespace}/services", Right("list", "services", "", self._namespace)
        found: list[Mapping[str, Any]] = [
            one
            for one in self._cluster.request("GET", path, right=right).get("items") or ()
            # A headless one's callers choose a pod by its address.
            if (chosen := one["spec"].get("selector"))
            and one["spec"].get("clusterIP") != "None"
            and own
            and all(carries(labels(item), chosen) for item in own)
        ]
        if len(found) == 1:
            return found[0]
        names = ", ".join(name_of(one) for one in found)
        said = labels_text(wanted, "+")
        why = [f"there are several: {names}" if found else f"no service has all pods that carry {said}"]
        raise refused(names or said, why, "choose pods that are behind one service")

    def _free(self, routes: Routes, id_: str) -> None:
        """Raise where somebody else says where these requests go."""
        for kind in _OTHERS:
            path, right = f"/apis/{kind.group}/{kind.version}/{kind.plural}", Right("list", kind.plural, kind.group)
            try:
                listed = self._cluster.request("GET", path, right=right, compressed=True).get("items") or ()
            except MissingError:  # the cluster does not know the kind
                continue
            items = [{**item, "kind": kind.name} for item in listed]
            foreign = [
                item
                for item in items
                if (item["metadata"]["namespace"], item["metadata"]["name"]) == (self._namespace, routes.name)
                and (item["metadata"].get("labels") or {}).get(PLUGIN) != id_
            ]
            found = [f"{kind.name} {self._namespace}/{routes.name}" for _ in foreign] + clashes(items, routes)
            if found:
                raise refused(
                    routes.service,
                    [f"{one} says so already, and Istio does not merge it with one of ours" for one in found],
                    Wording(
                        "{} goes on without it, and leaves that object as it is; its weights can be changed there",
                        Option("steps", "version=v2,version=v1"),
                    ),
                )

    def _arrived(self, routes: Routes, percent: float, wait: float) -> None:
        """Wait until callers' proxies share the requests so."""
        deadline = time.monotonic() + wait
        waiting = [name_of(item) for item in self._serving() if has_proxy(item)][:_ASKED]
        while waiting:
            waiting = [pod for pod in waiting if self._held(pod, routes, percent) is False]
            if waiting and time.monotonic() > deadline:
                raise DeployError(
                    f"The routes for {routes.service} have not come to the proxies within {wait:g} s.",
                    why=[f"not yet: {', '.join(waiting)}"],
                    hint=Wording("{} tells how Istio is", Verb("doctor")),
                )
            if waiting:
                time.sleep(_PAUSE)

    def _held(self, pod: str, routes: Routes, percent: float) -> bool | None:
        try:
            return held(self._admin.get(pod, _ROUTES), routes.host, percent)
        except (TimeoutError, ValueError):
            return False
        except ForbiddenError:
            raise
        except MeshError:  # it is gone, or has none: no caller either
            return None

    def _marked(self, body: Mapping[str, Any], share: Share) -> dict[str, Any]:
        kept = {"service": share.service, "labels": dict(share.labels), "percent": share.percent}
        return self._objects.marked(body, share.plugin, {"share": kept})

    def _own(self, id_: str | None) -> list[dict[str, Any]]:
        label = PLUGIN if id_ is None else f"{PLUGIN}={id_}"
        query, right = {"labelSelector": f"{label},{MANAGED}={MANAGER}"}, _RULE.right("list", self._namespace)
        try:
            answer = self._cluster.request("GET", _RULE.path(self._namespace), query=query, right=right)
        except MissingError:
            return []
        return [{**item, "kind": _RULE.name} for item in answer.get("items") or ()]

    def _delete(self, kind: ObjectKind, name: str) -> None:
        try:
            path, right = kind.path(self._namespace, name), kind.right("delete", self._namespace)
            self._cluster.request("DELETE", path, right=right)
        except MissingError:
            return


def _share(item: Mapping[str, Any]) -> Share | None:
    kept = record_of(item).get("share")
    if not isinstance(kept, dict):
        return None
    id_ = str(item["metadata"]["labels"][PLUGIN])
    return Share(id_, str(kept.get("service")), dict(kept.get("labels") or {}), float(kept.get("percent") or 0))
