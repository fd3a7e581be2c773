"""The modules a Go filter is built with: the SDK, and those that the cell asks for."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from wasmnb.compile.cache import Store, digest, io_errors, workspace
from wasmnb.compile.go.compiler import Go, environment, module_cache
from wasmnb.compile.process import Finished, run
from wasmnb.errors import Place, ToolchainError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from wasmnb.compile.filter import Filter
    from wasmnb.progress import Progress

__all__ = ["SDK", "SDK_SUMS", "SDK_VERSION", "asked", "at_hand", "imported", "in_module", "provide", "sdk_ready"]

SDK = "github.com/proxy-wasm/proxy-wasm-go-sdk"
SDK_VERSION = "v0.0.0-20260105142703-44c7d5847745"

_GO_MOD = f"module wasmnb.cell\n\ngo 1.24\n\nrequire {SDK} {SDK_VERSION}\n"
SDK_SUMS = (
    f"{SDK} {SDK_VERSION} h1:m17/Cedqhynvsf2mruRanrvb4R77J+Xz1O8mibAQTSs=\n"
    f"{SDK} {SDK_VERSION}/go.mod h1:9mBRvh8I6Td6sg3CwEY+zGFE4DKaIoieCaca1kQnDBE=\n"
)
_NO_PACKAGE = re.compile(r"module (?P<module>\S+) found(?: \([^)]*\))?, but does not contain package (?P<package>\S+)")
_DEPS = re.compile(r"[ \t]*//[ \t]*deps:[ \t]*(?P<deps>.*)")
_DEP = re.compile(r"[\w.~-]+(?:/[\w.~-]+)+@v[\w.+-]+")
_IMPORTED = re.compile(r'"([\w.~-]+\.[\w.~-]+(?:/[\w.~-]+)+)"')
_RESOLVED = Store("go-resolved", keep=200)


def sdk_ready() -> bool:
    """Tell whether the SDK has been downloaded."""
    return (module_cache() / f"{SDK}@{SDK_VERSION}" / "proxywasm").is_dir()


def asked(filter: Filter) -> tuple[str, ...]:  # noqa: A002
    """Read which modules a cell asks for, in ``// deps:`` lines above its code.

    Returns
    -------
    tuple of str
        Each as ``path@version``, sorted.

    Raises
    ------
    UsageError
        One is not written like that: without a version the same cell would not always be the same filter.
    """
    found = set()
    for number, line in enumerate(filter.source.split("\n"), filter.first_line):
        match = _DEPS.fullmatch(line.rstrip("\r"))
        if match is None:
            if line.strip() and not line.lstrip().startswith("//"):
                break
            continue
        for dep in re.split(r"[,\s]+", match["deps"].strip()):
            if not _DEP.fullmatch(dep):
                raise UsageError(
                    f"{dep!r} names no Go module with a version.",
                    where=Place("cell", number, line.find(dep) + 1, line),
                    hint="write path@version, for instance // deps: github.com/tidwall/gjson@v1.18.0",
                )
            found.add(dep)
    return tuple(sorted(found))


def provide(
    go: Go, deps: tuple[str, ...], progress: Progress | None, imports: Sequence[str] = ()
) -> Mapping[str, bytes]:
    """Give the module files for a build, after downloading what is missing.

    Parameters
    ----------
    go : Go
    deps : tuple of str
        What `asked` gave.
    progress : Progress, optional
        Is told before anything is downloaded.
    imports : sequence of str
        What the cell imports: a package may need modules that its module's top does not.

    Returns
    -------
    mapping of str to bytes
        ``go.mod`` and ``go.sum``.

    Raises
    ------
    ToolchainError
        Something could not be downloaded.
    """
    files = {"go.mod": _GO_MOD.encode(), "go.sum": SDK_SUMS.encode()}
    if not sdk_ready():
        _say(progress, "downloading the Proxy-Wasm SDK for Go (0.2 MB, once)")
        _go(go, ["mod", "download", SDK], files, "The Proxy-Wasm SDK for Go")
    if not deps:
        return files
    packages = _packages(deps, imports)
    key = _key(deps, packages)
    entry = _RESOLVED.get(key)
    if entry is None or not entry.sound():
        _say(progress, f"downloading {', '.join(deps)} (once)")
        resolved = _go(go, ["get", *deps, *packages], files, ", ".join(deps))

        def fill(folder: Path) -> Mapping[str, object]:
            for name, data in resolved.items():
                (folder / name).write_bytes(data)
            return {"deps": list(deps)}

        entry = _RESOLVED.put(key, fill)
    return {name: entry.path(name).read_bytes() for name in files}


def at_hand(deps: tuple[str, ...], imports: Sequence[str]) -> bool:
    """Tell whether `provide` would download nothing."""
    return sdk_ready() and (not deps or _RESOLVED.get(_key(deps, _packages(deps, imports))) is not None)


def _packages(deps: tuple[str, ...], imports: Sequence[str]) -> list[str]:
    return [f"{path}@{dep.rpartition('@')[2]}" for dep in deps for path in imports if _within(path, dep)]


def _key(deps: tuple[str, ...], packages: Sequence[str]) -> str:
    return digest("\n".join([SDK_VERSION, str(module_cache()), *deps, *packages]).encode())


def imported(source: str) -> list[str]:
    """List the packages of modules that a source may import."""
    return sorted(set(_IMPORTED.findall(source)))


def _within(package: str, dep: str) -> bool:
    return package.startswith(dep.rpartition("@")[0] + "/")


def in_module(
    go: Go,
    command: Sequence[str],
    work: Path,
    files: Mapping[str, bytes],
    environment: dict[str, str],
) -> Finished:
    """Run Go on files.

    Raises
    ------
    ToolchainError
        It cannot be started, or disk or memory ran out.
    """
    # Go ignores a go.mod that lies in the folder of temporary files itself, so the program lies one below.
    folder = work / "cell"
    with io_errors():
        folder.mkdir()
        for name, data in files.items():
            (folder / name).write_bytes(data)
    return run([go.program, *command], folder, environment={**environment, "TMPDIR": str(work)})


def _say(progress: Progress | None, stage: str) -> None:
    if progress:
        progress.update(stage)


def _go(go: Go, command: list[str], files: Mapping[str, bytes], what: str) -> dict[str, bytes]:
    """Run Go with the network in a folder with these module files; give them as they are afterwards."""
    with workspace() as work:
        finished = in_module(go, command, work, files, environment(online=True))
        if finished.code and (found := _NO_PACKAGE.search(finished.messages)):
            raise ToolchainError(
                f"The module {found['module']} has no package {found['package']}.",
                hint="correct the import, or ask for another version of the module",
                code="WNB2009",
            )
        if finished.code:
            raise ToolchainError(
                f"{what} could not be downloaded.",
                why=[line for line in finished.messages.strip().splitlines() if "warning" not in line][-4:],
                hint="check the name and the network, or set GOPROXY to a mirror that you can reach; "
                "what was downloaded once is used without a network",
                code="WNB2006",
            )
        return {name: (work / "cell" / name).read_bytes() for name in files}
