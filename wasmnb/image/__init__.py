"""From a module to an image, where images are kept, and what they are called."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wasmnb.lazily import lazily

if TYPE_CHECKING:
    from wasmnb.image.compatibility import Acceptance
    from wasmnb.image.extraction import extract
    from wasmnb.image.image import Image, Layer
    from wasmnb.image.inspection import Inspection, inspect
    from wasmnb.image.listing import Listing, StoredImage
    from wasmnb.image.packaging import package
    from wasmnb.image.reference import Reference
    from wasmnb.image.store import Store

_HOMES = {
    "Acceptance": ".compatibility",
    "Image": ".image",
    "Inspection": ".inspection",
    "Layer": ".image",
    "Listing": ".listing",
    "Reference": ".reference",
    "Store": ".store",
    "StoredImage": ".listing",
    "extract": ".extraction",
    "inspect": ".inspection",
    "package": ".packaging",
}

__all__ = [
    "Acceptance",
    "Image",
    "Inspection",
    "Layer",
    "Listing",
    "Reference",
    "Store",
    "StoredImage",
    "extract",
    "inspect",
    "package",
]

# The first deploy of a kernel needs the packaging only: the store and the readers come when they are asked for.
__getattr__ = lazily(__name__, _HOMES)


def __dir__() -> list[str]:
    return __all__
