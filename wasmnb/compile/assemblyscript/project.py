"""An AssemblyScript project: the script of its ``package.json`` builds it, with packages that npm brings once."""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from wasmnb.compile import cached_build, project
from wasmnb.compile.assemblyscript import messages
from wasmnb.compile.assemblyscript.node import INSTALL, Node, find
from wasmnb.compile.assemblyscript.roots import never_called, registered_in, several_roots
from wasmnb.compile.cache import Store, digest, io_errors, workspace
from wasmnb.compile.cached_build import Made, Stages
from wasmnb.compile.process import Finished, run
from wasmnb.compile.tree import planted
from wasmnb.compile.workspace import members, npm_workspace, several
from wasmnb.errors import Place, ToolchainError, UsageError
from wasmnb.wording import Option

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wasmnb.compile.diagnostics import Diagnostic
    from wasmnb.compile.filter import Filter
    from wasmnb.compile.tree import Tree
    from wasmnb.module import Module
    from wasmnb.progress import Progress

__all__ = ["MANIFEST", "build", "read"]

#: The file that makes a folder an AssemblyScript project.
MANIFEST = "package.json"
_LOCK = "package-lock.json"
_RECIPE = 6
# Where an SDK has its root contexts: @solo-io/proxy-runtime keeps them by their names, forks keep the last one.
_RUNTIME = "node_modules/@*/*/assembly/runtime.ts"
_KEEPS_ALL = re.compile(r"function registerRootContext\([^{]*\{[^}]*\.set\(\s*name\b")
_PACKAGES = Store("assemblyscript-projects", keep=6)
#: The names under which projects have their build, the usual one first.
_SCRIPTS = ("asbuild", "build", "asbuild:release")
_PREFERRED = ("filter.wasm", "release.wasm", "optimized.wasm")
_DEBUG = re.compile(r"debug|untouched")
_COMPILES = re.compile(r"(?:^|[\s/&;])asc\s")
# ERROR TS2322: Type 'a' is not assignable to type 'b'. ... in assembly/index.ts(12,5)
_SAID = re.compile(r"(?P<severity>ERROR|WARNING) \w*\d*:? ?(?P<message>.+)")
# A package that lies in a folder: "file:../..".
_FOLDERS = re.compile(r'"(?:file|link):([^"]+)"')
# A shell's words for a program that is neither in a package of the project nor on this machine.
_NO_PROGRAM = re.compile(r"(?:^|\s)(?P<program>[\w.+-]+): (?:command )?not found")
_WORKSPACE = re.compile(r'"workspace:[^"]*"')
_MANAGERS = ("bun", "pnpm", "yarn")
_INSTALL_COMPILER = f"npm install --save-dev assemblyscript, in its folder, adds the compiler to {MANIFEST}"
_QUIET = ("--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier", "--prefer-offline")
_UNREACHABLE = re.compile(r"npm error code (?:ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|E403|E404)")
_PLACE = re.compile(r"in (?P<file>\S+)\((?P<line>\d+),(?P<column>\d+)\)")


def read(folder: Path, name: str, flags: tuple[str, ...]) -> Filter:
    """Read a project's folder (`wasmnb.compile.folder`)."""
    known = members(folder)
    if known and not _builds(folder):
        raise several(folder, known)
    return project.read(folder, name, flags, "assemblyscript", ("assembly/filter.ts", "assembly/index.ts", "*.ts"))


def _builds(folder: Path) -> bool:
    try:
        return bool(_script((folder / MANIFEST).read_text(encoding="utf-8")))
    except (OSError, ValueError, UsageError):
        return False


def build(
    filter: Filter,  # noqa: A002
    modules: Store,
    *,
    progress: Progress | None,
    force: bool,
) -> Module:
    """Build a project, or find its module in the cache (`AssemblyScriptToolchain.build`)."""
    if filter.flags:
        raise UsageError(
            "An AssemblyScript project takes no flags.",
            where=Place(Option("flags", flag="--flag"), quote=" ".join(filter.flags)),
            hint=f"its {MANIFEST} says how it is built",
        )
    node = find()
    follows = ["project", _RECIPE, node.version]
    return cached_build.build(filter, modules, follows, partial(_make, filter, node), progress=progress, force=force)


