"""The descriptors in a layout's index: what each names, and which ones a reference means."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timezone
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from wasmnb.errors import ImageError
from wasmnb.image import oci_annotations
from wasmnb.image.manifest import Manifest, is_digest
from wasmnb.image.reference import Reference
from wasmnb.wording import Verb, Wording

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

__all__ = ["entry", "find", "matching", "name_of", "reachable", "ref_name", "total", "unknown"]

_NEAR = 3

Entry = dict[str, Any]


def ref_name(reference: Reference) -> str:
    """Give the name under which an image is kept: with its tag; with its digest only, when that was given.

    What a registry calls ``v1`` today is not known to be what was fetched by a digest, so the tag is not taken over.
    """
    if reference.digest:
        return str(replace(reference, tag=""))
    return str(replace(reference, tag=reference.tag_or_latest))


def name_of(item: Mapping[str, Any]) -> str:
    """Give the name in an index's descriptor; empty when it has none."""
    annotations = item.get("annotations")
    name = annotations.get(oci_annotations.REF_NAME) if isinstance(annotations, dict) else None
    return name if isinstance(name, str) else ""


def entry(name: str, digest: str, data: bytes, manifest: Manifest, declared: oci_annotations.Declared) -> Entry:
    """Make the index's descriptor of a manifest, with what a listing shows of it."""
    abi, language, root_ids = declared
    notes = {
        oci_annotations.REF_NAME: name,
        oci_annotations.UPDATED: datetime.now(timezone.utc).isoformat(timespec="microseconds"),
        oci_annotations.SIZE: str(total(data, manifest)),
    }
    if abi:
        notes[oci_annotations.ABI] = abi
    if language:
        notes[oci_annotations.LANGUAGE] = language
    if root_ids is not None:
        notes[oci_annotations.ROOT_IDS] = json.dumps(root_ids, ensure_ascii=False)
    return {"mediaType": manifest.media_type, "digest": digest, "size": len(data), "annotations": notes}


def total(data: bytes, manifest: Manifest) -> int:
    """Give the bytes that a registry keeps: the manifest and every blob once."""
    return len(data) + sum(item.size for item in manifest.blobs())


def find(entries: Sequence[Mapping[str, Any]], reference: str) -> str:
    """Give the digest that a reference means: what it says itself, else what its tag names; empty when nothing."""
    if is_digest(reference):
        return reference
    wanted = [reference]
    if not any(name_of(item) == reference for item in entries):
        parsed = Reference.parse(reference)
        if parsed.digest:
            return parsed.digest
        wanted = [ref_name(parsed)]
    return next((str(item["digest"]) for item in entries if name_of(item) in wanted), "")


def matching(entries: Sequence[Entry], reference: str) -> list[Entry]:
    """Give the descriptors that a reference means: of a digest every one, of a tag that one."""
    if is_digest(reference):
        return [item for item in entries if item["digest"] == reference]
    found = [item for item in entries if name_of(item) == reference]
    if found:
        return found
    parsed = Reference.parse(reference)
    if parsed.digest and not parsed.tag:
        starts, raw = (f"{parsed.repository}:", f"{parsed.repository}@"), reference.partition("@")[0]
        same = [item for item in entries if item["digest"] == parsed.digest]
        return [item for item in same if name_of(item).startswith(starts) or name_of(item) == raw]
    wanted = (ref_name(parsed), ref_name(replace(parsed, digest="")))
    return [item for item in entries if name_of(item) in wanted and parsed.digest in ("", item["digest"])]


def reachable(entries: Sequence[Mapping[str, Any]], peek: Callable[[str], bytes | None]) -> set[str]:
    """Give the digests of every blob that an index's descriptors need."""
    needed: set[str] = set()
    waiting = [str(item["digest"]) for item in entries]
    while waiting:
        digest = waiting.pop()
        if digest in needed:
            continue
        needed.add(digest)
        data = peek(digest)
        try:
            manifest = Manifest.parse(data) if data is not None else None
        except ImageError:
            continue
        if manifest is not None:
            waiting.extend(item.digest for item in manifest.manifests)
            needed.update(item.digest for item in manifest.blobs() if not manifest.is_index)
    return needed


def unknown(reference: str, names: Sequence[str]) -> ImageError:
    """Give the error for a reference that nothing here has, naming the nearest ones."""
    if is_digest(reference):
        near, text = [], reference
    else:
        parsed = Reference.parse(reference)
        near, text = [name for name in names if name.rpartition(":")[0] == parsed.repository], ref_name(parsed)
    near = list(dict.fromkeys([*near, *get_close_matches(text, names, n=_NEAR, cutoff=0.8)]))[:_NEAR]
    known = f"there is {', '.join(near)}" if near else Wording("{} shows what is there", Verb("list"))
    return ImageError(
        f"The store has no image {reference!r}.",
        hint=Wording("{}; or build it with {}, or fetch it with {}", known, Verb("build"), Verb("pull")),
        code="WNB3022",
    )
