"""Networks break and registries misbehave: work goes on where it can, and nothing half or false is kept."""

from __future__ import annotations

import hashlib
import tracemalloc
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from typing import TYPE_CHECKING

import pytest

from tests.image.registry.between import Between, Handler, changed, cut_answer, reset, status
from tests.image.registry.parts import free_port, refused
from wasmnb.errors import ImageError, Interrupted, RegistryError, WasmnbError
from wasmnb.image.registry import manifests, pull, push, resolve, tags
from wasmnb.image.registry.retry import asked_pause

if TYPE_CHECKING:
    from wasmnb.image import Image
    from wasmnb.image.store import Store

BLOB = "/blobs/sha256"


def nothing_half(store: Store) -> None:
    """Every file of the store is what its name says, and nothing lies outside its blobs."""
    for path in (store.path / "blobs" / "sha256").iterdir():
        assert hashlib.sha256(path.read_bytes()).hexdigest() == path.name
    assert list((store.path / "ingest").iterdir()) == []
    assert {path.name for path in store.path.iterdir() if not path.name.startswith(".")} == {
        "blobs",
        "index.json",
        "ingest",
        "oci-layout",
    }


def bring_up(between: Between, image: Image, repository: str) -> str:
    push(image, f"{between.behind}/{repository}:v1")
    return f"{between.host}/{repository}:v1"


def test_a_pull_cut_in_mid_blob_goes_on_where_it_was(
    between: Between, large: Image, repository: str, store: Store, pauses: list[float]
) -> None:
    reference = bring_up(between, large, repository)
    between.fault("GET", large.module.digest, cut_answer(100_000))
    pull(reference, store)
    assert store.get(reference).module.wasm == large.module.wasm
    ranges = [item.headers["Range"] for item in between.seen if "Range" in item.headers]
    assert len(ranges) == 1
    assert ranges[0].startswith("bytes=")
    assert len(pauses) == 1


def test_a_storage_without_ranges_is_read_over_again(
    between: Between, large: Image, repository: str, store: Store, pauses: list[float]
) -> None:
    def without_range(at: Handler) -> bool:
        del at.headers["Range"]
        at.forward(b"")
        return True

    reference = bring_up(between, large, repository)
    between.fault("GET", large.module.digest, cut_answer(100_000))
    between.fault("GET", large.module.digest, without_range)
    pull(reference, store)
    assert store.get(reference).module.wasm == large.module.wasm


def test_a_pull_that_keeps_breaking_leaves_nothing(
    between: Between, large: Image, repository: str, store: Store, pauses: list[float]
) -> None:
    reference = bring_up(between, large, repository)
    between.fault("GET", BLOB, cut_answer(10), times=100)
    with refused(RegistryError, "broke during the pull"):
        pull(reference, store)
    nothing_half(store)
    with pytest.raises(ImageError):
        store.get(reference)


