"""Where rustc, cargo and a linker for WebAssembly are on this machine."""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from wasmnb.compile.cache import workspace
from wasmnb.compile.process import run
from wasmnb.errors import ToolchainError
from wasmnb.paths import cache_dir

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["TARGET", "Tools", "environment", "find"]

TARGET = "wasm32-wasip1"
#: Where ``scripts/rust-from-debian.sh`` unpacks a toolchain, below the cache folder.
UNPACKED = "rust-debian"

# Of the user's environment, these would change what is made, or have something downloaded that nobody asked for.
_FOREIGN = ("RUSTFLAGS", "CARGO_BUILD_", "CARGO_PROFILE_", "CARGO_TARGET_", "CARGO_ENCODED_", "RUSTC", "LC_", "TMPDIR")


@dataclass(frozen=True)
class Tools:
    """A compiler with its standard library for `TARGET`.

    Parameters
    ----------
    rustc : str
        The program.
    cargo : str
        The program; empty when there is none.
    linker : str
        The compiler's own linker; empty when it has none, and zig's is to be taken.
    version : str
        All that ``rustc -vV`` says.
    """

    rustc: str
    cargo: str
    linker: str
    version: str

    @property
    def host(self) -> str:
        """The machine that it runs on, as it names it: ``x86_64-unknown-linux-gnu``."""
        return next((line[6:] for line in self.version.splitlines() if line.startswith("host: ")), "")

    @property
    def short(self) -> str:
        """Its first line, such as ``rustc 1.85.1``."""
        return " ".join(self.version.split("\n", 1)[0].split()[:2])


def environment() -> dict[str, str]:
    """Give the user's environment for tools that need it: the home folder, proxies, certificates."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)}
    return {**kept, "RUSTUP_AUTO_INSTALL": "0"}


def find() -> Tools:
    """Find a Rust compiler that can build a filter.

    Looked at are ``$WASMNB_RUST`` alone when it is set (a folder with ``bin/rustc`` in it, or the program itself), else
    ``rustc`` on the path, the other toolchains of rustup, and what ``scripts/rust-from-debian.sh`` has unpacked.

    Raises
    ------
    ToolchainError
        There is none, or none has a standard library for `TARGET`; the hint is the command that adds it here.
    """
    without: list[str] = []
    for program in _candidates():
        stat = program.stat()
        found = _probe(str(program), stat.st_mtime_ns, stat.st_size)
        library = Path(found.sysroot, "lib", "rustlib", TARGET, "lib")
        if any(library.glob("libstd-*.rlib")):
            return found.tools
        if found.tools.version:
            without.append(found.tools.short)
    if not without:
        raise ToolchainError("There is no Rust compiler on this machine.", hint=_install(None), code="WNB2001")
    raise ToolchainError(
        f"Rust has no standard library for {TARGET} here, which filters are built for.",
        why=[f"looked at: {', '.join(dict.fromkeys(without))}"],
        hint=_install(without[0]),
        code="WNB2004",
    )


@dataclass(frozen=True)
class _Found:
    tools: Tools
    sysroot: str


@lru_cache(maxsize=16)
def _probe(program: str, _changed: int, _size: int) -> _Found:
    """Ask a compiler what it is and where its libraries are; a changed program is asked again."""
    with workspace() as folder:
        said = run([program, "-vV"], folder, environment=environment())
        place = run([program, "--print", "sysroot"], folder, environment=environment())
    if said.code or place.code:
        return _Found(Tools(program, "", "", ""), os.devnull)
    sysroot = Path(place.output.strip())
    if sysroot.parent.name == "toolchains":
        # rustup's proxy would look for the right toolchain again with every call.
        program = str(sysroot / "bin" / "rustc")
    beside = Path(program).with_name("cargo")
    cargo = str(beside) if os.access(beside, os.X_OK) else shutil.which("cargo") or ""
    tools = Tools(program, cargo, "", said.output.strip())
    linker = sysroot / "lib" / "rustlib" / tools.host / "bin" / "rust-lld"
    return _Found(replace(tools, linker=str(linker)) if linker.is_file() else tools, str(sysroot))


def _candidates() -> Iterator[Path]:
    given = os.environ.get("WASMNB_RUST")
    if given:
        path = Path(given).expanduser()
        program = path if path.is_file() else path / "bin" / "rustc"
        if not os.access(program, os.X_OK):
            raise ToolchainError(
                "WASMNB_RUST names no Rust compiler.",
                why=[f"there is no program {program}"],
                hint="name a folder with bin/rustc in it, or leave the variable out",
                code="WNB2001",
            )
        yield program
        return
    home = Path(os.environ.get("CARGO_HOME") or Path.home() / ".cargo")
    rustup = Path(os.environ.get("RUSTUP_HOME") or Path.home() / ".rustup")
    on_path = shutil.which("rustc")
    guesses = [Path(on_path)] if on_path else [home / "bin" / "rustc"]
    guesses += sorted(rustup.glob("toolchains/*/bin/rustc"))
    guesses += sorted(cache_dir(UNPACKED).glob("*/bin/rustc"))
    yield from (path for path in guesses if os.access(path, os.X_OK))


def _install(there: str | None) -> str:
    """Give the command that adds what is missing, on this machine, where there is a compiler or none."""
    home = Path(os.environ.get("CARGO_HOME") or Path.home() / ".cargo")
    if shutil.which("rustup") or (home / "bin" / "rustup").is_file():
        # A rustup without a toolchain has none to add a target to.
        return f"{'' if there else 'rustup default stable && '}rustup target add {TARGET}"
    if _debian() and shutil.which("apt-get"):
        return "apt-get install rustc cargo libstd-rust-dev-wasm32"
    if sys.platform == "darwin" and shutil.which("brew"):
        return f"brew install rustup, then: rustup default stable && rustup target add {TARGET}"
    return f"install rustup (https://rustup.rs), then: rustup target add {TARGET}"


def _debian() -> bool:
    """Tell whether this is a Debian whose own Rust is new enough: 13 has 1.85, 12 has 1.63."""
    try:
        lines = Path("/etc/os-release").read_text(encoding="utf-8").splitlines()
    except OSError:
        return False
    facts = {name: value.strip('"') for name, _, value in (line.partition("=") for line in lines)}
    version = facts.get("VERSION_ID", "999").split(".", 1)[0]
    return facts.get("ID") == "debian" and version.isdigit() and int(version) >= 13  # noqa: PLR2004
