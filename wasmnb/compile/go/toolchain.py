"""The Go toolchain: a cell goes through ``go build`` as a WASI reactor, and comes out as a module that Envoy takes."""

from __future__ import annotations

import re
import shlex
from functools import partial
from typing import TYPE_CHECKING

from wasmnb.compile import cached_build
from wasmnb.compile.cache import Store, io_errors, workspace
from wasmnb.compile.cached_build import Made, Stages
from wasmnb.compile.diagnostics import Diagnostic, line_of
from wasmnb.compile.errors import CompileError
from wasmnb.compile.go import messages, modules, project
from wasmnb.compile.go.compiler import Go, environment, find
from wasmnb.compile.go.source import never_called, package, registers, whole
from wasmnb.errors import Place, ToolchainError, UsageError
from wasmnb.paths import cache_dir
from wasmnb.wording import Verb, Wording

if TYPE_CHECKING:
    from pathlib import Path

    from wasmnb.check import Check
    from wasmnb.compile.filter import Filter
    from wasmnb.compile.process import Finished
    from wasmnb.module import Module
    from wasmnb.progress import Progress

__all__ = ["MODULES", "GoToolchain"]

# A Go module has two megabytes, and is kept with and without names.
MODULES = Store("modules-go", keep=60)

_RECIPE = 1
# A reactor; and nothing of this machine in the module: no path, no commit, no build id.
_OPTIONS = ("-buildmode=c-shared", "-trimpath", "-buildvcs=false")
_FLAGS = re.compile(r"-(?:tags|gcflags|ldflags)=.*", re.DOTALL)


class GoToolchain:
    """Builds Go filters (`wasmnb.compile.languages.Toolchain`)."""

    language = "go"

    def build(self, filter: Filter, *, progress: Progress | None = None, force: bool = False) -> Module:  # noqa: A002
        """Compile a filter, or find its module in the cache.

        Parameters
        ----------
        filter : Filter
            A ``package main`` that sets its context in ``init()``; the package clause and an empty ``main()`` may be
            left out. ``// deps: path@version`` lines above the code name further modules.
            Or a project with a ``go.mod``.
        progress : Progress, optional
        force : bool
            Compile even when the cache has the module.

        Raises
        ------
        CompileError
            The source is at fault; ``diagnostics`` has every message with its line in the cell.
        ToolchainError
            There is no Go, or the disk, the memory or the network is at fault.
        UsageError
            There is no source, or a flag or a module's name is not allowed.
        """
        _refuse_flags(filter.flags)
        if any(path == project.MANIFEST for path, _ in filter.files):
            return project.build(filter, MODULES, _OPTIONS, progress=progress, force=force)
        deps, go = modules.asked(filter), find()
        follows = [_RECIPE, go.version, modules.SDK_VERSION, list(_OPTIONS), list(deps)]
        make = partial(_make, filter, go, deps)
        return cached_build.build(filter, MODULES, follows, make, progress=progress, force=force)

    def prepare(self, progress: Progress | None = None) -> None:
        """Download the SDK and compile Go's runtime, so that no cell waits for it.

        Raises
        ------
        ToolchainError
        """
        go = find()
        source = f'import _ "{modules.SDK}/proxywasm"\n'
        with workspace(large=True) as work:
            files = {**modules.provide(go, (), progress), **whole(source, 1)}
            finished = _go_build(go, (), work, files, progress)
        if finished.code:
            raise _broken(finished)

    def at_hand(self, filter: Filter) -> bool:  # noqa: A002
        """Tell whether the modules that a cell asks for have been downloaded."""
        return modules.at_hand(modules.asked(filter), modules.imported(filter.source))

    def doctor(self) -> list[Check]:
        """Look at the compiler and the SDK."""
        from wasmnb.compile.go.doctor import checks  # noqa: PLC0415

        return checks()


def _refuse_flags(flags: tuple[str, ...]) -> None:
    for flag in flags:
        if not _FLAGS.fullmatch(flag):
            raise UsageError(
                f"{flag!r} is not a flag that a Go filter can be built with.",
                where=Place("the filter's flags", quote=flag),
                hint="use -tags=..., -gcflags=... or -ldflags=...",
            )


