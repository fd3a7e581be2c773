from __future__ import annotations

import socket

import pytest

from wasmnb.errors import TrafficError
from wasmnb.traffic import Headers, Request
from wasmnb.traffic.http_client import NotReadyError, roundtrip
from wasmnb.traffic.http_parser import BODY_LIMIT, HEAD_LIMIT


def get(server, method="GET", path="/", *, headers=(), body=b"", timeout=10.0):
    request = Request(method, "details:9080", path, Headers(tuple(headers)), body)
    return roundtrip(server.address, request, timeout=timeout)


def test_order_case_duplicates_and_utf8_are_kept(odd_server):
    server = odd_server(
        [
            b"HTTP/1.1 200 OK\r\nX-B: 1\r\nset-cookie: a\r\nX-a:  2 \r\nSet-Cookie: b\r\n",
            "你好: 六翁\r\n".encode(),
            b"empty:\r\nlatin: caf\xe9\r\ncontent-length: 2\r\n\r\nhi, and more",
        ]
    )
    response = get(server)
    assert (response.version, response.status, response.reason, response.body) == ("HTTP/1.1", 200, "OK", b"hi")
    assert response.headers.lines == (
        ("X-B", "1"),
        ("set-cookie", "a"),
        ("X-a", "2"),
        ("Set-Cookie", "b"),
        ("你好", "六翁"),
        ("empty", ""),
        ("latin", "café"),
        ("content-length", "2"),
    )


def test_the_request_is_sent_as_it_is(odd_server):
    server = odd_server([b"HTTP/1.1 204 No Content\r\n\r\n"])
    get(server, "POST", "/a?b=c", headers=[("X-Case", "1"), ("x-case", "2"), ("你好", "六翁")], body=b"body")
    assert server.requests[0].decode() == (
        "POST /a?b=c HTTP/1.1\r\nhost: details:9080\r\nX-Case: 1\r\nx-case: 2\r\n你好: 六翁\r\n"
        "content-length: 4\r\n\r\nbody"
    )


def test_own_host_and_chunked_request(odd_server):
    server = odd_server([b"HTTP/1.1 204 No Content\r\n\r\n"])
    get(server, "PUT", headers=[("Host", "other"), ("transfer-encoding", "chunked")], body=b"0123456789")
    assert server.requests[0].startswith(
        b"PUT / HTTP/1.1\r\nHost: other\r\ntransfer-encoding: chunked\r\n\r\na\r\n0123"
    )
    assert server.requests[0].endswith(b"9\r\n0\r\n\r\n")


def test_chunked_with_trailers_in_crumbs(odd_server):
    whole = (
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ncontent-length: 999\r\n\r\n"
        b"3;ext=1\r\nabc\r\n0A\r\n0123456789\r\n0\r\ngrpc-status: 0\r\nX-T: t\r\n\r\n"
    )
    server = odd_server([whole[at : at + 7] for at in range(0, len(whole), 7)])
    response = get(server)
    assert response.body == b"abc0123456789"
    assert response.trailers.lines == (("grpc-status", "0"), ("X-T", "t"))


