"""What is compiled once for a set of crates, so that a cell alone is compiled afterwards."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wasmnb.compile.cache import Entry, Store, digest, io_errors, workspace
from wasmnb.compile.process import Finished, end, run, start
from wasmnb.compile.rust.instances import CRATE, make, used
from wasmnb.compile.rust.linkers import host_linker, write_program
from wasmnb.compile.rust.problems import cargo_error, unreachable
from wasmnb.compile.rust.source import Dependency
from wasmnb.compile.rust.tools import TARGET, Tools, environment
from wasmnb.compile.zig import zig
from wasmnb.errors import ToolchainError
from wasmnb.paths import cache_dir

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from wasmnb.progress import Progress

__all__ = [
    "CRATES",
    "LOCKS",
    "SDK",
    "Compiled",
    "compiled",
    "environment_of",
    "lock",
    "ready",
    "shared_target",
]

#: Every cell has these; one that asks for another version gets it.
SDK = (Dependency("proxy-wasm", '"=0.2.5"'), Dependency("log", '"=0.4.35"'))
# What they stand on is held at these versions, as far as a cell's own crates allow.
_PINS = {"allocator-api2": "0.2.21", "equivalent": "1.0.3", "foldhash": "0.2.0", "hashbrown": "0.16.1"}

LOCKS = Store("rust-locks", keep=200)
CRATES = Store("rust-crates", keep=12)

_RECIPE = 1
# cargo's own folder grows with every crate and version; it is made again when it is larger than this.
_MOST = 2 * 1024**3
_MACROS = (".so", ".dylib")
_STAGE = "compiling the Rust crates, once for this set of crates"
# The SDK's own part is in every module, and a proxy compiles a module when it loads it: smaller is sooner live.
_MANIFEST = """[package]
name = "cell"
version = "0.0.0"
edition = "2021"

[lib]
path = "lib.rs"

[workspace]

[profile.release]
opt-level = "s"
panic = "abort"
debug = false
incremental = false

[profile.release.package.proxy-wasm]
opt-level = "z"

