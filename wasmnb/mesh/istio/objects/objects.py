"""The objects that hold plugins: applied, listed and deleted, with who, when, from where and what was before."""

from __future__ import annotations

import getpass
import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from wasmnb.mesh.istio.api.api_errors import ConflictError, MissingError
from wasmnb.mesh.istio.api.cluster import APPLY, PATCH
from wasmnb.mesh.istio.api.rbac import Right
from wasmnb.mesh.istio.objects.drift import drift_of
from wasmnb.mesh.istio.objects.plugin_facts import said_by
from wasmnb.mesh.istio.objects.record import packed, unpacked
from wasmnb.plugin.errors import DeployError
from wasmnb.plugin.rendering.names import ENVOY_FILTER, TRAFFIC_EXTENSION, WASM_PLUGIN
from wasmnb.wording import Option, Wording

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from wasmnb.mesh.istio.api.cluster import Cluster

__all__ = ["KINDS", "MANAGED", "MANAGER", "PLUGIN", "ObjectKind", "Objects", "Stored", "record_of"]

MANAGER = "wasmnb"
"""Our field manager (server-side apply), and the value of the label `MANAGED`."""
PLUGIN = "wasmnb.dev/plugin"
"""Label with the id of the plugin that an object holds."""
MANAGED = "app.kubernetes.io/managed-by"
"""Label of what is ours, whose value is `MANAGER`."""
_RECORD = "wasmnb.dev/record"
_TRIES = 5


@dataclass(frozen=True)
class ObjectKind:
    """A kind of object; its API group (empty for the core) with version, and its plural."""

    name: str
    group: str
    version: str
    plural: str

    @property
    def ours(self) -> bool:
        """Whether it is Istio's, whose proxies can be asked."""
        return self.group.endswith(".istio.io")

    def path(self, namespace: str, name: str = "") -> str:
        """Give the path of all of a namespace, or of one."""
        api = f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"
        base = f"{api}/namespaces/{namespace}/{self.plural}"
        return f"{base}/{name}" if name else base

    def right(self, verb: str, namespace: str) -> Right:
        """Give the right that a verb needs."""
        return Right(verb, self.plural, self.group, namespace)


KINDS = {
    (one.group, one.name): one
    for one in (
        ObjectKind(TRAFFIC_EXTENSION, "extensions.istio.io", "v1alpha1", "trafficextensions"),
        ObjectKind(WASM_PLUGIN, "extensions.istio.io", "v1alpha1", "wasmplugins"),
        ObjectKind(ENVOY_FILTER, "networking.istio.io", "v1alpha3", "envoyfilters"),
        ObjectKind("EnvoyExtensionPolicy", "gateway.envoyproxy.io", "v1alpha1", "envoyextensionpolicies"),
        ObjectKind("WasmPlugin", "extensions.higress.io", "v1alpha1", "wasmplugins"),
    )
}
"""The kinds that hold plugins, by group and name."""


@dataclass(frozen=True)
class Stored:
    """An object of ours as it is in the cluster.

    Parameters
    ----------
    kind : ObjectKind
    item : dict
        The object.
    record : dict
        What we keep with it: ``plugin`` (the whole plugin), ``part`` (the labels of a part of a rollout),
        ``history`` (the plugins that were in force as a whole, newest first), ``roots`` (the root id of each image
        whose plugin names none),
        ``attempt`` (how often the same was loaded afresh), ``by``, ``at``, ``notebook``.
    """

    kind: ObjectKind
    item: Mapping[str, Any]
    record: Mapping[str, Any]

    @property
    def name(self) -> str:
        """The object's name."""
        return str(self.item["metadata"]["name"])

    @property
    def id(self) -> str:
        """The plugin's id."""
        return str(self.item["metadata"]["labels"][PLUGIN])

    @property
    def part(self) -> dict[str, str]:
        """The labels that narrow the plugin's selector down to one part of a rollout; empty for a whole plugin."""
        return dict(self.record.get("part") or {})

    @property
    def attempt(self) -> int:
        """How often the same plugin was loaded afresh."""
        return int(self.record.get("attempt") or 0)


