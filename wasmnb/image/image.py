"""The third noun of the pipeline: a module packaged for registries and meshes."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from wasmnb.display.text import short_digest
from wasmnb.errors import ImageError
from wasmnb.image.manifest import Descriptor, Manifest, digest_of
from wasmnb.image.reference import Reference

if TYPE_CHECKING:
    from collections.abc import Callable

    from wasmnb.image.manifest import ReadBlob
    from wasmnb.module import Module

__all__ = ["Image", "Layer"]


def _nothing(digest: str, limit: int) -> bytes:
    del limit
    raise ImageError(f"The image does not hold its blob {digest}.", hint="get it from the store")


@dataclass(frozen=True)
class Layer:
    """One blob of an image, as its manifest describes it; ``size`` in bytes, ``title`` empty when it has none."""

    media_type: str
    digest: str
    size: int
    title: str
    read: Callable[[], bytes] = field(repr=False, compare=False)

    @property
    def data(self) -> bytes:
        """The bytes, read when asked for."""
        return self.read()


@dataclass(frozen=True)
class Image:
    """A module in an image.

    Parameters
    ----------
    reference : str
        Where it is, or would be, pushed. Equal images have equal manifests; nothing else counts, not even this.
    module : Module
    manifest : bytes
        The image manifest, byte for byte as it is pushed.
    config : bytes
        The blob that the manifest calls ``config``: the runtime configuration of an artifact, the image configuration
        of a compat image.
    read_blob : callable
        Gives the blob of a digest; its second argument is the most bytes it may give. Blobs that are the configuration
        or the module are not asked for.
    """

    reference: str = field(compare=False)
    module: Module = field(repr=False, compare=False)
    manifest: bytes = field(repr=False)
    config: bytes = field(repr=False, compare=False)
    read_blob: ReadBlob = field(default=_nothing, repr=False, compare=False)

    @cached_property
    def digest(self) -> str:
        """``sha256:...`` of the manifest: what a mesh is told to run, and what a registry calls the image."""
        return digest_of(self.manifest)

    @cached_property
    def pinned(self) -> str:
        """The reference with this image's digest."""
        return str(Reference.parse(self.reference).with_digest(self.digest))

    @cached_property
    def layers(self) -> tuple[Layer, ...]:
        """The layers in manifest order."""
        return tuple(self._layer(item) for item in self.parsed.layers)

    def blobs(self) -> tuple[Layer, ...]:
        """Give everything but the manifest that a registry must have, each once: the configuration and the layers."""
        return tuple(self._layer(item) for item in self.parsed.blobs())

    @property
    def variant(self) -> str:
        """``compat`` for a module in a tar, else ``artifact``."""
        return "compat" if self.parsed.layers[-1].media_type.endswith(("gzip", "tar")) else "artifact"

    @property
    def annotations(self) -> dict[str, str]:
        """The manifest's annotations."""
        return dict(self.parsed.annotations)

    @property
    def size(self) -> int:
        """Bytes that a registry stores: the manifest, and every blob once."""
        return len(self.manifest) + sum(item.size for item in self.parsed.blobs())

    @cached_property
    def parsed(self) -> Manifest:
        """The manifest, read."""
        return Manifest.parse(self.manifest)

    def _layer(self, item: Descriptor) -> Layer:
        return Layer(item.media_type, item.digest, item.size, item.title, partial(self._data, item))

    def _data(self, item: Descriptor) -> bytes:
        if item.digest == self.module.digest:
            return self.module.wasm
        if item.digest == digest_of(self.config):
            return self.config
        return self.read_blob(item.digest, item.size)

    def to_dict(self) -> dict[str, Any]:
        """Give the image as plain JSON values: all but the module's bytes."""
        return {
            "reference": self.reference,
            "digest": self.digest,
            "size": self.size,
            "variant": self.variant,
            "manifest": json.loads(self.manifest),
            "module": self.module.digest,
        }

    def __repr__(self) -> str:
        return f"Image({self.reference!r}, digest={short_digest(self.digest)!r}, size={self.size})"
