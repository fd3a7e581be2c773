"""What is in force in a namespace, and how that changes: one object for a plugin, or one for each part of a rollout.

A rollout in steps needs two versions of a plugin beside each other, and never both on one pod. Selectors cannot
exclude. Before a part gets its new version, the plugin's one object is therefore split, still the old version, into one
object for each value of the labels that the steps are about; then each is changed in place, which a proxy takes over
between two requests. A plugin that is put in force as a whole afterwards is one object again.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from wasmnb.errors import BadNameError, MeshError, UsageError
from wasmnb.mesh.istio.proxies.pods import labels, moment
from wasmnb.mesh.suggestion import suggestion
from wasmnb.plugin import Plugin
from wasmnb.plugin.errors import DeployError
from wasmnb.plugin.identity import same_values

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from datetime import datetime

    from wasmnb.image import Image
    from wasmnb.mesh.istio.objects.objects import Objects, Stored

__all__ = ["ObjectsWriter", "newest_of", "parts_of", "put_at", "text_of", "unknown"]

_NOISE = ("managedFields", "uid", "resourceVersion", "generation", "creationTimestamp", "selfLink")
_RECORD = "wasmnb.dev/record"


def text_of(item: Mapping[str, Any]) -> str:
    """Give an object as YAML, without what the API server and our own record add."""
    metadata = {key: value for key, value in item["metadata"].items() if key not in _NOISE}
    notes = {key: value for key, value in metadata.pop("annotations", {}).items() if key != _RECORD}
    if notes:
        metadata["annotations"] = notes
    whole = {"apiVersion": item["apiVersion"], "kind": item["kind"], "metadata": metadata, "spec": item["spec"]}
    from wasmnb.plugin.rendering import yaml_text  # noqa: PLC0415 - for what is written, not for a look

    return yaml_text(_sorted(whole))


def _sorted(value: Any) -> Any:
    # As the API server gives members, so that two texts differ only in what they say.
    return {key: _sorted(value[key]) for key in sorted(value)} if isinstance(value, dict) else value


class ObjectsWriter:
    """Writes the objects of the plugins of one namespace, and reads the plugins from them.

    Parameters
    ----------
    objects : Objects
    version : str
        Istio's.
    as_ : str
        The kind of object that is wanted; empty for what fits.
    image : callable
        Gives the image of a reference and a digest.
    """

    def __init__(self, objects: Objects, version: str, as_: str, image: Callable[[str, str], Image]) -> None:
        self.objects = objects
        self.version = version
        self.as_ = as_
        self._image = image
        self._roots: dict[str, str] = {}

    def root_id(self, digest: str, root_id: str) -> None:
        """Learn which root id an image's module registers, for plugins that name none."""
        self._roots[digest] = root_id

    def body(self, plugin: Plugin, part: Mapping[str, str], attempt: int = 0) -> dict[str, Any]:
        """Render the object of a plugin, or of a part of it; another ``attempt`` makes proxies load it afresh."""
        if attempt:
            # An Envoy does nothing for what it has already; a VM with another environment is another VM.
            plugin = replace(plugin, env={**plugin.env, "WASMNB_ATTEMPT": str(attempt)})
        if part:
            name = ".".join([plugin.id, *(part[key] for key in sorted(part))])
            plugin = replace(plugin, id=name, selector={**plugin.selector, **part})
        if plugin.root_id is None:
            plugin = replace(plugin, root_id=self._roots.get(plugin.image.digest, ""))
        from wasmnb.plugin.rendering import render_istio  # noqa: PLC0415 - as above

        return render_istio(plugin, self.objects.namespace, version=self.version, as_=self.as_)

    def text(self, plugin: Plugin) -> str:
        """Give the YAML that putting a plugin in force as a whole would apply."""
        return text_of(self.objects.marked(self.body(plugin, {}), plugin.id, {}))

    def plugin(self, stored: Stored) -> Plugin | None:
        """Give the whole plugin that an object was made from; None when its record is not there any more."""
        found = self._plugins([stored.record.get("plugin")], stored)
        return found[0] if found else None

    def holds(self, plugin: Plugin, stored: Sequence[Stored]) -> bool:
        """Say whether objects hold a plugin already, as a whole.

        The object must be as it would be rendered now: somebody may have changed it by hand.
        """
        if len(stored) != 1 or stored[0].part or self.plugin(stored[0]) != plugin:
            return False
        body = self.body(plugin, {}, stored[0].attempt)
        spec = stored[0].item.get("spec", {})
        return bool(body["kind"] == stored[0].kind.name and _within(body["spec"], spec))

    def _plugins(self, records: Sequence[Any], stored: Stored) -> list[Plugin]:
        for digest, root_id in (stored.record.get("roots") or {}).items():
            self._roots.setdefault(digest, root_id)
        return [Plugin.from_dict(one, self._image) for one in records if isinstance(one, dict)]

    def _record(self, plugin: Mapping[str, Any], history: Sequence[Any]) -> dict[str, Any]:
        used = {one["image"] for one in (plugin, *history) if one.get("root_id") is None}
        roots = {digest: root_id for digest, root_id in self._roots.items() if digest in used}
        return {"plugin": dict(plugin), "history": list(history), "roots": roots}

    def history(self, id: str, stored: Sequence[Stored]) -> list[Plugin]:  # noqa: A002 - the field's own word
        """List what was in force under an id, newest first, as far as the cluster remembers.

        Raises
        ------
        BadNameError
        """
        newest = newest_of(stored)
        found = self._plugins(newest.record.get("history") or [], newest) if newest is not None else []
        if not found:
            raise BadNameError(f"No plugin {id!r} was ever in force as a whole in {self.objects.namespace}.")
        return found

    def put(
        self,
        plugin: Plugin,
        stored: Sequence[Stored],
        *,
        attempt: int = 0,
        past: Sequence[Plugin] = (),
        take_over: bool = False,
    ) -> list[Stored]:
        """Put a plugin in force as a whole; an object of another kind, or parts, give way to one object.

        Parameters
        ----------
        plugin : Plugin
        stored : sequence of Stored
            What holds it until now.
        attempt : int
            See `body`.
        past : sequence of Plugin
            What is known of its past where nothing is stored, newest first.
        take_over : bool
            See `Objects.apply`.

        Returns
        -------
        list of Stored
            What holds it now.
        """
        newest, present = newest_of(stored), plugin.to_dict()
        history = [one.to_dict() for one in past] if newest is None else list(newest.record.get("history") or ())
        if history[:1] != [present]:
            history.insert(0, present)
        record = {**self._record(present, history), "attempt": attempt}
        for one in stored:
            if one.part:
                # Each part takes the new version in place, so that no pod has two while they become one object.
                part, body = {**record, "part": one.part}, self.body(plugin, one.part)
                self.objects.apply(body, plugin.id, part, known=stored, take_over=take_over)
        body = self.body(plugin, {}, attempt)
        made = self.objects.apply(body, plugin.id, record, known=stored, take_over=take_over)
        for one in stored:
            if (one.kind, one.name) != (made.kind, made.name):
                self.objects.delete(one)
        return [made]

    def put_part(
        self, plugin: Plugin, part: Mapping[str, str], stored: Sequence[Stored], *, take_over: bool = False
    ) -> list[Stored]:
        """Put a plugin in force on one part; the others keep what they have. `split` comes before.

        Raises
        ------
        UsageError
            The plugin is in parts of other labels.
        """
        wrong = [one for one in stored if set(one.part) != set(part)]
        if wrong:
            raise UsageError(
                f"{plugin.id} is in force in parts of other labels ({', '.join(sorted(wrong[0].part)) or 'none'}).",
                hint="deploy it as a whole first",
            )
        newest = newest_of(stored)
        record = self._record(plugin.to_dict(), newest.record.get("history") or () if newest is not None else ())
        body, record = self.body(plugin, part), {**record, "part": dict(part)}
        made = self.objects.apply(body, plugin.id, record, known=stored, take_over=take_over)
        return [*(one for one in stored if one.part != dict(part)), made]

    def split(self, stored: Sequence[Stored], parts: Sequence[Mapping[str, str]]) -> list[Stored]:
        """Split a plugin's one object into parts, the version as it is; parts that there are stay.

        Raises
        ------
        DeployError
            The object's record is gone, so that it cannot be made anew.
        """
        whole = next((one for one in stored if not one.part), None)
        if whole is None:
            return list(stored)
        plugin = self.plugin(whole)
        if plugin is None:
            raise DeployError(
                f"{whole.name} has lost its record, so it cannot be rolled out in steps.", hint="deploy it as a whole"
            )
        kept = self._record(whole.record["plugin"], whole.record.get("history") or [])
        made = [
            self.objects.apply(self.body(plugin, part), plugin.id, {**kept, "part": dict(part)}, known=stored)
            for part in parts
        ]
        self.objects.delete(whole)
        return made


