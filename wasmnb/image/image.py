"""The third noun of the pipeline: a module packaged for registries and meshes."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from wasmnb.image.reference import Reference

if TYPE_CHECKING:
    from wasmnb.module import Module

__all__ = ["Image", "Layer"]


@dataclass(frozen=True)
class Layer:
    """One blob of an image, as its manifest describes it; ``size`` in bytes."""

    media_type: str
    digest: str
    size: int
    title: str
    data: bytes = field(repr=False)


@dataclass(frozen=True)
class Image:
    """A module as an OCI artifact.

    Parameters
    ----------
    reference : str
        Where it is, or would be, pushed. Not part of equality: the manifest is the image.
    module : Module
    manifest : bytes
        The OCI image manifest, byte for byte as it is pushed.
    config : bytes
        The runtime configuration: the manifest's ``config``, and its first layer.
    """

    reference: str = field(compare=False)
    module: Module = field(repr=False)
    manifest: bytes = field(repr=False)
    config: bytes = field(repr=False)

    @cached_property
    def digest(self) -> str:
        """``sha256:...`` of the manifest: what a mesh is told to run, and what a registry calls the image."""
        return "sha256:" + hashlib.sha256(self.manifest).hexdigest()

    @cached_property
    def pinned(self) -> str:
        """The reference with this image's digest."""
        return str(Reference.parse(self.reference).with_digest(self.digest))

    @cached_property
    def layers(self) -> tuple[Layer, ...]:
        """The blobs in manifest order: the runtime configuration, then the module."""
        blobs = {_digest(self.config): self.config, self.module.digest: self.module.wasm}
        return tuple(
            Layer(
                item["mediaType"],
                item["digest"],
                item["size"],
                item["annotations"]["org.opencontainers.image.title"],
                blobs[item["digest"]],
            )
            for item in self._parsed["layers"]
        )

    @property
    def annotations(self) -> dict[str, str]:
        """The manifest's annotations."""
        return dict(self._parsed["annotations"])

    @property
    def size(self) -> int:
        """Bytes that a registry stores: manifest, configuration and module."""
        return len(self.manifest) + len(self.config) + self.module.size

    @cached_property
    def _parsed(self) -> dict[str, Any]:
        parsed: dict[str, Any] = json.loads(self.manifest)
        return parsed

    def to_dict(self) -> dict[str, Any]:
        """Give the image as plain JSON values: all but the module's bytes."""
        return {
            "reference": self.reference,
            "digest": self.digest,
            "size": self.size,
            "manifest": self._parsed,
            "config": json.loads(self.config),
            "module": self.module.digest,
        }

    def __repr__(self) -> str:
        return f"Image({self.reference!r}, digest={self.digest[:19]!r}, size={self.size})"

    def _repr_html_(self) -> str:
        from wasmnb.module.faces import facts_table  # noqa: PLC0415 - only for a display

        rows = [
            ("reference", self.reference),
            ("digest", self.digest),
            ("size", f"{self.size:,} bytes"),
            *((f"layer {layer.title}", f"{layer.media_type}, {layer.size:,} bytes") for layer in self.layers),
            *self.annotations.items(),
        ]
        return facts_table(f"Image of {self.module.name}", rows)


def _digest(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()
