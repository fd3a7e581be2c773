from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wasmnb.errors import TrafficError
from wasmnb.traffic.http_parser import Reader, decode, read_response

names = st.text(st.characters(exclude_characters=":", exclude_categories=["C", "Z"]), min_size=1, max_size=12)
values = st.text(st.characters(exclude_categories=["C", "Z"]), max_size=30)
lines = st.lists(st.tuples(names.map(lambda name: "x-" + name), values), max_size=8)
bodies = st.binary(max_size=300)


def parse(data, sizes, method="GET"):
    """Read a response that comes in pieces of the given sizes, the rest at once."""
    pieces, at = [], 0
    for size in sizes:
        pieces.append(data[at : at + size])
        at += size
    feed = iter([piece for piece in [*pieces, data[at:]] if piece])
    return read_response(Reader(lambda: next(feed, b""), "test"), method)


pieces = st.lists(st.integers(1, 40), max_size=30)


@pytest.mark.slow
@given(lines, bodies, pieces)
@settings(max_examples=150, deadline=None)
def test_what_is_written_is_read_in_whatever_pieces_it_comes(headers, body, sizes):
    head = "".join(f"{name}: {value}\r\n" for name, value in headers)
    response = parse(f"HTTP/1.1 200 OK\r\n{head}content-length: {len(body)}\r\n\r\n".encode() + body, sizes)
    assert response.headers.lines == (*headers, ("content-length", str(len(body))))
    assert response.body == body


@pytest.mark.slow
@given(st.lists(st.binary(min_size=1, max_size=60), max_size=6), lines, pieces)
@settings(max_examples=150, deadline=None)
def test_chunks_are_joined(chunks, trailers, sizes):
    data = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n"
    data += b"".join(b"%X\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks)
    data += b"0\r\n" + "".join(f"{name}: {value}\r\n" for name, value in trailers).encode() + b"\r\n"
    response = parse(data, sizes)
    assert response.body == b"".join(chunks)
    assert response.trailers.lines == tuple(trailers)


fragments = st.sampled_from(
    [
        *(b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 100 C\r\n", b"\r\n", b"\n", b"\r", b":", b" ", b"\0", b"a: b\r\n"),
        *(b"content-length: 5\r\n", b"content-length: 99999999999999999999\r\n", b"transfer-encoding: chunked\r\n"),
        *(b"5\r\nhello\r\n", b"0\r\n\r\n", "你好: 六翁\r\n".encode(), b"\xff\xfe", b"hello", b"ffffffffffffffff\r\n"),
    ]
)


@pytest.mark.slow
@given(st.lists(fragments | st.binary(max_size=8), max_size=14).map(b"".join), pieces, st.sampled_from(["GET", "HEAD"]))
@settings(max_examples=400, deadline=None)
def test_anything_else_is_an_answer_or_a_sentence(data, sizes, method):
    try:
        response = parse(data, sizes, method)
    except TrafficError as error:
        told = [error.what, *error.why]
    else:
        told = [f"test answered {response.status}"]
    assert told[0].startswith(("test ", "The header block that test", "The body that test"))
    assert all("\n" not in line for line in told)


@given(st.binary(max_size=40))
def test_every_byte_can_be_decoded(raw):
    assert isinstance(decode(raw), str)
