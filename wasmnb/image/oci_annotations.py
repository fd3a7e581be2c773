"""The annotations that images carry, and what they say.

``org.opencontainers.image.*``: OCI image specification v1.1, ``annotations.md``. ``module.wasm.runtime/*``: Wasm
artifact image specification v0.0.0. ``io.wasmnb.*`` are our own.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from wasmnb.module.facts import ModuleFacts

__all__ = [
    "ABI",
    "LANGUAGE",
    "REF_NAME",
    "ROOT_IDS",
    "SCHEMA",
    "SIZE",
    "STANDARD",
    "TITLE",
    "TYPE",
    "UPDATED",
    "VARIANT",
    "Declared",
    "annotations_of",
    "declared_by",
]

_OCI = "org.opencontainers.image."
TITLE = f"{_OCI}title"
REF_NAME = f"{_OCI}ref.name"
ABI = "module.wasm.runtime/abi_version"
TYPE = "module.wasm.runtime/type"
VARIANT = "module.wasm.image/variant"
ROOT_IDS = "io.wasmnb.root-ids"
LANGUAGE = "io.wasmnb.language"
SCHEMA = "io.wasmnb.config-schema"
#: In the store's index only.
UPDATED = "io.wasmnb.updated"
SIZE = "io.wasmnb.size"

#: Short names of the standard annotations that a user may give.
STANDARD = {
    name: _OCI + name
    for name in (
        "authors",
        "created",
        "description",
        "documentation",
        "licenses",
        "revision",
        "source",
        "title",
        "url",
        "vendor",
        "version",
    )
}

_NUMBERED = re.compile(r"v\d+\.\d+\.\d+")

#: ABI, language and root ids, each None when no annotation says it.
Declared = tuple["str | None", "str | None", "tuple[str, ...] | None"]


def annotations_of(facts: ModuleFacts) -> dict[str, str]:
    """Give the annotations that follow from a module."""
    annotations = {}
    if facts.abi:
        annotations[ABI] = f"v{facts.abi}"
    if facts.root_ids is not None:
        annotations[ROOT_IDS] = json.dumps(facts.root_ids, ensure_ascii=False, separators=(",", ":"))
    if facts.language:
        annotations[LANGUAGE] = facts.language
    return annotations


def declared_by(annotations: Mapping[str, str]) -> Declared:
    """Give what annotations say about a module; an ABI's number stands without its ``v``."""
    abi = annotations.get(ABI) or None
    if abi:
        abi = ",".join(item[1:] if _NUMBERED.fullmatch(item) else item for item in abi.split(","))
    return abi, annotations.get(LANGUAGE) or None, _root_ids(annotations.get(ROOT_IDS))


def _root_ids(text: str | None) -> tuple[str, ...] | None:
    try:
        items = json.loads(text or "null")
    except (ValueError, RecursionError):
        return None
    if isinstance(items, list) and all(isinstance(item, str) for item in items):
        return tuple(items)
    return None
