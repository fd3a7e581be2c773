from __future__ import annotations

import copy
from dataclasses import replace
from datetime import datetime, timezone

import pytest

from tests.image.images import module
from tests.views.things import diagnostic
from wasmnb.image import StoredImage, package
from wasmnb.module.module import BuildRecord
from wasmnb.session import Transfer
from wasmnb.views import Record, image_record, login_record, removed_record, tagged_record, transfer_record

REFERENCE = "registry.example/team/header-filter:v1"
DIGEST = "sha256:" + "1" * 64
STORED = StoredImage("local/header-filter", "v1", DIGEST, 5, datetime.now(timezone.utc))


def test_an_image_shows_its_whole_digest_and_what_was_given():
    image = package(module("a", "b"), REFERENCE, annotations={"title": "<Header> filter"})
    record = image_record(image, seconds=0.012)
    (row,) = record.to_dict()["rows"]
    assert (row["reference"], row["digest"], row["root_ids"]) == (REFERENCE, image.digest, "a, b")
    assert row["annotations"] == "org.opencontainers.image.title=<Header> filter"
    assert record.status == "built and kept in the store in 12 ms"
    assert image.digest in repr(record)
    assert "&lt;Header&gt;" in record._repr_html_()
    assert "unchanged" in image_record(image, unchanged=True).status
    assert str(record.frame["size"].dtype) == "Int64"


@pytest.mark.parametrize(("verb", "words"), [("pushed", "is there already"), ("pulled", "is here already")])
def test_what_was_pushed_or_pulled_is_named_by_its_digest(verb, words):
    done = transfer_record(Transfer(verb, REFERENCE, DIGEST, 5, unchanged=False, seconds=2.0, note="look"))
    assert done.status == f"{verb} in 2.0 s: {DIGEST}"
    assert done.notes == ("look",)
    assert done.frame["pinned"].tolist() == [f"{REFERENCE}@{DIGEST}"]
    assert words in transfer_record(Transfer(verb, REFERENCE, DIGEST, 5, unchanged=True)).status


def test_a_name_that_moved_says_what_it_was():
    assert tagged_record(STORED, "x", "").notes == ()
    assert "sha256:2" in tagged_record(STORED, "x", "sha256:2").notes[0]
    assert "unchanged" in tagged_record(STORED, "x", DIGEST).status


def test_what_was_removed_and_freed():
    assert removed_record([STORED], 12345).status == "1 removed, 12,345 bytes freed"
    assert "nothing freed" in removed_record([STORED], 0).status
    assert list(removed_record([], 0).frame) == ["reference", "digest", "size"]


def test_a_login_is_one_line():
    assert repr(login_record("registry.example", "done")) == "✓ registry.example: done"


def test_a_record_has_the_attributes_of_what_it_shows_but_its_own_first():
    record = Record("title", value=Transfer("pushed", REFERENCE, DIGEST, 5, unchanged=False))
    assert record.digest == DIGEST
    assert record.to_dict()["title"] == "title"
    assert "pinned" in dir(record)
    assert not hasattr(record, "_repr_png_")
    assert not hasattr(Record("title"), "digest")
    assert not hasattr(Record("title", value=[1]), "append")
    assert copy.deepcopy(record) == record


def test_warnings_of_the_compiler_are_shown_once():
    built = replace(module(), build=BuildRecord(0.1, cached=False, warnings=(diagnostic(),)))
    image = package(built, REFERENCE)
    assert "unused variable" in repr(image_record(image))
    assert image_record(image).tone == "warn"
    assert "unused variable" not in repr(image_record(image, unchanged=True))
