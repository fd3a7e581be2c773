"""Forwarded ports over a websocket that is played here: what a real one does seldom."""

from __future__ import annotations

import re
import socket
import ssl
import threading
from base64 import b64encode
from collections import deque
from contextlib import suppress
from hashlib import sha1
from types import SimpleNamespace

import pytest
from kubernetes.client import Configuration
from websocket import ABNF, WebSocketConnectionClosedException, WebSocketTimeoutException
from websocket._abnf import frame_buffer

from tests.image.registry.parts import authority
from wasmnb.errors import MeshError
from wasmnb.mesh.istio.api import port_forward_pool, websockets
from wasmnb.mesh.istio.api.api_errors import ForbiddenError
from wasmnb.mesh.istio.api.cluster import Cluster as RealCluster
from wasmnb.mesh.istio.api.port_forward import Forward
from wasmnb.mesh.istio.api.port_forward_pool import PortForwardPool, Question

ADMIN, WORKERS = 15000, 15090
PORTS = (ADMIN, WORKERS)


class Websocket:
    """Answers each request on its channel with the channel's number, after the frames that begin the channels."""

    def __init__(self, head: bytes = b"") -> None:
        self.head, self.frames, self.closed = head, deque(), False
        for index, port in enumerate(PORTS):
            self.frames += [bytes((channel,)) + port.to_bytes(2, "little") for channel in (2 * index, 2 * index + 1)]

    def settimeout(self, seconds: float) -> None:
        self.timeout = seconds

    def send_binary(self, frame: bytes) -> None:
        if self.closed:
            raise WebSocketConnectionClosedException("gone")
        answer = b"HTTP/1.1 200 OK\r\n" + self.head + b"Content-Length: 1\r\n\r\n%d" % frame[0]
        answer *= frame.count(b" HTTP/1.1\r\n")
        self.frames += [frame[:1] + answer[:20], b"", frame[:1] + answer[20:]]

    def send_all(self, messages: list[bytes]) -> None:
        for one in messages:
            self.send_binary(one)

    def recv_data_frame(self, *, control_frame: bool):
        if not self.frames:
            raise WebSocketTimeoutException("nothing")
        frame = self.frames.popleft()
        return ABNF.OPCODE_BINARY if frame else ABNF.OPCODE_PING, SimpleNamespace(data=frame)

    def send_close(self) -> None:
        pass

    def shutdown(self) -> None:
        self.closed = True


@pytest.fixture
def opened() -> list[Websocket]:
    return []


@pytest.fixture
def ask(opened):
    tunnels = PortForwardPool()

    class Cluster:
        head = b""

        def forward(self, _namespace, _pod, ports):
            opened.append(Websocket(self.head))
            return Forward(opened[-1], ports)

    cluster = Cluster()

    def ask(port: int) -> str:
        return tunnels.get(cluster, "home", "pod", port, "/", ports=PORTS)

    ask.cluster = cluster
    ask.several = lambda *asked: tunnels.ask(cluster, "home", "pod", [Question(*one) for one in asked], ports=PORTS)
    return ask


def test_ports_share_a_websocket_and_each_gets_its_own_answers(ask, opened):
    assert [ask(port) for port in (ADMIN, WORKERS, ADMIN)] == ["0", "2", "0"]
    assert len(opened) == 1


SEVERAL = ((ADMIN, "/one"), (ADMIN, "/two", "POST"), (WORKERS, "/"))


def test_what_is_asked_at_once_is_sent_together_and_answered_in_order(ask, opened, monkeypatch):
    sent = []
    send = Websocket.send_binary
    monkeypatch.setattr(Websocket, "send_binary", lambda self, frame: (sent.append(frame), send(self, frame)))
    assert ask.several(*SEVERAL) == ["0", "0", "2"]
    assert [frame.count(b"\r\n\r\n") for frame in sent] == [2, 1]
    assert b"POST /two HTTP/1.1\r\nHost: 127.0.0.1:15000\r\nContent-Length: 0\r\n\r\n" in sent[0]
    assert len(opened) == 1


def test_of_what_is_asked_at_once_each_has_its_own_refusal(ask, monkeypatch):
    answers = [(404, b"no"), (200, b"yes")]

    def send(self, frame):
        port = frame[:1]
        said = [b"HTTP/1.1 %d X\r\nContent-Length: %d\r\n\r\n%b" % (code, len(body), body) for code, body in answers]
        # Two that come in pieces, and in one frame.
        self.frames += [port + said[0][:30], port + said[0][30:] + said[1]] if port == b"\0" else [port + said[1]]

    monkeypatch.setattr(Websocket, "send_binary", send)
    refused, *given = ask.several(*SEVERAL)
    assert isinstance(refused, MeshError)
    assert (refused.what, refused.why) == ("pod:15000 answers 404 to /one.", ("no",))
    assert given == ["yes", "yes"]


