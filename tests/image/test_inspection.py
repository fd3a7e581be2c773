from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.image.images import (
    CONFIG,
    CONTENT,
    DOCKER,
    DOCKER_LAYER,
    TAR_GZIP,
    Blobs,
    digest,
    layer,
    module,
    needs_skopeo,
    skopeo,
    wasm,
)
from wasmnb.errors import ImageError, ModuleError
from wasmnb.image import Inspection, Store, extract, inspect, package
from wasmnb.image.manifest import Manifest
from wasmnb.views import record_of

if TYPE_CHECKING:
    from pathlib import Path

WASM = wasm()
PACKED = layer(("plugin.wasm", WASM))
FETCHERS = ("Istio", "Envoy Gateway", "Higress")
CNCF = "application/wasm"
TO_OCI = "application/vnd.wasm.content.layer.v1+wasm"
RUNTIME = b'{"config":{"root_ids":["header-filter"]}}'

# form, Istio and its kin, wasme, a word of the reason for the first
FORMS: list[tuple[str, list[tuple[str, bytes]], dict[str, Any], bool, bool, str]] = [
    ("Docker image", [(DOCKER_LAYER, PACKED)], {"media_type": DOCKER}, True, False, "plugin.wasm"),
    ("compat image", [(TAR_GZIP, PACKED)], {}, True, False, "plugin.wasm"),
    ("compat image", [(TAR_GZIP, layer(("x", b""))), (TAR_GZIP, PACKED)], {}, True, False, "plugin.wasm"),
    ("compat image", [(TAR_GZIP, PACKED), (TAR_GZIP, layer(("x", b"")))], {}, False, False, "holds no plugin.wasm"),
    ("two-layer artifact", [(CONFIG, RUNTIME), (CONTENT, WASM)], {}, True, True, "two layers"),
    ("two-layer artifact", [(CONTENT, WASM), (CONFIG, b"not json")], {}, True, True, "two layers"),
    ("two-layer artifact", [(CONTENT, WASM), ("text/plain", b"")], {}, True, False, "two layers"),
    ("artifact of one layer", [(CONTENT, WASM)], {}, False, False, "exactly two layers, and this one has one layer"),
    (
        "artifact of three layers",
        [(CONFIG, RUNTIME), (CONTENT, WASM), ("text/plain", b"")],
        {},
        False,
        True,
        "exactly two layers, and this one has three layers",
    ),
    ("CNCF Wasm artifact", [(CNCF, WASM)], {}, False, False, "the last application/wasm"),
    ("wasm-to-oci artifact", [(TO_OCI, WASM)], {}, False, False, f"the last {TO_OCI}"),
    ("Docker image", [(DOCKER_LAYER, PACKED)], {}, False, False, f"it wants a last layer {TAR_GZIP}"),
    ("compat image", [(TAR_GZIP, PACKED)], {"media_type": DOCKER}, False, False, f"must be {DOCKER_LAYER}"),
]


def accepted(seen: Inspection) -> dict[str, bool | None]:
    return {item.consumer: item.accepted for item in seen.consumers}


@pytest.mark.parametrize(("form", "layers", "more", "fetchers", "wasme", "why"), FORMS)
def test_forms(  # noqa: PLR0917 - the columns of a table
    form: str, layers: list[tuple[str, bytes]], more: dict[str, Any], fetchers: bool, wasme: bool, why: str
) -> None:
    blobs = Blobs()
    data = blobs.manifest(*layers, **more)
    seen = inspect(data, blobs.read, reference="registry.example/x:v1")
    assert seen.form == form
    assert accepted(seen) == {**dict.fromkeys(FETCHERS, fetchers), "wasme": wasme}
    assert why in seen.consumers[0].why
    assert seen.digest == seen.used == digest(data)
    if "holds no" not in why:
        assert seen.module is not None
        assert seen.module.wasm == WASM
        assert extract(data, blobs.read, name="x").wasm == WASM
        assert not seen.problems
    plain = json.loads(json.dumps(seen.to_dict()))
    assert plain["form"] == form
    for item in seen.consumers:
        assert item.why in " ".join(repr(record_of(seen)).split())
        assert item.consumer in record_of(seen)._repr_html_()
    assert form in repr(record_of(seen))


@pytest.mark.parametrize("variant", ["artifact", "compat"])
def test_our_own(tmp_path: Path, variant: str) -> None:
    store = Store(tmp_path)
    image = store.add(package(module(), "local/a:v1", variant=variant))
    seen = store.inspect("local/a:v1")
    assert accepted(seen) == {**dict.fromkeys(FETCHERS, True), "wasme": variant == "artifact"}
    assert not seen.problems
    assert (seen.digest, seen.size) == (image.digest, image.size)
    assert seen.annotations["module.wasm.runtime/abi_version"] == "v0.2.1"
    assert "--root-id" not in seen.consumers[3].why


def test_an_artifact_without_root_ids_is_told_for_wasme() -> None:
    blobs = Blobs()
    seen = inspect(blobs.manifest((CONFIG, b"{}"), (CONTENT, WASM)), blobs.read)
    assert "--root-id" in seen.consumers[3].why


