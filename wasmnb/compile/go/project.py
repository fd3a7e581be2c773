"""A Go project: ``go build`` with the modules that its ``go.mod`` names, downloaded once."""

from __future__ import annotations

import os
import posixpath
import re
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from wasmnb.compile import cached_build, project
from wasmnb.compile.cache import Store, io_errors, workspace
from wasmnb.compile.cached_build import Made, Stages
from wasmnb.compile.go import build_constraints, messages, modules
from wasmnb.compile.go.compiler import Go, environment, find, module_cache
from wasmnb.compile.go.source import main_sets, never_called, setting
from wasmnb.compile.process import Finished, run
from wasmnb.compile.tree import planted
from wasmnb.compile.workspace import above, go_programs, several
from wasmnb.errors import ToolchainError
from wasmnb.wording import Option, Verb, Wording

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from wasmnb.compile.diagnostics import Diagnostic
    from wasmnb.compile.filter import Filter
    from wasmnb.compile.tree import Tree
    from wasmnb.module import Module
    from wasmnb.progress import Progress
    from wasmnb.wording import Text

__all__ = ["MANIFEST", "build", "read"]

#: The file that makes a folder a Go project.
MANIFEST = "go.mod"
_RECIPE = 3
_TINYGO = "github.com/tetratelabs/proxy-wasm-go-sdk"
_MIGRATE = Wording(
    "require {}, and set the context in init(): main() does not run in a proxy; {} does the mechanical part of it",
    modules.SDK,
    Verb("build", ("FOLDER",), (Option("migrate", value=True),)),
    python=f"require {modules.SDK}, and set the context in init(): main() does not run in a proxy; "
    "session.migrate(FOLDER) does the mechanical part of it",
)
_ASKS_FOR_TINYGO = (
    f"go mod why -m {_TINYGO}, in its folder, says which: require a version of that one which is on "
    f"{modules.SDK}, or do without it"
)
_OTHER_ON_TINYGO = f"require a version of that module which is on {modules.SDK}, or do without it"
_WORK = re.compile(r"module \S+ listed in go\.work file requires go >= [^;\n]*")
_NO_MODULE = f"correct the path in the replace line of {MANIFEST}, or put the module there"
_TIDY = f"go mod tidy, in its folder, adds what is missing in {MANIFEST} and go.sum"
_BY_HAND = "GOOS=wasip1 GOARCH=wasm go build, in its folder, says more"
# What Go says of a whole project, and the way out.
_HINTS = (
    (
        r"exactly one main package",
        Wording("a filter is package main; {} names the folder of one", Option("member", "FOLDER", flag="-C")),
    ),
    (
        r"build constraints exclude all",
        "no source is left for GOOS=wasip1 and GOARCH=wasm: change the build tags, or the ends of the files' names",
    ),
    (r"go mod tidy|go\.(?:mod|sum)\b", _TIDY),
)
_GENERATES = re.compile(r"^//go:generate\s", re.MULTILINE)
_REPLACED = re.compile(r"(?P<module>[^\s@]+)@\S+ \(replaced by (?P<path>\.[^)]*)\): reading .*no such file")
_MESSAGE = re.compile(r"(?P<file>[^\s:][^:\n]*\.(?:go|mod)):(?P<line>\d+)(?::(?P<column>\d+))?: (?P<message>.*)")
_EACH = "{{range .%s}}{{$d}}/{{.}}\n{{end}}"
_READ = "{{if not .Standard}}{{$d := .Dir}}" + _EACH % "GoFiles" + _EACH % "EmbedFiles" + "{{end}}"
_MAINS = ("main.go", "filter.go", "plugin.go", "*.go")
_NOT_THERE = re.compile(r"replacement directory|^module \S+: reading \S+go\.mod: ")
_TOO_OLD = re.compile(r"requires go >= (?P<wanted>[\w.]+) \(running go (?P<here>[\w.]+)")
_ABSENT = re.compile(r"no required module provides package|cannot find module providing|import lookup disabled")
# What Go says when a module is not on this machine yet.
_MISSING = re.compile(r"module lookup disabled by GOPROXY=off|missing go\.sum entry|cannot find module providing")


def read(folder: Path, name: str, flags: tuple[str, ...]) -> Filter:
    """Read a project's folder (`wasmnb.compile.folder`)."""
    root = folder if (folder / MANIFEST).is_file() else above(folder, MANIFEST)
    if root is None:
        return project.read(folder, name, flags, "go", _MAINS)
    if root == folder:
        programs = go_programs(folder)
        if len(programs) > 1 and "." not in programs:
            raise several(folder, programs)
        place = folder / programs[0] if len(programs) == 1 else folder
    else:
        place = folder.resolve()
    sources = sorted(path.name for path in place.glob("*.go") if not path.name.endswith("_test.go"))
    names = [*(each for each in _MAINS if each in sources), *sources]
    inside = place.relative_to(root)
    return project.read(root, name, flags, "go", [(inside / each).as_posix() for each in names] or _MAINS)