def _make(filter: Filter, go: Go, deps: tuple[str, ...], stages: Stages) -> Made:  # noqa: A002
    _refuse_package(filter)
    stages.begin("preparing")
    provided = modules.provide(go, deps, stages.progress, modules.imported(filter.source))
    stages.end("prepare")
    stages.begin("compiling")
    with workspace(large=True) as work:
        files = {**provided, **whole(filter.source, filter.first_line)}
        finished = _go_build(go, filter.flags, work, files, stages.progress)
        if finished.code:
            raise _refusal(finished, filter)
        with io_errors():
            wasm = (work / "filter.wasm").read_bytes()
    stages.end("compile")
    return Made(wasm, warnings=_warnings(filter))


def _go_build(
    go: Go, flags: tuple[str, ...], work: Path, files: dict[str, bytes], progress: Progress | None
) -> Finished:
    with io_errors():
        warm = cache_dir("go") / f"warm-{go.version}"
        ready = warm.exists()
    if progress and not ready:
        progress.update("compiling Go's runtime for WebAssembly (once)")
    linker = " ".join(["-buildid=", *(flag[9:] for flag in flags if flag.startswith("-ldflags="))])
    others = [flag for flag in flags if not flag.startswith("-ldflags=")]
    command = ["build", *_OPTIONS, f"-ldflags={linker}", *others, "-o", str(work / "filter.wasm"), "."]
    finished = modules.in_module(go, command, work, files, environment())
    if not ready and finished.code == 0:
        with io_errors():
            warm.touch()
    return finished


def _refuse_package(filter: Filter) -> None:  # noqa: A002
    named = package(filter.source)
    if named is None or named[0] == "main":
        return
    raise _at(filter, named[1], f"a filter is package main, not package {named[0]}")


def _at(filter: Filter, offset: int, what: str) -> CompileError:  # noqa: A002
    diagnostic = _diagnostic(filter, offset, "error", what)
    hint = "write package main, or leave the line out"
    what = f"The cell does not compile: {what}."
    return CompileError(what, where=diagnostic.place, hint=hint, diagnostics=[diagnostic])


def _diagnostic(filter: Filter, offset: int, severity: str, message: str) -> Diagnostic:  # noqa: A002
    before = filter.source[:offset]
    line = before.count("\n") + filter.first_line
    quote = line_of(filter.source, line, filter.first_line)
    return Diagnostic(severity, message, line, len(before) - (before.rfind("\n") + 1) + 1, quote)


def _warnings(filter: Filter) -> tuple[Diagnostic, ...]:  # noqa: A002
    """Say what compiles, and then does nothing in a proxy."""
    uncalled = tuple(_diagnostic(filter, at, "warning", message) for at, message in never_called(filter.source))
    found = registers(filter.source)
    if found is None:
        message = "the filter sets no context: call proxywasm.SetHttpContext or another of its kind in init()"
        return (Diagnostic("warning", message), *uncalled)
    if found[0] == "main":
        message = "main() does not run in a proxy: set the context in init()"
        return (_diagnostic(filter, found[1], "warning", message), *uncalled)
    return uncalled


def _refusal(finished: Finished, filter: Filter) -> CompileError | ToolchainError:  # noqa: A002
    found = messages.parse(finished.messages, filter.source, filter.first_line)
    if not found or finished.code < 0:
        return _broken(finished)
    # While a cell is being written its imports are ahead of their use: what else is wrong is said first.
    found = tuple(sorted(found, key=lambda item: item.message.endswith("imported and not used")))
    return cached_build.compile_error(found, messages.hint(found))


def _broken(finished: Finished) -> ToolchainError:
    return ToolchainError(
        "The Go compiler crashed.",
        why=finished.messages.strip().splitlines()[:4],
        hint=Wording(
            "run {}; GOCACHE={} go clean -cache makes it start anew",
            Verb("doctor"),
            shlex.quote(environment()["GOCACHE"]),
        ),
        code="WNB2005",
    )
