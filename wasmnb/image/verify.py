"""What ``%wasm_doctor`` does to the image store: hash everything, throw away what is damaged, say what is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wasmnb.check import Check
from wasmnb.display.text import several
from wasmnb.errors import ImageError
from wasmnb.image import index_entries as names
from wasmnb.image import oci_annotations
from wasmnb.image.manifest import MAX_MANIFEST, Manifest
from wasmnb.wording import Verb, Wording

if TYPE_CHECKING:
    from collections.abc import Callable

    from wasmnb.image.layout import Layout

    Peek = Callable[[str], bytes | None]

__all__ = ["verify"]

_HEAL = Wording("{} or {} it again, or {} it", Verb("build"), Verb("pull"), Verb("rm"))


def verify(layout: Layout, peek: Peek) -> list[Check]:
    """Check a layout, and delete what is damaged.

    Parameters
    ----------
    layout : Layout
    peek : callable
        Gives the bytes of a manifest, or None.

    Returns
    -------
    list of Check
        One for the store, and one for each image that is not complete.
    """
    with layout.alone() as alone, layout.disk_errors():
        if alone:
            layout.sweep()
    with layout.writing(), layout.disk_errors():
        digests = list(layout.digests())
        damaged = [digest for digest in digests if not layout.hash(digest)]
        for digest in damaged:
            layout.drop(digest)
    try:
        entries, mended = layout.entries(), False
    except ImageError:
        entries, mended = _rebuild(layout, peek), True
    broken = [
        Check(f"image {names.name_of(item) or item['digest']}", False, lack, str(_HEAL))
        for item in entries
        if (lack := _lack(item["digest"], layout, peek))
    ]
    detail = f"{several(len(entries), 'image')}, {several(len(digests) - len(damaged), 'blob')}"
    if damaged:
        detail += f"; {len(damaged)} damaged and deleted"
    if mended:
        detail += "; the index was damaged: the images are here by digest, their names are lost"
    hint = "build or pull the images below again" if broken else ""
    return [Check("image store", not (damaged or mended or broken), detail, hint), *broken]


def _lack(digest: str, layout: Layout, peek: Peek) -> str:
    """Say what an image lacks; nothing when it is complete."""
    data = peek(digest)
    if data is None:
        return "its manifest is missing or was damaged"
    try:
        manifest = Manifest.parse(data)
    except ImageError as error:
        return "; ".join([error.what, *error.why])
    if manifest.is_index:
        here = [item.digest for item in manifest.manifests if layout.size(item.digest) is not None]
        lacks = [lack for lack in (_lack(item, layout, peek) for item in here) if lack]
        return lacks[0] if lacks else "" if here else "none of its manifests is here"
    gone = [item for item in manifest.blobs() if layout.size(item.digest) != item.size]
    return f"{len(gone)} of its blobs missing or damaged: {gone[0].digest}" if gone else ""


def _rebuild(layout: Layout, peek: Peek) -> list[dict[str, Any]]:
    """Make an index of every manifest among the blobs, without names, in place of a damaged one."""
    found: list[dict[str, Any]] = []
    with layout.changing([]) as entries:
        for digest in layout.digests():
            size = layout.size(digest) or 0
            data = peek(digest) if size <= MAX_MANIFEST else None
            try:
                manifest = Manifest.parse(data or b"")
            except ImageError:
                continue
            notes = {oci_annotations.SIZE: str(names.total(data or b"", manifest))}
            item = {"mediaType": manifest.media_type, "digest": digest, "size": size, "annotations": notes}
            entries.append(item)
            found.append(item)
    return found
