"""What is run in a container to send a request, run here: every program sends the same, and brings back every byte."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys

import pytest

from wasmnb.errors import TrafficError
from wasmnb.mesh.istio.api.api_errors import NoProgramError
from wasmnb.mesh.istio.api.cluster import Executed
from wasmnb.mesh.istio.requests.curl_script import Errand
from wasmnb.traffic import Headers, Request
from wasmnb.traffic.http_client import NotReadyError
from wasmnb.traffic.http_parser import OTHER

PROGRAMS = ("curl", "python3", "nc")
NEEDED = ("sh", "dd", "head", "sleep")
ODD = "HTTP/1.1 200 OK\r\nX-Twice: 1\r\nx-twice: 2\r\n你好: 六翁\r\ncontent-length: 2\r\n\r\nok".encode()
NAMED = "check the name of the host"
LISTENS = "check that the service runs and the port is right: look at the pods"
CHUNKED = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nx-after: yes\r\n\r\n"


@pytest.fixture(params=PROGRAMS)
def program(request, tmp_path):
    """Give a folder of programs with one that can send, which is what a container has on its PATH."""
    return _folder(tmp_path, request.param)


def _folder(tmp_path, *programs):
    for name in (*NEEDED, *programs):
        found = {"python3": sys.executable, "nc": shutil.which("busybox")}.get(name) or shutil.which(name)
        assert found, f"this machine has no {name}"
        (tmp_path / name).symlink_to(found)
    return tmp_path


def run(folder, address, request, *, seconds=5.0):
    """Run an errand as a kubelet does: stdin stays open, and who asked hangs up when there is nothing more to come."""
    errand = Errand(request, *address, seconds)
    process = subprocess.Popen(
        errand.command,
        env={"PATH": str(folder)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    with process:
        process.stdin.write(errand.stdin)
        process.stdin.flush()
        out = b""
        err = process.stderr.readline().decode()
        while data := process.stdout.read1():
            out += data
            if errand.over(out, err):
                process.terminate()
                break
        process.stdin.close()
        _end_group(process)
        err += process.stderr.read().decode()
        code = process.wait(10)
    return errand, Executed(out, err, code)


def _end_group(process):
    if process.poll() is None:
        try:
            process.wait(0.5)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGTERM)


def get(**changes):
    return Request(**{"method": "GET", "authority": "details:9080", "path": "/details/123", **changes})


@pytest.mark.parametrize("answer", [ODD, CHUNKED], ids=["odd", "chunked"])
def test_every_header_line_comes_back_as_it_was_on_the_wire(program, odd_server, answer):
    odd = odd_server([answer, "hang"])
    errand, done = run(program, odd.address, get())
    response, carrier, _ = errand.result(done)
    assert carrier == next(name for name in PROGRAMS if (program / name).exists())
    assert response.body == b"ok"
    if answer is ODD:
        expected = (("X-Twice", "1"), ("x-twice", "2"), ("你好", "六翁"), ("content-length", "2"))
        assert response.headers.lines == expected
    else:
        assert response.trailers.lines == (("x-after", "yes"),)


def test_what_is_sent_is_the_request_and_nothing_else(program, odd_server):
    odd = odd_server([ODD])
    headers = Headers(
        (("x-quoted", 'say "hi" \\ there'), ("x-empty", ""), ("x-名", "值"), ("authorization", "Bearer s3cret"))
    )
    run(program, odd.address, get(path="/a/../b?q={1,2}&你=好", headers=headers))
    head = odd.requests[0].decode()
    first, *lines = head.removesuffix("\r\n\r\n").split("\r\n")
    assert first == "GET /a/../b?q={1,2}&你=好 HTTP/1.1"
    assert [line.rstrip(" ").lower() for line in lines] == [
        "host: details:9080",
        'x-quoted: say "hi" \\ there',
        "x-empty:",
        "x-名: 值",
        "authorization: bearer s3cret",
    ]


def test_a_body_of_any_bytes_arrives(program, odd_server):
    body = bytes(range(256)) * 300
    odd = odd_server([ODD], read_all=len(body))
    errand, done = run(program, odd.address, get(method="POST", body=body))
    assert errand.result(done)[0].status == 200
    head, _, arrived = odd.requests[0].partition(b"\r\n\r\n")
    assert arrived == body
    names = [line.split(b":")[0].lower() for line in head.split(b"\r\n")[1:]]
    assert sorted(names) == [b"content-length", b"host"]


@pytest.mark.parametrize(("method", "length"), [("POST", True), ("DELETE", False), ("HEAD", False)])
def test_methods_without_a_body(program, odd_server, method, length):
    odd = odd_server([b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n" if method == "HEAD" else ODD])
    errand, done = run(program, odd.address, get(method=method))
    assert errand.result(done)[0].status == 200
    assert odd.requests[0].startswith(method.encode() + b" ")
    assert (b"content-length: 0" in odd.requests[0].lower()) is length


def test_no_word_of_the_request_stands_on_the_command_line():
    request = get(path="/secret", headers=Headers((("authorization", "Bearer s3cret"),)), body=b"hidden")
    line = " ".join(Errand(request, "10.0.0.1", 9080, 5).command)
    for word in ("s3cret", "/secret", "hidden", "Bearer"):
        assert word not in line


def test_nobody_listens(program, free_port):
    errand, done = run(program, ("127.0.0.1", free_port), get())
    with pytest.raises(NotReadyError, match="does not take connections") as caught:
        errand.result(done)
    assert caught.value.hint == LISTENS
    assert not caught.value.sent


@pytest.mark.parametrize("script", [["reset"], []], ids=["reset", "closed"])
def test_a_connection_that_is_closed_without_an_answer(program, odd_server, script):
    errand, done = run(program, odd_server(script).address, get())
    with pytest.raises(NotReadyError, match="without an answer") as caught:
        errand.result(done)
    assert caught.value.hint == "the proxy may be starting or stopping: look at the pods, then send again"
    assert caught.value.sent


def test_time_is_up(odd_server, tmp_path):
    folder = _folder(tmp_path, "curl")
    errand, done = run(folder, odd_server(["hang"]).address, get(), seconds=0.3)
    with pytest.raises(TrafficError, match=r"did not answer within 0\.3 s") as caught:
        errand.result(done)
    hint = "look at the log of the service and of its proxy, or allow more time (timeout=SECONDS)"
    assert caught.value.hint == hint


@pytest.mark.parametrize(
    ("program", "code", "said", "what", "hint"),
    [
        ("curl", 6, "curl: (6) Could not resolve host: detials", "has no address", NAMED),
        ("python3", 1, "socket.gaierror: [Errno -2] Name or service not known", "has no address", NAMED),
        ("nc", 1, "nc: bad address 'detials'", "has no address", NAMED),
        ("nc", 1, 'nc: getaddrinfo for host "detials" port 9080: Name or service not known', "no address", NAMED),
        ("curl", 7, "curl: (7) Failed to connect to details", "does not take connections", LISTENS),
        ("python3", 1, "OSError: [Errno 113] No route to host", "does not take connections", LISTENS),
        ("python3", 1, "OSError: [Errno 101] Network is unreachable", "does not take connections", LISTENS),
    ],
)
def test_what_each_program_says_of_a_host_that_is_not_there(program, code, said, what, hint):
    with pytest.raises(TrafficError, match=what) as caught:
        Errand(get(), "detials", 9080, 5).result(Executed(b"", f"wasmnb-carrier {program}\n{said}\n", code))
    assert caught.value.why == (said,)
    assert caught.value.hint == hint
    assert not getattr(caught.value, "sent", False)


def test_what_is_no_http_is_not_read_as_an_answer(program, odd_server):
    errand, done = run(program, odd_server([b"\x15\x03\x01\x00\x02\x02\x50"]).address, get())
    with pytest.raises(TrafficError, match=r"did not answer in HTTP/1\.1") as caught:
        errand.result(done)
    assert caught.value.hint == OTHER


def test_a_container_without_a_program(odd_server, tmp_path):
    errand, done = run(_folder(tmp_path), odd_server([ODD]).address, get())
    with pytest.raises(NoProgramError):
        errand.result(done)
