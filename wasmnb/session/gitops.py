"""Objects of a cluster in a folder for Git: written there, and what is in force held against them.

Whoever applies them (Argo CD, Flux, ``kubectl apply -k``), the labels say that they are ours and of which plugin, so
that a mesh finds and judges them as those that it has applied itself.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from wasmnb import redact
from wasmnb.display import Column, Table
from wasmnb.display.result import Dated, Tabled
from wasmnb.errors import ConfigError, UsageError
from wasmnb.mesh import MeshInNamespace
from wasmnb.mesh.results import Verdicts, verdicts_table
from wasmnb.plugin.identity import plugin_dict, plugin_secrets, short_secrets
from wasmnb.plugin.rendering import yaml_text
from wasmnb.wording import Option, Verb, Wording

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wasmnb.mesh import Mesh
    from wasmnb.plugin import Plugin, PodVerdict

__all__ = ["Difference", "Exported", "FolderStatus", "export", "folder_status"]

_PLUGIN, _MANAGED, _RECORD = "wasmnb.dev/plugin", "app.kubernetes.io/managed-by", "wasmnb.dev/record"
_BASE = "kustomization.yaml"
_KUSTOMIZATION = {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization"}


@dataclass(frozen=True)
class Exported(Dated, Tabled):
    """A plugin's object in a folder.

    Parameters
    ----------
    plugin : Plugin
    kind : str
        Of the object.
    folder : str
    files : tuple of str
        What was written or was there already, the kustomize base last.
    changed : bool
        Whether any of them is another than before.
    notes : tuple of str
    """

    plugin: Plugin = field(repr=False)
    kind: str
    folder: str
    files: tuple[str, ...]
    changed: bool
    notes: tuple[str, ...] = ()

    @property
    def table(self) -> Table:
        """The files in rows: ``file`` (``string``)."""
        return Table((Column("file"),), tuple((name,) for name in self.files))

    def to_dict(self) -> dict[str, Any]:
        """Give plain JSON values."""
        return {
            "plugin": plugin_dict(self.plugin),
            "kind": self.kind,
            "folder": self.folder,
            "files": list(self.files),
            "changed": self.changed,
            "notes": list(self.notes),
            "at": self.at.isoformat(),
        }


@dataclass(frozen=True)
class Difference:
    """Something that a folder says and the cluster does not.

    Parameters
    ----------
    plugin : str
    object : str
        ``Kind/name``.
    path : str
        The field, such as ``spec.url``; empty when the whole object is missing.
    folder, cluster : str
        What each says, as JSON; ``cluster`` is empty where it says nothing.
    """

    plugin: str
    object: str
    path: str
    folder: str
    cluster: str

    def __str__(self) -> str:
        if not self.path:
            return f"{self.object} is not in the cluster"
        return f"{self.object} {self.path}: {self.folder} in the folder, {self.cluster or 'nothing'} in the cluster"

    def to_dict(self) -> dict[str, Any]:
        """Give plain JSON values."""
        return dict(vars(self))


@dataclass(frozen=True)
class FolderStatus(Dated, Tabled):
    """The plugins of a folder on the pods, and where the cluster differs from it.

    Parameters
    ----------
    folder : str
    verdicts : tuple of PodVerdict
    differences : tuple of Difference
    """

    folder: str
    verdicts: tuple[PodVerdict, ...]
    differences: tuple[Difference, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether the cluster has all that the folder says."""
        return not self.differences

    @property
    def table(self) -> Table:
        """The verdicts in rows; see `wasmnb.mesh.results.verdicts_table`."""
        return verdicts_table(self.verdicts)

    def to_dict(self) -> dict[str, Any]:
        """Give plain JSON values."""
        return {
            "folder": self.folder,
            "differences": [one.to_dict() for one in self.differences],
            **Verdicts(self.verdicts, at=self.at).to_dict(),
        }


