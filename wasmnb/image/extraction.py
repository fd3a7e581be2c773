"""From an image of any known form to the module in it; only into memory, and only what was checked.

Media types: the Wasm artifact image specification
v0.0.0 and its "compat" variant; the CNCF Wasm OCI artifact layout; the ``wasm-to-oci`` tool.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from wasmnb.display.text import short_digest
from wasmnb.errors import ImageError
from wasmnb.image.layer import NoPluginError, modules, unpack
from wasmnb.image.layout import MAX_BLOB
from wasmnb.image.manifest import DOCKER_INDEX_TYPE, INDEX_TYPE, MAX_MANIFEST, Descriptor, Manifest, checked
from wasmnb.module.module import Module
from wasmnb.wording import Verb, Wording

if TYPE_CHECKING:
    from wasmnb.image.manifest import ReadBlob

__all__ = [
    "CNCF_TYPE",
    "CONFIG_TYPE",
    "CONTENT_TYPE",
    "DOCKER_LAYER_TYPE",
    "PLATFORM",
    "TAR_GZIP_TYPE",
    "WASM_TO_OCI_TYPE",
    "chosen",
    "extract",
    "fetch",
    "module_layer",
    "payload_of",
    "resolve",
]

CONFIG_TYPE = "application/vnd.module.wasm.config.v1+json"
CONTENT_TYPE = "application/vnd.module.wasm.content.layer.v1+wasm"
TAR_GZIP_TYPE = "application/vnd.oci.image.layer.v1.tar+gzip"
TAR_TYPE = "application/vnd.oci.image.layer.v1.tar"
DOCKER_LAYER_TYPE = "application/vnd.docker.image.rootfs.diff.tar.gzip"
CNCF_TYPE = "application/wasm"
WASM_TO_OCI_TYPE = "application/vnd.wasm.content.layer.v1+wasm"
_RAW = (CONTENT_TYPE, CNCF_TYPE, WASM_TO_OCI_TYPE)
_TAR = (TAR_GZIP_TYPE, DOCKER_LAYER_TYPE, TAR_TYPE)

_ANEW = "build the image again, and push it: a new manifest says what is true"

#: What the fetcher that Istio, Envoy Gateway and Higress share takes from an index, on machines of any kind.
PLATFORM = "linux/amd64"


def fetch(item: Descriptor, read_blob: ReadBlob, limit: int = MAX_BLOB) -> bytes:
    """Read the blob of a descriptor, and check its digest and size.

    Raises
    ------
    ImageError
        It is not what the descriptor says, or larger than ``limit`` bytes.
    """
    if item.size > limit:
        raise ImageError(
            f"A blob of the image has {item.size:,} bytes.",
            why=[f"{item.media_type} {item.digest}"],
            hint=f"push an image with at most {limit:,} in each: more are not taken here",
        )
    data = checked(read_blob(item.digest, item.size), item.digest, "A blob of the image")
    if len(data) != item.size:
        why = [f"{item.digest}: {item.size:,} bytes by the manifest, {len(data):,} in truth"]
        raise ImageError("A blob of the image has another size than its manifest says.", why=why, hint=_ANEW)
    return data


def chosen(manifest: Manifest) -> Descriptor | None:
    """Give what of an index is used: ``linux/amd64``, else a wasm platform, else the only manifest; else None."""
    items = manifest.manifests
    native = [item for item in items if item.platform == PLATFORM]
    wasm = [item for item in items if item.platform.endswith("/wasm")]
    known = [item for item in items if item.platform != "unknown/unknown"]  # those are attestations of a builder
    for group in (native, wasm, known if len(known) == 1 else []):
        if group:
            return group[0]
    return None


def resolve(data: bytes, read_blob: ReadBlob) -> tuple[Manifest, bytes]:
    """Give the manifest that is used, parsed and as bytes: itself, or of an index the one for meshes.

    Raises
    ------
    ImageError
        It is no manifest; or an index with none that could be used.
    """
    manifest = Manifest.parse(data)
    if not manifest.is_index:
        return manifest, data
    item = chosen(manifest)
    if item is None:
        platforms = ", ".join(item.platform or "no platform" for item in manifest.manifests) or "nothing"
        raise ImageError(
            f"The image is an index without a manifest for {PLATFORM}.",
            why=[f"it has {platforms}"],
            hint=f"push one for {PLATFORM}, or a single manifest",
            code="WNB3025",
        )
    data = fetch(item, read_blob, MAX_MANIFEST)
    manifest = Manifest.parse(data)
    if manifest.is_index or item.media_type in (INDEX_TYPE, DOCKER_INDEX_TYPE):
        raise ImageError("The image is an index of indexes.", hint="push a single manifest", code="WNB3025")
    return manifest, data


def module_layer(manifest: Manifest) -> Descriptor | None:
    """Give the layer that holds the module: the last when it is a tar, else the only one of a Wasm type."""
    if not manifest.layers:
        return None
    if manifest.layers[-1].media_type in _TAR:
        return manifest.layers[-1]
    raw = [item for item in manifest.layers if item.media_type in _RAW]
    return raw[0] if len(raw) == 1 else None


def extract(data: bytes, read_blob: ReadBlob, *, name: str = "image") -> Module:
    """Give the module of an image.

    Parameters
    ----------
    data : bytes
        A manifest or an index; any bytes.
    read_blob : callable
        Gives the blob of a digest; its second argument is the most bytes it may give.
    name : str
        What to call the module.

    Raises
    ------
    ImageError
        The image cannot be read, has a form nobody knows, is damaged or too large.
    ModuleError
        What it holds is not a WebAssembly module.
    """
    manifest, _ = resolve(data, read_blob)
    module = Module(name, payload_of(manifest, read_blob))
    if not module.facts.readable:
        raise module.facts.problems[0].error(of=name)
    return module


def payload_of(manifest: Manifest, read_blob: ReadBlob) -> bytes:
    """Give the bytes that stand where the module of an image should be.

    Raises
    ------
    ImageError
        The image has a form nobody knows, is damaged or too large.
    """
    layer = module_layer(manifest)
    if layer is None:
        types = [item.media_type for item in manifest.layers] or ["no layer"]
        more = Wording("{} says more", Verb("inspect", ("IMAGE",)))
        raise NoPluginError("The image holds no module in any known form.", why=types, hint=more)
    blob = fetch(layer, read_blob)
    return unpack(blob, zipped=layer.media_type != TAR_TYPE) if layer.media_type in _TAR else blob


def elsewhere(manifest: Manifest, read_blob: ReadBlob) -> dict[str, bytes]:
    """Give the modules that an image holds where no mesh looks for one, by the words for where they are.

    Layers that cannot be read are passed over.
    """
    found: dict[str, bytes] = {}
    for number, layer in enumerate(manifest.layers, 1):
        where = f"layer {number} of {len(manifest.layers)} ({short_digest(layer.digest)})"
        try:
            blob = fetch(layer, read_blob)
            if layer.media_type in _TAR:
                inside = modules(blob, zipped=layer.media_type != TAR_TYPE)
                found |= {f"{name} in {where}": wasm for name, wasm in inside.items()}
            elif blob.startswith(b"\0asm"):
                found[where] = blob
        except ImageError:
            continue
    return found
