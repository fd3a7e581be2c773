"""An image of which only the name is at hand: a mesh says that it runs, and nobody has pulled it yet."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from wasmnb.image.reference import Reference

if TYPE_CHECKING:
    from collections.abc import Callable

    from wasmnb.image.image import Image
    from wasmnb.module import Module

__all__ = ["NamedImage"]


@dataclass(frozen=True)
class NamedImage:
    """An image by reference and digest; the rest is fetched when it is asked for.

    Parameters
    ----------
    reference : str
    digest : str
        ``sha256:...`` of the manifest.
    fetch : callable
        Gives the whole image of a pinned reference.
    """

    reference: str = field(compare=False)
    digest: str
    fetch: Callable[[str], Image] = field(repr=False, compare=False)

    @cached_property
    def pinned(self) -> str:
        """The reference with the digest."""
        return str(Reference.parse(self.reference).with_digest(self.digest))

    @cached_property
    def whole(self) -> Image:
        """The image itself.

        Raises
        ------
        ImageError, RegistryError
            It cannot be had.
        """
        return self.fetch(self.pinned)

    @property
    def module(self) -> Module:
        """The module; see `whole` for what can go wrong."""
        return self.whole.module