def export(plugin: Plugin, body: Mapping[str, Any], folder: str | Path, notes: tuple[str, ...] = ()) -> Exported:
    """Write an object with our labels, and a kustomize base that names it; the same plugin gives the same bytes.

    Parameters
    ----------
    plugin : Plugin
    body : mapping
        As rendered.
    folder : str or pathlib.Path
    notes : tuple of str

    Raises
    ------
    ConfigError
        It holds a secret, or cannot be written.
    UsageError
        It is no object of a cluster.
    """
    if "metadata" not in body:
        raise UsageError("A plain Envoy has no objects to be kept in a folder.", hint="write one file instead")
    if plugin_secrets(plugin) or short_secrets(plugin):
        raise ConfigError(
            f"{plugin.id} holds a secret, and a folder for Git is no place for it.",
            hint=Wording(
                "have the proxies' environment hold it: {} without a value hands a variable of theirs on",
                Option("env", "NAME"),
            ),
        )
    labels = {**body["metadata"].get("labels", {}), _MANAGED: "wasmnb", _PLUGIN: plugin.id}
    kept = {"plugin": plugin.to_dict(), "history": [], "roots": {}}
    record = json.dumps(kept, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    notes_of = {**body["metadata"].get("annotations", {}), _RECORD: record}
    whole = {**body, "metadata": {**body["metadata"], "labels": labels, "annotations": notes_of}}
    place, name = Path(folder).expanduser(), f"{plugin.id}.yaml"
    try:
        place.mkdir(parents=True, exist_ok=True)
        changed = _write(place / name, yaml_text(whole))
        changed |= _name_in(place / _BASE, name)
    except OSError as error:
        raise ConfigError(f"{error.filename} cannot be written: {error.strerror or error}.") from None
    files = (str(place / name), str(place / _BASE))
    return Exported(plugin, str(body["kind"]), str(folder), files, changed, notes)


def folder_status(mesh: Mesh, folder: str | Path) -> FolderStatus:
    """Hold what is in force against a folder, and judge its plugins on every pod.

    Raises
    ------
    ConfigError
        The folder has nothing of ours, or cannot be read.
    UsageError
        The mesh is no cluster, or another namespace of it is meant.
    """
    if not isinstance(mesh, MeshInNamespace):
        raise UsageError(
            f"The mesh {mesh.name!r} is not a cluster, and a folder has objects of one.",
            hint=Wording(
                "leave the folder out, or choose a cluster: {}, then {}",
                Verb("mesh", ("stop",)),
                Verb("mesh", ("istio",)),
                terminal="leave the folder out, or choose a cluster: --mesh istio",
            ),
        )
    verdicts: list[PodVerdict] = []
    differences: list[Difference] = []
    for wanted in _objects(Path(folder).expanduser()):
        plugin, called = wanted["metadata"]["labels"][_PLUGIN], f"{wanted['kind']}/{wanted['metadata']['name']}"
        namespace = wanted["metadata"].get("namespace", mesh.namespace)
        if namespace != mesh.namespace:
            raise UsageError(
                f"{called} is for the namespace {namespace}, and {mesh.namespace} is looked at.",
                hint=Wording(
                    "{}, then {}",
                    Verb("mesh", ("stop",)),
                    Verb("mesh", ("istio",), (Option("namespace", namespace),)),
                    terminal=Wording("say {}", Option("namespace", namespace)),
                ),
            )
        there = [one for one in yaml.safe_load_all(mesh.rendered(plugin)) if one]
        same = [one for one in there if (one["kind"], one["metadata"]["name"]) == tuple(called.split("/", 1))]
        if not same:
            differences.append(Difference(plugin, called, "", "", ""))
        for path, said, found in _differing(wanted.get("spec"), same[0].get("spec"), "spec") if same else ():
            differences.append(Difference(plugin, called, path, *map(_shown, (said, found))))
        if there:
            verdicts += mesh.verdicts(plugin)
    return FolderStatus(str(folder), tuple(verdicts), tuple(differences))


def _objects(folder: Path) -> Iterator[Mapping[str, Any]]:
    if not folder.is_dir():
        raise ConfigError(f"There is no folder {str(folder)!r}.")
    paths = sorted((*folder.rglob("*.yaml"), *folder.rglob("*.yml")))
    ours = [
        one for path in paths for one in _read(path) if _PLUGIN in ((one.get("metadata") or {}).get("labels") or {})
    ]
    if not ours:
        export_it = Verb("render", ("NAME",), (Option("out", str(folder)),))
        raise ConfigError(
            f"{folder} has no object with the label {_PLUGIN}.",
            hint=Wording("export a plugin into it first: {}", export_it),
        )
    yield from ours


def _read(path: Path) -> list[Mapping[str, Any]]:
    try:
        return [one for one in yaml.safe_load_all(path.read_text("utf-8")) if isinstance(one, Mapping)]
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise ConfigError(f"{path} cannot be read: {str(error).splitlines()[0]}") from None


def _differing(said: Any, found: Any, path: str) -> Iterator[tuple[str, Any, Any]]:
    """Give each field that the folder says and the cluster says otherwise; what a server adds is no difference."""
    if isinstance(said, Mapping) and isinstance(found, Mapping):
        for key, value in said.items():
            yield from _differing(value, found.get(key), f"{path}.{key}")
    elif isinstance(said, list) and isinstance(found, list) and len(said) == len(found):
        for index, (one, other) in enumerate(zip(said, found, strict=True)):
            yield from _differing(one, other, f"{path}[{index}]")
    elif said != found:
        yield path, said, found


def _shown(value: Any) -> str:
    return "" if value is None else json.dumps(redact.config(value), ensure_ascii=False)


def _name_in(path: Path, name: str) -> bool:
    """Have a kustomize base name a file, and leave what else it says."""
    known = yaml.safe_load(path.read_text("utf-8")) if path.exists() else dict(_KUSTOMIZATION)
    resources = list((known or {}).get("resources") or ())
    if name in resources:
        return False
    return _write(path, yaml_text({**_KUSTOMIZATION, **(known or {}), "resources": sorted([*resources, name])}))


def _write(path: Path, text: str) -> bool:
    if path.exists() and path.read_text("utf-8") == text:
        return False
    path.write_text(text, "utf-8")
    return True
