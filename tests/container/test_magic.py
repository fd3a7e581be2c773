"""A container's build as a user asks for it: a line in a notebook, a session in Python."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from IPython.utils.capture import capture_output

from tests.container.conftest import IMAGE, Engine
from tests.magics.conftest import own_places, shell  # noqa: F401 - fixtures
from tests.module.builder import good

if TYPE_CHECKING:
    from pathlib import Path

    from IPython.core.interactiveshell import InteractiveShell


def test_a_folder_is_built_in_the_users_image_and_kept_in_the_store(
    docker: Engine,
    folder: Path,
    shell: InteractiveShell,  # noqa: F811
) -> None:
    (folder / "made").write_bytes(bytes(good()))
    line = f"{folder} --in-container {IMAGE} --command 'echo begins; cp made out.wasm' -t local/boxed:v1"
    with capture_output() as shown:
        built = shell.run_line_magic("wasm_build", line)
        again = shell.run_line_magic("wasm_build", line)
    assert "begins\n" in shown.stdout
    assert built.reference == "local/boxed:v1"
    assert built.image.module.wasm == bytes(good())
    assert (again.digest, again.unchanged) == (built.digest, True)
    assert "local/boxed" in repr(shell.run_line_magic("wasm_list", ""))


def test_without_a_daemon_the_way_out_is_named(
    folder: Path,
    shell: InteractiveShell,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/engine.sock")
    with capture_output() as shown:
        result = shell.run_cell(f"%wasm_build {folder} --in-container {IMAGE}")
    assert type(result.error_in_exec).__name__ == "ToolchainError"
    assert "No container daemon answers." in shown.stdout + shown.stderr
    assert "without --in-container" in shown.stdout + shown.stderr