def _make(filter: Filter, node: Node, stages: Stages) -> Made:  # noqa: A002
    files = project.texts(filter)
    script = _script(files[MANIFEST])
    stages.begin("preparing")
    beside = _FOLDERS.findall(files[MANIFEST])
    shared = npm_workspace(Path(filter.folder)) if filter.folder else None
    packages = None if beside or shared else _packages(node, files, stages)
    with workspace(large=True) as work, planted(filter, work) as tree:
        place = tree.folder
        # They are copied, so that npm writes nothing into them; it passes over what is a link in them.
        for name in beside:
            if not (tree.origin / name).exists():
                raise _not_there(name, tree)
            tree.copy(name)
        if packages is None:
            stages.begin(f"installing the packages of {MANIFEST}")
        if shared:
            beside += _install_workspace(node, tree, *shared)
        elif packages is None:
            _install_in(node, ["install", "--install-links", *_QUIET], place)
        with io_errors():
            if packages is not None:
                (place / "node_modules").symlink_to(packages / "node_modules")
            (place / "build").mkdir(exist_ok=True)
            before = _modules(place)
        stages.end("prepare")
        stages.begin("compiling")
        finished = _npm(node, ["run", "--silent", script], place)
        found = _diagnostics(finished.output + finished.messages, files)
        if finished.code:
            if any(item.severity == "error" for item in found):
                raise project.error(found, _hint(found))
            said = [line for line in tree.said(finished.messages or finished.output).splitlines() if line.strip()]
            missing = next((match["program"] for line in said if (match := _NO_PROGRAM.search(line))), "")
            raise ToolchainError(
                f"The project's script {script!r} does not build it.",
                why=said[:6],
                hint=_missing(missing) if missing else f"npm run {script}, in its folder, says more",
                code="WNB2009",
            )
        with io_errors():
            made = [name for name, state in _modules(place).items() if before.get(name) != state]
            wasm = (place / _module(made, script)).read_bytes()
        roots = registered_roots(files, filter.file, wasm, [place, *([_top(tree, shared[0])] if shared else [])])
        read = tree.read(path for name in beside for path in _below(place, name))
    stages.end("compile")
    # What the compiler says of its own library, a script that compiles twice says twice.
    warned = [item for item in found if item.severity == "warning" and not item.text.startswith("~lib/")]
    warned += project.warnings(files, ".ts", never_called)
    return Made(wasm, root_ids=roots, warnings=tuple(warned), read=read)


def _top(tree: Tree, root: Path) -> Path:
    return Path(os.path.normpath(tree.folder / os.path.relpath(root, tree.origin)))


def _install_workspace(node: Node, tree: Tree, root: Path, names: Sequence[str]) -> list[str]:
    """Install what a member of a workspace asks for: from a registry, of the top's packages, and of the other members.

    Returns
    -------
    list of str
        The other members, by their paths from this one.
    """
    top = _top(tree, root)
    own = tree.origin.relative_to(root).as_posix()
    others = [os.path.relpath(root / name, tree.origin) for name in names if name != own]
    for name in others:
        tree.copy(name)
    with io_errors():
        for path in (top, *(top / name for name in names)):
            text = (path / MANIFEST).read_text("utf-8")
            if path == top:
                text = json.dumps({**json.loads(text), "workspaces": list(names)})
            # As pnpm and yarn write that a member is meant; npm takes it where the version fits.
            (path / MANIFEST).write_text(_WORKSPACE.sub('"*"', text), "utf-8")
    _install_in(node, ["install", f"--workspace={own}", "--include-workspace-root", *_QUIET], top)
    return others


def _missing(program: str) -> str:
    if program == "asc":
        return _INSTALL_COMPILER
    if program in _MANAGERS:
        return f"install {program}, or write npm run where the scripts of {MANIFEST} call it"
    return f"npm install --save-dev, with the package that has {program}, adds it to {MANIFEST}; or install it here"


