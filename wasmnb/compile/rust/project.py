"""A Rust project: cargo builds it as its ``Cargo.toml`` says, with crates that are compiled once for all projects."""

from __future__ import annotations

import json
import os
import re
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wasmnb.compile import cached_build, project
from wasmnb.compile.cache import Store, io_errors, workspace
from wasmnb.compile.cached_build import Made, Stages
from wasmnb.compile.process import Finished, end, start
from wasmnb.compile.rust import crates, messages
from wasmnb.compile.rust.linkers import linkers
from wasmnb.compile.rust.problems import cargo_error, project_unlinked, unreachable
from wasmnb.compile.rust.source import never_started, untyped
from wasmnb.compile.rust.tools import TARGET, Tools, find
from wasmnb.compile.rust.wrapper import wrapper
from wasmnb.compile.tree import planted
from wasmnb.compile.workspace import is_rust_filter, rust_examples, rust_members, several
from wasmnb.compile.zig import zig
from wasmnb.errors import Place, ToolchainError, UsageError
from wasmnb.module.parse import parse
from wasmnb.wording import Option, Wording

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from wasmnb.compile.diagnostics import Diagnostic
    from wasmnb.compile.filter import Filter
    from wasmnb.compile.tree import Tree
    from wasmnb.module import Module
    from wasmnb.progress import Progress
    from wasmnb.wording import Text

__all__ = ["MANIFEST", "build", "read"]

#: The file that makes a folder a Rust project.
MANIFEST = "Cargo.toml"
_RECIPE = 5
_START = "_start"  # of a program, which runs its main()
_TOO_OLD = "this is {}, and what the source uses came with a later one: rustup update brings it"
_CHOICES = re.compile(r"--features=\S+|--no-default-features|--all-features|--example=[\w-]+")
_ALLOWED = "--features=NAMES, --no-default-features, --all-features and --example=NAME"
_GATED = re.compile(r"gated behind the `(?P<name>[\w-]+)` feature")
_NOT_FOUND = re.compile(
    r"(?:cannot find [\w, ]*|unresolved import |undeclared (?:\w+ or \w+|type) )`(?:\w+::)*(?P<name>\w+)`"
)
_IMPORTABLE = "consider importing"
_BEHIND_FEATURE = (
    r'#\[cfg\((?:all\()?feature\s*=\s*"(?P<feature>[\w-]+)"[^\]]*\]\s*(?:#\[[^\]]*\]\s*)*'
    r"(?:pub(?:\([^)]*\))?\s+)?(?:fn|struct|enum|const|static|mod|type|trait)\s+{name}\b"
)
_SEVERITIES = {"error": "error", "error: internal compiler error": "error", "warning": "warning"}


def read(folder: Path, name: str, flags: tuple[str, ...]) -> Filter:
    """Read a project's folder (`wasmnb.compile.folder`)."""
    known = () if is_rust_filter(folder) else rust_members(folder)
    if len(known) > 1:
        raise several(folder, known)
    place = folder / known[0] if known else folder
    return project.read(place, name, flags, "rust", ("src/lib.rs", "lib.rs", "*.rs"))


def build(
    filter: Filter,  # noqa: A002
    modules: Store,
    *,
    progress: Progress | None,
    force: bool,
) -> Module:
    """Build a project, or find its module in the cache (`wasmnb.compile.rust.RustToolchain.build`)."""
    _check_flags(filter.flags)
    tools = find()
    follows = ["project", _RECIPE, tools.version, tools.linker or zig().version]
    return cached_build.build(
        filter, modules, follows, lambda stages: _make(filter, tools, stages), progress=progress, force=force
    )


def _check_flags(flags: Sequence[str]) -> None:
    """Refuse what cargo is not to be told: what a project is built of may be chosen, and no more."""
    for flag in flags:
        if not _CHOICES.fullmatch(flag):
            raise UsageError(
                f"A Rust project does not take the flag {flag!r}.",
                where=Place(Option("flags", flag="--flag"), quote=flag),
                hint=f"allowed are {_ALLOWED}; its {MANIFEST} says the rest",
            )


def _flag(word: str) -> Wording:
    return Wording("{}", Option("flags", word, flag="--flag"), python=f"flags=[{word!r}]")


