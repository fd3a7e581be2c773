"""Repositories, tags and tables of real registries."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest

from tests.image.registry.between import Between, status
from tests.image.registry.conftest import module
from tests.image.registry.parts import DockerRegistry, refused
from tests.image.registry.test_pull import entry, put_index
from wasmnb.errors import RegistryError
from wasmnb.image import Image, package
from wasmnb.image.manifest import digest_of
from wasmnb.image.registry import catalogue, listing, push, repositories, tags
from wasmnb.image.registry.upload import Blob
from wasmnb.module import Module
from wasmnb.module.stamp import stamp

COLUMNS = ["name", "tag", "size", "digest", "updated", "abi", "language", "root_ids"]


def stamped(name: str, **annotations: str) -> Image:
    wasm = stamp(module(name.encode()).wasm, language="cpp", root_ids=[name])
    return package(Module(name, wasm), "local/x", annotations=annotations)


def test_a_repository_as_a_table(anonymous: DockerRegistry, repository: str, tmp_path: Path) -> None:
    image = stamped("one", created="2024-05-06T07:08:09Z")
    push(image, f"{anonymous.host}/{repository}:v1")
    push(stamped("two"), f"{anonymous.host}/{repository}:v2")
    found = listing(f"{anonymous.host}/{repository}", cache=tmp_path)
    frame = found.frame
    assert list(frame.columns) == COLUMNS
    first, second = frame.iloc[0], frame.iloc[1]
    assert (first["name"], first["tag"]) == (f"{anonymous.host}/{repository}", "v1")
    assert (first["digest"], first["size"]) == (image.digest, image.size)
    assert (first["language"], first["root_ids"]) == ("cpp", "one")
    assert first["updated"] == pd.Timestamp("2024-05-06T07:08:09Z")
    assert pd.isna(second["updated"])
    assert pd.isna(second["abi"])


def test_what_nobody_says_is_missing(anonymous: DockerRegistry, image: Image, repository: str, tmp_path: Path) -> None:
    push(image, f"{anonymous.host}/{repository}:v1")
    put_index(anonymous.host, repository, "index", [entry(image, "linux", "amd64")])
    rows = listing(f"{anonymous.host}/{repository}", cache=tmp_path).frame.set_index("tag")
    assert rows.loc[["index"], ["size", "updated", "abi", "language", "root_ids"]].isna().all(axis=None)
    assert rows.loc["v1", "size"] == image.size


def test_the_configuration_of_other_tools_is_read(anonymous: DockerRegistry, repository: str, tmp_path: Path) -> None:
    image = stamped("foreign")
    config = json.dumps({"type": "envoy_proxy", "abiVersions": ["v0.2.1"], "config": {"root_ids": ["a", "b"]}}).encode()
    manifest = json.loads(image.manifest)
    described = {"mediaType": manifest["config"]["mediaType"], "digest": digest_of(config), "size": len(config)}
    manifest |= {"annotations": {}, "config": described, "layers": [described, manifest["layers"][-1]]}
    blobs = [Blob(digest_of(config), config), image.blobs()[-1]]
    foreign = SimpleNamespace(manifest=json.dumps(manifest).encode(), blobs=lambda: blobs)
    push(foreign, f"{anonymous.host}/{repository}:v1")
    only = listing(f"{anonymous.host}/{repository}", cache=tmp_path)[0]
    assert (only.abi, only.root_ids, only.language) == ("0.2.1", ("a", "b"), None)


def test_a_namespace(anonymous: DockerRegistry, image: Image, repository: str, tmp_path: Path) -> None:
    for name in ("a", "b/c"):
        push(image, f"{anonymous.host}/{repository}/{name}:v1")
    push(image, f"{anonymous.host}/{repository}-not:v1")
    found = listing(f"{anonymous.host}/{repository}", cache=tmp_path)
    assert [row.name for row in found] == [f"{anonymous.host}/{repository}/{name}" for name in ("a", "b/c")]
    assert {row.name for row in found} < {row.name for row in listing(anonymous.host, cache=tmp_path)}


def test_pages_are_followed(between: Between, image: Image, repository: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(5):
        push(image, f"{between.host}/{repository}/p{number}:v1")
        push(image, f"{between.host}/{repository}:v{number}")
    monkeypatch.setattr(catalogue, "_PAGE", 2)
    assert [name for name in repositories(between.host) if name.startswith(f"{repository}/p")] == [
        f"{repository}/p{number}" for number in range(5)
    ]
    assert between.count("GET", "_catalog") > 2
    # This version of the registry gives all tags in one page; another in front of it does not.
    links = '</v2/x/tags/list?last=a>; rel="next"', '</v2/x/tags/list?last=b>; rel="next"'
    between.fault("GET", "last=a", status(200, b'{"tags":["b"]}', Link=links[1]))
    between.fault("GET", "last=b", status(200, b'{"tags":["c"]}', Link=links[0]))
    between.fault("GET", "/x/tags/list", status(200, b'{"tags":["a"]}', Link=links[0]))
    assert tags(f"{between.host}/x") == ["a", "b", "c"]


def test_credentials_follow_no_link_to_elsewhere(between: Between) -> None:
    between.fault("GET", "/x/tags/list", status(200, b'{"tags":["a"]}', Link='<http://evil.invalid/v2/y>; rel="next"'))
    between.fault("GET", "/v2/y", status(200, b'{"tags":["b"]}'))
    assert tags(f"{between.host}/x") == ["a", "b"]


def test_search(anonymous: DockerRegistry, repository: str, tmp_path: Path) -> None:
    for name in ("alpha", "beta"):
        push(stamped(name), f"{anonymous.host}/{repository}/{name}:v1")
    found = listing(f"{anonymous.host}/{repository}", search="BET", cache=tmp_path)
    assert [row.root_ids for row in found] == [("beta",)]


def test_the_second_time_nothing_is_fetched(between: Between, repository: str, tmp_path: Path) -> None:
    reference = f"{between.host}/{repository}"
    for number in range(5):
        push(stamped(f"n{number}"), f"{reference}:v{number}")
    first = listing(reference, cache=tmp_path, fresh=1e6)
    fetched, looked = between.count("GET", "/manifests/"), between.count("HEAD", "/manifests/")
    second = listing(reference, cache=tmp_path, fresh=1e6)
    assert first.images == second.images
    assert (between.count("GET", "/manifests/"), between.count("HEAD", "/manifests/")) == (fetched, looked)
    assert "looked at less than" in second.notes[0]
    third = listing(reference, cache=tmp_path, fresh=0)
    assert third.images == first.images
    assert (between.count("GET", "/manifests/"), between.count("HEAD", "/manifests/")) == (fetched, looked + 5)


def test_a_tag_that_was_pushed_from_here_is_looked_at_again(between: Between, repository: str, tmp_path: Path) -> None:
    reference = f"{between.host}/{repository}"
    push(stamped("old"), f"{reference}:v1")
    listing(reference, cache=tmp_path, fresh=1e6)
    new = stamped("new")
    push(new, f"{reference}:v1")
    assert [row.digest for row in listing(reference, cache=tmp_path, fresh=1e6)] == [new.digest]


def test_a_broken_memory_is_made_anew(anonymous: DockerRegistry, image: Image, repository: str, tmp_path: Path) -> None:
    push(image, f"{anonymous.host}/{repository}:v1")
    listing(f"{anonymous.host}/{repository}", cache=tmp_path)
    (file,) = tmp_path.glob("*.sqlite")
    file.write_bytes(b"x" * 5000)
    assert len(listing(f"{anonymous.host}/{repository}", cache=tmp_path)) == 1
    assert len(listing(f"{anonymous.host}/{repository}", cache=Path("/proc/none"))) == 1


@pytest.mark.parametrize("code", [401, 403, 404, 405])
def test_no_catalogue_is_said_in_one_line(between: Between, tmp_path: Path, code: int) -> None:
    between.fault("GET", "_catalog", status(code))
    with refused(RegistryError, "shows no catalogue", f"%wasm_list {between.host}/team/name") as caught:
        listing(between.host, cache=tmp_path)
    assert len(str(caught.value).splitlines()) == 3


def test_a_repository_that_is_not_there(anonymous: DockerRegistry, tmp_path: Path) -> None:
    with refused(RegistryError, "no repository and no namespace no/such/thing"):
        listing(f"{anonymous.host}/no/such/thing", cache=tmp_path)
    with refused(RegistryError, "has no repository") as caught:
        tags(f"{anonymous.host}/no/such/thing")
    assert caught.value.status == 404


def test_a_tag_without_a_manifest_is_counted(between: Between, image: Image, repository: str, tmp_path: Path) -> None:
    for tag in ("v1", "v2"):
        push(image, f"{between.host}/{repository}:{tag}")
    between.fault("GET", "/manifests/v2", status(404))
    found = listing(f"{between.host}/{repository}", cache=tmp_path)
    assert [row.digest for row in found] == [image.digest, ""]
    assert found.notes == ("1 tag without a manifest: it was deleted.",)


def test_repositories_of_others_are_counted(between: Between, image: Image, repository: str, tmp_path: Path) -> None:
    for name in ("mine", "theirs"):
        push(image, f"{between.host}/{repository}/{name}:v1")
    between.fault("GET", "/theirs/tags/list", status(403))
    found = listing(f"{between.host}/{repository}", cache=tmp_path)
    assert [row.name for row in found] == [f"{between.host}/{repository}/mine"]
    assert found.notes == ("1 repository of the catalogue whose tags you may not see.",)
