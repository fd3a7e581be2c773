"""The filters that lie in one folder: members of a workspace, programs of a module, projects side by side."""

from __future__ import annotations

import json
import os
import re
import sys
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from wasmnb.compile.cpp import SOURCES
from wasmnb.errors import BadNameError, UsageError, did_you_mean
from wasmnb.wording import RELATIVE, Option, Wording

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = [
    "above",
    "cpp_members",
    "go_programs",
    "is_rust_filter",
    "member",
    "members",
    "rust_examples",
    "rust_members",
    "several",
]

_NPM = "package.json"
# What pnpm has in place of npm's "workspaces".
_PNPM = "pnpm-workspace.yaml"
_BUILD_FILES = ("Cargo.toml", "go.mod", _NPM)
_ASSEMBLYSCRIPT = re.compile(r'assemblyscript|\basc\b|"workspaces"')
_LEFT_OUT = frozenset({"node_modules", "target", "vendor"})
_DEEP = 3
_HIGHEST = 8
_MOST = 2000
_SHOWN = 12
_USE = re.compile(r"^\s*use\s+(?:\((?P<many>[^)]*)\)|(?P<one>\S+))", re.MULTILINE)
# What a filter's own package names: an SDK, or the functions that a proxy calls.
_FOR_PROXIES = re.compile(
    r'^\s*(?:import\s+)?(?:\w+\s+)?"[^"\n]*(?:proxy-?wasm|wasm-go)|^//(?:go:wasm)?export\s+proxy_', re.MULTILINE
)
_MAIN = re.compile(r"^package[ \t]+main\b", re.MULTILINE)
_MODULE = re.compile(r"^module\s+(?P<name>[^\s\"]+)", re.MULTILINE)
_IGNORED = re.compile(r"^//(?:go:build|\s*\+build)\s+ignore\b", re.MULTILINE)


def above(folder: Path, name: str) -> Path | None:
    """Give the nearest folder above one that holds a file of that name, within its repository; None for none."""
    place = folder.resolve()
    for each in place.parents[:_HIGHEST]:
        if (each / name).is_file():
            return each
        if (each / ".git").exists():
            break
    return None


def member(folder: Path, name: str) -> Path:
    """Give the folder of a filter that lies in another.

    Parameters
    ----------
    folder : pathlib.Path
    name : str
        Its path in the folder, or the last part of it where only one has that.

    Raises
    ------
    BadNameError
        There is no such folder.
    UsageError
        It holds no such filter; those that it holds are listed.
    """
    if not folder.is_dir():
        raise BadNameError(f"There is no folder {str(folder)!r}.", hint=RELATIVE)
    known = members(folder) or cpp_members(folder)
    wanted = os.path.normpath(name)
    short = [each for each in known if PurePosixPath(each).name == wanted]
    if wanted in known or len(short) == 1:
        return folder / (wanted if wanted in known else short[0])
    hint = did_you_mean(wanted, known) or Wording("give the folder itself; without {}", Option("member", flag="-C"))
    raise UsageError(
        f"{name!r} is none of the filters in the folder {str(folder)!r}.",
        why=[f"available: {_list(known)}"] if known else ["it holds no workspace and no projects"],
        hint=hint,
    )


def several(folder: Path, known: Iterable[str]) -> UsageError:
    """Make the error of a folder that holds several filters, when one is to be built."""
    names = sorted(known)
    return UsageError(
        f"The folder {str(folder)!r} holds {len(names)} filters: {_list(names)}.",
        hint=Wording("build one of them with {}", Option("member", names[0], flag="-C")),
    )


def members(folder: Path) -> tuple[str, ...]:
    """Give the folders in a folder that filters are built from, each by its path in it."""
    found = {*rust_members(folder), *_go_members(folder), *_npm_members(folder)}
    if not found and not _is_project(folder):
        found = set(_projects(folder, folder, _DEEP))
        if found:
            # Those in C++ have no build file of their own.
            inside = tuple(f"{name}/" for name in found)
            found |= {name for name in cpp_members(folder) if not f"{name}/".startswith(inside)}
    return tuple(sorted(found - {"."}))


def _is_project(folder: Path) -> bool:
    there = [name for name in _BUILD_FILES if (folder / name).is_file()]
    return bool(there) and (there != [_NPM] or is_npm_filter(folder))


def is_npm_filter(folder: Path) -> bool:
    """Tell whether a folder with a ``package.json`` is for AssemblyScript, and not for pages or tools."""
    return (
        bool(_ASSEMBLYSCRIPT.search(_text(folder / _NPM)))
        or (folder / "assembly").is_dir()
        or any(not path.name.endswith(".d.ts") for path in folder.glob("*.ts"))
    )


def rust_members(folder: Path) -> tuple[str, ...]:
    """Give the members of a Cargo workspace that are filters."""
    workspace = _toml(folder / "Cargo.toml").get("workspace") or {}
    names = _globbed(folder, workspace.get("members") or ()) - _globbed(folder, workspace.get("exclude") or ())
    return tuple(sorted(name for name in names if is_rust_filter(folder / name)))


def is_rust_filter(folder: Path) -> bool:
    """Tell whether a Rust package makes a module."""
    library = _toml(folder / "Cargo.toml").get("lib") or {}
    kinds = library.get("crate-type") or library.get("crate_type") or ()
    return "cdylib" in kinds


