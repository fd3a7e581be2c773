"""Images come into the store verified, also those that others pushed, and from an index what Istio takes."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import pytest
import requests

from tests.image.registry.conftest import module
from tests.image.registry.parts import DockerRegistry, refused
from tests.image.registry.test_push import Explained, skopeo
from wasmnb.errors import BadNameError, ImageError, RegistryError
from wasmnb.image import Image, package
from wasmnb.image.manifest import INDEX_TYPE, MANIFEST_TYPE
from wasmnb.image.registry import inspect, pull, push, resolve
from wasmnb.image.store import Store

if TYPE_CHECKING:
    from pathlib import Path

    from tests.image.registry.between import Between


def put_index(host: str, repository: str, tag: str, entries: list[dict[str, Any]]) -> str:
    data = json.dumps({"schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": entries}).encode()
    url = f"http://{host}/v2/{repository}/manifests/{tag}"
    requests.put(url, data=data, headers={"Content-Type": INDEX_TYPE}, timeout=20).raise_for_status()
    return "sha256:" + hashlib.sha256(data).hexdigest()


def entry(image: Image, os: str, architecture: str) -> dict[str, Any]:
    platform = {"os": os, "architecture": architecture}
    return {"mediaType": MANIFEST_TYPE, "digest": image.digest, "size": len(image.manifest), "platform": platform}


def test_what_was_pushed_comes_back(anonymous: DockerRegistry, image: Image, repository: str, store: Store) -> None:
    reference, told = f"{anonymous.host}/{repository}:v1", Explained()
    push(image, reference)
    pulled = pull(reference, store, progress=told)
    assert pulled.digest == image.digest
    assert pulled.pinned == f"{reference}@{image.digest}"
    assert store.get(reference).module.wasm == image.module.wasm
    blobs = sum(layer.size for layer in image.layers)
    assert told.last == (blobs, blobs)


def test_what_is_there_is_not_fetched_again(between: Between, image: Image, repository: str, store: Store) -> None:
    reference = f"{between.host}/{repository}:v1"
    push(image, reference)
    pull(reference, store)
    before = between.count("GET", "/blobs/")
    assert pull(reference, store).fetched == 0
    assert between.count("GET", "/blobs/") == before


def test_the_digest_wins_over_the_tag(anonymous: DockerRegistry, repository: str, store: Store) -> None:
    reference = f"{anonymous.host}/{repository}:v1"
    old, new = (package(module(text), "local/x") for text in (b"old", b"new"))
    push(old, reference)
    push(new, reference)
    assert pull(f"{reference}@{old.digest}", store).digest == old.digest
    assert store.get(f"{reference}@{old.digest}").module.wasm == old.module.wasm
    assert pull(reference, store).digest == new.digest


def test_an_image_that_skopeo_pushed(anonymous: DockerRegistry, repository: str, store: Store, tmp_path: Path) -> None:
    image = package(module(b"skopeo"), "local/x:v1", variant="compat")
    source = Store(tmp_path / "source")
    source.add(image)
    reference = f"{anonymous.host}/{repository}:v1"
    skopeo("copy", "--dest-tls-verify=false", f"oci:{source.path}:local/x:v1", f"docker://{reference}")
    pull(reference, store)
    assert store.get(reference).module.wasm == image.module.wasm


def test_a_docker_manifest(anonymous: DockerRegistry, repository: str, store: Store, tmp_path: Path) -> None:
    image = package(module(b"docker"), "local/x:v1", variant="compat")
    source = Store(tmp_path / "source")
    source.add(image)
    reference = f"{anonymous.host}/{repository}:v1"
    skopeo("copy", "--format=v2s2", "--dest-tls-verify=false", f"oci:{source.path}:local/x:v1", f"docker://{reference}")
    pull(reference, store)
    assert store.get(reference).module.wasm == image.module.wasm


def test_an_index_gives_what_istio_takes(anonymous: DockerRegistry, repository: str, store: Store) -> None:
    one, other = (package(module(text), "local/x") for text in (b"amd", b"arm"))
    for image in (one, other):
        push(image, f"{anonymous.host}/{repository}@{image.digest}")
    index = put_index(anonymous.host, repository, "v1", [entry(other, "linux", "arm64"), entry(one, "linux", "amd64")])
    reference = f"{anonymous.host}/{repository}:v1"
    pulled = pull(reference, store)
    assert (pulled.digest, resolve(reference)) == (one.digest, index)
    assert "as Istio does, linux/amd64 was taken" in pulled.note
    assert store.get(reference).module.wasm == one.module.wasm
    looked = inspect(reference)
    assert {**looked.to_dict(), "at": ""} == {**store.inspect(reference).to_dict(), "at": ""}
    assert (looked.digest, looked.used, looked.form) == (index, one.digest, "index of 2, with a two-layer artifact")


def test_an_index_of_one_is_taken_and_istios_rule_is_told(
    anonymous: DockerRegistry, image: Image, repository: str, store: Store
) -> None:
    push(image, f"{anonymous.host}/{repository}@{image.digest}")
    put_index(anonymous.host, repository, "v1", [entry(image, "wasi", "wasm")])
    pulled = pull(f"{anonymous.host}/{repository}:v1", store)
    assert pulled.digest == image.digest
    assert "(wasi/wasm); wasi/wasm was taken, and Istio takes linux/amd64 only" in pulled.note


def test_an_index_without_a_fitting_manifest_is_refused(
    anonymous: DockerRegistry, repository: str, store: Store
) -> None:
    images = [package(module(text), "local/x") for text in (b"s390", b"arm")]
    for image in images:
        push(image, f"{anonymous.host}/{repository}@{image.digest}")
    entries = [entry(image, "linux", name) for image, name in zip(images, ("s390x", "arm64"), strict=True)]
    put_index(anonymous.host, repository, "v1", entries)
    with refused(ImageError, "index", "linux/amd64", "linux/s390x, linux/arm64"):
        pull(f"{anonymous.host}/{repository}:v1", store)


@pytest.mark.parametrize("ask", [lambda reference, store: resolve(reference), pull])
def test_a_missing_tag_names_a_near_one(
    anonymous: DockerRegistry, image: Image, repository: str, store: Store, ask: Any
) -> None:
    push(image, f"{anonymous.host}/{repository}:v0.2.1")
    with refused(RegistryError, "has no tag v0.2.0", "did you mean 'v0.2.1'?") as caught:
        ask(f"{anonymous.host}/{repository}:v0.2.0", store)
    assert caught.value.status == 404


def test_a_missing_repository_names_a_near_one(
    anonymous: DockerRegistry, image: Image, repository: str, store: Store
) -> None:
    push(image, f"{anonymous.host}/{repository}:v1")
    with refused(RegistryError, f"no repository {repository}x", f"did you mean {repository!r}?"):
        pull(f"{anonymous.host}/{repository}x:v1", store)


def test_the_store_is_no_registry(store: Store) -> None:
    with refused(BadNameError, "%wasm_list"):
        pull("local/test:v1", store)