def _make(filter: Filter, tools: Tools, stages: Stages) -> Made:  # noqa: A002
    if not tools.cargo:
        raise ToolchainError(
            "There is a Rust compiler, but no cargo, which builds projects.", hint="install cargo", code="WNB2001"
        )
    stages.begin("compiling")
    files = project.texts(filter)
    with workspace(large=True) as work, planted(filter, work) as tree:
        finished = _cargo(tools, tree, filter.flags, stages.progress)
        found = tuple(_diagnostics(finished.messages, files, tree))
        if finished.code:
            if errors := [item for item in found if item.severity == "error"]:
                if unlinked := project_unlinked(found):
                    raise unlinked
                raise project.error(found, _hint(errors, files, tools))
            raise cargo_error(tree.said(finished.messages), ())
        module = _module(finished.messages, tree)
        with io_errors():
            wasm = module.read_bytes()
        read = tree.read(_read_files(module))
    stages.end("compile")
    warned = [item for item in found if item.severity == "warning" and item.quote]
    warned += project.warnings(files, ".rs", untyped)
    if not any(item.name == _START for item in parse(wasm).exports):
        warned += project.warnings(files, ".rs", never_started(files))
    return Made(wasm, warnings=tuple(warned), read=read)


def _hint(errors: Sequence[Diagnostic], files: dict[str, str], tools: Tools) -> Text:
    if any("[E0658]" in item.message for item in errors):
        return _TOO_OLD.format(tools.short)
    notes = [note for item in errors for note in item.notes]
    gated = next((match for note in notes if (match := _GATED.search(note.message))), None)
    feature = gated["name"] if gated else _feature(errors, files)
    if feature:
        return Wording("{} turns that feature on", _flag(f"--features={feature}"))
    crate = next((name for item in errors if (name := messages.missing_crate(item.message))), "")
    if crate:
        return f"if {crate} is a crate: cargo add {crate}, in its folder, adds it to {MANIFEST}"
    return next((note.message for note in notes if note.severity == "help"), "")


def _feature(errors: Sequence[Diagnostic], files: dict[str, str]) -> str:
    """Give the feature behind which what is not found stands: of a name without a path, rustc does not say it."""
    for item in errors:
        # What rustc offers to import is there: its feature is on.
        there = any(note.message.startswith(_IMPORTABLE) for note in item.notes)
        missing = None if there else _NOT_FOUND.search(item.message)
        declares = missing and re.compile(_BEHIND_FEATURE.format(name=missing["name"]))
        for path, text in files.items():
            found = declares.search(text) if declares and path.endswith(".rs") else None
            if found:
                return found["feature"]
    return ""


def _cargo(tools: Tools, tree: Tree, flags: Sequence[str], progress: Progress | None) -> Finished:
    words = ["build", *flags, "--release", f"--target={TARGET}", "--message-format=json"]
    target = crates.shared_target(tools)
    words += [f"--target-dir={target}"]
    home = os.environ.get("CARGO_HOME") or Path.home() / ".cargo"
    # Where the crates lie, and what their build scripts wrote, must not be in a module: a panic's message names a file.
    flags = [f"--remap-path-prefix={home}=cargo", f"--remap-path-prefix={target}=target"]
    environment = {**crates.environment_of(tools), **linkers(tools), **wrapper(tree)}
    configured = _rustflags(tree)
    if configured:
        words += ["--config", f"{configured}={json.dumps(flags)}"]
    else:
        environment["CARGO_ENCODED_RUSTFLAGS"] = "\x1f".join(flags)
    finished = _watched([tools.cargo, *words], tree.folder, environment, progress)
    if finished.code and unreachable(finished.messages):
        # What has been fetched before, for something else, may be enough.
        again = _watched([tools.cargo, *words, "--offline"], tree.folder, environment, progress)
        finished = finished if again.code and unreachable(again.messages) else again
    return finished


def _rustflags(tree: Tree) -> str:
    """Say where a project has flags of its own, beside which ours must stand; empty where it has none."""
    height = len(tree.folder.relative_to(tree.top).parts)
    for folder in (tree.folder, *tree.folder.parents[:height]):
        for name in ("config.toml", "config"):
            try:
                text = (folder / ".cargo" / name).read_text(encoding="utf-8")
            except (OSError, ValueError):
                continue
            if "rustflags" in text:
                return (
                    f"target.{TARGET}.rustflags"
                    if re.search(r"^\s*\[target\.", text, re.MULTILINE)
                    else "build.rustflags"
                )
    return ""


def _watched(command: list[str], work: Path, environment: dict[str, str], progress: Progress | None) -> Finished:
    """Run cargo, and say what it is at: the crate that it fetched or compiled last."""
    with tempfile.TemporaryFile(dir=work) as messages:
        process = start(command, work, environment=environment, messages=messages)
        try:
            while process.poll() is None:
                time.sleep(0.05)
                if progress:
                    # cargo goes on writing where the file stands, so that must not be moved.
                    said = os.pread(messages.fileno(), 1 << 24, 0).decode(errors="replace")
                    now = [line.strip() for line in said.splitlines() if line.lstrip().startswith(_WORDS)]
                    progress.update(_stage(now[-1]) if now else "compiling")
        finally:
            end(process)
        messages.seek(0)
        text = messages.read().decode(errors="replace")
    finished = Finished(process.returncode, "", text)
    finished.refuse_exhaustion()
    return finished