def rust_examples(folder: Path) -> tuple[str, ...]:
    """Give the examples of a Rust package that are modules."""
    found = _toml(folder / "Cargo.toml").get("example") or ()
    return tuple(str(each.get("name", "")) for each in found if "cdylib" in (each.get("crate-type") or ()))


def go_programs(folder: Path) -> tuple[str, ...]:
    """Give the folders of a Go module that hold a program, ``.`` among them; where some are filters, these alone."""
    found, filters = [], []
    module = _MODULE.search(_text(folder / "go.mod"))
    for place in _go_folders(folder, _MOST):
        sources = [path for path in place.glob("*.go") if not path.name.endswith("_test.go")]
        texts = [_text(path) for path in sources]
        if any(_MAIN.search(text) and not _IGNORED.search(text) for text in texts):
            found.append(place.relative_to(folder).as_posix())
            # At the top stands what the module is for: its own packages may be all that is for a proxy.
            own = f'"{module["name"]}/' if module and place == folder else None
            if any(_FOR_PROXIES.search(text) or (own and own in text) for text in texts):
                filters.append(found[-1])
    return tuple(sorted(filters or found))


def _go_folders(folder: Path, most: int) -> Iterator[Path]:
    """Give the folders of a module, but no other module's."""

    def inner() -> Iterator[Path]:
        for root, folders, _ in os.walk(folder):
            yield Path(root)
            folders[:] = sorted(
                each
                for each in folders
                if not each.startswith((".", "_"))
                and each not in (*_LEFT_OUT, "testdata")
                and not Path(root, each, "go.mod").is_file()
            )

    return islice(inner(), most)


def _go_members(folder: Path) -> set[str]:
    if (folder / "go.work").is_file():
        used = [match["many"] or match["one"] for match in _USE.finditer(_text(folder / "go.work"))]
        places = {os.path.normpath(word.strip('"')) for text in used for word in re.sub(r"//.*", "", text).split()}
        return {
            os.path.normpath(os.path.join(place, program))  # noqa: PTH118 - names, not places
            for place in places
            if (folder / place).is_dir()
            for program in go_programs(folder / place)
        }
    return set(go_programs(folder)) if (folder / "go.mod").is_file() else set()


def cpp_members(folder: Path) -> tuple[str, ...]:
    """Give the folders in a folder that hold a source which registers a C++ filter."""
    found = set()
    for root, folders, names in islice(os.walk(folder), _MOST):
        place = Path(root)
        folders[:] = sorted(each for each in folders if not each.startswith(".") and each not in _LEFT_OUT)
        sources = [place / name for name in names if name.endswith(SOURCES)]
        if any("RegisterContextFactory" in _text(path) for path in sources if not path.stem.endswith("_test")):
            found.add(place.relative_to(folder).as_posix())
    return tuple(sorted(found - {"."}))


def npm_workspace(folder: Path) -> tuple[Path, tuple[str, ...]] | None:
    """Give the top of the npm workspace that a folder belongs to, and its members by their paths there."""
    folder = folder.resolve()
    for top in folder.parents[:_HIGHEST]:
        names = _npm_members(top)
        if folder.relative_to(top).as_posix() in names:
            return top, tuple(sorted(names))
    return None


def _pnpm_packages(text: str) -> list[str]:
    import yaml  # noqa: PLC0415 - where pnpm is used

    try:
        found = yaml.safe_load(text)
    except yaml.YAMLError:
        return []
    names = found.get("packages") if isinstance(found, dict) else None
    return [name for name in names or () if isinstance(name, str) and not name.startswith("!")]


def _npm_members(folder: Path) -> set[str]:
    try:
        found = json.loads(_text(folder / "package.json")).get("workspaces") or ()
    except (ValueError, AttributeError):
        return set()
    patterns = found.get("packages") or () if isinstance(found, dict) else found
    if (folder / _PNPM).is_file():
        patterns = _pnpm_packages(_text(folder / _PNPM))
    # What a package manager has put somewhere is no member, whatever the pattern.
    names = (name for name in _globbed(folder, patterns) if "node_modules" not in PurePosixPath(name).parts)
    return {name for name in names if (folder / name / "package.json").is_file()}


def _projects(folder: Path, top: Path, deep: int) -> Iterator[str]:
    """Give the projects side by side in a folder."""
    for each in sorted(folder.iterdir()):
        if not each.is_dir() or each.is_symlink() or each.name.startswith(".") or each.name in _LEFT_OUT:
            continue
        if _is_project(each):
            inner = members(each)
            below = each.relative_to(top).as_posix()
            yield from (f"{below}/{name}" for name in inner) if inner else (below,)
        elif deep > 1:
            yield from _projects(each, top, deep - 1)


def _globbed(folder: Path, patterns: Any) -> set[str]:
    found = set()
    for pattern in patterns if isinstance(patterns, list | tuple) else ():
        if not isinstance(pattern, str) or not pattern or Path(pattern).is_absolute():
            continue
        plain = os.path.normpath(pattern)
        places = folder.glob(plain) if any(sign in plain for sign in "*?[") else [folder / plain]
        found |= {os.path.relpath(place, folder) for place in places if place.is_dir()}
    return {PurePosixPath(name).as_posix() for name in found}


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(_text(path))
    except tomllib.TOMLDecodeError:
        return {}


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _list(names: Iterable[str]) -> str:
    known = list(names)
    return ", ".join(known[:_SHOWN]) + (f" and {len(known) - _SHOWN} more" if len(known) > _SHOWN else "")
