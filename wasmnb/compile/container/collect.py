"""Taking the module that a container has built: from the mounted folder, or out of the container."""

from __future__ import annotations

import os
import posixpath
import tempfile
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from wasmnb.compile.container.daemon import talking
from wasmnb.compile.container.files import MOST_LINKS, choose, counts, fetch, not_made
from wasmnb.compile.container.messages import WORK
from wasmnb.errors import ModuleError
from wasmnb.module.module import Module
from wasmnb.paths import write_atomically

if TYPE_CHECKING:
    from collections.abc import Mapping

    from wasmnb.compile.container.files import Stamp
    from wasmnb.compile.container.run import Run

__all__ = ["take"]

_DELETED = 2  # Engine API, GET /containers/{id}/changes, Kind


def take(run: Run, target: str | None, before: Mapping[PurePosixPath, Stamp]) -> Module:
    """Take the module of a build that ended well; it then is in the folder, when its place is.

    Parameters
    ----------
    run : Run
        Not removed yet.
    target : str or None
        A path in the folder, or an absolute one in the container; None to look for it.
    before : mapping of path to Stamp
        The folder's modules before the build.

    Raises
    ------
    ModuleError
        There is none, there are several, or it is no WebAssembly module.
    ToolchainError
        The daemon does not give it.
    """
    folder = run.job.folder
    with talking(run.daemon, "give what the build made"):
        if target is None:
            return Module.load(folder / (_fetched(run, before) if run.job.copied else choose(folder, before)))
        at = posixpath.normpath(WORK / target)
        name = PurePosixPath(at).stem
        if not run.job.copied:
            at = _followed(folder, at)
        if not PurePosixPath(at).is_relative_to(WORK):
            return _loaded(fetch(run.daemon.client, run.name, at)[0], at, name)
        path = folder / PurePosixPath(at).relative_to(WORK)
        if run.job.copied:
            _keep(folder, path, fetch(run.daemon.client, run.name, at)[0])
        elif not path.exists():
            raise not_made(target)
        return Module.load(path, name=name)


def _followed(folder: Path, at: str) -> str:
    """Follow the links in the mounted folder as the container does: Bazel's outputs are behind such ones.

    The daemon would, too, but podman's looks for what is behind them on the host.
    """
    for _ in range(MOST_LINKS):
        if not PurePosixPath(at).is_relative_to(WORK):
            break
        inside = PurePosixPath(at).relative_to(WORK)
        link = next((path for path in [*reversed(inside.parents), inside] if (folder / path).is_symlink()), None)
        if link is None:
            break
        behind = PurePosixPath(at).relative_to(WORK / link)
        at = posixpath.normpath(WORK / link.parent / (folder / link).readlink() / behind)
    return at


def _fetched(run: Run, before: Mapping[PurePosixPath, Stamp]) -> PurePosixPath:
    """Bring the one new module from the copy of the folder into the folder."""
    changes = run.daemon.client.api.diff(run.name) or []
    paths = [PurePosixPath(change["Path"]) for change in changes if change["Kind"] != _DELETED]
    inside = [path.relative_to(WORK) for path in paths if path.is_relative_to(WORK)]
    with tempfile.TemporaryDirectory() as temporary:
        place = Path(temporary)
        for path in filter(counts, inside):
            wasm, written = fetch(run.daemon.client, run.name, str(WORK / path))
            (place / path).parent.mkdir(parents=True, exist_ok=True)
            (place / path).write_bytes(wasm)
            os.utime(place / path, (written, written))
        chosen = choose(place, before, seconds=True)
        _keep(run.job.folder, run.job.folder / chosen, (place / chosen).read_bytes())
    return chosen


def _keep(folder: Path, path: Path, wasm: bytes) -> None:
    """Write a module to its place in the folder, and nowhere else, whatever links are in the way."""
    if not path.parent.resolve().is_relative_to(folder):
        raise ModuleError(f"{path} leads out of the folder.", hint="let the build write the module into the folder")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, wasm)
    except OSError as error:
        raise ModuleError(f"{path} cannot be written.", why=[error.strerror or str(error)]) from error


def _loaded(wasm: bytes, at: str, name: str) -> Module:
    with tempfile.TemporaryDirectory() as temporary:
        path = Path(temporary, PurePosixPath(at).name)
        path.write_bytes(wasm)
        try:
            return Module.load(path, name=name)
        except ModuleError as error:
            raise ModuleError(error.what.replace(str(path), at), why=error.why, hint=error.hint) from None
