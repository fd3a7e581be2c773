"""Looking at an image of any form, our own or foreign, without running or unpacking it anywhere."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from wasmnb.display import Column, Table
from wasmnb.display.result import Dated, Tabled
from wasmnb.errors import ImageError, WasmnbError
from wasmnb.image import oci_annotations
from wasmnb.image.compatibility import Acceptance, Payload, acceptances, form_of
from wasmnb.image.extraction import CONFIG_TYPE, chosen, elsewhere, fetch, payload_of, resolve
from wasmnb.image.layer import NoPluginError
from wasmnb.image.manifest import Descriptor, Manifest, digest_of
from wasmnb.module.module import Module

if TYPE_CHECKING:
    from collections.abc import Mapping

    from wasmnb.image.manifest import ReadBlob

__all__ = ["Inspection", "inspect"]

_MAX_CONFIG = 1024 * 1024
_ACCEPTED = {True: "yes", False: "no", None: "cannot tell"}


@dataclass(frozen=True)
class Inspection(Dated, Tabled):
    """What is known of an image.

    Parameters
    ----------
    reference : str
        As it was asked for; empty when unknown.
    digest : str
        Of the manifest, or of the index.
    used : str
        Of the manifest that is used: another than ``digest`` only for an index.
    form : str
        ``two-layer artifact``, ``compat image``, ``Docker image``, ``CNCF Wasm artifact``, ``wasm-to-oci artifact``,
        ``artifact of one layer`` ..., ``index of ...`` or ``unknown``.
    manifest : Manifest
        The one that is used; the index when none of it is.
    size : int
        Bytes of the manifest that is used, and its blobs.
    consumers : tuple of Acceptance
    module : Module or None
        None when it could not be taken out; then ``problems`` says why.
    problems : tuple of str
        What is wrong with the image, and with the module in it.
    hidden : Module or None
        The only module in it, where that lies in a place in which no mesh looks.
    """

    reference: str
    digest: str
    used: str
    form: str
    manifest: Manifest
    size: int
    consumers: tuple[Acceptance, ...]
    module: Module | None = None
    problems: tuple[str, ...] = ()
    hidden: Module | None = None

    @property
    def annotations(self) -> Mapping[str, str]:
        """The annotations of the manifest that is used."""
        return self.manifest.annotations

    @property
    def layers(self) -> tuple[Descriptor, ...]:
        """The layers of the manifest that is used."""
        return self.manifest.layers

    @property
    def table(self) -> Table:
        """Who takes it, one consumer per row: ``consumer``, ``accepted`` and ``why`` (``string``)."""
        columns = (Column("consumer"), Column("accepted"), Column("why"))
        rows = tuple((item.consumer, _ACCEPTED[item.accepted], item.why) for item in self.consumers)
        return Table(columns, rows)

    def to_dict(self) -> dict[str, Any]:
        """Give plain JSON values."""
        return {
            "reference": self.reference,
            "digest": self.digest,
            "used": self.used,
            "form": self.form,
            "size": self.size,
            "layers": [
                {"media_type": item.media_type, "digest": item.digest, "size": item.size, "title": item.title}
                for item in self.layers
            ],
            "annotations": dict(self.annotations),
            "consumers": [item.to_dict() for item in self.consumers],
            "module": self.module and self.module.to_dict(),
            "problems": list(self.problems),
            "at": self.at.isoformat(),
        }


def inspect(data: bytes, read_blob: ReadBlob, *, reference: str = "", name: str = "image") -> Inspection:
    """Look at an image.

    Parameters
    ----------
    data : bytes
        A manifest or an index; any bytes.
    read_blob : callable
        Gives the blob of a digest; its second argument is the most bytes it may give. What it raises as `ImageError`
        becomes a problem of the image.
    reference : str
        What to call the image when it is shown.
    name : str
        What to call the module in it.

    Raises
    ------
    ImageError
        The bytes are neither a manifest nor an index.
    """
    top = Manifest.parse(data)
    child = chosen(top) if top.is_index else None
    try:
        manifest, used = resolve(data, read_blob)
    except ImageError as error:
        return _unresolved(data, top, child, error, reference)
    payload = _payload(manifest, read_blob)
    others = elsewhere(manifest, read_blob) if payload.absent else {}
    if others:
        payload = replace(payload, lack=f"{payload.lack}; there is a module in {', and in '.join(others)}")
    module = None if payload.wasm is None else Module(name, payload.wasm)
    hidden = Module(name, next(iter(others.values()))) if len(others) == 1 else None
    if module is not None:
        payload = replace(payload, host=module.facts.host)
    form = f"index of {len(top.manifests)}, with a {form_of(manifest)}" if top.is_index else form_of(manifest)
    takers = acceptances(manifest, payload, index=top if top.is_index else None, child=child)
    problems = [payload.lack] if payload.lack else []
    if module is not None:
        problems += [item.what for item in module.facts.problems]
        problems += _contradictions(manifest, module)
    size = len(used) + sum(item.size for item in manifest.blobs())
    return Inspection(
        reference, digest_of(data), digest_of(used), form, manifest, size, takers, module, tuple(problems), hidden
    )


def _unresolved(data: bytes, top: Manifest, child: Descriptor | None, error: ImageError, reference: str) -> Inspection:
    why = "; ".join([error.what.rstrip("."), *error.why])
    takers = acceptances(top, Payload(None, why, absent=child is None), index=top, child=child)
    digest = digest_of(data)
    return Inspection(reference, digest, digest, f"index of {len(top.manifests)}", top, len(data), takers, None, (why,))


def _payload(manifest: Manifest, read_blob: ReadBlob) -> Payload:
    """Take out what stands where the module should be."""
    root_ids = _names_root_ids(manifest, read_blob)
    try:
        return Payload(payload_of(manifest, read_blob), root_ids=root_ids)
    except WasmnbError as error:
        why = "; ".join([error.what.rstrip("."), *error.why])
        return Payload(None, why, absent=isinstance(error, NoPluginError), root_ids=root_ids)


def _names_root_ids(manifest: Manifest, read_blob: ReadBlob) -> bool:
    """Tell whether the runtime configuration of an artifact names a root id, in either spelling."""
    item = next((item for item in manifest.layers if item.media_type == CONFIG_TYPE), None)
    try:
        config = json.loads(fetch(item, read_blob, _MAX_CONFIG))["config"] if item else {}
        return bool(config.get("rootIds") or config.get("root_ids"))
    except (WasmnbError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return False


def _contradictions(manifest: Manifest, module: Module) -> list[str]:
    """Say where annotations and module differ: what a listing shows would not be what runs."""
    abi, _, root_ids = oci_annotations.declared_by(manifest.annotations)
    facts = module.facts
    found = []
    if abi and facts.abi and facts.abi not in abi.split(",") and not abi.startswith("v0-"):
        found.append(f"The image says that its ABI is {abi}, and the module says {facts.abi}.")
    if root_ids is not None and facts.root_ids is not None and not set(root_ids) <= set(facts.root_ids):
        declared, own = ", ".join(map(repr, root_ids)), ", ".join(map(repr, facts.root_ids)) or "none"
        found.append(f"The image says that its root ids are {declared}, and the module registers {own}.")
    return found
