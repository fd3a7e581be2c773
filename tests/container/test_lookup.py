"""Which daemon is asked, what it must have, and what is said when none answers."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import socketserver
import sys
import tempfile
import threading
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import ClassVar

import pytest

from tests.container.conftest import IMAGE, MAKER, WASM, Engine
from tests.worded import in_cell
from wasmnb.compile.container import build_in_container
from wasmnb.compile.container.daemon import Daemon
from wasmnb.errors import ToolchainError


def _context(settings: Path, name: str, host: str) -> None:
    """Write what ``docker context create`` and ``docker context use`` would."""
    settings.mkdir(exist_ok=True)
    (settings / "config.json").write_text(json.dumps({"currentContext": name}))
    place = settings / "contexts" / "meta" / hashlib.sha256(name.encode()).hexdigest()
    place.mkdir(parents=True)
    endpoint = {"Host": host, "SkipTLSVerify": False}
    (place / "meta.json").write_text(json.dumps({"Name": name, "Metadata": {}, "Endpoints": {"docker": endpoint}}))


def test_no_daemon_answers(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    if Path("/var/run/docker.sock").exists() or Path("/run/podman/podman.sock").exists():
        pytest.skip("this machine has a daemon")
    with pytest.raises(ToolchainError, match="No container daemon answers") as raised:
        build_in_container(folder, IMAGE)
    said = "\n".join(raised.value.why)
    for socket in ("/var/run/docker.sock", "no-runtime/podman/podman.sock", "no-runtime/docker.sock"):
        assert f"{socket} (" in said
    assert "there is no such socket" in said
    assert "%wasm_build FOLDER without --in-container" in in_cell(raised.value).hint
    assert "%%wasm_filter" in raised.value.hint


@pytest.mark.parametrize(
    ("host", "reason"),
    [
        ("unix:///nowhere/engine.sock", "no such socket"),
        ("tcp://127.0.0.1:1", "Connection refused"),
        ("tcp://name:s3cret@127.0.0.1:1", ""),
        ("gopher://x", ""),
        ("ssh://name@", ""),
    ],
)
def test_the_named_daemon_does_not_answer(
    folder: Path, monkeypatch: pytest.MonkeyPatch, host: str, reason: str
) -> None:
    monkeypatch.setenv("DOCKER_HOST", host)
    with pytest.raises(ToolchainError, match="No container daemon answers") as raised:
        build_in_container(folder, IMAGE)
    (line,) = raised.value.why
    assert "(DOCKER_HOST)" in line
    assert reason in line
    assert "s3cret" not in str(raised.value)


def test_certificates_that_are_not_there(folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:1")
    monkeypatch.setenv("DOCKER_TLS_VERIFY", "1")
    monkeypatch.setenv("DOCKER_CERT_PATH", str(tmp_path))
    with pytest.raises(ToolchainError, match="No container daemon answers") as raised:
        build_in_container(folder, IMAGE)
    assert "DOCKER_CERT_PATH" in raised.value.why[0]


def test_a_context_names_the_daemon(
    docker_engine: Engine, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _context(tmp_path / "settings", "workshop", docker_engine.address)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "settings"))
    assert build_in_container(folder, MAKER).wasm == WASM
    monkeypatch.setenv("DOCKER_CONTEXT", "elsewhere")
    with pytest.raises(ToolchainError) as raised:
        build_in_container(folder, MAKER)
    assert raised.value.why == ("docker context 'elsewhere': there is no such context",)


def test_podmans_socket_is_found(podman_engine: Engine, folder: Path, tmp_path: Path) -> None:
    place = tmp_path / "no-runtime" / "podman"
    place.mkdir(parents=True)
    (place / "podman.sock").symlink_to(podman_engine.socket)
    assert build_in_container(folder, MAKER).wasm == WASM


def test_a_daemon_elsewhere_gets_a_copy(docker_engine: Engine, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"tcp://127.0.0.1:{docker_engine.port}")
    (folder / "sub").mkdir()
    (folder / "sub" / "run.sh").write_text("#!/bin/sh\ncp /bin/module.wasm out.wasm; touch left\n")
    (folder / "sub" / "run.sh").chmod(0o755)
    (folder / "link").symlink_to("sub/run.sh")
    os.mkfifo(folder / "pipe")
    lines: list[str] = []
    module = build_in_container(folder, IMAGE, command="ls; ./link", log=lines.append)
    assert module.wasm == (folder / "out.wasm").read_bytes() == WASM
    assert lines == ["filter.cc", "link", "sub"]
    assert not (folder / "left").exists()


def test_a_daemon_that_does_not_see_the_folder_gets_a_copy(engine: Engine) -> None:
    folder = engine.hidden / "header-filter"
    folder.mkdir(exist_ok=True)
    (folder / "filter.cc").touch()
    lines: list[str] = []
    command = "ls; cp /bin/module.wasm out.wasm; touch left"
    assert build_in_container(folder, IMAGE, command=command, log=lines.append).wasm == WASM
    assert lines == ["filter.cc"]
    assert sorted(path.name for path in folder.iterdir()) == ["filter.cc", "out.wasm"]


def test_a_missing_image_is_not_pulled_unasked(engine: Engine, folder: Path) -> None:
    with pytest.raises(ToolchainError, match="does not have the image") as raised:
        build_in_container(folder, "localhost/unknown:3", pull=False)
    # What is pulled then: below.
    assert in_cell(raised.value).hint == "add --pull"


def test_what_names_no_image(docker: Engine, folder: Path) -> None:
    with pytest.raises(ToolchainError) as raised:
        build_in_container(folder, "Not A Name")
    assert raised.value.hint.startswith("look at its name, ")
    with pytest.raises(ToolchainError, match="needs a builder image") as raised:
        build_in_container(folder, "")
    assert raised.value.hint == "name one, such as rust:1"


def test_an_image_that_cannot_be_pulled(docker: Engine, folder: Path) -> None:
    with pytest.raises(ToolchainError, match="pull") as raised:
        build_in_container(folder, "127.0.0.1:1/unknown:3", pull=True)
    assert "refused" in "\n".join(raised.value.why)
    assert raised.value.hint == (
        "look at its name, and whether its registry can be reached; where it is not public: docker login"
    )


class _Half(BaseHTTPRequestHandler):
    """A daemon that says who it is, begins a pull that fails, and hangs up whatever else it is asked."""

    answers: ClassVar[dict[str, object]] = {
        "GET /version": {"ApiVersion": "1.41"},
        "GET /info": {},
        "POST /images/create": {"error": "denied"},
    }

    def do_GET(self) -> None:
        path = re.sub(r"^/v[\d.]+", "", self.path).partition("?")[0]
        answer = self.answers.get(f"{self.command} {path}")
        if answer is None and path != "/images/denied/json":
            self.close_connection = True
            return
        self.send_response(200 if answer is not None else 404)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(answer or {"message": "no such image"}).encode())

    def do_POST(self) -> None:
        self.do_GET()

    def address_string(self) -> str:
        return "here"

    def log_message(self, *_: object) -> None:
        pass


def test_a_daemon_that_hangs_up_and_one_that_refuses_are_told_apart(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The path of a socket is short.
    with tempfile.TemporaryDirectory() as place, socketserver.UnixStreamServer(f"{place}/half", _Half) as server:
        monkeypatch.setenv("DOCKER_HOST", f"unix://{place}/half")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            with pytest.raises(ToolchainError, match="could not look for the image 'gone'") as gone:
                build_in_container(folder, "gone")
            with pytest.raises(ToolchainError, match="cannot be pulled") as denied:
                build_in_container(folder, "denied", pull=True)
        finally:
            server.shutdown()
            thread.join()
    assert in_cell(gone.value).hint.startswith(
        "look at it with docker info, or podman info; or %wasm_build FOLDER without --in-container"
    )
    assert denied.value.why == ("denied",)
    assert denied.value.hint.endswith("where it is not public: docker login")


def test_a_missing_image_is_pulled_when_asked(docker: Engine, folder: Path, tmp_path: Path) -> None:
    import docker as library

    from tests.image.registry.parts import DockerRegistry

    class Seen:
        stages: list[str]

        def __init__(self) -> None:
            self.stages = []

        def update(self, stage: str, done: float | None = None, total: float | None = None) -> None:
            assert (done is None) == (total is None)
            self.stages.append(stage)

    registry = DockerRegistry(tmp_path / "registry")
    with contextlib.ExitStack() as stack:
        stack.callback(registry.stop)
        client = stack.enter_context(contextlib.closing(library.DockerClient(docker.address)))
        name = f"{registry.host}/team/maker"
        client.api.tag(MAKER, name, "1")
        assert "error" not in client.api.push(name, "1")
        client.api.remove_image(f"{name}:1")
        client.api.remove_image(MAKER, force=True)
        seen = Seen()
        try:
            module = build_in_container(folder, f"{name}:1", pull=True, progress=seen)
        finally:
            client.api.tag(f"{name}:1", *MAKER.rsplit(":", 1))
            client.api.remove_image(f"{name}:1")
    assert module.wasm == WASM
    assert f"pulling {name}:1" in seen.stages
    assert seen.stages[-1] == f"building header-filter in {name}:1"


def test_without_the_library_it_says_what_to_install(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.split(".")[0] == "docker"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "docker", None)
    with pytest.raises(ToolchainError, match="needs the Python package 'docker'") as raised:
        build_in_container(folder, IMAGE)
    assert in_cell(raised.value).hint.startswith("pip install docker; or %wasm_build FOLDER without --in-container")


def test_the_user_and_his_isolation_follow_the_daemon() -> None:
    def seen(*options: str) -> Daemon:
        return Daemon(None, "", remote=False, options=frozenset(options))

    assert seen("seccomp").user == f"{os.getuid()}:{os.getgid()}"
    assert seen("seccomp").isolation() == {}
    assert seen("rootless").user == "0:0"
    assert seen("selinux", "userns").isolation() == {"security_opt": ["label=disable"], "userns_mode": "host"}