def test_an_index_is_resolved_as_the_meshes_do() -> None:
    blobs = Blobs()
    good, other = blobs.manifest((TAR_GZIP, PACKED)), blobs.manifest((CNCF, WASM))
    seen = inspect(blobs.index((other, "linux", "arm64"), (good, "linux", "amd64")), blobs.read)
    assert seen.form == "index of 2, with a compat image"
    assert accepted(seen) == {**dict.fromkeys(FETCHERS, True), "wasme": False}
    assert seen.used == digest(good) != seen.digest
    assert f"{digest(good)}: deploy by that digest" in seen.consumers[0].why
    only = inspect(blobs.index((good, "wasi", "wasm")), blobs.read)
    assert accepted(only)["Istio"] is False
    assert "takes linux/amd64 only, and this one has wasi/wasm" in only.consumers[0].why
    assert only.module is not None
    none = inspect(blobs.index((good, "linux", "arm64"), (good, "linux", "s390x")), blobs.read)
    assert not any(accepted(none).values())
    assert none.module is None
    assert "linux/arm64, linux/s390x" in none.problems[0]
    nested = inspect(blobs.index((blobs.index((good, "linux", "amd64")), "linux", "amd64")), blobs.read)
    assert nested.problems == ("The image is an index of indexes",)
    gone = inspect(Blobs().index((good, "linux", "amd64")), Blobs().read)
    assert accepted(gone)["Istio"] is None
    assert not accepted(inspect(blobs.index(), blobs.read))["Istio"]


def test_what_cannot_be_told_is_not_told() -> None:
    for bad in (layer(("../plugin.wasm", WASM)), layer(("a/plugin.wasm", WASM), ("plugin.wasm", WASM)), PACKED[:40]):
        blobs = Blobs()
        data = blobs.manifest((TAR_GZIP, bad))
        seen = inspect(data, blobs.read)
        assert accepted(seen)["Istio"] is None
        assert seen.module is None
        assert seen.problems
        with pytest.raises(ImageError):
            extract(data, blobs.read)


def test_a_module_that_envoy_would_refuse_is_told() -> None:
    blobs = Blobs()
    seen = inspect(blobs.manifest((CONFIG, b"{}"), (CONTENT, b"\0asm\x0d\0\x01\0")), blobs.read)
    assert accepted(seen)["Istio"] is True
    assert seen.problems
    data = blobs.manifest((CONFIG, b"{}"), (CONTENT, b"int main() {}"))
    seen = inspect(data, blobs.read)
    assert accepted(seen)["Istio"] is False
    assert "not a WebAssembly module" in seen.consumers[0].why
    with pytest.raises(ModuleError):
        extract(data, blobs.read)


def test_annotations_that_contradict_the_module_are_told() -> None:
    blobs = Blobs()
    marks = {"module.wasm.runtime/abi_version": "v0.1.0", "io.wasmnb.root-ids": '["other"]'}
    seen = inspect(blobs.manifest((CONFIG, b"{}"), (CONTENT, WASM), annotations=marks), blobs.read)
    assert "0.1.0" in seen.problems[0]
    assert "'other'" in seen.problems[1]


def test_a_blob_is_never_trusted() -> None:
    blobs = Blobs()
    data = blobs.manifest((CONFIG, b"{}"), (CONTENT, WASM))
    for bad in (wasm("evil"), WASM + b"\0", b""):
        with pytest.raises(ImageError, match="does not have the digest"):
            extract(data, lambda _wanted, _limit, bad=bad: bad)
    lying = json.loads(data)
    lying["layers"][1]["size"] += 1
    with pytest.raises(ImageError, match="another size"):
        extract(json.dumps(lying).encode(), blobs.read)
    lying["layers"][1]["size"] = (256 << 20) + 1
    with pytest.raises(ImageError, match="has 268,435,457 bytes"):
        extract(json.dumps(lying).encode(), lambda *_: pytest.fail("read"))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff",
        b"null",
        b"{}",
        b" " * (100 << 20),
        b"[" * 1_000_000,
        b'{"schemaVersion":2,"layers":' + b"9" * 10_000 + b"}",
        b'{"schemaVersion":2}',
        b'{"schemaVersion":1,"layers":[]}',
        b'{"schemaVersion":2,"config":{"digest":"sha256:../../x","size":1},"layers":[]}',
        json.dumps({"schemaVersion": 2, "manifests": [{"digest": "sha256:" + "0" * 64, "size": -1}]}).encode(),
    ],
    ids=range(11),
)
def test_hostile_manifests_are_refused(data: bytes) -> None:
    with pytest.raises(ImageError, match="not an image manifest") as caught:
        inspect(data, Blobs().read)
    assert len(str(caught.value)) < 1000


KEYS = st.sampled_from(
    ["schemaVersion", "mediaType", "layers", "config", "manifests", "digest", "size", "annotations", "platform", "os"]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(), max_size=5) | st.just("sha256:" + "0" * 64),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.slow
@settings(max_examples=200, deadline=None)
@given(st.dictionaries(KEYS, JSON, max_size=8))
def test_any_json_is_an_error_or_an_inspection(value: dict[str, Any]) -> None:
    with suppress(ImageError):
        seen = inspect(json.dumps({**value, "schemaVersion": 2}).encode(), Blobs().read)
        json.dumps(seen.to_dict())
        repr(record_of(seen))
        record_of(seen)._repr_html_()


@needs_skopeo
def test_an_image_that_skopeo_turned_into_dockers_form(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    store.add(package(module(), "local/a:v1", variant="compat"))
    skopeo("copy", "--format", "v2s2", f"oci:{store.path}:local/a:v1", f"dir:{tmp_path / 'dir'}")

    def read(wanted: str, limit: int) -> bytes:
        return (tmp_path / "dir" / wanted[7:]).read_bytes()

    data = (tmp_path / "dir" / "manifest.json").read_bytes()
    assert Manifest.parse(data).is_docker
    seen = inspect(data, read)
    assert seen.form == "Docker image"
    assert accepted(seen)["Istio"]
    assert extract(data, read).wasm == WASM