def build(
    filter: Filter,  # noqa: A002
    store: Store,
    options: Sequence[str],
    *,
    progress: Progress | None,
    force: bool,
) -> Module:
    """Build a project, or find its module in the cache (`wasmnb.compile.go.GoToolchain.build`)."""
    _refuse_tinygo(project.texts(filter), filter.file)
    go = find()
    follows = ["project", _RECIPE, go.version, list(options)]
    make = partial(_make, filter, go, options)
    return cached_build.build(filter, store, follows, make, progress=progress, force=force)


def _refuse_tinygo(files: dict[str, str], main: str) -> None:
    """Refuse the SDK for TinyGo before the build: what Go makes of it says nothing to a proxy."""
    place = posixpath.dirname(main)
    ours = [text for path, text in files.items() if path.endswith(".go") and posixpath.dirname(path) == place]
    # `go get` calls a module indirect that it adds before a source imports it, and so it stays until `go mod tidy`.
    imported = any(f'"{_TINYGO}' in text for text in ours)
    for number, line in enumerate(files[MANIFEST].split("\n"), 1):
        at = line.find(_TINYGO)
        # What only some other module asks for may be in no package of the program; nor is its own name one.
        said = line.strip()
        others = said.endswith("// indirect") and not imported
        if at >= 0 and not said.startswith(("//", "module ")) and not others:
            found = project.diagnostic(files, "error", "its SDK is for TinyGo", MANIFEST, number, at + 1)
            raise project.error([found], _MIGRATE)


def _make(filter: Filter, go: Go, options: Sequence[str], stages: Stages) -> Made:  # noqa: A002
    files = project.texts(filter)
    with workspace(large=True) as work, planted(filter, work) as tree:
        # Go ignores a go.mod that lies in the folder of temporary files itself: the program lies elsewhere.
        linker = " ".join(["-buildid=", *(flag[9:] for flag in filter.flags if flag.startswith("-ldflags="))])
        others = [flag for flag in filter.flags if not flag.startswith("-ldflags=")]
        program = f"./{posixpath.dirname(filter.file)}"
        command = ["build", *options, f"-ldflags={linker}", *others, "-o", str(work / "filter.wasm"), program]
        stages.begin("compiling")
        finished = _go(go, command, tree, work)
        if finished.code and _MISSING.search(finished.messages):
            stages.begin(f"downloading the modules of {MANIFEST} (once)")
            _download(go, tree, work, [*others, program])
            stages.begin("compiling")
            finished = _go(go, command, tree, work)
        if finished.code:
            raise _refusal(finished, files, tree)
        with io_errors():
            wasm = (work / "filter.wasm").read_bytes()
        stages.end("compile")
        read = _read_files(go, tree, work, [*others, "-f", _READ, program])
    return Made(wasm, warnings=_warnings(files, filter.file), read=read)


def _warnings(files: dict[str, str], main: str) -> tuple[Diagnostic, ...]:
    """Say what compiles, and then does nothing in a proxy."""
    packages = setting(files)

    def starts(source: str) -> Iterator[tuple[int, str]]:
        at = main_sets(source, packages)
        if at is not None:
            yield at, "main() does not run in a proxy: set the context in init()"

    program = {name: text for name, text in files.items() if posixpath.dirname(name) == posixpath.dirname(main)}
    return (*project.warnings(program, ".go", starts), *project.warnings(files, ".go", never_called))


def _go(go: Go, command: Sequence[str], tree: Tree, work: Path, *, online: bool = False) -> Finished:
    made = {**environment(online=online), "TMPDIR": str(work)}
    height = len(tree.folder.relative_to(tree.top).parts)
    above = (folder / "go.work" for folder in (tree.folder, *tree.folder.parents[:height]))
    made["GOWORK"] = next((str(path) for path in above if path.is_file()), "off")
    if (tree.folder / "vendor" / "modules.txt").is_file() and not online:
        made["GOFLAGS"] = made["GOFLAGS"].replace("-mod=readonly", "-mod=vendor")
    return run([go.program, *command], tree.folder, environment=made)


def _read_files(go: Go, tree: Tree, work: Path, words: Sequence[str]) -> dict[str, str]:
    """Give the digests of what the program is made of outside of its folder: packages that go.mod replaces."""
    finished = _go(go, ["list", "-deps", *words], tree, work)
    paths = [line for line in finished.output.splitlines() if line]
    folders = {str(Path(path).parent) for path in paths}
    return tree.read([*paths, *sorted(folders)])


