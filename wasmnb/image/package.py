"""From a module to an image: the two-layer artifact that Istio, Envoy Gateway, Higress and wasme all read.

Layer media types, titles and the configuration's form are those of the Wasm artifact image specification v0.0.0; the
manifest is an OCI image manifest (OCI image specification v1.1). Nothing in it depends on the day or on the machine.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from wasmnb.image.image import Image
from wasmnb.image.reference import Reference

if TYPE_CHECKING:
    from collections.abc import Mapping

    from wasmnb.module import Module

__all__ = ["CONFIG_TYPE", "LAYER_TYPE", "MANIFEST_TYPE", "package"]

MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"
CONFIG_TYPE = "application/vnd.module.wasm.config.v1+json"
LAYER_TYPE = "application/vnd.module.wasm.content.layer.v1+wasm"

_TITLE = "org.opencontainers.image.title"
_ABI = "module.wasm.runtime/abi_version"
_TYPE = "module.wasm.runtime/type"
_ROOT_IDS = "io.wasmnb.root-ids"
_LANGUAGE = "io.wasmnb.language"


def package(module: Module, reference: str, *, annotations: Mapping[str, str] | None = None) -> Image:
    """Package a module.

    Parameters
    ----------
    module : Module
    reference : str
        Where the image would be pushed, such as ``registry.example/team/header-filter:v1``. It is not a part of the
        image: the same module gives the same digest under any reference.
    annotations : mapping of str to str, optional
        More annotations for the manifest; they are a part of the digest.

    Returns
    -------
    Image

    Raises
    ------
    BadNameError
        The reference is none.
    ModuleError
        The bytes are no WebAssembly module. A module that Envoy would refuse can be packaged: see
        `wasmnb.module.check.check`.
    """
    Reference.parse(reference)
    facts = module.facts
    if not facts.readable:
        raise facts.problems[0].error(of=module.name)
    abi = f"v{facts.abi}" if facts.abi else ""
    runtime: dict[str, Any] = {
        "type": "envoy_proxy",
        "abiVersions": [abi] if abi else [],
        "config": {"rootIds": list(facts.root_ids or ())},
    }
    config = _json(runtime)
    marks = {_TYPE: "envoy_proxy"}
    if abi:
        marks[_ABI] = abi
    if facts.root_ids is not None:
        marks[_ROOT_IDS] = json.dumps(facts.root_ids, ensure_ascii=False, separators=(",", ":"))
    if facts.language:
        marks[_LANGUAGE] = facts.language
    described = _describe(CONFIG_TYPE, config)
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST_TYPE,
        "config": described,
        "layers": [
            {**described, "annotations": {_TITLE: "runtime-config.json"}},
            {**_describe(LAYER_TYPE, module.wasm), "annotations": {_TITLE: "filter.wasm"}},
        ],
        "annotations": {**marks, **(annotations or {})},
    }
    return Image(reference, module, _json(manifest), config)


def _describe(media_type: str, blob: bytes) -> dict[str, Any]:
    return {"mediaType": media_type, "digest": "sha256:" + hashlib.sha256(blob).hexdigest(), "size": len(blob)}


def _json(value: object) -> bytes:
    """Give the one form of a JSON value: sorted keys, no spaces, UTF-8."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