def _not_there(name: str, tree: Tree) -> ToolchainError:
    return ToolchainError(
        f"{MANIFEST} asks for a package in {name}, where nothing is.",
        why=[str(tree.origin / name)],
        hint=f"correct the path in {MANIFEST}, or put the package there",
        code="WNB2009",
    )


def registered_roots(files: dict[str, str], main: str, wasm: bytes, places: Sequence[Path]) -> tuple[str, ...] | None:
    """Give the root ids that a project's module answers to; None where it answers to any.

    Raises
    ------
    CompileError
        It registers several, and its SDK keeps one.
    """
    roots = registered_in(files, main)
    names = [name for _, _, name in roots if name is not None]
    # The script may begin elsewhere; the compiler writes a text as UTF-16.
    if not roots or len(names) < len(roots) or not all(name.encode("utf-16-le") in wasm for name in names):
        return None
    with io_errors():
        kept = any(_KEEPS_ALL.search(path.read_text("utf-8")) for place in places for path in place.glob(_RUNTIME))
    if kept:
        return tuple(names)
    if len(roots) > 1:
        file, offset, _ = roots[1]
        raise several_roots(files[file], 1, offset, len(roots), file=file, way_out="make one folder")
    return None


def _hint(found: list[Diagnostic]) -> str:
    """Give the way out; a project has the packages that it asks for."""
    if any(re.search(r"File '~lib/[^']*' not found", item.message) for item in found):
        return f"npm install PACKAGE, in its folder, adds to {MANIFEST} what is imported there"
    return messages.hint(found)


def _below(folder: Path, name: str) -> list[Path]:
    """List the files of a package that lies beside the project."""
    return [path for path in (folder / name).rglob("*") if path.is_file() and "node_modules" not in path.parts]


def _script(manifest: str) -> str:
    try:
        scripts = dict(json.loads(manifest).get("scripts") or {})
    except (ValueError, TypeError, AttributeError) as error:
        what = f"{MANIFEST}, or what it calls scripts, is not a JSON object."
        raise UsageError(what, where=Place(MANIFEST), why=[str(error)]) from None
    script = next((name for name in _SCRIPTS if name in scripts), None)
    compiling = [name for name, words in scripts.items() if _COMPILES.search(str(words))]
    if script is None and len(compiling) == 1:
        return str(compiling[0])
    if script is None:
        raise UsageError(
            f"{MANIFEST} does not say how the project is built.",
            where=Place(MANIFEST),
            why=[f"scripts: {', '.join(scripts) or 'none'}"],
            hint=f'add "scripts": {{"{_SCRIPTS[0]}": "asc assembly/index.ts --outFile build/filter.wasm"}}',
        )
    return script


def _packages(node: Node, files: dict[str, str], stages: Stages) -> Path:
    """Give the folder of the packages that the project asks for, after downloading them when they are missing."""
    asked = {name: files[name] for name in (MANIFEST, _LOCK) if name in files}
    key = digest(json.dumps(asked, sort_keys=True).encode())[:32]
    folder = _PACKAGES.root / key
    with _PACKAGES.lock(key):
        if not (folder / "node_modules").is_dir():
            stages.begin(f"downloading the packages of {MANIFEST} (once)")
            _install(node, asked, folder)
    return folder.resolve()


