from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timezone

import pytest

from tests.image.images import module
from tests.views.things import diagnostic
from wasmnb.image import StoredImage, package
from wasmnb.image.registry.login import LoggedOut, Login
from wasmnb.image.results import Built, Removed, Tagged, Transfer
from wasmnb.module.module import BuildRecord
from wasmnb.views import record_of

REFERENCE = "registry.example/team/header-filter:v1"
DIGEST = "sha256:" + "1" * 64
STORED = StoredImage("local/header-filter", "v1", DIGEST, 5, datetime.now(timezone.utc))


def test_an_image_shows_its_whole_digest_and_what_was_given():
    image = package(module("a", "b"), REFERENCE, annotations={"title": "<Header> filter"})
    record = record_of(Built(image, unchanged=False, seconds=0.012))
    (row,) = record.to_dict()["rows"]
    assert (row["reference"], row["digest"], row["root_ids"]) == (REFERENCE, image.digest, "a, b")
    assert row["annotations"] == "org.opencontainers.image.title=<Header> filter"
    assert record.status == "built and kept in the store in 12 ms"
    assert image.digest in repr(record)
    assert "&lt;Header&gt;" in record._repr_html_()
    assert "unchanged" in record_of(Built(image, unchanged=True)).status
    assert str(record.frame["size"].dtype) == "Int64"


@pytest.mark.parametrize(("verb", "words"), [("pushed", "is there already"), ("pulled", "is here already")])
def test_what_was_pushed_or_pulled_is_named_by_its_digest(verb, words):
    done = record_of(Transfer(verb, REFERENCE, DIGEST, 5, unchanged=False, seconds=2.0, note="look"))
    assert done.status == f"{verb} in 2.0 s: {DIGEST}"
    assert done.notes == ("look",)
    assert done.frame["pinned"].tolist() == [f"{REFERENCE}@{DIGEST}"]
    assert words in record_of(Transfer(verb, REFERENCE, DIGEST, 5, unchanged=True)).status


def test_a_name_that_moved_says_what_it_was():
    assert record_of(Tagged("x", STORED)).notes == ()
    assert "sha256:2" in record_of(Tagged("x", STORED, "sha256:2")).notes[0]
    assert "unchanged" in record_of(Tagged("x", STORED, DIGEST)).status


def test_what_was_removed_and_freed():
    assert record_of(Removed((STORED,), 12345)).status == "1 removed, 12,345 bytes freed"
    assert "nothing freed" in record_of(Removed((STORED,), 0)).status
    assert list(Removed((), 0).frame) == ["reference", "digest", "size"]


def test_a_login_is_one_line():
    done = LoggedOut("registry.example", found=True)
    assert repr(record_of(done)) == "✓ registry.example: the credentials are forgotten"
    doubted = Login("registry.example", "team", "a file", checked=False)
    assert repr(record_of(doubted)) == f"! registry.example: {doubted}"


def test_warnings_of_the_compiler_are_shown_once():
    built = replace(module(), build=BuildRecord(0.1, cached=False, warnings=(diagnostic(),)))
    image = package(built, REFERENCE)
    assert "unused variable" in repr(record_of(Built(image, unchanged=False)))
    assert record_of(Built(image, unchanged=False)).tone == "warn"
    assert "unused variable" not in repr(record_of(Built(image, unchanged=True)))
