from __future__ import annotations

import socket
import threading
import time

import pytest

from wasmnb.errors import TrafficError
from wasmnb.traffic import Capture, Headers, Request
from wasmnb.traffic.http_client import NotReadyError
from wasmnb.traffic.send import is_token, send
from wasmnb.views import html_of, record_of
from wasmnb.wording import Front, words_for

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


def answer(status, text):
    return b"HTTP/1.1 %d X\r\ncontent-length: %d\r\n\r\n%b" % (status, len(text), text.encode())


CONNECT = "upstream connect error or disconnect/reset before headers. reset reason: remote connection failure"
PROTOCOL = "upstream connect error or disconnect/reset before headers. reset reason: protocol error"


def go(address, method="GET", *, headers=(), via="proxy", timeout=10.0, patience=5.0):
    request = Request(method, "details:9080", "/details/123", Headers(tuple(headers)))
    return send(address, request, source="productpage", pod="details-v1", via=via, timeout=timeout, patience=patience)


def test_an_answer_at_once_has_no_notes(odd_server):
    exchange = go(odd_server([OK]).address)
    assert (exchange.response.status, exchange.source, exchange.pod, exchange.via) == (
        *(200, "productpage", "details-v1"),
        "proxy",
    )
    assert exchange.notes == ()
    assert exchange.at.tzinfo is not None
    assert exchange.seconds > 0
    assert exchange.to_dict()["response"]["body"] == "ok"


@pytest.mark.parametrize(
    ("method", "first"),
    [
        ("GET", []),
        ("HEAD", []),
        ("GET", ["reset"]),
        ("GET", [answer(503, "no healthy upstream")]),
        ("GET", [answer(503, CONNECT)]),
    ],
)
def test_a_proxy_that_is_not_ready_is_asked_again(odd_server, method, first):
    last = OK if method == "GET" else OK.removesuffix(b"ok")
    exchange = go(odd_server(first, first, [last]).address, method)
    assert exchange.response.status == 200
    assert len(exchange.notes) == 1
    assert "not ready yet" in exchange.notes[0]
    assert "attempt 3" in exchange.notes[0]


def test_a_refused_connection_is_tried_again_for_every_method(free_port):
    received = []

    def late():
        time.sleep(0.15)
        with socket.create_server(("127.0.0.1", free_port)) as listener:
            connection, _ = listener.accept()
            with connection:
                received.append(connection.recv(65536))
                connection.sendall(OK)

    thread = threading.Thread(target=late)
    thread.start()
    exchange = go(("127.0.0.1", free_port), "POST")
    thread.join()
    assert len(received) == 1
    assert "Connection refused" in exchange.notes[0]


def test_what_may_have_been_received_is_not_sent_twice(odd_server):
    server = odd_server([], [OK])
    with pytest.raises(TrafficError) as caught:
        go(server.address, "POST")
    assert len(server.requests) == 1
    assert type(caught.value) is TrafficError


@pytest.mark.parametrize(
    ("method", "script"),
    [
        ("POST", answer(503, "no healthy upstream")),
        ("GET", answer(503, "the service itself is busy")),
        ("GET", answer(500, "no healthy upstream")),
        ("GET", answer(502, PROTOCOL)),
        ("GET", answer(503, "")),
    ],
)
def test_other_answers_are_answers(odd_server, method, script):
    server = odd_server([script])
    go(server.address, method)
    assert len(server.requests) == 1


def test_when_patience_ends_the_last_answer_is_given(odd_server):
    server = odd_server([answer(503, "no healthy upstream")])
    exchange = go(server.address, patience=1.0)
    assert exchange.response.status == 503
    assert f"still not ready after {len(server.requests)} attempts" in exchange.notes[0]
    assert len(server.requests) > 1


def test_when_nobody_ever_listens_the_attempts_are_told(free_port):
    with pytest.raises(TrafficError) as caught:
        go(("127.0.0.1", free_port), timeout=1.0)
    assert not isinstance(caught.value, NotReadyError)
    assert caught.value.why[-1].startswith("tried ")


def test_names_that_are_no_token_are_noted(odd_server):
    script = "HTTP/1.1 200 OK\r\n你好: 六翁\r\n你好: 2\r\na b: c\r\ncontent-length: 0\r\n\r\n".encode()
    request_note, response_note = go(odd_server([script]).address, headers=[("请求", "x")]).notes
    assert "'请求'" in request_note
    assert "'你好', 'a b'" in response_note
    assert "502" in response_note


@pytest.mark.parametrize(("via", "hint"), [("app", True), ("proxy", False)])
def test_a_protocol_error_is_explained(odd_server, via, hint):
    (note,) = go(odd_server([answer(502, PROTOCOL)]).address, via=via).notes
    assert "你好" in note
    assert ("(via='proxy')" in note) is hint
    with words_for(Front.NOTEBOOK):
        (note,) = go(odd_server([answer(502, PROTOCOL)]).address, via=via).notes
    assert ("(--via proxy)" in note) is hint


def test_a_path_with_letters_that_no_url_has_is_explained(odd_server):
    def ask(status, path):
        request = Request("GET", "details:9080", path)
        address = odd_server([answer(status, "")]).address
        return send(address, request, source="a", pod="b", via="proxy", timeout=10.0).notes

    (note,) = ask(400, "/details/你好?a=b")
    assert "/details/%E4%BD%A0%E5%A5%BD?a=b" in note
    assert ask(200, "/details/你好") == ask(400, "/details/1?a=b") == ()


def test_an_exchange_shows_its_lines_as_they_came_and_no_credential(odd_server):
    script = b"HTTP/1.1 200 OK\r\nX-Tag: <b>\r\nset-cookie: s3cr3t-value\r\nx-tag: 2\r\ncontent-length: 0\r\n\r\n"
    html = html_of(go(odd_server([script]).address))
    assert html.index(">X-Tag<") < html.index(">&lt;b&gt;<") < html.index(">x-tag<")
    assert "200 OK from details-v1" in html
    assert "s3cr3t-value" not in html


@pytest.mark.parametrize(
    ("name", "good"), [("x-a", True), ("X_a.1", True), ("你好", False), ("", False), ("a b", False)]
)
def test_tokens(name, good):
    assert is_token(name) is good


@pytest.mark.parametrize(
    ("script", "surplus"),
    [
        (b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok, and more", 10),
        (b"HTTP/1.1 204 No Content\r\n\r\nbody", 4),
        (OK, 0),
    ],
)
def test_bytes_behind_the_end_of_a_response_are_said_and_never_green(odd_server, script, surplus):
    taken = go(odd_server([script]).address)
    assert taken.response.surplus == surplus
    assert bool(surplus) is any("came behind the end of the response" in note for note in taken.notes)
    assert (record_of(Capture(taken)).tone == "bad") is bool(surplus)
