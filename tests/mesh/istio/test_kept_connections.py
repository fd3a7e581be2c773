"""What is asked of an API server over connections that are kept, and what a library for HTTP is left to ask."""

from __future__ import annotations

import socket
import ssl
import threading
from contextlib import suppress

import pytest

from tests.image.registry.parts import authority
from wasmnb.errors import MeshError
from wasmnb.mesh.istio.api import kept_connections
from wasmnb.mesh.istio.api.api_errors import ForbiddenError, MissingError
from wasmnb.mesh.istio.api.cluster import Cluster
from wasmnb.mesh.istio.api.plain_config import PlainConfiguration

PATH = "/api/v1/namespaces/team/pods/one/log"


def said(body: str, first: str = "200 OK", head: str = "") -> bytes:
    return f"HTTP/1.1 {first}\r\nContent-Type: text/plain\r\n{head}Content-Length: {len(body)}\r\n\r\n{body}".encode()


class Server:
    """Gives the answers that a test says, in their order, whoever asks; remembers the questions by connection."""

    def __init__(self) -> None:
        self.answers: list[bytes] = []
        self.asked: list[list[str]] = []
        self.wires: list[socket.socket] = []
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}"
        self.context: ssl.SSLContext | None = None
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                wire, _ = self.socket.accept()
                threading.Thread(target=self._serve, args=(wire,), daemon=True).start()

    def _serve(self, wire: socket.socket) -> None:
        with suppress(OSError):
            wire = self.context.wrap_socket(wire, server_side=True) if self.context is not None else wire
            self.wires.append(wire)
            questions: list[str] = []
            self.asked.append(questions)
            with wire:
                while (data := wire.recv(2**16)) and self.answers:
                    questions.append(data.decode())
                    wire.sendall(self.answers.pop(0))

    def close(self) -> None:
        self.socket.close()
        for wire in self.wires:
            wire.close()


@pytest.fixture
def server(monkeypatch):
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)
    made = Server()
    yield made
    made.close()


@pytest.fixture
def connect(server):
    made = []

    def connect(path: str = "", authority: str | None = None, **options) -> Cluster:
        at = (server.url + path, "here", "team", authority, None, None, True, None, "token", ())
        made.append(Cluster(PlainConfiguration(*at, **options), "here", "team"))
        return made[-1]

    yield connect
    for one in made:
        one.close()


def test_questions_share_a_connection_and_each_says_who_asks(server, connect):
    chunks = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n2\r\n t\r\n0\r\n\r\n"
    server.answers = [chunks, said("two"), said('{"a": 1}', head="Content-Type: application/json\r\n")]
    cluster = connect("/k8s/cluster")
    assert cluster.request("GET", PATH, query={"container": "a b", "limitBytes": "7"}) == "one t"
    assert cluster.request("GET", PATH) == "two"
    server.answers = [said('{"a": 1}').replace(b"text/plain", b"application/json")]
    assert cluster.request("GET", "/version") == {"a": 1}
    (questions,) = server.asked
    assert questions[0].startswith(f"GET /k8s/cluster{PATH}?container=a+b&limitBytes=7 HTTP/1.1\r\n")
    assert all("\r\nauthorization: Bearer token\r\n" in one for one in questions)
    assert all(f"\r\nhost: {server.url.removeprefix('http://')}\r\n" in one for one in questions)


def test_what_a_path_may_not_have_is_not_taken_for_the_end_of_a_line(server, connect):
    server.answers = [said("one")]
    connect().request("GET", "/api/v1/namespaces/a b\r\nx: y/pods/ö/log")
    assert server.asked[0][0].startswith("GET /api/v1/namespaces/a%20b%0D%0Ax:%20y/pods/%C3%B6/log HTTP/1.1\r\n")


def test_a_refusal_is_the_one_that_it_always_is(server, connect):
    server.answers = [said('{"message": "no pod"}', "404 Not Found"), said("no", "403 Forbidden")]
    cluster = connect()
    with pytest.raises(MissingError, match="no pod"):
        cluster.request("GET", PATH)
    with pytest.raises(ForbiddenError):
        cluster.request("GET", PATH)
    assert len(server.asked) == 1


