from __future__ import annotations

import hashlib
import json

import pytest

from tests.module.builder import good
from wasmnb.errors import BadNameError, ModuleError
from wasmnb.image import Image, package
from wasmnb.module import Module
from wasmnb.module.stamp import stamp
from wasmnb.views import html_of

WASM = stamp(bytes(good()), language="cpp", root_ids=["header-filter", "\u4f60\u597d"])
REFERENCE = "registry.example:5000/team/header-filter:v1"


def digest(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


@pytest.fixture
def image() -> Image:
    return package(Module("header-filter", WASM), REFERENCE)


def test_the_manifest_is_the_two_layer_artifact(image: Image) -> None:
    config = {
        "mediaType": "application/vnd.module.wasm.config.v1+json",
        "digest": digest(image.config),
        "size": len(image.config),
    }
    content = {
        "mediaType": "application/vnd.module.wasm.content.layer.v1+wasm",
        "digest": digest(WASM),
        "size": len(WASM),
    }
    assert json.loads(image.manifest) == {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": config,
        "layers": [
            {**config, "annotations": {"org.opencontainers.image.title": "runtime-config.json"}},
            {**content, "annotations": {"org.opencontainers.image.title": "filter.wasm"}},
        ],
        "annotations": {
            "module.wasm.runtime/abi_version": "v0.2.1",
            "module.wasm.runtime/type": "envoy_proxy",
            "io.wasmnb.language": "cpp",
            "io.wasmnb.root-ids": '["header-filter","\u4f60\u597d"]',
        },
    }
    assert json.loads(image.config) == {
        "type": "envoy_proxy",
        "abiVersions": ["v0.2.1"],
        "config": {"rootIds": ["header-filter", "\u4f60\u597d"]},
    }


def test_the_digest_follows_from_the_bytes_alone(image: Image) -> None:
    assert image.digest == digest(image.manifest)
    assert package(Module("other-name", WASM), "local/other").digest == image.digest
    assert (
        package(Module("header-filter", WASM), REFERENCE, annotations={"org.example.owner": "me"}).digest
        != image.digest
    )
    assert package(Module("header-filter", bytes(good())), REFERENCE).digest != image.digest
    assert package(Module("m", bytes(good())), "m").digest == KNOWN


# The digest of the smallest module's image: it changes only when the packaging does, and then every user's digests do.
KNOWN = "sha256:ae932207f13db48e6c4cc8362d2754ab09cc41732746f94486f615e4ac0b2823"


def test_a_module_that_tells_little_is_packaged_without_guesses() -> None:
    image = package(Module("m", bytes(good().without("proxy_abi_version_0_2_1"))), "m")
    assert image.annotations == {"module.wasm.runtime/type": "envoy_proxy"}
    assert json.loads(image.config) == {"type": "envoy_proxy", "abiVersions": [], "config": {"rootIds": []}}


def test_layers_carry_what_is_pushed(image: Image) -> None:
    assert [layer.title for layer in image.layers] == ["runtime-config.json", "filter.wasm"]
    for layer in image.layers:
        assert digest(layer.data) == layer.digest
        assert len(layer.data) == layer.size
    assert image.size == len(image.manifest) + len(image.config) + len(WASM)


def test_faces(image: Image) -> None:
    assert image.pinned == f"{REFERENCE}@{image.digest}"
    assert repr(image).startswith(f"Image('{REFERENCE}', digest='sha256:")
    html = html_of(image)
    assert image.digest in html
    assert "<script" not in html_of(package(Module("<script>", WASM), "m"))
    plain = json.loads(json.dumps(image.to_dict()))
    assert plain["digest"] == image.digest
    assert plain["manifest"]["layers"][1]["size"] == len(WASM)
    assert image == package(Module("header-filter", WASM), "local/elsewhere")


def test_a_module_packages_itself() -> None:
    module = Module("header-filter", WASM)
    assert package(module).reference == "local/header-filter"
    assert package(module, REFERENCE).reference == REFERENCE


def test_what_cannot_be_packaged() -> None:
    with pytest.raises(BadNameError):
        package(Module("m", WASM), "No Reference")
    with pytest.raises(ModuleError, match=r"Module 'm': .* it looks like text"):
        package(Module("m", b"int main() {}"), "m")
