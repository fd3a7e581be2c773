from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import TYPE_CHECKING

import pytest

from tests.image.images import CONFIG, CONTENT, TAR_GZIP, Blobs, digest, layer, module, needs_skopeo, skopeo, wasm
from wasmnb.errors import BadNameError, ImageError
from wasmnb.image import Image, Store, package
from wasmnb.views import record_of

if TYPE_CHECKING:
    from pathlib import Path

NAME = "registry.example:5000/team/header-filter"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def files(store: Store) -> set[str]:
    return {f"sha256:{path.name}" for path in (store.path / "blobs" / "sha256").iterdir()}


def image_of(root_id: str, reference: str, variant: str = "artifact") -> Image:
    return package(module(root_id), reference, variant=variant)


def test_what_is_added_is_got_back(store: Store) -> None:
    added = store.add(image_of("a", NAME))
    assert added.reference == f"{NAME}:latest"
    for reference in (NAME, f"{NAME}:latest", added.digest, f"{NAME}@{added.digest}", f"{NAME}:other@{added.digest}"):
        got = store.get(reference)
        assert got == added
        assert got.module.wasm == added.module.wasm
        assert got.module.name == "header-filter"
        assert [item.data for item in got.blobs()] == [item.data for item in added.blobs()]
    assert store.get(added.pinned).reference == added.pinned
    assert store.get(added.digest).reference == added.reference
    assert store.resolve(NAME) == added.digest


def test_a_tag_that_moves_leaves_the_old_digest_readable(store: Store) -> None:
    first = store.add(image_of("a", f"{NAME}:v1"))
    second = store.add(image_of("b", f"{NAME}:v1"))
    assert store.get(f"{NAME}:v1") == second
    assert store.get(f"{NAME}:v1@{first.digest}") == first
    assert [row.digest for row in store.list()] == [second.digest]
    store.remove(f"{NAME}:v1")
    assert not files(store)


def test_a_pinned_reference_never_falls_back_to_its_tag(store: Store) -> None:
    store.add(image_of("a", f"{NAME}:v1"))
    with pytest.raises(ImageError, match="has no image"):
        store.get(f"{NAME}:v1@sha256:{'0' * 64}")
    other = package(module("b"), f"{NAME}:v1")
    with pytest.raises(ImageError, match="does not have the digest"):
        store.add_manifest(f"{NAME}:v1@{store.resolve(NAME + ':v1')}", other.manifest)
    kept = store.add(package(module("b"), f"{NAME}:v1@{other.digest}"))
    assert kept.reference == f"{NAME}@{other.digest}"
    assert store.get(f"{NAME}:v1") != other


def test_an_unknown_name_is_told_with_the_nearest(store: Store) -> None:
    store.add(image_of("a", "local/header-filter:v1"))
    store.add(image_of("a", "local/unrelated:v1"))
    for wrong in ("local/header-filter:v2", "local/header-filer:v1", "local/header-filter"):
        with pytest.raises(ImageError) as caught:
            store.get(wrong)
        assert wrong in caught.value.what
        assert "local/header-filter:v1" in caught.value.hint
        assert "unrelated" not in caught.value.hint
    with pytest.raises(ImageError, match="has no image"):
        store.remove("local/nothing")
    with pytest.raises(ImageError, match="has no image"):
        store.get(f"sha256:{'1' * 64}")
    with pytest.raises(BadNameError):
        store.get("No Reference")


def test_tag(store: Store) -> None:
    image = store.add(image_of("a", "local/a:v1"))
    row = store.tag("local/a:v1", f"{NAME}:v2")
    assert (row.reference, row.digest) == (f"{NAME}:v2", image.digest)
    assert store.tag(image.digest, "local/b").reference == "local/b:latest"
    with pytest.raises(ImageError, match="a digest is not chosen"):
        store.tag("local/a:v1", f"local/c@{image.digest}")
    with pytest.raises(ImageError, match="has no image"):
        store.tag("local/none", "local/c")