[dependencies]
"""


@dataclass(frozen=True)
class Compiled:
    """Compiled crates: their folder, the files of those that the cell may name, and a linker for them."""

    entry: Entry

    @property
    def options(self) -> list[str]:
        """What rustc is to be told."""
        named: Mapping[str, str] = self.entry.notes["externs"]
        instances: str = self.entry.notes["instances"]
        own = {CRATE: instances} if instances else {}
        return [*_named({**named, **own}, self.entry.folder), f"-Clinker={self.linker}"]

    def beside(self, program: str) -> str:
        """Give a program that has what is compiled beside the crates; no line of it moves."""
        if not self.entry.notes["instances"]:
            return program
        end = "" if program.endswith("\n") else "\n"
        return f"{program}{end}extern crate {CRATE} as _;\n"

    @property
    def linker(self) -> str:
        """The program that rustc links with."""
        return str(self.entry.notes["linker"] or self.entry.path("linker"))


def lock(tools: Tools, asked: Sequence[Dependency], progress: Progress | None = None) -> str:
    """Choose a version of every crate; once chosen they stay, until the cell asks for others.

    Returns
    -------
    str
        ``Cargo.lock``.

    Raises
    ------
    CompileError
        A crate that the cell asks for does not exist, or the versions cannot be used together.
    ToolchainError
        There is no cargo, or the registry of crates cannot be reached.
    """

    def fill(folder: Path) -> Mapping[str, Any]:
        if progress:
            progress.update("choosing the versions of the Rust crates")
        with workspace() as work:
            _write(work, asked)
            _cargo(tools, work, asked, "generate-lockfile")
            chosen = (work / "Cargo.lock").read_text(encoding="utf-8")
            for name, version in _PINS.items():
                major = version.rsplit(".", 1)[0]
                other = f'name = "{name}"\nversion = "{major}.'
                if other in chosen and f'name = "{name}"\nversion = "{version}"' not in chosen:
                    # A cell's own crate may need another one: then that one stays.
                    words = (tools.cargo, "update", f"{name}@{_locked(chosen, name, major)}", "--precise", version)
                    run(words, work, environment=environment_of(tools))
            with io_errors():
                shutil.copyfile(work / "Cargo.lock", folder / "Cargo.lock")
        return {}

    text = LOCKS.once(_lock_key(tools, asked), fill).read("Cargo.lock")
    return (text or b"").decode()


def compiled(tools: Tools, asked: Sequence[Dependency], locked: str, progress: Progress | None = None) -> Compiled:
    """Give the crates for `TARGET`, compiled.

    Raises
    ------
    CompileError
        A crate that the cell asks for does not compile.
    ToolchainError
        There is no cargo, a crate cannot be fetched, or the disk is full.
    """

    def fill(folder: Path) -> Mapping[str, Any]:
        with workspace(large=True) as work:
            _write(work, asked, locked)
            externs = _Build(tools, asked, work, folder, progress).run()
            instances = make(tools, used(asked), _named(externs, folder), work, folder)
        if not tools.linker:
            # rustc's first two words choose one of lld's faces.
            write_program(folder / "linker", "shift 2", "wasm-ld")
        return {"externs": externs, "instances": instances, "linker": tools.linker}

    return Compiled(CRATES.once(_key(tools, asked, locked), fill))


def ready(tools: Tools, asked: Sequence[Dependency]) -> bool:
    """Tell whether these crates are compiled, so that no cell waits for them."""
    entry = LOCKS.get(_lock_key(tools, asked))
    locked = (entry.read("Cargo.lock") if entry else None) or b""
    return bool(locked) and CRATES.get(_key(tools, asked, locked.decode())) is not None


def _lock_key(tools: Tools, asked: Sequence[Dependency]) -> str:
    return digest(json.dumps([_RECIPE, _manifest(asked), _PINS, tools.version]).encode())


def _key(tools: Tools, asked: Sequence[Dependency], locked: str) -> str:
    linker = tools.linker or zig().program
    follows = [_RECIPE, _manifest(asked), locked, used(asked), tools.version, tools.rustc, linker]
    return digest(json.dumps(follows).encode())


def _named(files: Mapping[str, str], folder: Path) -> list[str]:
    """Give the options that name libraries in a folder."""
    return [f"-Ldependency={folder}", *(f"--extern={name}={folder / file}" for name, file in sorted(files.items()))]


def _write(work: Path, asked: Sequence[Dependency], locked: str = "") -> None:
    with io_errors():
        (work / "Cargo.toml").write_text(_manifest(asked), encoding="utf-8")
        (work / "lib.rs").touch()
        if locked:
            (work / "Cargo.lock").write_text(locked, encoding="utf-8")


def _manifest(asked: Sequence[Dependency]) -> str:
    named = {one.name.replace("_", "-"): one for one in SDK}
    named.update((one.name.replace("_", "-"), one) for one in asked)
    return _MANIFEST + "".join(f"{one.name} = {one.value}\n" for one in named.values())


def _locked(text: str, name: str, major: str) -> str:
    after = text.split(f'name = "{name}"\nversion = "{major}.', 1)[1]
    return f"{major}.{after.split(chr(34), 1)[0]}"


def shared_target(tools: Tools) -> Path:
    """Give the folder in which cargo keeps what it compiled: one crate more does not compile the others again."""
    with io_errors():
        folder = cache_dir("rust-target", digest(tools.version.encode())[:16])
        if sum(path.lstat().st_size for path in folder.rglob("*")) > _MOST:
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(exist_ok=True)
    return folder


def environment_of(tools: Tools) -> dict[str, str]:
    """Give the variables under which cargo works: the user's, as far as they change nothing that is made."""
    return {
        **environment(),
        "RUSTC": tools.rustc,
        "CARGO_RESOLVER_INCOMPATIBLE_RUST_VERSIONS": "fallback",
        "CARGO_TERM_COLOR": "never",
        "CARGO_TERM_PROGRESS_WHEN": "never",
    }


