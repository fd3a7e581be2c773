"""What is in a .wasm file.

Names are imported when first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from wasmnb.lazily import lazily

if TYPE_CHECKING:
    from wasmnb.module.module import BuildRecord, Module

_HOMES = {
    "BuildRecord": ".module",
    "Module": ".module",
}

__all__ = [
    "BuildRecord",
    "Module",
]

__getattr__ = lazily(__name__, _HOMES)