@pytest.mark.parametrize("chunk", [1 << 23, 100_000])
def test_a_push_cut_in_mid_blob_arrives(
    between: Between, large: Image, repository: str, pauses: list[float], chunk: int
) -> None:
    def cut_request(at: Handler) -> bool:
        at.rfile.read(at.length // 2)
        at.cut()
        return True

    method = "PUT" if chunk > 300_000 else "PATCH"
    between.fault(method, "/blobs/uploads/", cut_request, times=2)
    reference = f"{between.host}/{repository}:v1"
    assert push(large, reference, chunk=chunk).digest == large.digest
    assert resolve(reference) == large.digest
    assert between.count("GET", "/blobs/uploads/") >= 1


def test_pieces_that_have_arrived_are_not_sent_again(
    between: Between, large: Image, repository: str, pauses: list[float]
) -> None:
    calls = []

    def second_is_cut(at: Handler) -> bool:
        calls.append(at.headers["Content-Range"])
        if len(calls) == 2:
            at.cut()
            return True
        return False

    between.fault("PATCH", "/blobs/uploads/", second_is_cut, times=100)
    assert push(large, f"{between.host}/{repository}:v1", chunk=100_000).digest == large.digest
    assert calls[0] == "0-99999"
    assert calls[1] == calls[2] == "100000-199999"


def test_an_answer_that_was_lost_is_asked_for(
    between: Between, large: Image, repository: str, pauses: list[float]
) -> None:
    def lose_answer(at: Handler) -> bool:
        at.fetch(at.rfile.read(at.length))
        at.cut()
        return True

    between.fault("PUT", "/blobs/uploads/", lose_answer)
    between.fault("PUT", "/manifests/", lose_answer)
    assert push(large, f"{between.host}/{repository}:v1").digest == large.digest


@pytest.mark.parametrize("verb", ["HEAD", "POST", "PUT"])
def test_a_busy_registry_is_waited_for_as_it_asks(
    between: Between, image: Image, repository: str, pauses: list[float], verb: str
) -> None:
    between.fault(verb, "", status(429, Retry_After="3"))
    assert push(image, f"{between.host}/{repository}:v1").digest == image.digest
    assert pauses == [3.0]


def test_a_registry_that_asks_for_an_hour_is_not_waited_for(
    between: Between, image: Image, repository: str, pauses: list[float]
) -> None:
    between.fault("HEAD", "", status(429, Retry_After="3600"))
    with refused(RegistryError, "too many requests", "%wasm_login") as caught:
        push(image, f"{between.host}/{repository}:v1")
    assert caught.value.status == 429
    assert pauses == []


def test_retry_after_may_be_a_date() -> None:
    later = datetime.now(timezone.utc) + timedelta(hours=1)
    assert (asked_pause(format_datetime(later, usegmt=True)) or 0) > 3000
    assert asked_pause("Thu, 01 Jan 1970 00:00:00 GMT") == 0
    assert asked_pause("soon") is asked_pause(None) is None


def test_one_500_is_nothing(between: Between, image: Image, repository: str, store: Store, pauses: list[float]) -> None:
    reference = f"{between.host}/{repository}:v1"
    between.fault("PUT", "/manifests/", status(500))
    push(image, reference)
    between.fault("GET", "/manifests/", status(502))
    between.fault("GET", BLOB, status(503))
    assert pull(reference, store).digest == image.digest
    assert len(pauses) == 3


def test_a_500_that_stays_is_told_after_a_few(
    between: Between, image: Image, repository: str, pauses: list[float]
) -> None:
    between.fault("PUT", "/manifests/", status(500, b'{"errors":[{"code":"UNKNOWN","message":"disk"}]}'), times=100)
    with refused(RegistryError, "answered 500", "UNKNOWN: disk") as caught:
        push(image, f"{between.host}/{repository}:v1")
    assert caught.value.status == 500
    assert between.count("PUT", "/manifests/") == 4
    assert pauses == sorted(pauses)


@pytest.mark.parametrize("code", [400, 403, 405, 413])
def test_a_refusal_is_not_tried_again(
    between: Between, image: Image, repository: str, pauses: list[float], code: int
) -> None:
    between.fault("PUT", "/manifests/", status(code), times=100)
    with refused(RegistryError):
        push(image, f"{between.host}/{repository}:v1")
    assert between.count("PUT", "/manifests/") == 1
    assert pauses == []


def test_a_reset_connection_is_made_anew(
    between: Between, image: Image, repository: str, store: Store, pauses: list[float]
) -> None:
    reference = bring_up(between, image, repository)
    between.fault("GET", "/manifests/", reset)
    between.fault("GET", BLOB, reset)
    assert pull(reference, store).digest == image.digest


def test_a_blob_with_other_bytes_is_thrown_away(
    between: Between, image: Image, repository: str, store: Store, pauses: list[float]
) -> None:
    reference = bring_up(between, image, repository)
    between.fault("GET", image.module.digest, changed(lambda data: data[:-1] + b"?"), times=100)
    with refused(ImageError, image.module.digest):
        pull(reference, store)
    assert not store.has_blob(image.module.digest)
    nothing_half(store)


def test_a_blob_that_is_too_long_is_not_read_to_its_end(
    between: Between, image: Image, repository: str, store: Store, pauses: list[float]
) -> None:
    reference = bring_up(between, image, repository)
    between.fault("GET", image.module.digest, changed(lambda data: data + bytes(50_000_000)), times=100)
    with refused(WasmnbError):
        pull(reference, store)
    assert not store.has_blob(image.module.digest)
    nothing_half(store)


def test_a_truncated_manifest_is_asked_for_again(
    between: Between, image: Image, repository: str, store: Store, pauses: list[float]
) -> None:
    reference = bring_up(between, image, repository)
    between.fault("GET", "/manifests/", cut_answer(100))
    assert pull(reference, store).digest == image.digest
    between.fault("GET", "/manifests/", cut_answer(100), times=100)
    with refused(RegistryError, "broke during the pull"):
        pull(reference, store)


@pytest.mark.parametrize("by", ["tag", "digest"])
def test_another_manifest_than_its_digest_says_is_refused(
    between: Between, image: Image, repository: str, store: Store, by: str
) -> None:
    reference = bring_up(between, image, repository)
    between.fault("GET", "/manifests/", changed(lambda data: data + b" "))
    with refused(RegistryError, "another manifest", image.digest):
        pull(f"{reference}@{image.digest}" if by == "digest" else reference, store)


def test_a_registry_that_keeps_another_manifest_is_told(
    between: Between, image: Image, repository: str, pauses: list[float]
) -> None:
    between.fault("PUT", "/manifests/", status(201, Docker_Content_Digest="sha256:" + "0" * 64))
    with refused(RegistryError, "another manifest"):
        push(image, f"{between.host}/{repository}:v1")


def test_a_manifest_of_100_mb_costs_no_memory(between: Between, repository: str, store: Store) -> None:
    size, sent = 100 * 1024 * 1024, [0]

    def endless(at: Handler) -> bool:
        at.send_response_only(200)
        at.send_header("Content-Length", str(size))
        at.end_headers()
        piece = b" " * 65536
        for _ in range(size // len(piece)):
            at.wfile.write(piece)
            sent[0] += len(piece)
        return True

    between.fault("GET", "/manifests/", endless)
    tracemalloc.start()
    try:
        with refused(RegistryError, "more than 4,194,304 bytes"):
            pull(f"{between.host}/{repository}:v1", store)
        assert tracemalloc.get_traced_memory()[1] < 16 * 1024 * 1024
    finally:
        tracemalloc.stop()
    assert sent[0] < size // 2


def test_an_index_that_lies_about_its_child_is_refused(
    between: Between, image: Image, repository: str, store: Store
) -> None:
    reference = bring_up(between, image, repository)
    lie = status(200, b'{"schemaVersion":2,"manifests":[{"digest":"../../etc","size":1}]}')
    between.fault("GET", "/manifests/", lie)
    with refused(ImageError, "../../etc"):
        pull(reference, store)


def test_nobody_there() -> None:
    with refused(RegistryError, "connection refused", "check the port"):
        resolve(f"127.0.0.1:{free_port()}/a/b:v1")
    with refused(RegistryError, "There is no host called"):
        resolve("registry.invalid/a/b:v1")


def test_a_server_that_is_no_registry(between: Between) -> None:
    between.fault("HEAD", "", status(200, b""))
    between.fault("GET", "", status(200, b"<html>welcome</html>"), times=5)
    assert resolve(f"{between.host}/a/b:v1").startswith("sha256:")
    with refused(RegistryError, "not a list"):
        tags(f"{between.host}/a/b")


def test_a_registry_that_takes_images_only_names_the_way_out(between: Between, image: Image, repository: str) -> None:
    said = b'{"errors":[{"code":"MANIFEST_INVALID","message":"unknown media type"}]}'
    between.fault("PUT", "/manifests/", status(400, said))
    with refused(RegistryError, "kind of artifact", "--variant compat", "unknown media type"):
        push(image, f"{between.host}/{repository}:v1")


def test_a_denied_push(between: Between, image: Image, repository: str) -> None:
    between.fault("POST", "", status(403, b'{"errors":[{"code":"DENIED","message":"read only"}]}'), times=9)
    with refused(RegistryError, "does not allow you to push", f"%wasm_login {between.host}", "read only") as caught:
        push(image, f"{between.host}/{repository}:v1")
    assert caught.value.status == 403
    with refused(RegistryError, "has no repository"):
        resolve(f"{between.host}/{repository}:v1")


def test_ctrl_c_stops_a_push_and_says_what_is_left(
    between: Between, image: Image, repository: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*words: object, **more: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(manifests, "put", stop)
    with refused(Interrupted, "was stopped", "still means what it meant"):
        push(image, f"{between.host}/{repository}:v1")
