"""What a manifest on a registry says about its image, in a form that can be kept."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from wasmnb.errors import ImageError
from wasmnb.image import oci_annotations
from wasmnb.image.extraction import CONFIG_TYPE
from wasmnb.image.index_entries import total
from wasmnb.image.listing import StoredImage
from wasmnb.image.manifest import Manifest, digest_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from wasmnb.image.registry.repository import Remote
    from wasmnb.image.registry.responses import Operation

__all__ = ["facts_of", "row"]

_CREATED = "org.opencontainers.image.created"
_MOST_CONFIG = 64 * 1024


def facts_of(remote: Remote, data: bytes, operation: Operation) -> dict[str, Any]:
    """Read a manifest; of an image of others, that says nothing in annotations, its runtime configuration too.

    Raises
    ------
    RegistryError
        The registry does not give the configuration.
    """
    try:
        manifest = Manifest.parse(data)
    except ImageError:
        return {}
    abi, language, root_ids = oci_annotations.declared_by(manifest.annotations)
    config = manifest.config
    unsaid = abi is None or root_ids is None
    if unsaid and config is not None and config.media_type == CONFIG_TYPE and config.size <= _MOST_CONFIG:
        reply = remote.client.call(
            "GET",
            remote.blob(config.digest),
            operation,
            scopes=[remote.scope("pull")],
            expect=(200, 404),
            limit=_MOST_CONFIG,
        )
        if digest_of(reply.body) == config.digest:
            said_abi, said_ids = _runtime(reply.body)
            abi, root_ids = abi or said_abi, root_ids if root_ids is not None else said_ids
    return {
        # The blobs of an index are those of its manifests, which it does not tell of.
        "size": None if manifest.is_index else total(data, manifest),
        "updated": manifest.annotations.get(_CREATED),
        "abi": abi,
        "language": language,
        "root_ids": None if root_ids is None else list(root_ids),
    }


def row(name: str, tag: str, digest: str, facts: Mapping[str, Any]) -> StoredImage:
    """Give the row of a listing."""
    root_ids = facts.get("root_ids")
    return StoredImage(
        name,
        tag,
        digest,
        facts.get("size"),
        _time(facts.get("updated")),
        facts.get("abi"),
        facts.get("language"),
        None if root_ids is None else tuple(root_ids),
    )


def _runtime(data: bytes) -> tuple[str | None, tuple[str, ...] | None]:
    """Read ``runtime-config.json``; both spellings of its keys are in use (Wasm artifact image specification)."""
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        return None, None
    if not isinstance(document, dict):
        return None, None
    config = document.get("config")
    inner = config if isinstance(config, dict) else {}
    versions = document.get("abiVersions", document.get("abi_versions", document.get("abi_version")))
    ids = inner.get("rootIds", inner.get("root_ids"))
    named = _texts(versions)
    return (oci_annotations.declared_by({oci_annotations.ABI: ",".join(named)})[0] if named else None), _texts(ids)


def _texts(value: Any) -> tuple[str, ...] | None:
    return tuple(value) if isinstance(value, list) and all(isinstance(item, str) for item in value) else None


def _time(text: str | None) -> datetime | None:
    try:
        # Python 3.10 does not read the ``Z`` that everybody writes (RFC 3339).
        time = datetime.fromisoformat((text or "").replace("Z", "+00:00"))
    except ValueError:
        return None
    return time if time.tzinfo else time.replace(tzinfo=timezone.utc)
