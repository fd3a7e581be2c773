"""The objects that hold plugins: applied, listed and deleted, with who, when, from where and what was before."""

from __future__ import annotations

import getpass
import json
import os
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from wasmnb.mesh.istio.api.api_errors import ConflictError, MissingError
from wasmnb.mesh.istio.api.cluster import APPLY
from wasmnb.mesh.istio.api.rbac import Right
from wasmnb.plugin.errors import DeployError
from wasmnb.plugin.rendering.names import ENVOY_FILTER, TRAFFIC_EXTENSION, WASM_PLUGIN
from wasmnb.wording import Option, Wording

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from wasmnb.mesh.istio.api.cluster import Cluster

__all__ = ["KINDS", "MANAGER", "PLUGIN", "ObjectKind", "Objects", "Stored", "record_of"]

MANAGER = "wasmnb"
"""Our field manager (server-side apply), and the value of ``app.kubernetes.io/managed-by``."""
PLUGIN = "wasmnb.dev/plugin"
"""Label with the id of the plugin that an object holds."""
_MANAGED = "app.kubernetes.io/managed-by"
_RECORD = "wasmnb.dev/record"
_MOST_HISTORY = 10
_MOST_BYTES = 128 * 1024  # of the 256 KiB that all annotations of an object may have (Kubernetes, ObjectMeta)


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
                query={"labelSelector": f"{label},{_MANAGED}={MANAGER}"},
                right=kind.right("list", self.namespace),
            )
            found += [Stored(kind, item, record_of(item)) for item in answer.get("items") or ()]
        return sorted(found, key=lambda one: (one.item["metadata"]["creationTimestamp"], one.name))

    def apply(self, body: Mapping[str, Any], id: str, record: Mapping[str, Any], *, dry_run: bool = False) -> Stored:  # noqa: A002
        """Apply an object with our field manager; what others own is theirs.

        Parameters
        ----------
        body : mapping
            As rendered: ``apiVersion``, ``kind``, ``metadata.name``, ``spec``.
        id : str
        record : mapping
            See `Stored`; ``by``, ``at`` and ``notebook`` are filled in here.
        dry_run : bool
            Have the API server check it, and change nothing.

        Raises
        ------
        DeployError
            The object, or a field of it, belongs to somebody else, or the API server refuses it.
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
        query = {"fieldManager": MANAGER, "fieldValidation": "Strict", **({"dryRun": "All"} if dry_run else {})}
        self._is_ours(kind, name)
        try:
            item = self.cluster.request(
                "PATCH",
                kind.path(self.namespace, name),
                query=query,
                body=whole,
                kind=APPLY,
                right=kind.right("patch", self.namespace),
            )
        except ConflictError as error:
            raise DeployError(
                f"{kind.name} {name} in {self.namespace} has fields that another tool owns; nothing was changed.",
                why=error.why,
                hint=Wording("let that tool give them up, or deploy under another {}", Option("id")),
                code="WNB4025",
            ) from error
        return Stored(kind, item, record_of(item))

    def delete(self, stored: Stored) -> None:
        """Delete an object; one that is gone already is no error.

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
        now = datetime.now(timezone.utc).isoformat(timespec="milliseconds")
        kept = {**record, "by": _who(), "at": now, "notebook": _notebook()}
        kept["history"] = _bounded(kept.get("history") or [])
        metadata["namespace"] = self.namespace
        metadata["labels"] = {**metadata.get("labels", {}), _MANAGED: MANAGER, PLUGIN: id}
        metadata["annotations"] = {
            **metadata.get("annotations", {}),
            _RECORD: json.dumps(kept, ensure_ascii=False, separators=(",", ":")),
        }
        return {**body, "metadata": metadata}

    def _is_ours(self, kind: ObjectKind, name: str) -> None:
        try:
            there = self.cluster.request(
                "GET", kind.path(self.namespace, name), right=kind.right("get", self.namespace)
            )
        except MissingError:
            return
        if there["metadata"].get("labels", {}).get(_MANAGED) != MANAGER:
            owners = sorted({one.get("manager", "?") for one in there["metadata"].get("managedFields") or ()})
            raise DeployError(
                f"There is a {kind.name} called {name} in {self.namespace} that was not made here; it was not touched.",
                why=[f"it belongs to {', '.join(owners)}" if owners else "nobody says whose it is"],
                hint=Wording("deploy under another {}, or delete that one first", Option("id")),
                code="WNB4025",
            )


def record_of(item: Mapping[str, Any]) -> dict[str, Any]:
    """Read our record off an object; empty where it has none."""
    text = item["metadata"].get("annotations", {}).get(_RECORD, "")
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _bounded(history: list[Any]) -> list[Any]:
    kept: list[Any] = []
    size = 0
    for one in history[:_MOST_HISTORY]:
        size += len(json.dumps(one, ensure_ascii=False).encode())
        if size > _MOST_BYTES:
            break
        kept.append(one)
    return kept


def _who() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"


def _notebook() -> str:
    """Name the notebook, where its front end or server tells the kernel; never its folder."""
    path = os.environ.get("JPY_SESSION_NAME") or os.environ.get("PAPERMILL_INPUT_PATH") or ""
    return os.path.basename(path)  # noqa: PTH119 - it may be a URL