class Objects:
    """The objects of plugins in one namespace.

    Parameters
    ----------
    cluster : Cluster
    namespace : str
    kinds : iterable of ObjectKind
        Those that the cluster has.
    """

    def __init__(self, cluster: Cluster, namespace: str, kinds: Iterable[ObjectKind]) -> None:
        self.cluster = cluster
        self.namespace = namespace
        self.kinds = tuple(kinds)

    def all(self, id: str | None = None) -> list[Stored]:  # noqa: A002 - the field's own word
        """List our objects, or those of one plugin, oldest first.

        Raises
        ------
        ForbiddenError, MeshError
        """
        label = PLUGIN if id is None else f"{PLUGIN}={id}"
        found = []
        for kind in self.kinds:
            answer = self.cluster.request(
                "GET",
                kind.path(self.namespace),
                query={"labelSelector": f"{label},{MANAGED}={MANAGER}"},
                right=kind.right("list", self.namespace),
            )
            found += [Stored(kind, item, record_of(item)) for item in answer.get("items") or ()]
        return sorted(found, key=lambda one: (one.item["metadata"]["creationTimestamp"], one.name))

    def apply(
        self,
        body: Mapping[str, Any],
        id: str,  # noqa: A002
        record: Mapping[str, Any],
        *,
        known: Sequence[Stored] = (),
        take_over: bool = False,
    ) -> Stored:
        """Apply an object with our field manager, unless it is another than it was when the decision was made.

        Parameters
        ----------
        body : mapping
            As rendered: ``apiVersion``, ``kind``, ``metadata.name``, ``spec``.
        id : str
        record : mapping
            See `Stored`; ``by``, ``at`` and ``notebook`` are filled in here.
        known : sequence of Stored
            The plugin's objects as they were read before.
        take_over : bool
            Take an object, or fields of one, that somebody else has changed or made.

        Raises
        ------
        DeployError
            The object, or a field of it, belongs to somebody else; or another kernel has put the same plugin in force
            meanwhile; or the API server refuses it.
        ForbiddenError, MeshError
        """
        kind = KINDS[body["apiVersion"].partition("/")[0], body["kind"]]
        if kind not in self.kinds:
            raise DeployError(
                f"The cluster has no {kind.name} of {kind.group}; nothing was changed.",
                hint=Wording(
                    "install what brings it (Istio, Envoy Gateway, Higress), or choose another {} or {}",
                    Option("as_"),
                    Option("target"),
                ),
                code="WNB4024",
            )
        whole = self.marked(body, id, record)
        name = whole["metadata"]["name"]
        before = next((one for one in known if (one.kind, one.name) == (kind, name)), None)
        for left in reversed(range(_TRIES)):
            there = self._get(kind, name)
            if there is not None:
                self._check(kind, there, before, take_over=take_over)
                # The API server refuses it should the object change between these two requests.
                whole["metadata"]["resourceVersion"] = there["metadata"]["resourceVersion"]
            try:
                item = self.patch(kind, whole)
                break
            except ConflictError:
                # Perhaps Istio has but written its status.
                if not left:
                    raise
        if take_over:
            item = self._without_others(kind, item)
        return Stored(kind, item, record_of(item))

    def patch(self, kind: ObjectKind, whole: Mapping[str, Any]) -> dict[str, Any]:
        """Apply an object by force, and give it as it is then. The caller has looked for who else set a field of it.

        Raises
        ------
        ForbiddenError, ConflictError, MeshError
        """
        query = {"fieldManager": MANAGER, "fieldValidation": "Strict", "force": "true"}
        path = kind.path(self.namespace, whole["metadata"]["name"])
        right = kind.right("patch", self.namespace)
        found: dict[str, Any] = self.cluster.request("PATCH", path, query=query, body=whole, kind=APPLY, right=right)
        return found

    def _without_others(self, kind: ObjectKind, item: dict[str, Any]) -> dict[str, Any]:
        """Take away what others have added to the specification of an object."""
        added = [path for one in drift_of(item) for path in one.paths if path[0] == "spec"]
        # Elements of lists have no place of their own; in Istio's kinds a list is a field as a whole.
        paths = [path for path in added if not any(part.startswith(("k:", "v:", "i:")) for part in path)]
        if not paths:
            return item
        steps = [{"op": "remove", "path": _pointer(path)} for path in paths]
        path = kind.path(self.namespace, item["metadata"]["name"])
        query, right = {"fieldManager": MANAGER}, kind.right("patch", self.namespace)
        found: dict[str, Any] = self.cluster.request("PATCH", path, query=query, body=steps, kind=PATCH, right=right)
        return found

    def delete(self, stored: Stored) -> None:
        """Delete an object; one that is gone already is not an error.

        Raises
        ------
        ForbiddenError, MeshError
        """
        try:
            self.cluster.request(
                "DELETE",
                stored.kind.path(self.namespace, stored.name),
                body={"preconditions": {"uid": stored.item["metadata"]["uid"]}},
                right=stored.kind.right("delete", self.namespace),
            )
        except (MissingError, ConflictError):
            # Somebody deleted it, and perhaps made another of that name, which is not ours to delete.
            return

    def marked(self, body: Mapping[str, Any], id: str, record: Mapping[str, Any]) -> dict[str, Any]:  # noqa: A002
        """Give an object with our labels, and the record as an annotation."""
        metadata = dict(body["metadata"])
        now = self.cluster.now().isoformat(timespec="milliseconds")
        kept = {**record, "by": _who(), "at": now, "notebook": _notebook()}
        metadata["namespace"] = self.namespace
        metadata["labels"] = {**metadata.get("labels", {}), MANAGED: MANAGER, PLUGIN: id}
        metadata["annotations"] = {
            **metadata.get("annotations", {}),
            _RECORD: packed(kept),
        }
        return {**body, "metadata": metadata}

    def _get(self, kind: ObjectKind, name: str) -> dict[str, Any] | None:
        try:
            found: dict[str, Any] = self.cluster.request(
                "GET", kind.path(self.namespace, name), right=kind.right("get", self.namespace)
            )
        except MissingError:
            return None
        return found

    def _check(self, kind: ObjectKind, there: Mapping[str, Any], before: Stored | None, *, take_over: bool) -> None:
        """Raise where an object is not ours to change, or not any more what it was when that was decided."""
        name, take = there["metadata"]["name"], Option("take_over", value=True)
        if there["metadata"].get("labels", {}).get(MANAGED) != MANAGER:
            if take_over:
                return
            owners = sorted({one.get("manager", "?") for one in there["metadata"].get("managedFields") or ()})
            raise DeployError(
                f"There is a {kind.name} called {name} in {self.namespace} that was not made here; it was not touched.",
                why=[f"it belongs to {', '.join(owners)}" if owners else "its owner is not known"],
                hint=Wording("deploy under another {}, or delete that one first; {} takes it", Option("id"), take),
                code="WNB4025",
            )
        record = record_of(there)
        if record and record.get("at") != (before.record.get("at") if before is not None else None):
            raise DeployError(
                f"{record.get('by', 'Somebody')} has put another version of {name} in force meanwhile, at"
                f" {record.get('at', 'an unknown time')}; nothing was changed.",
                why=[f"from the notebook {record['notebook']}"] if record.get("notebook") else [],
                hint="look at it first; to replace it, deploy again",
                code="WNB4029",
            )
        changes = drift_of(there)
        if changes and not take_over:
            raise DeployError(
                f"{kind.name} {name} in {self.namespace} was changed by somebody else; nothing was changed now.",
                why=[str(one) for one in changes],
                hint=Wording("{} takes it back; or deploy under another {}", take, Option("id")),
                code="WNB4025",
            )


def _pointer(path: Sequence[str]) -> str:
    """Write a path as JSON Pointer (RFC 6901)."""
    return "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in path)


def record_of(item: Mapping[str, Any]) -> dict[str, Any]:
    """Read our record off an object; empty where it has none."""
    kind = next((one for one in KINDS.values() if one.name == item.get("kind")), None)
    said = said_by(Stored(kind, item, {}))[0] if kind is not None else None
    return unpacked(item["metadata"].get("annotations", {}).get(_RECORD, ""), _forms(said))


def _forms(config: Any) -> list[Any]:
    """Give what a configuration may have been before it became text."""
    if not isinstance(config, str):
        return [config]
    try:
        return [config, json.loads(config)]
    except ValueError:
        return [config]


def _who() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"


def _notebook() -> str:
    """Name the notebook, where its front end or server tells the kernel; never its folder."""
    path = os.environ.get("JPY_SESSION_NAME") or os.environ.get("PAPERMILL_INPUT_PATH") or ""
    return os.path.basename(path)  # noqa: PTH119 - it may be a URL
