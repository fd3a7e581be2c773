"""However a build ends, its container is gone."""

from __future__ import annotations

import _thread
import contextlib
import re
import signal
import subprocess
import sys
import textwrap
import time
from typing import TYPE_CHECKING

import pytest

from tests.container.conftest import IMAGE, MAKER, Engine
from tests.worded import in_cell
from wasmnb.compile.container import build_in_container
from wasmnb.errors import Interrupted, ToolchainError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FOREVER = "echo running; while true; do sleep 1; done"


def test_ctrl_c_stops_and_removes_the_container(engine: Engine, folder: Path) -> None:
    seen: list[object] = []

    def interrupt(line: str) -> None:
        (container,) = engine.containers()
        seen.extend([line, container["Labels"], container["Names"]])
        _thread.interrupt_main()

    with pytest.raises(Interrupted) as raised:
        build_in_container(folder, IMAGE, command=FOREVER, log=interrupt, timeout=60)
    assert raised.value.hint == "its container is removed; what it had half written may be in the folder"
    line, labels, names = seen
    assert line == "running"
    assert isinstance(labels, dict)
    assert re.fullmatch(r"[0-9a-f]{12}", labels["wasmnb.compile"])
    assert labels["wasmnb.compile"] in str(names)


def test_what_a_killed_kernel_left_goes_with_the_next_build(docker: Engine, folder: Path) -> None:
    with _building(folder, "killed") as killed, _building(folder, "living") as living:
        killed.kill()
        killed.wait(10)
        assert len(docker.containers()) == 2
        assert build_in_container(folder, MAKER).name == "made"
        assert len(docker.containers()) == 1, "what somebody waits for stays"
        living.send_signal(signal.SIGINT)
        said = living.communicate(timeout=30)[1]
    # It had said nothing yet.
    assert said.strip().endswith(f"The build of 'header-filter' in {IMAGE} was stopped.")
    assert docker.containers() == []


@contextlib.contextmanager
def _building(folder: Path, name: str) -> Iterator[subprocess.Popen[str]]:
    """Build in a process of its own, without end, and wait until the container runs."""
    script = """
        import sys
        from wasmnb.compile.container import build_in_container
        from wasmnb.errors import Interrupted
        try:
            build_in_container(sys.argv[1], sys.argv[2], command=f"touch {sys.argv[3]}; sleep 1000", timeout=60)
        except Interrupted as error:
            sys.exit(error.what)
    """
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script), str(folder), IMAGE, name], stderr=subprocess.PIPE, text=True
    )
    with process:
        try:
            while not (folder / name).exists() and process.poll() is None:
                time.sleep(0.02)
            yield process
        finally:
            process.kill()


def test_a_build_that_takes_too_long_is_stopped(docker: Engine, folder: Path) -> None:
    with pytest.raises(ToolchainError, match=r"stopped after 0\.5 s") as raised:
        build_in_container(folder, IMAGE, command=FOREVER, timeout=0.5)
    assert raised.value.why in ((), ("running",))
    assert in_cell(raised.value).hint == (
        "build it in a terminal, and keep what it makes with %wasm_build precompiled FILE"
    )


def test_one_that_hung_up_its_output_too(docker: Engine, folder: Path) -> None:
    with pytest.raises(ToolchainError, match=r"stopped after 0\.5 s"):
        build_in_container(folder, IMAGE, command="exec >&- 2>&-; sleep 1000", timeout=0.5)


def test_an_error_of_whoever_shows_the_log_ends_the_build(docker: Engine, folder: Path) -> None:
    def broken(line: str) -> None:
        raise RuntimeError(line)

    with pytest.raises(RuntimeError, match="running"):
        build_in_container(folder, IMAGE, command=FOREVER, log=broken)


def test_a_flood_of_words_is_taken_and_cut(docker: Engine, folder: Path) -> None:
    count, widest = 0, 0

    def measure(line: str) -> None:
        nonlocal count, widest
        count, widest = count + 1, max(widest, len(line))

    command = "dd if=/dev/zero bs=64k count=64 2>/dev/null; seq 1 20000; cp /bin/module.wasm x.wasm"
    build_in_container(folder, IMAGE, command=command, log=measure)
    assert count > 20000
    assert widest <= 8192


def test_a_program_that_the_image_does_not_have(engine: Engine, folder: Path) -> None:
    with pytest.raises(ToolchainError, match=r"cannot run 'cargo'") as raised:
        build_in_container(folder, IMAGE, command=["cargo", "build"])
    assert raised.value.hint == "give a command that the image has"


def test_an_image_without_a_command(docker: Engine, folder: Path) -> None:
    with pytest.raises(UsageError, match="no command of its own") as raised:
        build_in_container(folder, IMAGE)
    assert in_cell(raised.value).hint == "give one: --command make"


def test_a_program_that_the_shell_does_not_find(docker: Engine, folder: Path) -> None:
    with pytest.raises(ToolchainError, match="exit code 127") as raised:
        build_in_container(folder, IMAGE, command="bazel build //...")
    assert "program is missing" in raised.value.hint
    assert "bazel: not found" in raised.value.why[-1]


def test_nothing_of_the_build_remains_but_its_files(docker: Engine, folder: Path) -> None:
    before = set(folder.iterdir())
    build_in_container(folder, MAKER)
    assert set(folder.iterdir()) - before == {folder / "made.wasm"}