@pytest.mark.parametrize("last", [b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n", b""])
def test_a_connection_that_ended_meanwhile_is_not_asked(server, connect, last):
    cluster = connect()
    server.answers = [said("one")]
    cluster.request("GET", PATH)
    (wire,) = server.wires
    # What comes unasked is no answer to what is asked next.
    wire.sendall(last) if last else wire.shutdown(socket.SHUT_RDWR)
    server.answers = [said("two")]
    assert cluster.request("GET", PATH) == "two"
    assert [len(questions) for questions in server.asked] == [1, 1]


def test_a_connection_that_nobody_used_for_long_is_not_asked(server, connect, monkeypatch):
    monkeypatch.setattr(kept_connections, "_IDLE", -1.0)
    server.answers = [said("one"), said("two")]
    cluster = connect()
    assert [cluster.request("GET", PATH) for _ in range(2)] == ["one", "two"]
    assert len(server.asked) == 2


@pytest.mark.parametrize(
    "answer",
    [
        said("one", head="Connection: close\r\n"),
        said("one").replace(b"1.1", b"1.0"),
        said("one") + b"HTTP/1.1 200 OK\r\n",
    ],
    ids=["close", "HTTP/1.0", "more than an answer"],
)
def test_a_connection_that_cannot_be_used_again_is_not(server, connect, answer):
    server.answers = [answer, said("two")]
    cluster = connect()
    assert [cluster.request("GET", PATH) for _ in range(2)] == ["one", "two"]
    assert len(server.asked) == 2


def test_an_answer_that_an_interrupt_left_unread_is_not_taken_for_the_next_one(server, connect, monkeypatch):
    server.answers = [said("one"), said("two")]
    cluster = connect()

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(kept_connections, "read_response", interrupted)
        with pytest.raises(KeyboardInterrupt):
            cluster.request("GET", PATH)
    assert cluster.request("GET", PATH) == "two"
    assert len(server.asked) == 2


@pytest.mark.parametrize("broken", [b"", b"SSH-2.0\r\n", said("half")[:-2]], ids=["nothing", "no HTTP", "half of it"])
def test_what_leads_nowhere_is_asked_again_by_the_library(server, connect, broken):
    cluster = connect()
    server.answers = [broken, said("two")]

    def serve(wire: socket.socket) -> None:
        with wire:
            server.asked.append([wire.recv(2**16).decode()])
            wire.sendall(server.answers.pop(0))

    server._serve = serve
    assert cluster.request("GET", PATH) == "two"
    assert [questions[0].split("\r\n")[0] for questions in server.asked] == [f"GET {PATH} HTTP/1.1"] * 2


def test_a_silent_server_is_asked_as_often_as_by_the_library_alone(server, connect):
    def serve(wire: socket.socket) -> None:
        with wire, suppress(OSError):
            server.asked.append([wire.recv(2**16).decode()])
            wire.recv(1)

    server._serve = serve
    with pytest.raises(MeshError, match="does not answer"):
        connect().request("GET", PATH, timeout=0.05)
    assert len(server.asked) == 2


def test_a_page_to_log_in_at_is_no_log(server, connect):
    elsewhere = said("log in", "302 Found", f"Location: {server.url}/login\r\n")
    server.answers = [elsewhere, elsewhere, elsewhere]
    with pytest.raises(MeshError, match="does not answer"):
        connect().request("GET", PATH)


def test_a_proxy_and_a_server_without_named_authorities_are_the_librarys(connect, monkeypatch):
    assert connect()._kept.usual
    assert not connect(proxy="http://proxy:3128")._kept.usual
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy:3128")
    assert not connect()._kept.usual


def test_a_server_that_is_another_one_is_not_asked(server, connect, tmp_path):
    own, certificate, key = authority(tmp_path)
    server.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.context.load_cert_chain(certificate, key)
    (tmp_path / "other").mkdir()
    other, _, _ = authority(tmp_path / "other")
    server.url = server.url.replace("http", "https")
    with pytest.raises(MeshError, match="does not answer") as caught:
        connect(authority=str(other)).request("GET", PATH)
    assert "certificate" in str(caught.value)
    assert not any(server.asked)
    assert not connect()._kept.usual
    server.answers = [said("one")]
    assert connect(authority=str(own)).request("GET", PATH) == "one"
