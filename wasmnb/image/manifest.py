"""Reading manifests and indexes, also hostile ones: plain facts out, or one error.

Forms: OCI image specification v1.1 (``manifest.md``, ``image-index.md``, ``descriptor.md``) and the Docker image
manifest version 2, schema 2, which has the same fields.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from wasmnb.errors import ImageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    ReadBlob = Callable[[str, int], bytes]
    """Gives the blob of a digest, or raises `ImageError` when it has more bytes than the second argument."""

__all__ = [
    "DOCKER_INDEX_TYPE",
    "DOCKER_MANIFEST_TYPE",
    "INDEX_TYPE",
    "MANIFEST_TYPE",
    "MAX_MANIFEST",
    "Descriptor",
    "Manifest",
    "checked",
    "described",
    "digest_of",
    "is_digest",
    "is_text",
]

MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"
INDEX_TYPE = "application/vnd.oci.image.index.v1+json"
DOCKER_MANIFEST_TYPE = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_INDEX_TYPE = "application/vnd.docker.distribution.manifest.list.v2+json"

#: What registries must take at least, and what most take at most (OCI distribution specification v1.1).
MAX_MANIFEST = 4 * 1024 * 1024

_MAX_SIZE = 1 << 53
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_ROOM = 200


def digest_of(data: bytes) -> str:
    """Give ``sha256:...`` of some bytes."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


def described(media_type: str, data: bytes) -> dict[str, Any]:
    """Give how a manifest names some bytes (OCI image specification, ``descriptor.md``)."""
    return {"mediaType": media_type, "digest": digest_of(data), "size": len(data)}


def is_digest(text: str) -> bool:
    """Tell whether a text is a whole SHA-256 digest, the only algorithm that stores and meshes agree on."""
    return _DIGEST.fullmatch(text) is not None


def is_text(value: object) -> bool:
    """Tell whether a JSON value is a text that can be written again: JSON can hold half a character, UTF-8 cannot."""
    if not isinstance(value, str):
        return False
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def checked(data: bytes, digest: str, what: str) -> bytes:
    """Give the bytes back when they are what their digest says.

    Raises
    ------
    ImageError
        They are not.
    """
    found = digest_of(data)
    if found != digest:
        raise ImageError(
            f"{what} does not have the digest it is known by.",
            why=[f"wanted {digest}", f"got    {found} ({len(data):,} bytes)"],
            hint="the copy is damaged or was changed on its way: fetch or build the image again",
        )
    return data


@dataclass(frozen=True)
class Descriptor:
    """What a manifest says about a blob.

    Parameters
    ----------
    media_type : str
    digest : str
        ``sha256:...``.
    size : int
        Bytes.
    annotations : mapping of str to str
    platform : str
        ``os/architecture``; empty when none is given.
    """

    media_type: str
    digest: str
    size: int
    annotations: Mapping[str, str] = field(default_factory=dict)
    platform: str = ""

    @property
    def title(self) -> str:
        """The file name it was packaged with; empty when it has none."""
        return self.annotations.get("org.opencontainers.image.title", "")


@dataclass(frozen=True)
class Manifest:
    """A manifest, or an index of manifests.

    Parameters
    ----------
    media_type : str
        As it says itself; for one that does not, what its fields make it.
    config : Descriptor or None
    layers : tuple of Descriptor
        In order, lowest first.
    manifests : tuple of Descriptor
        Only of an index.
    annotations : mapping of str to str
    is_index : bool
    """

    media_type: str
    config: Descriptor | None
    layers: tuple[Descriptor, ...]
    manifests: tuple[Descriptor, ...]
    annotations: Mapping[str, str]
    is_index: bool

    @classmethod
    def parse(cls, data: bytes) -> Manifest:
        """Read a manifest or an index.

        Parameters
        ----------
        data : bytes
            Any bytes.

        Raises
        ------
        ImageError
            It is larger than 4 MiB, no JSON, or lacks what a manifest must have.
        """
        if len(data) > MAX_MANIFEST:
            raise _bad(f"it has {len(data):,} bytes, and registries take at most {MAX_MANIFEST:,}")
        try:
            raw = json.loads(data)
        except (ValueError, RecursionError) as error:
            raise _bad(f"it is not valid JSON: {error}") from error
        if not isinstance(raw, dict):
            raise _bad("it is not a JSON object")
        if raw.get("schemaVersion") != 2:  # noqa: PLR2004 - both specifications fix it
            raise _bad(f"its schemaVersion is {_shown(raw.get('schemaVersion'))}, not 2")
        is_index = "manifests" in raw and "layers" not in raw
        media_type = raw.get("mediaType") or (INDEX_TYPE if is_index else MANIFEST_TYPE)
        if not is_text(media_type):
            raise _bad(f"its mediaType is {_shown(media_type)}")
        notes = _texts(raw.get("annotations"))
        if is_index:
            return cls(media_type, None, (), _descriptors(raw, "manifests"), notes, is_index=True)
        config = _descriptor(raw.get("config"), "config")
        return cls(media_type, config, _descriptors(raw, "layers"), (), notes, is_index=False)

    @property
    def is_docker(self) -> bool:
        """Whether it says of itself that it has Docker's form."""
        return self.media_type == DOCKER_MANIFEST_TYPE

    def blobs(self) -> Iterator[Descriptor]:
        """Give every blob that must be there for the image to be whole, each once; of an index the manifests."""
        seen = set()
        for item in (*((self.config,) if self.config else ()), *self.layers, *self.manifests):
            if item.digest not in seen:
                seen.add(item.digest)
                yield item


def _descriptors(raw: Mapping[str, Any], key: str) -> tuple[Descriptor, ...]:
    items = raw.get(key)
    if not isinstance(items, list):
        raise _bad(f"its {key} are {_shown(items)}")
    return tuple(_descriptor(item, f"{key}[{index}]") for index, item in enumerate(items))


def _descriptor(raw: Any, where: str) -> Descriptor:
    if not isinstance(raw, dict):
        raise _bad(f"its {where} is {_shown(raw)}")
    digest, size, kind = raw.get("digest"), raw.get("size"), raw.get("mediaType", "")
    if not isinstance(digest, str) or not is_digest(digest):
        raise _bad(f"the digest of its {where} is {_shown(digest)}")
    if not isinstance(size, int) or isinstance(size, bool) or not 0 <= size <= _MAX_SIZE:
        raise _bad(f"the size of its {where} is {_shown(size)}")
    if not is_text(kind):
        raise _bad(f"the mediaType of its {where} is {_shown(kind)}")
    platform = _texts(raw.get("platform"))
    named = f"{platform.get('os', '?')}/{platform.get('architecture', '?')}" if platform else ""
    return Descriptor(kind, digest, size, _texts(raw.get("annotations")), named)


def _texts(raw: Any) -> dict[str, str]:
    """Give the texts of an object; what is none is left out, as no reader could use it."""
    if not isinstance(raw, dict):
        return {}
    return {key: value for key, value in raw.items() if is_text(key) and is_text(value)}


def _shown(value: Any) -> str:
    text = "missing" if value is None else repr(value)[:_ROOM]
    return text.encode("unicode_escape").decode()


def _bad(why: str) -> ImageError:
    return ImageError(
        "This is not an image manifest that can be read.",
        why=[why[:_ROOM]],
        hint="fetch it again; if that does not help, it was pushed broken: push the image again",
    )
