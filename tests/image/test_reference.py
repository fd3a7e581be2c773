from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wasmnb.errors import BadNameError
from wasmnb.image import Reference

DIGEST = "sha256:" + "0a" * 32


@pytest.mark.parametrize(
    ("text", "host", "path", "tag", "digest"),
    [
        ("filter", "docker.io", "library/filter", "", ""),
        ("filter:v1", "docker.io", "library/filter", "v1", ""),
        ("team/filter", "docker.io", "team/filter", "", ""),
        ("docker.io/filter", "docker.io", "library/filter", "", ""),
        ("index.docker.io/filter", "docker.io", "library/filter", "", ""),
        ("docker.io/library/filter", "docker.io", "library/filter", "", ""),
        ("localhost/filter", "localhost", "filter", "", ""),
        ("localhost:5000/filter", "localhost:5000", "filter", "", ""),
        ("localhost:5000", "docker.io", "library/localhost", "5000", ""),
        ("127.0.0.1:5000/a/b/c:x", "127.0.0.1:5000", "a/b/c", "x", ""),
        ("[::1]:5000/a", "[::1]:5000", "a", "", ""),
        ("registry.example/team/filter:v0.2", "registry.example", "team/filter", "v0.2", ""),
        ("Registry/filter", "Registry", "filter", "", ""),
        (f"registry.example/filter@{DIGEST}", "registry.example", "filter", "", DIGEST),
        (f"registry.example/filter:v1@{DIGEST}", "registry.example", "filter", "v1", DIGEST),
        (f"filter@{DIGEST}", "docker.io", "library/filter", "", DIGEST),
        ("local/filter", "local", "filter", "", ""),
        ("local/team/filter:v1", "local", "team/filter", "v1", ""),
        ("a__b/c.d-e--f_g", "docker.io", "a__b/c.d-e--f_g", "", ""),
    ],
)
def test_references_are_read_as_docker_does(text: str, host: str, path: str, tag: str, digest: str) -> None:
    reference = Reference.parse(text)
    assert reference == Reference(host, path, tag, digest)
    assert Reference.parse(str(reference)) == reference
    assert Reference.parse(reference.short) == reference


@pytest.mark.parametrize(
    ("text", "why", "column"),
    [
        ("", "it is empty", 0),
        ("  ", "it is empty", 0),
        ("https://registry.example/a", "it is a URL", 6),
        ("Filter", "'Filter' cannot be a part", 1),
        ("team/my filter", "'my filter' cannot be a part", 6),
        ("registry.example/a//b", "'' cannot be a part", 20),
        ("registry.example/", "'' cannot be a part", 18),
        ("/filter", "it is a path", 0),
        ("./filter.wasm", "it is a path", 0),
        ("a/b_", "'b_' cannot be a part", 3),
        ("filter:", "'' is not a tag", 8),
        ("filter:-x", "'-x' is not a tag", 8),
        ("filter:" + "x" * 129, "is not a tag", 8),
        ("filter@", "'' is not a digest", 8),
        ("filter@sha256:12", "'sha256:12' is not a digest", 8),
        (f"filter@{DIGEST.upper()}", "is not a digest", 8),
        (f"filter@{DIGEST}@{DIGEST}", "is not a digest", 8),
        ("-bad.example/a", "'-bad.example' is not a host", 1),
        ("a:b/c", "'a:b' is not a host", 1),
        ("filter\n", "cannot be a part", 1),
        ("x" * 256, "more than 255 characters", 0),
        ("a/" * 3000 + "a", "more than 4096 characters", 0),
    ],
)
def test_what_is_no_reference_says_where(text: str, why: str, column: int) -> None:
    with pytest.raises(BadNameError) as caught:
        Reference.parse(text)
    assert why in caught.value.what
    assert caught.value.hint
    assert caught.value.where is not None
    assert caught.value.where.column == column


def test_parts_of_a_reference() -> None:
    reference = Reference.parse("registry.example:5000/team/filter:v1")
    assert (reference.repository, reference.name, reference.is_local) == (
        "registry.example:5000/team/filter",
        "filter",
        False,
    )
    assert str(reference.with_digest(DIGEST)) == f"registry.example:5000/team/filter:v1@{DIGEST}"
    assert Reference.parse("local/filter").is_local
    assert Reference.parse("filter").tag_or_latest == "latest"
    assert Reference.parse("filter:v1").tag_or_latest == "v1"
    assert Reference.parse(f"filter@{DIGEST}").tag_or_latest == ""
    assert Reference.parse("docker.io/library/filter:v1").short == "filter:v1"
    assert Reference.parse("docker.io/local/filter").short == "docker.io/local/filter"
    with pytest.raises(BadNameError):
        reference.with_digest("sha256:1")


@pytest.mark.slow
@given(st.text(max_size=40) | st.text("aA0.-_:/@[]", max_size=40))
@settings(max_examples=500, deadline=None)
def test_any_text_is_read_or_refused(text: str) -> None:
    with suppress(BadNameError):
        reference = Reference.parse(text)
        assert Reference.parse(str(reference)) == reference
        assert Reference.parse(reference.short) == reference


PART = st.from_regex(r"\A[a-z0-9]{1,8}([._-][a-z0-9]{1,4})?\Z")


@pytest.mark.slow
@given(
    st.sampled_from(("docker.io", "registry.example", "localhost:5000", "local", "[::1]:80")),
    st.lists(PART, min_size=1, max_size=4),
    st.just("") | st.from_regex(r"\A[A-Za-z0-9_][A-Za-z0-9._-]{0,20}\Z"),
    st.sampled_from(("", DIGEST)),
)
@settings(max_examples=300, deadline=None)
def test_a_reference_comes_back(host: str, parts: list[str], tag: str, digest: str) -> None:
    text = f"{host}/{'/'.join(parts)}" + (f":{tag}" if tag else "") + (f"@{digest}" if digest else "")
    reference = Reference.parse(text)
    assert (reference.host, reference.tag, reference.digest) == (host, tag, digest)
    assert reference.path.split("/")[-len(parts) :] == parts
    assert Reference.parse(str(reference)) == reference
    assert Reference.parse(reference.short) == reference
