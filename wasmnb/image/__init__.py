"""From a module to an image, where images are kept, and what they are called."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

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
    "Acceptance": "compatibility",
    "Image": "image",
    "Inspection": "inspection",
    "Layer": "image",
    "Listing": "listing",
    "Reference": "reference",
    "Store": "store",
    "StoredImage": "listing",
    "extract": "extraction",
    "inspect": "inspection",
    "package": "packaging",
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


def __getattr__(name: str) -> Any:
    # The first deploy of a kernel needs the packaging only: the store and the readers come when they are asked for.
    if name not in _HOMES:
        raise AttributeError(f"module 'wasmnb.image' has no attribute {name!r}")
    value = getattr(import_module(f"wasmnb.image.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