def test_remove_frees_what_nothing_else_needs(store: Store) -> None:
    shared = store.add(image_of("a", "local/a:v1"))
    store.tag("local/a:v1", "local/a:v2")
    titled = store.add(package(module("a"), "local/c:v1", annotations={"title": "C"}))
    other = store.add(image_of("b", "local/b:v1", "compat"))
    assert store.remove("local/a:v1") == 0
    assert store.remove("local/a:v2") == len(shared.manifest)
    assert store.get("local/c:v1").module.wasm == shared.module.wasm
    assert store.remove(other.digest) == other.size
    assert store.remove(f"local/c@{titled.digest}") == titled.size
    assert not files(store)
    assert not list((store.path / "ingest").iterdir())


def test_remove_by_digest_takes_every_tag_of_the_repository(store: Store) -> None:
    image = store.add(image_of("a", "local/a:v1"))
    store.tag("local/a:v1", "local/a:v2")
    store.tag("local/a:v1", "local/ab:v1")
    store.remove(f"local/a@{image.digest}")
    assert [row.reference for row in store.list()] == ["local/ab:v1"]
    store.remove(image.digest)
    assert not store.list()


def test_a_remove_waits_for_nobody_and_leaves_a_pull_alone(store: Store) -> None:
    gone = store.add(image_of("a", "local/a:v1"))
    coming = image_of("b", "local/b:v1")
    with store.writing():
        for blob in coming.blobs():
            store.put_blob([blob.data], blob.digest)
        assert store.remove("local/a:v1") == 0
        store.add_manifest("local/b:v1", coming.manifest)
    assert store.get("local/b:v1") == coming
    assert store.remove("local/b:v1") == gone.size + coming.size


def test_the_list_is_a_table_with_stable_types(store: Store) -> None:
    types = {
        "name": "string",
        "tag": "string",
        "size": "Int64",
        "digest": "string",
        "updated": "datetime64[us, UTC]",
        "abi": "string",
        "language": "string",
        "root_ids": "string",
    }
    assert {name: str(kind) for name, kind in store.list().frame.dtypes.items()} == types
    (none,) = store.list().notes
    assert none.endswith("a filter that was only deployed has none")
    before = datetime.now(timezone.utc)
    image = store.add(image_of("a", f"{NAME}:v1"))
    store.add(package(module("b", "c"), "local/b:v1"))
    rows = store.list()
    assert {name: str(kind) for name, kind in rows.frame.dtypes.items()} == types
    assert [row.reference for row in rows] == ["local/b:v1", f"{NAME}:v1"]
    assert (rows.notes, store.list("nowhere").notes) == ((), ("none of 2 images has 'nowhere'",))
    row = rows[1]
    assert (row.name, row.tag, row.size, row.digest) == (NAME, "v1", image.size, image.digest)
    assert (row.abi, row.language, row.root_ids) == ("0.2.1", "cpp", ("a",))
    assert row.updated is not None
    assert before <= row.updated <= datetime.now(timezone.utc)
    assert rows.frame.root_ids.tolist() == ["b, c", "a"]
    assert json.loads(json.dumps(rows.to_dict()))["images"][1]["digest"] == image.digest
    assert image.digest[:19] in repr(record_of(rows))
    assert "<table" in record_of(rows)._repr_html_()


def test_adding_the_same_again_changes_nothing(store: Store) -> None:
    store.add(image_of("a", "local/a:v1"))
    index = store.path / "index.json"
    before, inode = store.list(), index.stat().st_ino
    store.add(image_of("a", "local/a:v1"))
    assert store.list() == before
    assert index.stat().st_ino == inode


def test_search(store: Store) -> None:
    store.add(image_of("auth", "local/header-filter:v1"))
    store.add(image_of("rate", "local/limit:v2"))
    for words, found in [
        ("header", 1),
        ("LIMIT v2", 1),
        ("local", 2),
        ("cpp", 2),
        ("auth", 1),
        ("header v2", 0),
        ("", 2),
    ]:
        assert len(store.list(words)) == found, words


