"""The images of a mesh's plugins: those at hand, and how the others come, which somebody else deployed."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from wasmnb.errors import MeshError, WasmnbError
from wasmnb.image.lazy_image import NamedImage
from wasmnb.wording import Verb, Wording

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from wasmnb.image import Image
    from wasmnb.mesh.istio.objects.objects import Stored
    from wasmnb.module import Module

__all__ = ["Images", "module_of"]


class Images:
    """Images by digest.

    Parameters
    ----------
    fetch : callable or None
        Gives the image of a pinned reference; with None, only those that were deployed from here are at hand.
    """

    def __init__(self, fetch: Callable[[str], Image] | None) -> None:
        self.fetch = fetch
        self._known: dict[str, Image] = {}

    def image(self, reference: str, digest: str) -> Any:
        """Give an image; one that is not at hand is fetched when more than its name is asked for."""
        known = self._known.get(digest)
        if known is not None:
            return replace(known, reference=reference)
        return NamedImage(reference, digest, self._pulled)

    def keep(self, image: Image) -> None:
        """Have an image at hand from now on, if it is whole."""
        if not isinstance(image, NamedImage):
            self._known[image.digest] = image

    def modules(self) -> dict[str, Module]:
        """Give the modules that are at hand, by digest of the image."""
        return {digest: image.module for digest, image in list(self._known.items())}

    def fill(self, stored: Iterable[Stored]) -> None:
        """Fetch the modules whose root id matters: a wrong one does nothing, and no proxy says so."""
        for one in stored:
            record = one.record.get("plugin") or {}
            if record.get("root_id") and record["image"] not in self._known and self.fetch is not None:
                with suppress(WasmnbError):
                    self._pulled(NamedImage(record["reference"], record["image"], self._pulled).pinned)

    def _pulled(self, pinned: str) -> Image:
        if self.fetch is None:
            raise MeshError(f"The image {pinned} is not on this machine.", hint=Wording("{}", Verb("pull", (pinned,))))
        image = self.fetch(pinned)
        self._known[image.digest] = image
        return image


def module_of(image: Any) -> Module | None:
    """Give an image's module where it can be had."""
    try:
        found: Module = image.module
    except WasmnbError:
        return None
    return found
