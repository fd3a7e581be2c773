"""Images in a table: those of the store and, in the same columns, those of a registry."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from wasmnb.display import Column, Table
from wasmnb.display.result import Dated, Plural
from wasmnb.display.text import several
from wasmnb.errors import BadNameError, ImageError
from wasmnb.image import oci_annotations
from wasmnb.image.index_entries import total
from wasmnb.image.manifest import Manifest
from wasmnb.image.reference import Reference
from wasmnb.wording import Verb, Wording

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

__all__ = ["Listing", "StoredImage", "stored"]


@dataclass(frozen=True)
class StoredImage:
    """An image by name, without its bytes.

    Parameters
    ----------
    name : str
        Host and repository.
    tag : str
        Empty for an image that is kept by its digest only.
    digest : str
        Of the manifest.
    size : int or None
        Bytes of the manifest and its blobs; None when a registry did not say.
    updated : datetime.datetime or None
        When the store got it, or what a registry says; None when nobody said.
    abi, language : str or None
    root_ids : tuple of str or None
    """

    name: str
    tag: str
    digest: str
    size: int | None = None
    updated: datetime | None = None
    abi: str | None = None
    language: str | None = None
    root_ids: tuple[str, ...] | None = None

    @property
    def reference(self) -> str:
        """The name with its tag, or with its digest when it has none."""
        if self.tag:
            return f"{self.name}:{self.tag}"
        return f"{self.name}@{self.digest}" if self.name else self.digest

    def matches(self, words: Iterable[str]) -> bool:
        """Tell whether every word is in the reference, the digest, the language or a root id, in any case."""
        text = "\n".join((self.reference, self.digest, self.language or "", *(self.root_ids or ()))).lower()
        return all(word.lower() in text for word in words)

    def to_dict(self) -> dict[str, Any]:
        """Give plain JSON values."""
        return {
            "name": self.name,
            "tag": self.tag,
            "size": self.size,
            "digest": self.digest,
            "updated": self.updated and self.updated.isoformat(),
            "abi": self.abi,
            "language": self.language,
            "root_ids": None if self.root_ids is None else list(self.root_ids),
        }


HERE = "Images on this machine"
"""Heads the images of the store."""


@dataclass(frozen=True)
class Listing(Dated, Plural[StoredImage]):
    """Images by name and tag.

    Parameters
    ----------
    items : tuple of StoredImage
    title : str
    notes : tuple of str
        What a reader must know, such as that a registry has no catalogue.
    """

    title: str = HERE
    notes: tuple[str, ...] = field(default=())

    @classmethod
    def of(
        cls,
        images: Iterable[StoredImage],
        search: str | None = None,
        *,
        title: str = HERE,
        notes: Sequence[str] = (),
    ) -> Listing:
        """Sort images, and keep those in which every word of ``search`` is found."""
        words, there = (search or "").split(), [*images]
        kept = sorted(
            (item for item in there if item.matches(words)), key=lambda item: (item.name, item.tag, item.digest)
        )
        if title == HERE and not there:
            makes = Wording("{} makes one of a filter, {} fetches one from a registry", Verb("build"), Verb("pull"))
            notes = (*notes, f"{makes}; a filter that was only deployed has none")
        elif there and not kept:
            notes = (*notes, f"none of {several(len(there), 'image')} has {search!r}")
        return cls(tuple(kept), title, tuple(notes))

    @property
    def table(self) -> Table:
        """The images in rows.

        The columns are ``name``, ``tag`` (``string``), ``size`` (``Int64``), ``digest`` (``string``), ``updated``
        (``datetime64[us, UTC]``), ``abi``, ``language`` and ``root_ids`` (comma between; ``string``).
        """
        columns = (
            Column("name"),
            Column("tag"),
            Column("size", "Int64"),
            Column("digest"),
            Column("updated", "datetime64[us, UTC]"),
            Column("abi"),
            Column("language"),
            Column("root_ids"),
        )
        rows = tuple(
            (
                item.name,
                item.tag,
                item.size,
                item.digest,
                item.updated,
                item.abi,
                item.language,
                None if item.root_ids is None else ", ".join(name or repr(name) for name in item.root_ids),
            )
            for item in self.images
        )
        return Table(columns, rows)

    @property
    def images(self) -> tuple[StoredImage, ...]:
        """The images."""
        return self.items

    def to_dict(self) -> dict[str, Any]:
        """Give plain JSON values."""
        return {
            "images": [item.to_dict() for item in self.images],
            "notes": list(self.notes),
            "at": self.at.isoformat(),
        }


def stored(name: str, entry: Mapping[str, Any], peek: Callable[[str], bytes | None]) -> StoredImage:
    """Give the row of an index's descriptor; what its own notes do not tell is read from the manifest.

    Parameters
    ----------
    name : str
        The descriptor's ``ref.name``.
    entry : mapping
    peek : callable
        Gives the bytes of a manifest, or None.
    """
    notes = entry.get("annotations")
    notes = {key: value for key, value in notes.items() if isinstance(value, str)} if isinstance(notes, dict) else {}
    size = notes.get(oci_annotations.SIZE, "")
    if not size.isdecimal():
        size, more = _from_manifest(peek(entry["digest"]))
        notes = {**more, **notes}
    repository, tag = _split(name)
    updated = _time(notes.get(oci_annotations.UPDATED, ""))
    return StoredImage(
        repository, tag, entry["digest"], int(size) if size else None, updated, *oci_annotations.declared_by(notes)
    )


def _from_manifest(data: bytes | None) -> tuple[str, Mapping[str, str]]:
    try:
        manifest = Manifest.parse(data or b"")
    except ImageError:
        return "", {}
    return str(total(data or b"", manifest)), manifest.annotations


def _split(name: str) -> tuple[str, str]:
    """Split a name into repository and tag; one that another tool gave may be any text."""
    try:
        parsed = Reference.parse(name)
    except BadNameError:
        return name, ""
    if name not in (str(parsed), f"{parsed.repository}:{parsed.tag}"):
        return name, ""
    return parsed.repository, parsed.tag


def _time(text: str) -> datetime | None:
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return None
    return time if time.tzinfo else time.replace(tzinfo=timezone.utc)
