"""The real program, in a pipe and in a pseudo terminal, and one embedded mesh that all of these tests share."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.mesh import tiny
from tests.needs import needs

PROGRAM = (sys.executable, "-m", "wasmnb")
# What an image's test must not inherit from who runs it.
QUIET = {"NO_COLOR": "", "PYTHONPATH": str(Path(__file__).parents[2])}


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str = ""

    @property
    def json(self):
        return json.loads(self.out)


@dataclass(frozen=True)
class Shell:
    """Runs the program with a store and a folder of its own.

    Parameters
    ----------
    folder : Path
    environment : dict
    """

    folder: Path
    environment: dict

    def start(self, *words, **more):
        kind = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "stdin": subprocess.DEVNULL, "text": True, **more}
        return subprocess.Popen([*PROGRAM, *map(str, words)], cwd=self.folder, env=self.environment, **kind)

    def __call__(self, *words, env=None, **more):
        changed = Shell(self.folder, {**self.environment, **(env or {})})
        with changed.start(*words, **more) as process:
            out, err = process.communicate(timeout=120)
        return Done(process.returncode, out, err)

    def terminal(self, *words, columns=80, env=None, typed=b"", until=b""):
        """Run it in a pseudo terminal; both outputs are one there."""
        pid, handle = pty.fork()
        if pid == 0:
            os.chdir(self.folder)
            os.execve(PROGRAM[0], [*PROGRAM, *map(str, words)], {**self.environment, "TERM": "xterm", **(env or {})})
        fcntl.ioctl(handle, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        seen, ended = b"", False
        end = time.monotonic() + 120
        while time.monotonic() < end:
            if not select.select([handle], [], [], 0.2)[0]:
                continue
            try:
                part = os.read(handle, 65536)
            except OSError:
                part = b""
            if not part:
                ended = True
                break
            seen += part
            if until and until in seen:
                os.write(handle, typed)
                until = b""
        if not ended:
            os.kill(pid, signal.SIGKILL)
        _, status = os.waitpid(pid, 0)
        os.close(handle)
        return Done(os.waitstatus_to_exitcode(status), seen.decode().replace("\r\n", "\n"))


@pytest.fixture(scope="session")
def place(tmp_path_factory):
    """A folder, a store and credentials for the whole run."""
    folder = tmp_path_factory.mktemp("cli")
    environment = {key: value for key, value in os.environ.items() if not key.startswith("WASMNB_") or "DIR" in key}
    environment |= {**QUIET, "WASMNB_STORE": str(folder / "store"), "DOCKER_CONFIG": str(folder / "docker")}
    environment.pop("COLUMNS", None)
    return Shell(folder, environment | {"WASMNB_TEST_RUN": os.environ.get("WASMNB_TEST_RUN", "")})


@pytest.fixture
def shell(place):
    return place


@pytest.fixture(scope="session")
@needs("compiler")
def modules(place):
    """Two modules in the store: ``local/tag-one`` and ``local/tag-two``."""
    for word in ("one", "two"):
        module = tiny.tag(word)
        (place.folder / f"tag-{word}.wasm").write_bytes(module.wasm)
        done = place("build", f"tag-{word}.wasm")
        assert done.code == 0, done.err
    return place


@pytest.fixture(scope="session")
@needs("envoy")
def running(place):
    """``wasmnb mesh local`` in another shell."""
    process = place.start("mesh", "local", "shop", stdout=subprocess.PIPE)
    lines = []
    for line in process.stderr:
        lines.append(line)
        if "Ctrl-C ends it" in line:
            break
    else:
        raise AssertionError("".join(lines))
    yield place
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert "details-v1" in out
    assert "the mesh 'shop' was ended; nothing of it runs" in err


@pytest.fixture
def mesh(running, modules):
    """The shared mesh, without plugins afterwards."""
    yield running
    for name in running("status", "-o", "json").json["verdicts"]:
        running("undeploy", name["plugin"])
