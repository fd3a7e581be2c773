"""The Rust toolchain: crates are compiled once by cargo, then the cell alone by rustc."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wasmnb.compile import cached_build
from wasmnb.compile.cache import Store, io_errors, workspace
from wasmnb.compile.cached_build import Made, Stages
from wasmnb.compile.process import run
from wasmnb.compile.rust import crates, project
from wasmnb.compile.rust.flags import Flags
from wasmnb.compile.rust.instances import used
from wasmnb.compile.rust.messages import CELL, compile_error, read
from wasmnb.compile.rust.problems import undefined, unlinked
from wasmnb.compile.rust.source import Source
from wasmnb.compile.rust.tools import TARGET, Tools, find
from wasmnb.compile.zig import zig
from wasmnb.errors import UsageError
from wasmnb.module.envoy_abi import ABIS, functions
from wasmnb.module.facts import read as facts
from wasmnb.module.parse import parse
from wasmnb.wording import Verb, Wording

if TYPE_CHECKING:
    from wasmnb.check import Check
    from wasmnb.compile.filter import Filter
    from wasmnb.module import Module
    from wasmnb.progress import Progress

__all__ = ["MODULES", "RustToolchain"]

MODULES = Store("modules", keep=400)

_RECIPE = 3
_WRITE = Wording(
    "write the filter's Rust below the {} line", Verb("filter", cell=True), python="give the filter's Rust"
)
_OPTIONS = (
    "--crate-name=cell",
    "--crate-type=cdylib",
    f"--target={TARGET}",
    "--error-format=json",
    "-Cpanic=abort",
    # More than half of the time is LLVM's: in parts it works on several cores. What the parts would win of each other
    # is little, since most of a module comes from the crates.
    "-Ccodegen-units=4",
    "-Clto=off",
    "-Cembed-bitcode=no",
    # Names stay, for backtraces; a panic's message tells the cell's line by itself.
    "-Cstrip=debuginfo",
    "-Clink-arg=--demangle",
    "-Clink-arg=--build-id=none",
)


class RustToolchain:
    """Builds Rust filters (`wasmnb.compile.languages.Toolchain`)."""

    language = "rust"

    def build(self, filter: Filter, *, progress: Progress | None = None, force: bool = False) -> Module:  # noqa: A002
        """Compile and link a filter, or find its module in the cache.

        Parameters
        ----------
        filter : Filter
            A cell, or a project with a ``Cargo.toml``.
        progress : Progress, optional
        force : bool
            Compile even when the cache has the module.

        Raises
        ------
        CompileError, LinkError
            The source is at fault, or a crate that it asks for; ``diagnostics`` has every message with its line.
        ToolchainError
            The compiler is missing or broken, a crate cannot be fetched, or the disk is full.
        UsageError
            There is no source, or a flag or a line of crates cannot be read.
        """
        if any(path == project.MANIFEST for path, _ in filter.files):
            return project.build(filter, MODULES, progress=progress, force=force)
        stages = Stages(progress)
        flags, source = Flags.parse(filter.flags), Source(filter.source, filter.first_line)
        if source.empty:
            raise UsageError("The cell has no source.", hint=_WRITE)
        asked, tools = source.dependencies, find()
        locked = crates.lock(tools, asked, progress)
        linker = tools.linker or zig().version
        follows = [_RECIPE, tools.version, linker, locked, used(asked), _OPTIONS, flags.options]

        def make(stages: Stages) -> Made:
            program = source.complete()
            stages.end("prepare")
            ready = crates.compiled(tools, asked, locked, progress)
            stages.end("crates")
            stages.begin("compiling")
            made = _compile(tools, ready, source, ready.beside(program), flags)
            stages.end("compile")
            return made

        return cached_build.build(filter, MODULES, follows, make, force=force, stages=stages)

    def at_hand(self, filter: Filter) -> bool:  # noqa: A002
        """Tell whether the crates that a cell asks for are compiled: nothing is fetched, and no code of theirs runs."""
        return crates.ready(find(), Source(filter.source, filter.first_line).dependencies)

    def doctor(self) -> list[Check]:
        """Look at the compiler, its standard library, cargo, the crates and the cache."""
        from wasmnb.compile.rust.doctor import checks  # noqa: PLC0415

        return checks()


def _compile(tools: Tools, ready: crates.Compiled, source: Source, program: str, flags: Flags) -> Made:
    """Compile the cell and link it."""
    with workspace() as work:
        with io_errors():
            # Blank lines in front make the compiler's lines the cell's lines.
            (work / CELL).write_bytes(("\n" * (source.first_line - 1) + program).encode(errors="replace"))
        command = [tools.rustc, CELL, *_OPTIONS, *flags.options, *ready.options, "-o", "cell.wasm"]
        finished = run(command, work)
        found = read(finished.messages, source.text, source.first_line)
        if finished.code:
            raise unlinked(found, source) or compile_error(found, finished)
        linked = (work / "cell.wasm").read_bytes()
    abi, imports = facts(linked).abi, parse(linked).imports
    known = functions(abi if abi in ABIS else ABIS[-1])
    absent = [item.name for item in imports if item.module == "env" and f"env.{item.name}" not in known]
    if absent:
        raise undefined(absent, source)
    warned = [item for item in found if item.severity == "warning"]
    return Made(linked, warnings=(*source.doubtful(), *warned))
