"""What the session's methods about images give: plain records of what was done."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from wasmnb.image.reference import Reference

if TYPE_CHECKING:
    from wasmnb.image import Image, StoredImage

__all__ = ["Built", "LoggedOut", "Removed", "Tagged", "Transfer"]


@dataclass(frozen=True)
class Built:
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

    def to_dict(self) -> dict[str, Any]:
        """Give plain JSON values."""
        return {**self.image.to_dict(), "unchanged": self.unchanged, "seconds": self.seconds}


@dataclass(frozen=True)
class Transfer:
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
        }


@dataclass(frozen=True)
class Tagged:
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

    def to_dict(self) -> dict[str, Any]:
        """Give plain JSON values."""
        return {**self.image.to_dict(), "source": self.source, "before": self.before, "unchanged": self.unchanged}


@dataclass(frozen=True)
class Removed:
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

    def to_dict(self) -> dict[str, Any]:
        """Give plain JSON values."""
        return {"images": [image.to_dict() for image in self.images], "freed": self.freed}


@dataclass(frozen=True)
class LoggedOut:
    """A registry whose credentials are forgotten.

    Parameters
    ----------
    host : str
    found : bool
        False when there were none.
    """

    host: str
    found: bool

    def to_dict(self) -> dict[str, Any]:
        """Give plain JSON values."""
        return {"host": self.host, "found": self.found}
