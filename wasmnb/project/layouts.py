"""What a project folder looks like in a language: where the filter lies, and the files beside it that build it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from wasmnb import sdk

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["ASSEMBLYSCRIPT", "CPP", "GO", "RUST", "Layout"]

_HERE = Path(__file__).parent / "templates"


def _nothing() -> dict[str, bytes]:
    return {}


@dataclass(frozen=True)
class Layout:
    """The layout of projects in one language, which `wasmnb.compile.languages.Language` names.

    Parameters
    ----------
    source : str
        Where the filter lies; the end of its name is that of a template's source.
    folder : pathlib.Path
        What holds the files.
    files : mapping of str to str
        What is beside the filter, by its path in the project: the name in ``folder``.
    needs : str
        What builds it, in words.
    abi : str
        What its SDK is for, as a runtime configuration says it.
    more : callable
        Gives files that lie elsewhere, by their path in the project.
    rows : mapping of str to str
        What the project's README says of them.
    """

    source: str
    folder: Path
    files: Mapping[str, str]
    needs: str
    abi: str
    more: Callable[[], dict[str, bytes]] = _nothing
    rows: Mapping[str, str] = field(default_factory=dict)

    def read(self) -> dict[str, bytes]:
        """Give every file but the filter."""
        return {path: (self.folder / name).read_bytes() for path, name in self.files.items()} | self.more()


def _sdk() -> dict[str, bytes]:
    """Give our C++ SDK, for those who build without us."""
    root = sdk.include_dir.parent
    own = [*sorted(sdk.include_dir.rglob("*.h")), *sdk.sources(), root / "src" / "internal.h"]
    found = {f"proxy_wasm_sdk/{path.relative_to(root).as_posix()}": path.read_bytes() for path in own}
    return {**found, "proxy_wasm_sdk/LICENSE": (_HERE / "cpp" / "SDK-LICENSE").read_bytes()}


def _same(*names: str) -> dict[str, str]:
    return {name: name for name in names}


CPP = Layout(
    "filter.cc",
    _HERE / "cpp",
    _same("Makefile"),
    "a clang with a WASI library: `pip install ziglang`, or the WASI SDK",
    "v0.2.1",
    _sdk,
    {"proxy_wasm_sdk/": "the SDK, compiled with the filter (Apache-2.0)"},
)
RUST = Layout(
    "src/lib.rs",
    _HERE / "rust",
    _same("Makefile", "Cargo.toml"),
    "Rust with `rustup target add wasm32-wasip1`",
    "v0.2.1",
)
GO = Layout("main.go", _HERE / "go", _same("Makefile", "go.mod", "go.sum"), "Go 1.24 or newer", "v0.2.0")
ASSEMBLYSCRIPT = Layout(
    "assembly/filter.ts",
    _HERE / "assemblyscript",
    {
        **_same("Makefile", "asconfig.json", "build.mjs", "package.json", "package-lock.json"),
        "assembly/index.ts": "index.ts",
        "assembly/json.ts": "json.ts",
    },
    "Node.js 20 or newer, with npm",
    "v0.2.1",
)