def test_a_thousand_images_are_listed_from_the_index_alone(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    store.add(image_of("a", "local/a:v1"))
    with store._layout.changing() as entries:
        for number in range(999):
            more = json.loads(json.dumps(entries[0]))
            more["annotations"]["org.opencontainers.image.ref.name"] = f"local/x{number}:v1"
            entries.append(more)
    monkeypatch.setattr(store, "read_blob", lambda *_: pytest.fail("a blob was read"))
    assert len(store.list()) == 1000
    assert len(store.list("x99")) == 10


def test_where_the_store_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WASMNB_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.delenv("WASMNB_STORE", raising=False)
    assert Store().path == tmp_path / "data" / "store"
    monkeypatch.setenv("WASMNB_STORE", str(tmp_path / "other"))
    assert Store().path == tmp_path / "other"
    (tmp_path / "file").write_text("")
    with pytest.raises(ImageError, match="cannot be"):
        Store(tmp_path / "file")


def test_a_blob_is_checked_while_it_comes(store: Store) -> None:
    data = b"x" * 3_000_000
    for bad in (data[:-1], data + b"x", b"", b"y" * 3_000_000):
        for size in (None, len(data)):
            with pytest.raises(ImageError, match="not what its digest says"):
                store.put_blob(iter([bad[:1000], bad[1000:]]), digest(data), size)
    endless = iter(lambda: b"x" * 100_000, b"")
    with pytest.raises(ImageError, match="more than 3,000,000 bytes"):
        store.put_blob(endless, digest(data), len(data))

    def broken() -> object:
        yield data[:1000]
        raise ConnectionError("cut")

    with pytest.raises(ConnectionError):
        store.put_blob(broken(), digest(data))
    assert not files(store)
    assert not list((store.path / "ingest").iterdir())
    (store.path / "source").write_bytes(data)
    with (store.path / "source").open("rb") as file:
        store.put_blob(file, digest(data), len(data))
    assert store.has_blob(digest(data))
    assert not store.has_blob(digest(data), 5)
    assert store.read_blob(digest(data)) == data
    with pytest.raises(ImageError, match="more than 5 bytes"):
        store.read_blob(digest(data), 5)


def test_only_digests_name_blobs(store: Store) -> None:
    for wrong in ("sha256:../../index", "../x", "", "sha256:" + "A" * 64, "sha512:" + "0" * 128):
        with pytest.raises(ImageError, match="is not a digest"):
            store.put_blob([b""], wrong)
        with pytest.raises(ImageError, match="is not a digest"):
            store.has_blob(wrong)


def test_a_manifest_needs_its_blobs(store: Store) -> None:
    image = image_of("a", "local/a:v1")
    with pytest.raises(ImageError, match="is not complete"):
        store.add_manifest("local/a:v1", image.manifest)
    for blob in image.blobs():
        store.put_blob([blob.data], blob.digest, blob.size)
    assert store.add_manifest("local/a:v1", image.manifest) == image.digest
    for wrong in (b"", b"[]", b"{}", b"x" * 5_000_000, b'{"schemaVersion":2,"layers":{}}', b"[" * 100_000):
        with pytest.raises(ImageError, match="not an image manifest"):
            store.add_manifest("local/b:v1", wrong)


def test_foreign_images_are_kept_with_what_their_module_says(store: Store) -> None:
    blobs = Blobs()
    artifact = blobs.manifest((CONFIG, b"{}"), (CONTENT, wasm("foreign")))
    compat = blobs.manifest((TAR_GZIP, layer(("etc/plugin.wasm", wasm("packed")))), mediaType=None)
    index = blobs.index((compat, "linux", "arm64"), (artifact, "linux", "amd64"))
    junk = blobs.manifest((TAR_GZIP, b"no gzip"))
    for data in blobs.held.values():
        store.put_blob([data], digest(data))
    for name, data in (("a", artifact), ("c", compat), ("i", index), ("j", junk)):
        store.add_manifest(f"local/{name}:v1", data)
    said = {row.name: (row.abi, row.language, row.root_ids) for row in store.list()}
    assert said["local/a"] == said["local/i"] == ("0.2.1", "cpp", ("foreign",))
    assert said["local/c"] == ("0.2.1", "cpp", ("packed",))
    assert said["local/j"] == (None, None, None)
    assert store.get("local/i:v1").digest == digest(artifact)
    assert store.get("local/c:v1").module.facts.root_ids == ("packed",)
    with pytest.raises(ImageError, match=r"plugin\.wasm"):
        store.get("local/j:v1")
    store.remove("local/j:v1")
    store.remove("local/c:v1")
    assert store.get("local/i:v1").digest == digest(artifact)
    assert all(check.ok for check in store.verify())


@pytest.mark.usefixtures("cell_words")
def test_damage_is_found_and_heals(store: Store) -> None:
    image = store.add(image_of("a", "local/a:v1"))
    whole = store.add(image_of("b", "local/b:v1"))
    assert [check.ok for check in store.verify()] == [True]
    for blob in image.layers[1:]:
        path = store.path / "blobs" / "sha256" / blob.digest[7:]
        path.write_bytes(b"x" * blob.size)
        with pytest.raises(ImageError, match="does not have the digest"):
            store.get("local/a:v1")
        with pytest.raises(ImageError, match="not complete here"):
            store.get("local/a:v1")
        checks = store.verify()
        assert [check.ok for check in checks] == [False, False]
        assert "local/a:v1" in checks[1].name
        assert "%wasm_build" in checks[1].hint
        store.add(image)
        assert store.get("local/a:v1") == image
    manifest = store.path / "blobs" / "sha256" / image.digest[7:]
    manifest.write_bytes(image.manifest[:-1])
    store.add(image)
    assert manifest.read_bytes() == image.manifest
    manifest.write_bytes(image.manifest[:-1] + b" ")
    checks = store.verify()
    assert "1 damaged and deleted" in checks[0].detail
    assert "its manifest is missing" in checks[1].detail
    store.add(image)
    assert [check.ok for check in store.verify()] == [True]
    assert store.get("local/b:v1") == whole


@pytest.mark.parametrize(
    "damage", [b"", b"{", b"[]", b'{"manifests":[{"digest":"x"}]}', b'{"manifests":5}', b"[" * 100_000]
)
def test_a_damaged_index_is_told_and_mended(store: Store, damage: bytes) -> None:
    image = store.add(image_of("a", "local/a:v1"))
    (store.path / "index.json").write_bytes(damage)
    with pytest.raises(ImageError, match="index of the image store is damaged"):
        store.list()
    with pytest.raises(ImageError, match="damaged"):
        store.remove("local/a:v1")
    assert not store.verify()[0].ok
    assert store.get(image.digest) == image
    assert [row.reference for row in store.list()] == [image.digest]
    assert [check.ok for check in store.verify()] == [True]


@needs_skopeo
@pytest.mark.parametrize("variant", ["artifact", "compat"])
def test_skopeo_reads_the_layout(store: Store, tmp_path: Path, variant: str) -> None:
    for number in range(3):
        store.add(image_of(f"r{number}", f"{NAME}:v{number}", variant))
    image = store.get(f"{NAME}:v1")
    source = f"oci:{store.path}:{NAME}:v1"
    assert skopeo("inspect", "--raw", source).encode() == image.manifest
    skopeo("copy", "--preserve-digests", source, f"dir:{tmp_path / 'dir'}")
    assert (tmp_path / "dir" / "manifest.json").read_bytes() == image.manifest
    for blob in image.blobs():
        assert (tmp_path / "dir" / blob.digest[7:]).read_bytes() == blob.data
    other = Store(tmp_path / "other")
    skopeo("copy", "--preserve-digests", f"dir:{tmp_path / 'dir'}", f"oci:{other.path}:{NAME}:v1")
    assert other.get(f"{NAME}:v1") == image
    assert other.list()[0].root_ids == ("r1",)
    assert other.list()[0].updated is None
    skopeo("copy", "--preserve-digests", f"dir:{tmp_path / 'dir'}", f"oci:{other.path}:plain")
    assert other.get("plain") == image
    other.add(image_of("more", "local/more:v1"))
    assert other.remove(other.list("plain")[0].reference) == 0
    assert [row.reference for row in other.list()] == ["local/more:v1", f"{NAME}:v1"]
    assert other.remove(f"{NAME}:v1") == image.size


@pytest.mark.parametrize("variant", ["artifact", "compat"])
def test_the_oras_library_reads_the_layout(store: Store, variant: str) -> None:
    layout = pytest.importorskip("oras.layout.layout", reason="the oras library is not installed")
    image = store.add(image_of("a", f"{NAME}:v1", variant))
    found = layout.Layout(str(store.path)).get_ordered_blobs(f"{NAME}:v1")
    assert set(found) == {image.digest, *(blob.digest for blob in image.blobs())}