def _download(go: Go, tree: Tree, work: Path, words: Sequence[str]) -> None:
    """Download what the program is made of; the modules of its tests and tools are nobody's need here."""
    if not _go(go, ["list", "-mod=readonly", "-deps", *words], tree, work, online=True).code:
        return
    finished = _go(go, ["mod", "download"], tree, work, online=True)
    if missing := _REPLACED.search(finished.messages if finished.code else ""):
        path = missing["path"]
        raise ToolchainError(
            f"{MANIFEST} replaces {missing['module']} by {path}, where no module is.",
            why=[str(tree.origin / path / MANIFEST)],
            hint=_NO_MODULE,
            code="WNB2009",
        )
    if finished.code:
        raise ToolchainError(
            f"The modules of {MANIFEST} could not be downloaded.",
            why=[line for line in finished.messages.strip().splitlines() if "warning" not in line][-4:],
            hint="check the names and the network, or set GOPROXY to a mirror that you can reach; "
            "what was downloaded once is used without a network",
            code="WNB2006",
        )


def _too_old(said: str) -> ToolchainError | None:
    """Make an error of a Go that is too old, or is said to be."""
    old = _TOO_OLD.search(said)
    if old:
        return ToolchainError(
            f"The project wants Go {old['wanted']}, and here is Go {old['here']}.",
            hint=f"install Go {old['wanted']}, or write the version that is here into the line go of {MANIFEST}, "
            "if all that the project requires builds with it",
            code="WNB2009",
        )
    listed = _WORK.search(said)
    return listed and ToolchainError(
        "The workspace's file go.work states an earlier Go than one of its modules.",
        why=[listed[0]],
        hint="go work use, in the folder of go.work, writes the later one there",
        code="WNB2009",
    )


def _on_tinygo(found: Sequence[Diagnostic]) -> Exception | None:
    """Make an error of a module of others that is made for TinyGo's SDK, which no Go compiles for a proxy."""
    first = next((item for item in found if item.text.startswith(f"{_TINYGO}@")), None)
    if first:
        what = f"a module that {MANIFEST} requires is made for TinyGo's SDK"
        return project.error([replace(first, message=what)], _ASKS_FOR_TINYGO)
    first = next((item for item in found if "@" in item.text and _TINYGO in item.message), None)
    if first:
        name = re.sub(r"(@[^/]*).*", r"\1", first.text)
        return project.error([replace(first, message=f"{name} is made for TinyGo's SDK")], _OTHER_ON_TINYGO)
    return None


def _of_module(file: str, tree: Tree) -> str:
    """Give the name of a file of a downloaded module: it begins with the module and its version."""
    whole = Path(os.path.normpath(tree.folder / file))
    return str(whole.relative_to(module_cache())) if whole.is_relative_to(module_cache()) else file


def _refusal(finished: Finished, files: dict[str, str], tree: Tree) -> Exception:
    lines = finished.messages.splitlines()
    # What belongs to a message is indented below it, unless the message is about a whole package.
    matches = [match for match in map(_MESSAGE.match, lines) if match]
    matches = matches or [match for line in lines if (match := _MESSAGE.match(line.strip()))]
    found = [_diagnostic(match, files, tree) for match in matches]
    known = _too_old(finished.messages) or _on_tinygo(found)
    if known:
        return known
    if not found or finished.code < 0:
        generic = next((hint for words, hint in _HINTS if re.search(words, finished.messages)), _BY_HAND)
        hint = build_constraints.hint(tree.said(finished.messages), files) or generic
        return ToolchainError(
            "The Go project does not build.",
            why=[line for line in tree.said(finished.messages).strip().splitlines() if not line.startswith("#")][:4],
            hint=Wording("run {}", Verb("doctor")) if finished.code < 0 else hint,
            code="WNB2009",
        )
    return project.error(found, _hint(found, files))


def _hint(found: Sequence[Diagnostic], files: dict[str, str]) -> Text:
    said = [item.message for item in found]
    if any("missing go.sum entry" in message for message in said):
        return _TIDY
    if any(_NOT_THERE.search(message) for message in said):
        return _NO_MODULE
    if any(_ABSENT.search(message) for message in said):
        return f"go mod tidy, in its folder, adds to {MANIFEST} what is imported there"
    hints = [build_constraints.hint(item.message, files, item.text) for item in found]
    left_out: Text = next((hint for hint in hints if hint), "")
    if left_out:
        return left_out
    generates = any(path.endswith(".go") and _GENERATES.search(text) for path, text in files.items())
    if generates and any("undefined" in message for message in said):
        return "if a line //go:generate makes it: go generate, in its folder, runs these"
    return "" if any(modules.SDK in message for message in said) else messages.hint(found)


def _diagnostic(match: re.Match[str], files: dict[str, str], tree: Tree) -> Diagnostic:
    line, column = int(match["line"]), int(match["column"] or 0)
    message = messages.shortened(tree.said(match["message"]))
    file = _of_module(tree.own(match["file"]), tree)
    return project.diagnostic(files, "error", message, file, line, column, in_bytes=True)
