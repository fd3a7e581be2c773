"""Which forms of image there are, and which of them Istio, Envoy Gateway, Higress and wasme take.

The rules are those of the consumers' own code, read at these versions: Istio's agent 1.25 to 1.30 (the fetcher of
``pkg/wasm``, which Envoy Gateway shares and Higress has a copy of) and wasme 0.0.33. None of them looks at the type of
the configuration; the agent does not take ``tar`` or ``tar+zstd`` layers, and takes an artifact of exactly two layers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from wasmnb.image.extraction import (
    CNCF_TYPE,
    CONFIG_TYPE,
    CONTENT_TYPE,
    DOCKER_LAYER_TYPE,
    PLATFORM,
    TAR_GZIP_TYPE,
    WASM_TO_OCI_TYPE,
)
from wasmnb.module.envoy_abi import ENVOY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wasmnb.image.image import Image
    from wasmnb.image.manifest import Descriptor, Manifest

__all__ = ["Acceptance", "Payload", "acceptance", "acceptances", "form_of"]

_FETCHERS = ("Istio", "Envoy Gateway", "Higress")
_TARS = {DOCKER_LAYER_TYPE: "Docker image", TAR_GZIP_TYPE: "compat image"}
_SINGLE = {CNCF_TYPE: "CNCF Wasm artifact", WASM_TO_OCI_TYPE: "wasm-to-oci artifact"}
_MAGIC = b"\0asm"
_LEAST = 8  # bytes of a module: the magic number and a version


@dataclass(frozen=True)
class Acceptance:
    """Whether one consumer takes an image.

    Parameters
    ----------
    consumer : str
        ``Istio``, ``Envoy Gateway``, ``Higress`` or ``wasme``.
    accepted : bool or None
        None when it cannot be told.
    why : str
        The rule that decided, in words.
    """

    consumer: str
    accepted: bool | None
    why: str

    def to_dict(self) -> dict[str, Any]:
        """Give plain JSON values."""
        return {"consumer": self.consumer, "accepted": self.accepted, "why": self.why}


@dataclass(frozen=True)
class Payload:
    """What was found where the module should be.

    Parameters
    ----------
    wasm : bytes or None
        None when nothing could be taken out.
    lack : str
        Why not.
    absent : bool
        The layer was read to its end and has no module; otherwise it could not, or was not to be read.
    root_ids : bool
        The image's runtime configuration names a root id.
    host : str
        Whose Envoy the module is for.
    """

    wasm: bytes | None
    lack: str = ""
    absent: bool = False
    root_ids: bool = False
    host: str = ENVOY


def form_of(manifest: Manifest) -> str:
    """Name the form of an image in a few words."""
    types = [item.media_type for item in manifest.layers]
    last = types[-1] if types else ""
    if CONTENT_TYPE in types and last not in _TARS:
        return "two-layer artifact" if len(types) == 2 else f"artifact of {_layers(len(types))}"  # noqa: PLR2004
    if len(types) == 1 and last in _SINGLE:
        return _SINGLE[last]
    return "index" if manifest.is_index else _TARS.get(last, "unknown")


def acceptances(
    manifest: Manifest, payload: Payload, *, index: Manifest | None = None, child: Descriptor | None = None
) -> tuple[Acceptance, ...]:
    """Say for each consumer whether it takes an image, and why not.

    Parameters
    ----------
    manifest : Manifest
        The single manifest; of an index the one that was used, or the index when that could not be read.
    payload : Payload
    index : Manifest, optional
        The index, when it was one.
    child : Descriptor, optional
        What the index says of ``manifest``.
    """
    accepted, why = (None, payload.lack) if manifest.is_index else _fetcher(manifest, payload)
    if index is not None:
        there = sorted(item.platform or "none" for item in index.manifests)
        if child is None or child.platform != PLATFORM:
            accepted, why = False, f"of an index it takes {PLATFORM} only, and this one has {', '.join(there)}"
        elif accepted is not False:
            why += (
                f"; of the index it takes {PLATFORM}, {child.digest}: deploy by that digest,"
                " the digest of the index itself is refused because it is not the manifest's"
            )
    fetchers = (_hosted(Acceptance(name, accepted, why), payload) for name in _FETCHERS)
    return (*fetchers, _wasme(manifest, payload, index))


def _hosted(one: Acceptance, payload: Payload) -> Acceptance:
    """Take the module into account: one that is for somebody's own Envoy runs nowhere else."""
    if payload.host in (ENVOY, one.consumer) or one.accepted is False:
        return one
    return Acceptance(one.consumer, False, f"its module speaks an ABI that the Envoy of {payload.host} alone has")


def acceptance(image: Image, consumer: str) -> Acceptance | None:
    """Say whether a consumer takes an image whose module is at hand; None for one that fetches no images."""
    told = acceptances(image.parsed, Payload(image.module.wasm, host=image.module.facts.host))
    return next((one for one in told if one.consumer == consumer), None)


def _fetcher(manifest: Manifest, payload: Payload) -> tuple[bool | None, str]:
    """Apply the rule of the fetcher that three of them share."""
    types = [item.media_type for item in manifest.layers]
    if not types:
        return False, "it has no layer"
    wanted = DOCKER_LAYER_TYPE if manifest.is_docker else TAR_GZIP_TYPE
    if types[-1] == wanted:
        return _held(payload, "its last layer is a tar with plugin.wasm")
    if manifest.is_docker:
        return False, f"the last layer of a Docker image must be {wanted}, and it is {types[-1] or 'of no type'}"
    if len(types) == 2 and CONTENT_TYPE in types:  # noqa: PLR2004
        return _held(payload, f"it has two layers, and one is {CONTENT_TYPE}")
    if CONTENT_TYPE in types:
        return False, f"an artifact must have exactly two layers, and this one has {_layers(len(types))}"
    return False, (
        f"it wants a last layer {wanted}, or exactly two layers with one {CONTENT_TYPE};"
        f" this one has {_layers(len(types))}, the last {types[-1] or 'of no type'}"
    )


def _held(payload: Payload, why: str) -> tuple[bool | None, str]:
    if payload.wasm is None:
        return (False if payload.absent else None), payload.lack
    if payload.wasm[:4] != _MAGIC or len(payload.wasm) < _LEAST:
        return False, "what it holds is not a WebAssembly module"
    return True, why


def _wasme(manifest: Manifest, payload: Payload, index: Manifest | None) -> Acceptance:
    types = [item.media_type for item in manifest.layers]
    if index is not None:
        return Acceptance("wasme", False, "it looks for layers in the manifest that was named, and an index has none")
    missing = [name for name in (CONFIG_TYPE, CONTENT_TYPE) if name not in types]
    if missing:
        return Acceptance("wasme", False, f"it wants a layer {' and one '.join(missing)}")
    why = "it has a configuration and a module layer"
    if not payload.root_ids:
        why += "; `wasme deploy` needs --root-id, because the configuration names none"
    return Acceptance("wasme", True, why) if payload.wasm is not None else Acceptance("wasme", None, payload.lack)


def _layers(count: int) -> str:
    words: Sequence[str] = ("no layer", "one layer", "two layers", "three layers")
    return words[count] if count < len(words) else f"{count} layers"
