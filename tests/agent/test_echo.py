"""The echo of a cluster as a process: it answers with what came, and tells of it, byte for byte."""

from __future__ import annotations

import base64
import json
import socket
import urllib.request
from types import SimpleNamespace

import pytest

from wasmnb.agent import install
from wasmnb.agent.echo import serve
from wasmnb.errors import Interrupted, TrafficError
from wasmnb.mesh.istio.requests.echo import _received
from wasmnb.traffic.http_parser import Reader, read_request, read_response


@pytest.fixture
def ports():
    servers = serve(0, 0)
    yield [server.server_port for server in servers]
    for server in servers:
        server.shutdown()
        server.server_close()


def asked(connection, text, method="POST"):
    connection.sendall(text)
    return read_response(Reader(lambda: connection.recv(65536), "the echo"), method)


def told(port, mark):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/{mark}") as answer:
        return json.loads(answer.read())


def test_it_answers_with_the_body_and_tells_what_it_received(ports):
    port, telling = ports
    with socket.create_connection(("127.0.0.1", port)) as connection:
        head = "POST /a?b=1 HTTP/1.1\r\nHost: echo:8080\r\nx-request-id: one\r\n你好: 六翁\r\nContent-Type: a/b\r\n"
        answer = asked(connection, f"{head}Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n".encode())
        assert (answer.status, answer.body, answer.headers["content-type"]) == (200, b"abcde", "a/b")
        # On the same connection, as a proxy sends it.
        answer = asked(connection, b"GET /plain HTTP/1.1\r\nHost: echo\r\nx-request-id: two\r\n\r\n", "GET")
        assert answer.text == "GET /plain\n"
        answer = asked(connection, b"HEAD / HTTP/1.1\r\nHost: echo\r\nConnection: close\r\n\r\n", "HEAD")
        assert (answer.status, connection.recv(1)) == (200, b"")
    found = told(telling, "one")
    assert (found["method"], found["path"], found["authority"]) == ("POST", "/a?b=1", "echo:8080")
    assert ["你好", "六翁"] in found["headers"]
    assert (base64.b64decode(found["body"]), found["whole"]) == (b"abcde", True)
    assert told(telling, "two")["body"] == ""
    assert told(telling, "three") is None


def test_of_a_large_body_the_beginning_is_kept(ports):
    port, telling = ports
    body = b"x" * (1024 * 1024 + 1)
    with socket.create_connection(("127.0.0.1", port)) as connection:
        head = f"PUT / HTTP/1.1\r\nHost: e\r\nx-request-id: big\r\nContent-Length: {len(body)}\r\n\r\n"
        assert asked(connection, head.encode() + body).body == body
    found = told(telling, "big")
    assert (len(base64.b64decode(found["body"])), found["whole"]) == (1024 * 1024, False)


@pytest.mark.parametrize(
    ("text", "body", "whole"),
    [
        (b"Content-Length: 10\r\n\r\nfour", b"four", True),
        (b"Content-Length: 10\r\n\r\n", b"", True),
        (b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n5\r\nde", b"abcde", False),
    ],
)
def test_a_body_that_ends_early_is_kept_as_far_as_it_came(ports, text, body, whole):
    port, telling = ports
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nHost: e\r\nx-request-id: cut\r\n" + text)
        connection.shutdown(socket.SHUT_WR)
        # It gives no answer, and closes.
        assert connection.recv(1) == b""
    found = told(telling, "cut")
    assert (base64.b64decode(found["body"]), found["whole"]) == (body, whole)
    received = _received(found, "")
    said = f"the request's content-length says 10, and the service received a body of {len(body)} bytes"
    assert received.flaw == (said if whole else "")


@pytest.mark.parametrize(
    "text", [b"hello\r\n\r\n", b"GET / HTTP/2\r\n\r\n", b"POST / HTTP/1.1\r\nContent-Length: 4\r\n\r\nabc"]
)
def test_what_is_no_request_is_none(text):
    pieces = [text, b""]
    with pytest.raises(TrafficError):
        read_request(Reader(lambda: pieces.pop(0), "the client"))


def test_who_stops_waiting_for_its_service_is_told_what_stays(monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(install, "_put", lambda *_: None)
    monkeypatch.setattr(install.services, "endpoints", interrupt)
    with pytest.raises(Interrupted, match="the echo into the cluster was stopped; what was applied stays"):
        install.put_echo(SimpleNamespace(cluster=None, namespace="shop"), "registry.example/agent:1")