_WORDS = ("Downloading", "Downloaded", "Compiling", "Updating")


def _stage(line: str) -> str:
    words = line.split()
    return "fetching the Rust crates" if words[0] != "Compiling" else f"compiling {words[1]}"


def _objects(said: str) -> Iterator[dict[str, Any]]:
    for line in said.splitlines():
        if line.startswith("{"):
            try:
                yield json.loads(line)
            except ValueError:
                continue


def _diagnostics(said: str, files: dict[str, str], tree: Tree) -> Iterator[Diagnostic]:
    for item in _objects(said):
        message = item.get("message") if item.get("reason") == "compiler-message" else None
        for span in _spans(message or {}):
            span["file_name"] = tree.own(span["file_name"])
        severity = _SEVERITIES.get(message["level"]) if message else None
        if message and severity and not message["message"].startswith(("aborting due to", "For more information")):
            yield _diagnostic(message, severity, files)


def _diagnostic(message: dict[str, Any], severity: str, files: dict[str, str]) -> Diagnostic:
    spans = [_own(span, files) for span in message["spans"]]
    primary = next((span for span in spans if span["is_primary"]), None)
    text = message["message"].split("\n", 1)[0]
    label = (primary or {}).get("label") or ""
    text += f": {label}" if label and label not in text else ""
    text += f" [{message['code']['code']}]" if message.get("code") else ""
    at = (primary["file_name"], primary["line_start"], primary["column_start"]) if primary else ("", 0, 0)
    made = project.diagnostic(files, severity, text, *at)
    notes = [
        project.diagnostic(files, "note", span["label"], span["file_name"], span["line_start"], span["column_start"])
        for span in spans
        if span is not primary and span["label"]
    ]
    notes += [
        project.diagnostic(files, child["level"], child["message"] + messages.offered(child), "", 0, 0)
        for child in message["children"]
    ]
    return type(made)(made.severity, made.message, made.line, made.column, made.quote, made.text, tuple(notes))


def _spans(message: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Give every place that a message names, also within macros."""
    for span in message.get("spans", ()):
        inner: dict[str, Any] | None = span
        while inner:
            yield inner
            inner = (inner.get("expansion") or {}).get("span")
    for child in message.get("children", ()):
        yield from _spans(child)


def _own(span: dict[str, Any], files: dict[str, str]) -> dict[str, Any]:
    """Follow a macro outwards to where the project uses it."""
    outer = span
    while outer["file_name"] not in files and outer.get("expansion"):
        outer = outer["expansion"]["span"]
    return {**outer, "is_primary": span["is_primary"], "label": span["label"]}


def _module(said: str, tree: Tree) -> Path:
    """Give the module that the folder's package makes, or the only one of a workspace."""
    made: dict[str, Path] = {}
    for item in _objects(said):
        if item.get("reason") != "compiler-artifact":
            continue
        paths = [Path(name) for name in item["filenames"] if name.endswith(".wasm")]
        manifest = Path(os.path.normpath(item["manifest_path"]))
        if paths and manifest.parent == tree.folder:
            return paths[0]
        if paths and manifest.is_relative_to(tree.folder):
            made[manifest.parent.relative_to(tree.folder).as_posix()] = paths[0]
    if len(made) > 1:
        raise several(tree.origin, made)
    if not made:
        examples = rust_examples(tree.folder)
        raise UsageError(
            "The project makes no WebAssembly module.",
            where=Place(MANIFEST),
            why=[f"examples that are modules: {', '.join(examples)}"] if examples else [],
            hint=Wording("{} builds one of its examples", _flag(f"--example={examples[0]}"))
            if examples
            else 'a filter is a library: [lib] with crate-type = ["cdylib"]',
        )
    return next(iter(made.values()))


def _read_files(module: Path) -> list[str]:
    """Read what cargo says that a module was made of (its ``.d`` file, in make's words)."""
    try:
        text = module.with_suffix(".d").read_text(encoding="utf-8")
    except (OSError, ValueError):
        return []
    names = text.partition(": ")[2].split("\n", 1)[0]
    return [name.replace("\\ ", " ") for name in re.split(r"(?<!\\) ", names) if name]