def test_a_port_that_is_silent_takes_nothing_from_what_another_answers(ask, opened, monkeypatch):
    send = Websocket.send_binary
    monkeypatch.setattr(Websocket, "send_binary", lambda self, frame: frame[0] or send(self, frame))
    *given, silent = ask.several(*SEVERAL)
    assert given == ["0", "0"]
    assert isinstance(silent, TimeoutError)
    assert opened[0].closed
    monkeypatch.setattr(Websocket, "send_binary", lambda *_: None)
    assert [type(one) for one in ask.several(*SEVERAL)] == [TimeoutError] * 3
    assert len(opened) == 2


def test_what_a_server_does_not_answer_before_it_ends_the_connection_is_asked_anew(ask, opened):
    ask.cluster.head = b"Connection: close\r\n"
    assert ask.several(*SEVERAL) == ["0", "0", "2"]
    assert len(opened) == 3
    opened.clear()
    ask.cluster.head = b""
    assert ask.several(*SEVERAL) == ["0", "0", "2"]
    opened[0].closed = True
    assert ask.several(*SEVERAL) == ["0", "0", "2"]
    assert len(opened) == 2


def test_a_websocket_that_was_closed_is_renewed_unseen(ask, opened):
    ask(ADMIN)
    opened[0].closed = True
    assert ask(WORKERS) == "2"
    assert len(opened) == 2


def test_nobody_who_answers_is_a_timeout_and_not_tried_again(ask, opened):
    ask(ADMIN)
    opened[0].send_binary = lambda frame: None
    with pytest.raises(TimeoutError):
        ask(ADMIN)
    assert opened[0].closed
    assert len(opened) == 1


@pytest.mark.parametrize("last", [KeyboardInterrupt, ValueError])
def test_an_answer_that_an_interrupt_left_unread_is_not_taken_for_the_next_one(ask, opened, monkeypatch, last):
    ask(ADMIN)

    def interrupted(**_):
        raise last

    with monkeypatch.context() as patch:
        patch.setattr(opened[0], "recv_data_frame", interrupted)
        with pytest.raises(last):
            ask(ADMIN)
    assert opened[0].closed
    assert ask(ADMIN) == "0"
    assert len(opened) == 2


