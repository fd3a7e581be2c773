"""From a module to an image: the two-layer artifact, or the compat image; nothing in either depends on day or machine.

The artifact is what Istio, Envoy Gateway, Higress and wasme all read; the compat image looks like any container image,
for registries that refuse unknown media types. Media types, titles and the configuration's form: the Wasm artifact
image specification v0.0.0 and its "compat" variant; manifests and image configuration: OCI image specification v1.1.
Always a single manifest: of an index a mesh takes a child, and refuses it, because its digest is not the index's.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from wasmnb.errors import UsageError, did_you_mean
from wasmnb.image import layer, oci_annotations
from wasmnb.image.extraction import CONFIG_TYPE, CONTENT_TYPE, TAR_GZIP_TYPE
from wasmnb.image.image import Image
from wasmnb.image.manifest import MANIFEST_TYPE, MAX_MANIFEST, described, digest_of, is_text
from wasmnb.image.reference import Reference
from wasmnb.image.runtime_config import agreed, canonical, schema_text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from wasmnb.module import Module

__all__ = ["IMAGE_CONFIG_TYPE", "VARIANTS", "package"]

IMAGE_CONFIG_TYPE = "application/vnd.oci.image.config.v1+json"
VARIANTS = ("artifact", "compat")

_OWN = ("module.wasm.", "io.wasmnb.")
_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)")


def package(
    module: Module,
    reference: str = "",
    *,
    variant: str = "artifact",
    annotations: Mapping[str, str] | None = None,
    runtime_config: Mapping[str, Any] | str | Path | None = None,
    schema: Mapping[str, Any] | str | None = None,
) -> Image:
    """Package a module.

    Parameters
    ----------
    module : Module
    reference : str
        Where the image would be pushed, such as ``registry.example/team/header-filter:v1``; ``local/<name>`` when
        empty. It is not a part of the image: the same module gives the same digest under any reference.
    variant : str
        ``artifact`` (runtime configuration and module, each a layer as it is) or ``compat`` (one ``tar+gzip`` layer
        with ``plugin.wasm`` and ``runtime-config.json``).
    annotations : mapping of str to str, optional
        More annotations for the manifest, a part of the digest. The standard ones go by their short names: ``title``,
        ``description``, ``source``, ``revision``, ``version``, ``licenses``, ``created`` ...
    runtime_config : mapping, str or pathlib.Path, optional
        The ``runtime-config.json``, or its path; made from the module when not given.
    schema : mapping or str, optional
        JSON Schema of the filter's configuration. It becomes an annotation, because meshes take exactly two layers of
        an artifact, and the tools that read the runtime configuration refuse fields they do not know.

    Returns
    -------
    Image

    Raises
    ------
    BadNameError
        The reference is none.
    UsageError
        There is no such variant, or an annotation cannot be given.
    ConfigError
        The runtime configuration or the schema is wrong.
    ModuleError
        The bytes are no WebAssembly module. A module that Envoy would refuse can be packaged: see
        `wasmnb.module.check.check`.
    """
    reference = reference or f"local/{module.name}"
    Reference.parse(reference)
    if variant not in VARIANTS:
        hint = did_you_mean(variant, VARIANTS) or f"there is {', '.join(VARIANTS)}"
        raise UsageError(f"There is no image variant {variant!r}.", hint=hint)
    facts = module.facts
    if not facts.readable:
        raise facts.problems[0].error(of=module.name)
    config = agreed(runtime_config, facts)
    notes = {oci_annotations.TYPE: config["type"], **oci_annotations.annotations_of(facts)}
    if config["abiVersions"]:
        notes[oci_annotations.ABI] = ",".join(config["abiVersions"])
    if config["config"]["rootIds"] and oci_annotations.ROOT_IDS not in notes:
        notes[oci_annotations.ROOT_IDS] = canonical(config["config"]["rootIds"]).decode()
    if schema is not None:
        notes[oci_annotations.SCHEMA] = schema_text(schema)
    notes.update(_annotations(annotations or {}))
    make = _compat if variant == "compat" else _artifact
    image = make(module, reference, canonical(config), notes)
    if len(image.manifest) > MAX_MANIFEST:
        raise UsageError(
            f"The image's manifest would have {len(image.manifest):,} bytes.",
            hint=f"registries take {MAX_MANIFEST:,}: give shorter annotations",
        )
    return image


def _artifact(module: Module, reference: str, config: bytes, notes: dict[str, str]) -> Image:
    named = described(CONFIG_TYPE, config)
    layers = [
        {**named, "annotations": {oci_annotations.TITLE: layer.RUNTIME}},
        {**described(CONTENT_TYPE, module.wasm), "annotations": {oci_annotations.TITLE: "filter.wasm"}},
    ]
    return Image(reference, module, _manifest(named, layers, notes), config)


def _compat(module: Module, reference: str, config: bytes, notes: dict[str, str]) -> Image:
    """The module goes first: a reader stops at it."""
    tar = layer.tar({layer.PLUGIN: module.wasm, layer.RUNTIME: config})
    packed = layer.pack(tar)
    # A module runs anywhere; linux/amd64 is what the meshes' fetcher asks an index for, whatever the node is.
    image_config = canonical(
        {
            "architecture": "amd64",
            "os": "linux",
            "config": {},
            "rootfs": {"type": "layers", "diff_ids": [digest_of(tar)]},
            "history": [{"created_by": "wasmnb"}],
        }
    )
    notes = {**notes, oci_annotations.VARIANT: "compat"}
    manifest = _manifest(described(IMAGE_CONFIG_TYPE, image_config), [described(TAR_GZIP_TYPE, packed)], notes)
    return Image(reference, module, manifest, image_config, lambda _digest, _limit: packed)


def _manifest(config: dict[str, Any], layers: list[dict[str, Any]], notes: dict[str, str]) -> bytes:
    return canonical(
        {"schemaVersion": 2, "mediaType": MANIFEST_TYPE, "config": config, "layers": layers, "annotations": notes}
    )


def _annotations(given: Mapping[str, str]) -> dict[str, str]:
    """Give the user's annotations under their whole names; those that follow from the module are not the user's."""
    notes = {}
    for key, value in given.items():
        name = oci_annotations.STANDARD.get(key, key)
        if name == key and not re.search(r"[./]", key):
            hint = (
                did_you_mean(key, oci_annotations.STANDARD)
                or "annotations of your own have a domain, such as org.example.owner"
            )
            raise UsageError(f"There is no standard annotation {key!r}.", hint=hint)
        if name.startswith(_OWN) or name == oci_annotations.REF_NAME:
            raise UsageError(
                f"The annotation {key!r} cannot be given: it follows from the module.", hint="leave it out"
            )
        if not (is_text(key) and is_text(value)):
            raise UsageError(f"The annotation {key!r} is not text, but {value!r}.", hint="put it in quotes")
        if key == "created" and not _TIME.fullmatch(value):
            hint = "write it as 2026-01-31T12:00:00Z (RFC 3339)"
            raise UsageError(f"The annotation 'created' is not a time: {value!r}.", hint=hint)
        if name in notes:
            raise UsageError(f"The annotation {key!r} is given twice.", hint="use its short or its long name, not both")
        notes[name] = value
    return notes