def _install(node: Node, asked: dict[str, str], folder: Path) -> None:
    with io_errors():
        temporary = Path(tempfile.mkdtemp(prefix=".install.", dir=folder.parent))
    try:
        with io_errors():
            for name, text in asked.items():
                (temporary / name).write_text(text, encoding="utf-8")
        _install_in(node, ["ci" if _LOCK in asked else "install", *_QUIET], temporary)
        with io_errors():
            (temporary / "node_modules").mkdir(exist_ok=True)
            temporary.rename(folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _install_in(node: Node, words: list[str], folder: Path) -> None:
    finished = _npm(node, words, folder)
    if finished.code and _UNREACHABLE.search(finished.messages) and _sealed(folder / _LOCK):
        # A lock names the registry that its writer had; what it says of a package's content holds for any other, too.
        finished = _npm(node, [*words, "--replace-registry-host=always"], folder)
    if finished.code:
        said = [line for line in finished.messages.splitlines() if line.startswith("npm error")]
        raise ToolchainError(
            f"The packages of {MANIFEST} could not be downloaded.",
            why=said[:4] or finished.messages.splitlines()[-4:],
            hint="check the names, the network and npm's registry; what was downloaded once is used without a network",
            code="WNB2006",
        )


def _sealed(lock: Path) -> bool:
    """Say whether a lock has the hash of each package that it downloads: then no other package can take its place.

    Source: npm, ``package-lock.json``: ``packages`` by their folders, and ``dependencies`` of versions before 7.
    """
    try:
        said = json.loads(lock.read_text("utf-8"))
    except (OSError, ValueError):
        return False
    waiting = [said]
    while waiting:
        one = waiting.pop()
        if str(one.get("resolved", "")).startswith("http") and not one.get("integrity"):
            return False
        waiting += [each for kind in ("packages", "dependencies") for each in (one.get(kind) or {}).values()]
        waiting = [each for each in waiting if isinstance(each, dict)]
    return True


def _npm(node: Node, words: list[str], folder: Path) -> Finished:
    if not node.npm:
        raise ToolchainError(
            "npm, which builds AssemblyScript projects, is not installed.", hint=INSTALL, code="WNB2001"
        )
    # npm is a script that looks for node on the path.
    path = os.pathsep.join([str(Path(node.program).parent), os.environ.get("PATH", os.defpath)])
    # Messages are read, and where there is a variable CI the compiler colours them (its ``util/terminal.js``).
    plain = {name: value for name, value in os.environ.items() if name not in ("CI", "FORCE_COLOR")}
    return run([*node.npm, *words], folder, environment={**plain, "NO_COLOR": "1", "PATH": path})


def _modules(folder: Path) -> dict[str, tuple[int, int]]:
    """Give the modules in a project by their paths, each with what tells whether it was written since."""
    found = {}
    for root, folders, names in os.walk(folder):
        folders[:] = [each for each in folders if each not in ("node_modules", ".git")]
        for path in (Path(root, name) for name in names if name.endswith(".wasm")):
            with suppress(FileNotFoundError):  # a link to what is not there
                status = path.stat()
                found[path.relative_to(folder).as_posix()] = (status.st_ino, status.st_mtime_ns)
    return found


def _module(made: list[str], script: str) -> str:
    """Choose the module that a script has made, by the names that projects have; one for debugging is none."""
    if not made:
        raise UsageError(
            f"The project's script {script!r} makes no module.",
            where=Place(MANIFEST),
            hint="its compiler writes one with --outFile build/filter.wasm",
        )
    named = [name for wanted in _PREFERRED for name in made if PurePosixPath(name).name == wanted]
    others = [name for name in made if not _DEBUG.search(PurePosixPath(name).name)] or made
    if not named and len(others) > 1:
        raise UsageError(
            f"The project's script {script!r} makes {len(others)} modules: {', '.join(sorted(others))}.",
            where=Place(MANIFEST),
            hint=f"let it write the one that is the filter as {_PREFERRED[0]}",
        )
    return (named or others)[0]


def _diagnostics(said: str, files: dict[str, str]) -> list[Diagnostic]:
    """Read what the compiler wrote: a message, the line with a mark, and behind it the place."""
    found: list[Diagnostic] = []
    for text in said.splitlines():
        message, place = _SAID.match(text), _PLACE.search(text)
        if message:
            found.append(project.diagnostic(files, message["severity"].lower(), message["message"], "", 0, 0))
        elif place and found and not found[-1].line:
            at = (place["file"], int(place["line"]), int(place["column"]))
            found[-1] = project.diagnostic(files, found[-1].severity, found[-1].message, *at)
    return [replace(item, text=item.text or MANIFEST) for item in found]
