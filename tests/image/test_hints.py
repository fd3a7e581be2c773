"""Hints of images and of their store are provoked, and followed: afterwards it goes through."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from tests.image.images import CONTENT, DOCKER_LAYER, TAR_GZIP, Blobs, digest, layer, module, wasm
from tests.worded import in_cell
from wasmnb.errors import BadNameError, ConfigError, ImageError, UsageError
from wasmnb.image import Store, package
from wasmnb.image.extraction import CONFIG_TYPE, extract
from wasmnb.image.layout import MAX_BLOB
from wasmnb.image.manifest import MAX_MANIFEST, Manifest
from wasmnb.image.reference import Reference

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ELSEWHERE = "give another folder, one that you may write to, such as in the environment variable WASMNB_STORE"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def hint_of(what: Callable[[], object], kind: type[ImageError | UsageError | ConfigError] = ImageError) -> str:
    with pytest.raises(kind) as caught:
        what()
    return in_cell(caught.value).hint


@pytest.mark.parametrize("variable", ["WASMNB_STORE", "WASMNB_DATA_DIR"])
def test_a_store_that_cannot_be_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.delenv("WASMNB_STORE", raising=False)
    monkeypatch.setenv(variable, str(tmp_path / "file" / "below"))
    assert hint_of(Store) == ELSEWHERE
    monkeypatch.setenv("WASMNB_STORE", str(tmp_path / "other"))
    assert Store().path == tmp_path / "other"
    assert hint_of(lambda: Store(tmp_path / "file")) == ELSEWHERE


def test_a_full_disk_has_room_again_when_an_image_is_removed(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    store.add(package(module("old"), "local/old"))
    limit = sum(path.stat().st_size for path in store.path.rglob("*") if path.is_file())
    real = type(store._layout)._created

    def created(self: Any, path: Path) -> Any:
        if sum(file.stat().st_size for file in store.path.rglob("*") if file.is_file()) >= limit:
            raise self._cannot(OSError(28, "No space left on device"))
        return real(self, path)

    monkeypatch.setattr(type(store._layout), "_created", created)
    hint = hint_of(lambda: store.add(package(module("new"), "local/new")))
    assert hint == "make room with %wasm_rm, or name another folder in WASMNB_STORE"
    store.remove("local/old")
    assert store.add(package(module("new"), "local/new")).reference == "local/new:latest"


def test_a_blob_that_is_larger_than_what_is_read(store: Store) -> None:
    image = store.add(package(module("a"), "local/a"))
    name, size = image.module.digest, len(image.module.wasm)
    assert hint_of(lambda: store.read_blob(name, 5)) == f"give a limit of at least {size:,}"
    assert store.read_blob(name, size) == image.module.wasm
    # Damage that makes a blob longer is damage, and no limit helps.
    (store.path / "blobs" / "sha256" / name[7:]).write_bytes(image.module.wasm + b"more")
    again = "the copy is damaged or was changed on its way: fetch or build the image again"
    assert hint_of(lambda: store.get("local/a")) == again
    missing = "the image is not complete here: build or pull it again"
    assert hint_of(lambda: store.get("local/a")) == missing
    store.add(image)
    assert store.get("local/a") == image


def test_a_manifest_without_its_blobs(store: Store) -> None:
    image = package(module("a"), "local/a:v1")
    assert hint_of(lambda: store.add_manifest("local/a:v1", image.manifest)) == "build or pull the image again"
    store.add(image)
    assert store.add_manifest("local/a:v1", image.manifest) == image.digest


def test_what_is_no_digest(store: Store) -> None:
    assert hint_of(lambda: store.has_blob("sha256:12")) == "a digest is 'sha256:' and 64 hexadecimal digits"
    assert not store.has_blob("sha256:" + "12" * 32)


def test_a_blob_that_was_cut_on_its_way(store: Store) -> None:
    data = b"the whole of it"
    hint = hint_of(lambda: store.put_blob([data[:5]], digest(data)))
    assert hint == "it was cut or changed on its way: try again"
    store.put_blob([data], digest(data))
    assert store.read_blob(digest(data)) == data


def test_an_index_of_the_store_that_is_damaged(store: Store) -> None:
    image = store.add(package(module("a"), "local/a"))
    (store.path / "index.json").write_text("{")
    assert hint_of(store.list) == "%wasm_doctor mends it"
    assert not all(check.ok for check in store.verify())
    assert [row.digest for row in store.list()] == [image.digest]


def test_a_manifest_that_was_pushed_broken() -> None:
    image = package(module("a"), "local/a")
    cut = hint_of(lambda: Manifest.parse(image.manifest[:-1]))
    assert cut == "fetch it again; if that does not help, it was pushed broken: push the image again"
    assert Manifest.parse(image.manifest).layers


def test_an_image_made_by_hand_is_read_in_the_store(store: Store) -> None:
    image = store.add(package(module("a"), "local/a"))
    bare = replace(package(module("a"), "local/a"), config=b"none")
    assert hint_of(lambda: bare.layers[0].data) == "get it from the store"
    assert store.get("local/a").layers[0].data == image.config


def artifact(blobs: Blobs, root_id: str = "a") -> bytes:
    return blobs.manifest((CONFIG_TYPE, b"{}"), (CONTENT, wasm(root_id)))


def with_size(data: bytes, size: int, at: str = "layers") -> bytes:
    raw = json.loads(data)
    raw[at][-1]["size"] = size
    return json.dumps(raw).encode()


def test_what_of_an_image_is_too_large() -> None:
    blobs = Blobs()
    whole = artifact(blobs)
    hint = hint_of(lambda: extract(with_size(whole, MAX_BLOB + 1), blobs.read))
    assert hint == "push an image with at most 268,435,456 in each: more are not taken here"
    index = with_size(blobs.index((whole, "linux", "amd64")), MAX_MANIFEST + 1, "manifests")
    assert "at most 4,194,304 in each" in hint_of(lambda: extract(index, blobs.read))
    assert extract(whole, blobs.read).facts.root_ids == ("a",)


def test_a_size_that_the_manifest_lies_about() -> None:
    blobs = Blobs()
    whole = artifact(blobs)
    hint = hint_of(lambda: extract(with_size(whole, 1_000_000), blobs.read))
    assert hint == "build the image again, and push it: a new manifest says what is true"
    built = package(module("a"), "local/a")
    for blob in built.blobs():
        blobs.put(blob.data, blob.media_type)
    assert extract(built.manifest, blobs.read).facts.root_ids == ("a",)


def test_an_index_with_nothing_for_a_mesh() -> None:
    blobs = Blobs()
    whole, other = artifact(blobs), artifact(blobs, "b")
    arm = blobs.index((whole, "linux", "arm64"), (other, "linux", "s390x"))
    assert hint_of(lambda: extract(arm, blobs.read)) == "push one for linux/amd64, or a single manifest"
    assert extract(blobs.index((whole, "linux", "amd64"), (other, "linux", "s390x")), blobs.read).facts.readable
    nested = blobs.index((arm, "linux", "amd64"))
    assert hint_of(lambda: extract(nested, blobs.read)) == "push a single manifest"
    assert extract(whole, blobs.read).facts.readable


def test_an_image_without_a_module(store: Store) -> None:
    blobs = Blobs()
    data = blobs.manifest((CONTENT, wasm("a")), (CONTENT, wasm("b")))
    for blob in blobs.held.values():
        store.put_blob([blob], digest(blob))
    store.add_manifest("local/two:v1", data)
    assert hint_of(lambda: store.get("local/two:v1")) == "%wasm_inspect IMAGE says more"
    looked = store.inspect("local/two:v1")
    assert looked.module is None
    assert "holds no module in any known form" in looked.problems[0]
    held = blobs.manifest((TAR_GZIP, layer(("filter.wasm", wasm("a")))))
    hint = hint_of(lambda: extract(held, blobs.read))
    assert hint == "package the module again: `%wasm_build precompiled FILE.wasm`"
    docker = blobs.manifest((DOCKER_LAYER, layer(("plugin.wasm", wasm("a")))))
    assert extract(docker, blobs.read).facts.root_ids == ("a",)


@pytest.mark.parametrize(
    ("given", "hint", "followed"),
    [
        ({"title": 5}, "put it in quotes", {"title": "5"}),
        (
            {"title": "a", "org.opencontainers.image.title": "b"},
            "use its short or its long name, not both",
            {"org.opencontainers.image.title": "b"},
        ),
        ({"io.wasmnb.language": "cobol"}, "leave it out", {}),
        ({"description": "x" * (5 << 20)}, "registries take 4,194,304: give shorter annotations", {"description": "x"}),
        ({"created": "today"}, "write it as 2026-01-31T12:00:00Z (RFC 3339)", {"created": "2026-01-31T12:00:00Z"}),
        (
            {"owner": "me"},
            "annotations of your own have a domain, such as org.example.owner",
            {"org.example.owner": "me"},
        ),
    ],
)
def test_annotations(given: dict[str, Any], hint: str, followed: dict[str, str]) -> None:
    assert hint_of(lambda: package(module("a"), annotations=given), UsageError) == hint
    assert package(module("a"), annotations=followed).digest


def test_a_runtime_configuration_is_corrected_at_the_mark(tmp_path: Path) -> None:
    file = tmp_path / "runtime-config.json"
    file.write_text('{\n  "type": "envoy_proxy",,\n}')
    with pytest.raises(ConfigError) as caught:
        package(module("a"), runtime_config=file)
    assert caught.value.hint == "correct it at the mark"
    assert caught.value.where is not None
    lines = file.read_text().splitlines()
    at = caught.value.where
    lines[at.line - 1] = lines[at.line - 1][: at.column - 2] + lines[at.line - 1][at.column :]
    file.write_text("\n".join(lines))
    assert package(module("a"), runtime_config=file).digest


@pytest.mark.parametrize(
    ("wrong", "hint", "right"),
    [
        ("[]", 'start it with "{"', "{}"),
        ('{"type": "wasm"}', "the type of a Proxy-Wasm filter is 'envoy_proxy'", '{"type": "envoy_proxy"}'),
        ('{"config": 5}', 'write "config": {"rootIds": ["..."]}', '{"config": {"rootIds": ["a"]}}'),
        ('{"abiVersions": "x"}', 'write "abiVersions": ["..."]', '{"abiVersions": ["v0.2.1"]}'),
        ('{"abiVersions": ["v0.1.0"]}', "the module says v0.2.1: write that", '{"abiVersions": ["v0.2.1"]}'),
        ('{"abiVersions": [], "abi_versions": []}', "leave one of them out", '{"abi_versions": []}'),
        ('{"config": {"rootIds": ["b"]}}', "the module registers 'a'", '{"config": {"rootIds": ["a"]}}'),
        ('{"zzz": 1}', "its fields are abiVersions, config, type", "{}"),
        ('{"a": "\xe9"}', "save it as UTF-8", "{}"),
        # An id of its own: pytest keeps a test's name in the environment, where there is no room for 2 MB.
        pytest.param(" " * 2_000_000, "give the path of a runtime-config.json", "{}", id="large"),
    ],
)
def test_a_runtime_configuration(tmp_path: Path, wrong: str, hint: str, right: str) -> None:
    file = tmp_path / "runtime-config.json"
    file.write_text(wrong, encoding="latin-1")
    assert hint_of(lambda: package(module("a"), runtime_config=file), ConfigError) == hint
    file.write_text(right)
    assert package(module("a"), runtime_config=file).digest


def test_a_runtime_configuration_that_is_not_there(tmp_path: Path) -> None:
    relative = "give the path of a runtime-config.json; a relative path starts at the notebook's folder"
    assert hint_of(lambda: package(module("a"), runtime_config="none.json"), ConfigError) == relative
    (tmp_path / "none.json").write_text("{}")
    assert package(module("a"), runtime_config=tmp_path / "none.json").digest


@pytest.mark.parametrize(
    ("wrong", "hint", "right"),
    [
        ({"a": float("nan")}, "use only strings, numbers, lists and objects", {"a": 1}),
        ({"a": "x" * 70_000}, "an image carries at most 65,536", {"a": "x"}),
    ],
)
def test_a_schema(wrong: dict[str, Any], hint: str, right: dict[str, Any]) -> None:
    assert hint_of(lambda: package(module("a"), schema=wrong), ConfigError) == hint
    assert package(module("a"), schema=right).digest


@pytest.mark.parametrize(
    ("wrong", "hint", "right"),
    [
        (" ", "give a name such as team/header-filter:v1", "team/header-filter:v1"),
        pytest.param("x" * 5000, "shorten it", "x", id="long"),
        ("https://registry.example/a:v1", "leave the scheme out: registry.example/a:v1", "registry.example/a:v1"),
        (
            f"a@sha256:{'AB' * 32}",
            "a digest is 'sha256:' and 64 hexadecimal digits in lower case",
            f"a@sha256:{'ab' * 32}",
        ),
        (
            "a:-x",
            "a tag has at most 128 letters, digits, '_', '.' and '-', and starts with none of the last two",
            "a:x-",
        ),
        (
            "-registry.example/a",
            "a host is a name or an address, with a port when it is not 443, such as registry.example:5000",
            "registry.example:5000/a",
        ),
        (
            "team/My Filter",
            "use lower-case letters, digits and single '.', '_' or '-' between them, for instance 'my-filter'",
            "team/my-filter",
        ),
    ],
)
def test_names_of_images(wrong: str, hint: str, right: str) -> None:
    with pytest.raises(BadNameError) as caught:
        Reference.parse(wrong)
    assert in_cell(caught.value).hint == hint
    assert Reference.parse(right)