def test_a_connection_on_which_more_came_than_an_answer_is_closed(ask, opened):
    ask(ADMIN)
    opened[0].frames.append(bytes((0,)) + b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nxHTTP/1.1 200 OK\r\n")
    ask(ADMIN)
    assert opened[0].closed


def test_a_port_that_nobody_asked_for_long_is_met_anew(ask, opened, monkeypatch):
    ask(ADMIN)
    monkeypatch.setattr(port_forward_pool, "_IDLE", -1.0)
    assert ask(WORKERS) == "2"
    assert opened[0].closed
    assert len(opened) == 2


def test_an_answer_that_ends_the_connection_ends_it(ask, opened):
    ask.cluster.head = b"Connection: close\r\n"
    assert [ask(ADMIN), ask(ADMIN)] == ["0", "0"]
    assert [one.closed for one in opened] == [True, True]


def test_a_port_that_is_not_open_says_so_in_words(ask, opened, monkeypatch):
    refused = bytes((3,)) + b"error forwarding port 15090: connection refused"
    monkeypatch.setattr(Websocket, "send_binary", lambda self, _frame: self.frames.append(refused))
    with pytest.raises(MeshError, match="Port 15090 of pod does not answer") as error:
        ask(WORKERS)
    assert "error forwarding port 15090: connection refused" in str(error.value)
    assert len(opened) == 1


@pytest.fixture
def served(monkeypatch):
    """Give a cluster whose API server says one thing to a wish for a websocket; KEY accepts the key of the wish."""
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with socket.create_server(("127.0.0.1", 0)) as server:

        def served(answer: str) -> RealCluster:
            def serve() -> None:
                taken, _ = server.accept()
                with taken:
                    asked = b""
                    while b"\r\n\r\n" not in asked:
                        asked += taken.recv(4096)
                    key = re.search(rb"Sec-WebSocket-Key: (\S+)", asked)[1]
                    accept = b64encode(sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
                    taken.sendall(answer.encode("latin-1").replace(b"KEY", accept))
                    with suppress(OSError):
                        taken.recv(1)

            threading.Thread(target=serve, daemon=True).start()
            configuration = Configuration(host=f"http://127.0.0.1:{server.getsockname()[1]}")
            return RealCluster(configuration, "test", "default")

        yield served


GRANTED = (
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: KEY\r\n"
    "Sec-WebSocket-Protocol: v4.channel.k8s.io\r\n\r\n"
)


def test_what_follows_the_answer_at_once_is_not_lost(served):
    # The frame that begins a channel, and one with data.
    cluster = served(GRANTED + "\x82\x03\0ab" + "\x82\x06\0hello")
    forward = cluster.forward("home", "pod", [ADMIN])
    forward.settimeout(5)
    assert forward.receive(ADMIN) == b"hello"
    forward.close()


@pytest.fixture
def secured(tmp_path):
    """Give a port forwarded over TLS whose server sends pieces, each in a record of its own; empty ends it."""
    _, certificate, key = authority(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with socket.create_server(("127.0.0.1", 0)) as server:

        def secured(*pieces: bytes) -> Forward:
            def serve() -> None:
                taken, _ = server.accept()
                with context.wrap_socket(taken, server_side=True) as wire:
                    key = re.search(rb"Sec-WebSocket-Key: (\S+)", wire.recv(4096))[1]
                    accept = b64encode(sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
                    for piece in (GRANTED.encode().replace(b"KEY", accept), *filter(None, pieces)):
                        wire.sendall(piece)
                    with suppress(OSError):
                        if pieces[-1]:
                            wire.recv(1)

            threading.Thread(target=serve, daemon=True).start()
            configuration = Configuration(host=f"https://127.0.0.1:{server.getsockname()[1]}")
            configuration.verify_ssl = False
            forward = RealCluster(configuration, "test", "default").forward("home", "pod", [ADMIN])
            forward.settimeout(5)
            return forward

        yield secured


BEGINS = b"\x82\x03\0ab"


@pytest.mark.parametrize(
    ("pieces", "said"),
    [
        ([BEGINS + b"\x82\x03\0he\x82\x04\0llo"], b"hello"),
        ([BEGINS[:1], BEGINS[1:] + b"\x82", b"\x06", b"\0hel", b"lo"], b"hello"),
        ([BEGINS, b"\x82\x00", b"\x89\x00", b"\x82\x06\0hello"], b"hello"),
        ([BEGINS + b"\x02\x04\0hel", b"\x80\x02lo"], b"hello"),
        ([BEGINS + b"\x82\x7e\x4e\x21", b"\0" + b"x" * 20000], b"x" * 20000),
        ([BEGINS + b"\x82\x7f" + (70001).to_bytes(8, "big") + b"\0", b"x" * 70000], b"x" * 70000),
    ],
    ids=["plain", "in pieces", "empty, ping", "fragments", "two bytes", "eight bytes"],
)
def test_frames_are_read_whole_whatever_their_kind_and_however_they_come(secured, pieces, said):
    forward, found = secured(*pieces), b""
    while len(found) < len(said):
        found += forward.receive(ADMIN)
    assert found == said
    forward.close()


@pytest.mark.parametrize("size", [0, 1, 125, 126, 2**16 - 1, 2**16])
def test_what_is_sent_is_a_masked_frame_whatever_its_length(size):
    ours, theirs = socket.socketpair()
    with ours, theirs:
        websocket = websockets._Websocket()
        websocket.sock = ours
        payload = bytes(range(256)) * (size // 256 + 1)
        sender = threading.Thread(target=websocket.send_all, args=([b"first", payload[:size]],))
        sender.start()
        read = frame_buffer(theirs.recv, skip_utf8_validation=False)
        for data in (b"first", payload[:size]):
            frame = read.recv_frame()
            assert (frame.fin, frame.opcode, frame.mask_value) == (1, ABNF.OPCODE_BINARY, 1)
            assert frame.data == data
        sender.join()
        websocket.send_close()
        frame = frame_buffer(theirs.recv, skip_utf8_validation=False).recv_frame()
        assert (frame.opcode, frame.data) == (ABNF.OPCODE_CLOSE, (1000).to_bytes(2, "big"))


def test_a_websocket_that_ends_in_the_midst_of_a_frame_is_gone(secured):
    forward = secured(BEGINS + b"\x82\x06\0he", b"")
    with pytest.raises(ConnectionError):
        forward.receive(ADMIN)
    forward.close()


def test_a_websocket_that_is_refused_names_the_right(served):
    with pytest.raises(ForbiddenError, match="pods/portforward"):
        served("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n").forward("home", "pod", [ADMIN])


@pytest.mark.parametrize(
    "answer", [GRANTED.replace("KEY", "another"), GRANTED.replace("v4.channel", "v5.channel"), "HTTP/1.1 101"]
)
def test_an_answer_that_is_no_websockets_is_not_taken_for_one(served, answer):
    with pytest.raises(MeshError, match="does not answer"):
        served(answer + "\r\n\r\n").forward("home", "pod", [ADMIN])
