"""A Rust toolchain for the tests: the machine's own, or Debian's, unpacked; and one cache for all of them."""

from __future__ import annotations

import subprocess
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.sdk.harness import Plugin, Proxy
from tests.sdk.upstream import Upstream
from wasmnb.compile import Filter, process
from wasmnb.compile.rust import tools
from wasmnb.errors import ToolchainError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from wasmnb.module import Module

SCRIPT = Path(__file__).parents[2] / "scripts" / "rust-from-debian.sh"
USE = "use proxy_wasm::traits::*;\nuse proxy_wasm::types::*;\n"
BODY_LINE = 8
SKELETON = f"""{USE}
struct Http;
impl Context for Http {{}}
impl HttpContext for Http {{
    fn on_http_response_headers(&mut self, _: usize, _: bool) -> Action {{
        BODY
        Action::Continue
    }}
}}
"""


def cell(body: str = 'self.add_http_response_header("x-cell", "1");') -> str:
    """A whole filter whose callback has this body, at `BODY_LINE` of the source."""
    return SKELETON.replace("BODY", body)


def rust() -> str:
    """Find the machine's own Rust, or unpack Debian's.

    Raises
    ------
    ToolchainError
    """
    try:
        return tools.find().rustc
    except ToolchainError as error:
        finished = subprocess.run(["sh", str(SCRIPT)], capture_output=True, text=True, timeout=600, check=False)
        if finished.returncode:
            raise ToolchainError(error.what, why=finished.stderr.strip().splitlines()[-1:], hint=error.hint) from error
    return finished.stdout.strip()


@pytest.fixture(scope="session")
def installed() -> str:
    """What ``WASMNB_RUST`` is to be for the tests; they are skipped where there is no Rust and none can be had."""
    try:
        return rust()
    except ToolchainError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def shared_cache(installed: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache with the crates in it that every cell uses."""
    cache = tmp_path_factory.mktemp("rust-cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WASMNB_CACHE_DIR", str(cache))
        patch.setenv("WASMNB_RUST", installed)
        try:
            Filter("first", cell(), "rust").build()
        except ToolchainError as error:
            if "cannot be fetched" not in str(error):
                raise
            pytest.skip(str(error))
    return cache


@pytest.fixture
def cache(shared_cache: Path, installed: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("WASMNB_CACHE_DIR", str(shared_cache))
    monkeypatch.setenv("WASMNB_RUST", installed)
    return shared_cache


@pytest.fixture
def build(cache: Path) -> Callable[..., Module]:
    def build_source(source: str, *flags: str, **options: Any) -> Module:
        first_line = options.pop("first_line", 1)
        return Filter("tested", source, "rust", flags, first_line).build(**options)

    return build_source


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Every command that a build starts."""
    commands: list[list[str]] = []
    real = process.start

    def start(command: Any, folder: Path, **options: Any) -> Any:
        commands.append([str(word) for word in command])
        return real(command, folder, **options)

    monkeypatch.setattr(process, "start", start)
    return commands


@pytest.fixture(scope="session")
def upstream() -> Iterator[Upstream]:
    with Upstream() as running:
        yield running


@pytest.fixture
def start(build: Callable[..., Module], upstream: Upstream, tmp_path: Path) -> Iterator[Callable[..., Proxy]]:
    """Give a function that starts a proxy with one plugin, made of Rust text."""
    with ExitStack() as stack:

        def start(source: str, **plugin: Any) -> Proxy:
            return stack.enter_context(Proxy(tmp_path, upstream, http=[Plugin(build(source), **plugin)]))

        yield start