def _cargo(tools: Tools, work: Path, asked: Sequence[Dependency], *words: str) -> Finished:
    if not tools.cargo:
        raise ToolchainError(
            "There is a Rust compiler, but no cargo, which fetches the crates.",
            hint="install cargo, or rustup",
            code="WNB2001",
        )
    finished = run([tools.cargo, *words], work, environment=environment_of(tools))
    if finished.code and unreachable(finished.messages):
        # What has been fetched before, for something else, may be enough.
        again = run([tools.cargo, *words, "--offline"], work, environment=environment_of(tools))
        finished = finished if again.code else again
    if finished.code:
        raise cargo_error(finished.messages, asked)
    return finished


@dataclass
class _Build:
    """One run of cargo in its folder."""

    tools: Tools
    asked: Sequence[Dependency]
    work: Path
    folder: Path
    progress: Progress | None

    def run(self) -> dict[str, str]:
        """Compile, and keep the libraries; give the file of each crate that the cell may name."""
        if self.progress:
            self.progress.update("fetching the Rust crates")
        words = ("metadata", "--format-version=1", "--locked", f"--filter-platform={TARGET}")
        facts = json.loads(_cargo(self.tools, self.work, self.asked, *words).output)
        artifacts = self._compile(facts)
        with io_errors():
            for path in artifacts.values():
                shutil.copyfile(path, self.folder / path.name)
        nodes = facts["resolve"]["nodes"]
        root = next(node for node in nodes if node["id"] == facts["resolve"]["root"])
        return {one["name"]: artifacts[one["pkg"]].name for one in root["deps"] if one["pkg"] in artifacts}

    def _compile(self, facts: Mapping[str, Any]) -> dict[str, Path]:
        # Where the sources lie must not be in a module: a panic's message names a file.
        folders = {str(Path(item["manifest_path"]).parent.parent) for item in facts["packages"] if item["source"]}
        flags = [f"--remap-path-prefix={folder}=crates" for folder in sorted(folders)]
        words = ["build", "--release", "--locked", f"--target={TARGET}", "--message-format=json"]
        words.append(f"--target-dir={shared_target(self.tools)}")
        extra = {
            **environment_of(self.tools),
            **host_linker(self.tools, self.folder),
            "CARGO_ENCODED_RUSTFLAGS": "\x1f".join(flags),
        }
        with tempfile.TemporaryFile(dir=self.work) as messages:
            process = start([self.tools.cargo, *words], self.work, environment=extra, messages=messages)
            try:
                while process.poll() is None:
                    time.sleep(0.1)
                    self._report(messages.fileno(), len(facts["packages"]) - 1)
            finally:
                end(process)
            messages.seek(0)
            text = messages.read().decode(errors="replace")
        finished = Finished(process.returncode, "", text)
        finished.refuse_exhaustion()
        if finished.code:
            raise cargo_error(text, self.asked)
        return dict(self._artifacts(text))

    def _report(self, messages: int, total: int) -> None:
        if self.progress:
            # cargo goes on writing where the file stands, so that must not be moved.
            said = os.pread(messages, os.fstat(messages).st_size, 0)
            done = said.count(b'{"reason":"compiler-artifact"') - said.count(b'"kind":["custom-build"]')
            self.progress.update(_STAGE, min(max(done, 0), total), total)

    def _artifacts(self, text: str) -> list[tuple[str, Path]]:
        """Give, by package, the libraries for the target, and the macros, which run in the compiler."""
        found = []
        for line in text.splitlines():
            item = json.loads(line) if line.startswith("{") else {}
            if item.get("reason") != "compiler-artifact" or "custom-build" in item["target"]["kind"]:
                continue
            if item["target"]["name"] == "cell":
                continue
            macro = "proc-macro" in item["target"]["kind"]
            paths = [Path(name) for name in item["filenames"]]
            # A library that only macros use is built for this machine; it has no part in the cell.
            wanted = [path for path in paths if path.suffix in _MACROS or (not macro and TARGET in path.parts)]
            found += [(item["package_id"], path) for path in wanted if macro or path.suffix == ".rlib"]
        return found