@pytest.mark.parametrize(
    ("method", "script", "status", "body"),
    [
        ("HEAD", [b"HTTP/1.1 200 OK\r\ncontent-length: 180\r\n\r\n", "hang"], 200, b""),
        ("GET", [b"HTTP/1.1 204 No Content\r\n\r\n", "hang"], 204, b""),
        ("GET", [b"HTTP/1.1 304 Not Modified\r\ncontent-length: 5\r\n\r\n", "hang"], 304, b""),
        ("GET", [b"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\n\r\n", "hang"], 101, b""),
        ("GET", [b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", "hang"], 200, b""),
        ("GET", [b"HTTP/1.1 200\r\n\r\n", b"until ", b"close"], 200, b"until close"),
        ("GET", [b"HTTP/1.0 200 OK\n\nbare line feeds"], 200, b"bare line feeds"),
        ("GET", [b"HTTP/1.1 200 OK\r\ntransfer-encoding: gzip\r\n\r\nraw"], 200, b"raw"),
        ("GET", [b"HTTP/1.1 200 OK\r\ncontent-length: 2, 2\r\ncontent-length: 2\r\n\r\nhi", "hang"], 200, b"hi"),
        (
            "GET",
            [
                b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n",
                b"HTTP/1.1 200 OK\r\n\r\nend",
            ],
            200,
            b"end",
        ),
    ],
)
def test_where_a_body_ends(odd_server, method, script, status, body):
    response = get(odd_server(script), method)
    assert (response.status, response.body) == (status, body)
    assert "link" not in response.headers


def test_a_folded_value_is_one_value(odd_server):
    assert get(odd_server([b"HTTP/1.1 204 N\r\na: b\r\n  c\r\n\td\r\n\r\n"])).headers.lines == (("a", "b c d"),)


ELSEWHERE = "check that the port is the one of an HTTP service, and that it does not take TLS or HTTP/2 only"
BROKEN = "the service, or a filter before it, writes a response that breaks HTTP/1.1: look at what makes that line"
EARLY = "the service or a proxy before it ended the response early: look at its log"
HEADERS = "look at what the service, or a filter before it, adds to its headers"
BODY = "ask for something smaller, or send the request with a tool that writes to a file"


@pytest.mark.parametrize(
    ("script", "says", "hint"),
    [
        ([b"SSH-2.0-OpenSSH_9.2\r\n"], "not a status line", ELSEWHERE),
        ([b"\x15\x03\x01\x00\x02\x02\x50\r\n"], "not a status line", ELSEWHERE),
        ([b"\x15\x03\x01\x00\x02\x02\x50"], "not a status line", ELSEWHERE),
        ([b"HTT"], "in the middle of a line", EARLY),
        ([b"HTTP/2 200 OK\r\n\r\n"], "not a status line", ELSEWHERE),
        ([b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n"], "has no name", BROKEN),
        ([b"HTTP/1.1 200 OK\r\n: value\r\n\r\n"], "has no name", BROKEN),
        ([b"HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n"], "not one number", BROKEN),
        ([b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab"], "not one number", BROKEN),
        ([b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nxyz\r\n"], "start with its size", BROKEN),
        ([b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n-1\r\n"], "start with its size", BROKEN),
        ([b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\nab\r\n"], "longer than its size", BROKEN),
        ([b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf of it"], "after 10 of 100 bytes", EARLY),
        ([b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf", 0.05, "reset"], "while reading the body", EARLY),
        ([b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nabc"], "after 3 of the next 5 bytes", EARLY),
        ([b"HTTP/1.1 200 OK\r\nx: 1"], "in the middle of a line", EARLY),
        ([b"HTTP/1.1 200 OK\r\nx: ", *[b"y" * 65536] * 5], f"larger than {HEAD_LIMIT // 1024} KiB", HEADERS),
        ([b"HTTP/1.1 200 OK\r\n", *[b"x: 12345678\r\n" * 4096] * 8], f"larger than {HEAD_LIMIT // 1024} KiB", HEADERS),
        (
            [b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % (BODY_LIMIT + 1)],
            f"larger than {BODY_LIMIT // 1024} KiB",
            BODY,
        ),
        ([b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nfffffffffffffff\r\n"], "larger than", BODY),
    ],
)
def test_what_is_wrong_is_said(odd_server, script, says, hint):
    with pytest.raises(TrafficError) as caught:
        get(odd_server(script))
    assert says in caught.value.what
    assert "details:9080" in caught.value.what
    assert caught.value.hint == hint
    assert not isinstance(caught.value, NotReadyError)


def test_a_cut_body_quotes_what_came(odd_server):
    with pytest.raises(TrafficError) as caught:
        get(odd_server([b"HTTP/1.1 200 OK\r\nserver: odd\r\ncontent-length: 9\r\n\r\nhalf"]))
    assert caught.value.why == ("HTTP/1.1 200 OK", "server: odd", "content-length: 9")


@pytest.mark.parametrize(
    ("script", "stage"),
    [
        (["hang"], "waiting for the first byte"),
        ([b"HTTP/1.1 200 OK\r\nserver: x\r\n", "hang"], "reading the response headers"),
        ([b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf", "hang"], "reading the body (4 of 9 bytes came)"),
        ([b"HTTP/1.1 200 OK\r\n\r\nhalf", "hang"], "ends when the connection does"),
        ([b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n", "hang"], "chunked body (1 bytes came)"),
    ],
)
def test_a_timeout_says_how_long_and_at_which_stage(odd_server, script, stage):
    with pytest.raises(TrafficError) as caught:
        get(odd_server(script), timeout=0.8)
    assert "within 0.8 s" in caught.value.what
    assert stage in caught.value.what
    assert caught.value.hint == (
        "look at the log of the service and of its proxy, or allow more time (timeout=SECONDS)"
    )


def test_more_time_is_all_that_a_slow_service_needs(odd_server):
    slow = odd_server([b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n", 0.3, b"ok"])
    with pytest.raises(TrafficError, match=r"within 0\.05 s"):
        get(slow, timeout=0.05)
    assert get(slow, timeout=10.0).body == b"ok"


def test_nobody_listens(free_port):
    with pytest.raises(NotReadyError) as caught:
        roundtrip(("127.0.0.1", free_port), Request("GET", "details:9080", "/"), timeout=5)
    assert "does not take connections" in caught.value.what
    assert caught.value.hint == "check that the service runs and the port is right: look at the pods"
    assert not caught.value.sent


def test_a_name_without_an_address(monkeypatch):
    def unknown(*_, **__):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "create_connection", unknown)
    with pytest.raises(TrafficError, match="has no address") as caught:
        roundtrip(("detials", 9080), Request("GET", "details:9080", "/"), timeout=5)
    assert caught.value.why == ("Name or service not known",)
    assert caught.value.hint == "check the name of the host"


@pytest.mark.parametrize("script", [[], ["reset"]])
def test_closed_before_the_first_byte(odd_server, script):
    with pytest.raises(NotReadyError) as caught:
        get(odd_server(script))
    assert "without an answer" in caught.value.what
    assert caught.value.hint == "the proxy may be starting or stopping: look at the pods, then send again"
    assert caught.value.sent


def test_one_that_was_starting_answers_when_it_is_sent_again(odd_server):
    server = odd_server([], [b"HTTP/1.1 204 No Content\r\n\r\n"])
    with pytest.raises(NotReadyError):
        get(server)
    assert get(server).status == 204


def test_an_early_answer_to_a_large_request_is_read(odd_server):
    server = odd_server([b"HTTP/1.1 413 Payload Too Large\r\ncontent-length: 3\r\n\r\nbig", 0.2])
    assert get(server, "POST", body=b"x" * 8_000_000).status == 413


def test_a_large_answer_during_a_large_request_does_not_block(odd_server):
    size = 6_000_000
    answer = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % size + b"y" * size
    server = odd_server([answer], read_all=size)
    assert len(get(server, "POST", body=b"x" * size).body) == size


PATH = "write a space as %20, and leave out line breaks and control characters"
WORD = "leave out line breaks, control characters and spaces"
NAME = "leave out colons, line breaks, control characters and spaces"
VALUE = "leave out line breaks and control characters"
HALF = "write it in Unicode: a part of it is half of a character"
LENGTH = "leave content-length out: it is added"


@pytest.mark.parametrize(
    ("request_", "hint"),
    [
        (Request("GET", "a", "/\r\nx: y"), PATH),
        (Request("GET", "a", "/a b"), PATH),
        (Request("GET", "a", ""), "give a path"),
        (Request("GET\r\n", "a", "/"), WORD),
        (Request("G T", "a", "/"), WORD),
        (Request("GET", "a\r\nb", "/"), WORD),
        (Request("GET", "a", "/", Headers((("x\r\ny", "z"),))), NAME),
        (Request("GET", "a", "/", Headers((("x:y", "z"),))), NAME),
        (Request("GET", "a", "/", Headers((("", "z"),))), "give a header name"),
        (Request("GET", "a", "/", Headers((("x", "y\r\nz: 1"),))), VALUE),
        (Request("GET", "a", "/", Headers((("x", "y\nz: 1"),))), VALUE),
        (Request("GET", "a", "/", Headers((("x", "y\0"),))), VALUE),
        (Request("GET", "a", "/", Headers((("x", "\udc80"),))), HALF),
        (Request("POST", "a", "/", Headers((("content-length", "9"),)), b"x"), LENGTH),
        (Request("POST", "a", "/", Headers((("content-length", "1"), ("content-length", "1"))), b"x"), LENGTH),
        (Request("POST", "a", "/", Headers((("content-length", "1"), ("transfer-encoding", "chunked"))), b"x"), LENGTH),
        (Request("POST", "a", "/", Headers((("transfer-encoding", "gzip"),)), b"x"), "leave transfer-encoding out"),
    ],
)
def test_what_cannot_be_sent_is_refused_before_anything_is(free_port, request_, hint):
    with pytest.raises(TrafficError) as caught:
        roundtrip(("127.0.0.1", free_port), request_, timeout=5)
    assert not isinstance(caught.value, NotReadyError)
    assert caught.value.hint == hint