def parts_of(items: Sequence[Mapping[str, Any]], by: Collection[str]) -> list[dict[str, str]]:
    """Divide pods by some labels: give each combination of values that they have.

    Raises
    ------
    MeshError
        A pod lacks one of the labels.
    """
    lacking = [item["metadata"]["name"] for item in items if not set(by) <= labels(item).keys()]
    if lacking:
        raise MeshError(
            f"{', '.join(lacking)} lacks a label of {', '.join(by)}, so no selector can tell it from the others.",
            hint="roll out by labels that every selected pod has",
        )
    return [dict(part) for part in dict.fromkeys(tuple((key, labels(item)[key]) for key in by) for item in items)]


def newest_of(stored: Sequence[Stored]) -> Stored | None:
    """Give the object that was put in force last."""
    return max(stored, key=put_at, default=None)


def put_at(stored: Stored) -> datetime:
    """Say when an object was put in force, by the cluster's clock."""
    return moment(str(stored.record.get("at", "")).replace("+00:00", "Z") or None)


def unknown(id_: str, namespace: str, there: Sequence[str]) -> BadNameError:
    """Make the error for an id that nothing is in force under."""
    return BadNameError(f"No plugin {id_!r} is in force in {namespace}.", hint=suggestion(id_, there))


def _within(wanted: Any, there: Any) -> bool:
    """Say whether everything that is wanted is there; the API server may add its defaults."""
    if isinstance(wanted, dict):
        return isinstance(there, dict) and all(key in there and _within(wanted[key], there[key]) for key in wanted)
    if isinstance(wanted, list):
        return isinstance(there, list) and len(wanted) == len(there) and all(map(_within, wanted, there))
    return same_values(wanted, there)
