"""What was done with images: built, pushed, pulled, named once more, removed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from wasmnb.display import Column, Table
from wasmnb.display.result import Dated, Tabled
from wasmnb.image.reference import Reference

if TYPE_CHECKING:
    from collections.abc import Iterable

    from wasmnb.image.image import Image
    from wasmnb.image.listing import StoredImage

__all__ = ["Built", "Removed", "Tagged", "Transfer"]


@dataclass(frozen=True)
class Built(Dated, Tabled):
    """An image that was built and is in the store.

    Parameters
    ----------
    image : Image
    unchanged : bool
        The store had this very image under this name already.
    seconds : float
    """

    image: Image
    unchanged: bool
    seconds: float = 0.0

    @property
    def reference(self) -> str:
        """The name it has in the store."""
        return self.image.reference

    @property
    def digest(self) -> str:
        """``sha256:...`` of its manifest."""
        return self.image.digest

    @property
    def pinned(self) -> str:
        """The reference with the digest: what a deploy should name."""
        return self.image.pinned

    @property
    def table(self) -> Table:
        """The image in one row.

        The columns are ``reference``, ``digest``, ``variant``, ``abi``, ``language``, ``root_ids`` (comma between),
        ``annotations`` (``key=value``, a line break between; all ``string``) and ``size`` (``Int64``, bytes).
        """
        image, facts = self.image, self.image.module.facts
        own = ("module.wasm.", "io.wasmnb.")
        notes = [f"{key}={value}" for key, value in sorted(image.annotations.items()) if not key.startswith(own)]
        row = (
            *(image.reference, image.digest, image.variant, facts.abi, facts.language),
            *(", ".join(name or repr(name) for name in facts.root_ids or ()) or None, "\n".join(notes) or None),
            image.size,
        )
        words = (Column(name) for name in ("variant", "abi", "language", "root_ids", "annotations"))
        return Table((*_NAMED, *words, _SIZE), (row,))

    def to_dict(self) -> dict[str, Any]:
        """Give plain JSON values."""
        return {
            **self.image.to_dict(),
            "unchanged": self.unchanged,
            "seconds": self.seconds,
            "at": self.at.isoformat(),
        }


@dataclass(frozen=True)
class Transfer(Dated, Tabled):
    """An image that was pushed or pulled.

    Parameters
    ----------
    verb : str
        ``pushed`` or ``pulled``.
    reference : str
    digest : str
        Of the manifest that meshes run.
    size : int
        Bytes of the image.
    unchanged : bool
        The other side had it under this name already.
    seconds : float
    note : str
        What the user should know.
    """

    verb: str
    reference: str
    digest: str
    size: int
    unchanged: bool
    seconds: float = 0.0
    note: str = ""

    @property
    def pinned(self) -> str:
        """The reference with the digest: what a deploy should name."""
        return str(Reference.parse(self.reference).with_digest(self.digest))

    @property
    def table(self) -> Table:
        """The image in one row: ``reference``, ``digest``, ``pinned`` (``string``) and ``size`` (``Int64``, bytes)."""
        return Table((*_NAMED, Column("pinned"), _SIZE), ((self.reference, self.digest, self.pinned, self.size),))

    def to_dict(self) -> dict[str, Any]:
        """Give plain JSON values."""
        return {
            "verb": self.verb,
            "reference": self.reference,
            "digest": self.digest,
            "pinned": self.pinned,
            "size": self.size,
            "unchanged": self.unchanged,
            "seconds": self.seconds,
            "note": self.note,
            "at": self.at.isoformat(),
        }


@dataclass(frozen=True)
class Tagged(Dated, Tabled):
    """An image with one more name.

    Parameters
    ----------
    source : str
        The name it had.
    image : StoredImage
        Under its new name.
    before : str
        The digest that the new name meant before; empty when it was free.
    """

    source: str
    image: StoredImage
    before: str = field(default="")

    @property
    def reference(self) -> str:
        """The new name."""
        return self.image.reference

    @property
    def digest(self) -> str:
        """``sha256:...`` of its manifest."""
        return self.image.digest

    @property
    def unchanged(self) -> bool:
        """Whether the name meant this very image already."""
        return self.before == self.digest

    @property
    def table(self) -> Table:
        """The image in one row: ``reference``, ``digest`` (``string``) and ``size`` (``Int64``, bytes)."""
        return _table([self.image])

    def to_dict(self) -> dict[str, Any]:
        """Give plain JSON values."""
        return {
            **self.image.to_dict(),
            "source": self.source,
            "before": self.before,
            "unchanged": self.unchanged,
            "at": self.at.isoformat(),
        }


@dataclass(frozen=True)
class Removed(Dated, Tabled):
    """Names that the store has forgotten.

    Parameters
    ----------
    images : tuple of StoredImage
        As they were.
    freed : int
        Bytes; 0 when other names need them all.
    """

    images: tuple[StoredImage, ...]
    freed: int

    @property
    def table(self) -> Table:
        """The names in rows: ``reference``, ``digest`` (``string``) and ``size`` (``Int64``, bytes)."""
        return _table(self.images)

    def to_dict(self) -> dict[str, Any]:
        """Give plain JSON values."""
        return {
            "images": [image.to_dict() for image in self.images],
            "freed": self.freed,
            "at": self.at.isoformat(),
        }


_NAMED = (Column("reference"), Column("digest"))
_SIZE = Column("size", "Int64")


def _table(images: Iterable[StoredImage]) -> Table:
    return Table((*_NAMED, _SIZE), tuple((image.reference, image.digest, image.size) for image in images))
