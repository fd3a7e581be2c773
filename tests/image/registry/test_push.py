"""Images arrive in a real registry as others read them, and nothing is sent twice."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.image.registry.conftest import module
from tests.image.registry.parts import DockerRegistry, refused
from wasmnb.errors import BadNameError, UsageError
from wasmnb.image import Image, package
from wasmnb.image.registry import push, resolve, tags

if TYPE_CHECKING:
    from pathlib import Path

    from tests.image.registry.between import Between


def skopeo(*words: str) -> bytes:
    program = shutil.which("skopeo")
    if program is None:
        pytest.skip("skopeo is missing: apt-get install skopeo")
    done = subprocess.run([program, *words], capture_output=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


class Explained:
    def __init__(self) -> None:
        self.last: tuple[float | None, float | None] = (None, None)
        self.most = 0.0

    def update(self, stage: str, done: float | None = None, total: float | None = None) -> None:
        self.last = done, total
        self.most = max(self.most, done or 0)


def test_pushed_image_is_what_skopeo_reads(anonymous: DockerRegistry, image: Image, repository: str) -> None:
    reference = f"{anonymous.host}/{repository}:v1"
    digest = push(image, reference).digest
    assert digest == image.digest
    assert skopeo("inspect", "--tls-verify=false", "--raw", f"docker://{reference}") == image.manifest


def test_every_blob_is_there_as_it_was(
    anonymous: DockerRegistry, image: Image, repository: str, tmp_path: Path
) -> None:
    reference = f"{anonymous.host}/{repository}:v1"
    push(image, reference)
    skopeo("copy", "--src-tls-verify=false", f"docker://{reference}", f"dir:{tmp_path / 'copy'}")
    kept = {path.name: path.read_bytes() for path in (tmp_path / "copy").iterdir()}
    for blob in image.blobs():
        assert kept[blob.digest.partition(":")[2]] == blob.data


def test_the_same_again_is_one_request(between: Between, image: Image, repository: str) -> None:
    reference = f"{between.host}/{repository}:v1"
    push(image, reference)
    before = len(between.seen)
    assert push(image, reference).digest == image.digest
    assert [item.method for item in between.seen[before:]] == ["HEAD"]


def test_another_tag_uploads_no_blob(between: Between, image: Image, repository: str) -> None:
    push(image, f"{between.host}/{repository}:v1")
    before = len(between.seen)
    push(image, f"{between.host}/{repository}:v2")
    assert {item.method for item in between.seen[before:]} == {"HEAD", "PUT"}
    assert between.count("PUT", "/manifests/v2") == 1
    assert tags(f"{between.host}/{repository}") == ["v1", "v2"]


def test_a_blob_of_another_repository_is_mounted(between: Between, large: Image, repository: str) -> None:
    push(large, f"{between.host}/{repository}:v1")
    before = len(between.seen)
    push(large, f"{between.host}/{repository}/other:v1")
    after = between.seen[before:]
    assert not [item for item in after if "/blobs/uploads/" in item.path and item.method in ("PUT", "PATCH")]
    assert [item for item in after if item.method == "POST" and "mount=" in item.path]
    assert resolve(f"{between.host}/{repository}/other:v1") == large.digest


def test_a_refused_mount_becomes_an_upload(between: Between, large: Image, repository: str) -> None:
    reference = f"{between.host}/{repository}:v1"
    assert push(large, reference, mount_from=["no/such/repository"]).digest == large.digest
    assert resolve(reference) == large.digest


def test_large_blobs_go_in_pieces(between: Between, large: Image, repository: str) -> None:
    told = Explained()
    push(large, f"{between.host}/{repository}:v1", chunk=100_000, progress=told)
    pieces = [item for item in between.seen if item.method == "PATCH"]
    assert [item.headers["Content-Range"] for item in pieces[:2]] == ["0-99999", "100000-199999"]
    assert resolve(f"{between.host}/{repository}:v1") == large.digest
    assert told.last[0] == told.last[1] == told.most


def test_a_moved_tag_means_the_new_image(anonymous: DockerRegistry, repository: str) -> None:
    reference = f"{anonymous.host}/{repository}:v1"
    old, new = (package(module(text), "local/x") for text in (b"old", b"new"))
    assert push(old, reference).digest == resolve(reference)
    assert push(new, reference).digest == resolve(reference) == new.digest
    assert resolve(f"{reference}@{old.digest}") == old.digest


def test_a_push_says_what_the_tag_meant_before(anonymous: DockerRegistry, repository: str) -> None:
    old, new = package(module(b"old"), "local/test"), package(module(b"new"), "local/test")
    reference = f"{anonymous.host}/{repository}:v1"
    first, again, moved = push(old, reference), push(old, reference), push(new, reference)
    assert (first.before, first.unchanged) == ("", False)
    assert (again.before, again.unchanged) == (old.digest, True)
    assert (moved.before, moved.unchanged) == (old.digest, False)
    assert moved.pinned == f"{reference}@{new.digest}"


def test_latest_is_meant_without_a_tag(anonymous: DockerRegistry, image: Image, repository: str) -> None:
    push(image, f"{anonymous.host}/{repository}")
    assert tags(f"{anonymous.host}/{repository}") == ["latest"]


def test_push_by_digest_alone_makes_no_tag(anonymous: DockerRegistry, image: Image, repository: str) -> None:
    reference = f"{anonymous.host}/{repository}@{image.digest}"
    assert push(image, reference).digest == image.digest == resolve(reference)


def test_a_digest_of_another_image_is_refused(anonymous: DockerRegistry, image: Image, repository: str) -> None:
    with refused(BadNameError, "another image", image.digest):
        push(image, f"{anonymous.host}/{repository}:v1@sha256:{'0' * 64}")


def test_the_store_is_no_registry(image: Image) -> None:
    with refused(UsageError, "name a registry"):
        push(image, "local/test:v1")


def test_a_compat_image_is_pushed_too(anonymous: DockerRegistry, repository: str) -> None:
    image = package(module(b"compat"), "local/x", variant="compat")
    reference = f"{anonymous.host}/{repository}:v1"
    push(image, reference)
    raw = json.loads(skopeo("inspect", "--tls-verify=false", "--raw", f"docker://{reference}"))
    assert raw == json.loads(image.manifest)
