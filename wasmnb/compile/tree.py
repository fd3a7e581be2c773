"""A project's folder where a build may write: its files as they lie there, and beside it what lies beside it.

Build files name what is above their folder (``replace => ../lib``, ``path = "../.."``, a workspace's own manifest). So
the copy stands in a tree of the folders above, whose other entries are links to the user's; nothing is written there.
"""

from __future__ import annotations

import fnmatch
import hashlib
import os
import posixpath
import re
import shutil
import subprocess
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from wasmnb.compile.cache import Store, digest, io_errors
from wasmnb.paths import cache_dir

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from wasmnb.compile.filter import Filter

__all__ = ["LINKED", "Tree", "as_bytes", "as_text", "foreign", "listed", "modules", "planted", "unchanged"]

_TREES = Store("trees", keep=4)
#: What is never taken along: what version control keeps, what package managers brought, and what holds secrets.
_NEVER = frozenset(
    {".git", ".hg", ".svn", "node_modules", "__pycache__", ".ipynb_checkpoints", ".venv", ".direnv", ".idea", ".vscode"}
)
_SECRETS = (
    *(".env", ".env.*", ".netrc", ".npmrc", ".git-credentials", ".ssh", ".aws", ".kube", ".docker", ".gnupg"),
    *("id_rsa*", "id_dsa*", "id_ecdsa*", "id_ed25519*", "kubeconfig*"),
)
#: What tells that a folder holds what a build tool wrote.
_WRITTEN = ("CACHEDIR.TAG", ".rustc_info.json", "pyvenv.cfg")
#: Of what version control ignores: what a build has made, and needs no more.
_MADE = frozenset({"bin", "build", "coverage", "dist", "logs", "obj", "out", "target", "tmp"})
_MADE_FILES = frozenset({".a", ".d", ".log", ".o", ".obj", ".out", ".pid", ".pyc", ".so", ".swp", ".tmp", ".wasm"})
_MOST_IGNORED = 4000
_MOST_IGNORED_BYTES = 32 * 1024 * 1024
# What tools write beside a manifest of a folder above: a copy takes it, not the user's file.
_COPIED = ("Cargo.lock", "go.mod", "go.sum", "package.json", "package-lock.json")
# A folder above that belongs to the project: the top of a repository, or of a workspace.
_TOPS = (".git", "Cargo.toml", "go.work", "package.json")
_CONFIGS = ("config", "config.toml")
_CLIMB = re.compile(r"(?:\.\./)*\.\.(?=[/\"'\s\\)]|$)", re.MULTILINE)
# How a program that a build runs names the folder above another.
_PARENT = re.compile(r"\.parent\(\)|\bdirname\(|\.pop\(\)")
_ANCESTORS = ".ancestors()"
_RUN = ("build.rs", ".mjs", ".cjs", ".js")
#: Stands for the text of a file that is too large to be carried about, and is linked.
LINKED = "\0linked"
_HIGHEST = 8
_CROWD = 3000


def as_text(data: bytes) -> str:
    """Give a file as text; bytes that are not UTF-8 come back as they were when `as_bytes` writes them."""
    return data.removeprefix(b"\xef\xbb\xbf").decode(errors="surrogateescape")


def as_bytes(text: str) -> bytes:
    """Give the bytes of `as_text`."""
    return text.encode(errors="surrogateescape")


def listed(folder: Path, *, ignored: bool = True) -> Iterator[Path]:
    """Give the files of a folder that are the project's, in a fixed order.

    What build tools and package managers wrote is not. Secrets are not taken either, unless they are under version
    control. What that ignores is taken where it may be source that a tool has made: compilers read it as any other.

    Parameters
    ----------
    folder : pathlib.Path
    ignored : bool
        Take what version control ignores.
    """
    tracked = _tracked(folder)
    if tracked and ignored:
        tracked = sorted({*tracked, *_ignored(folder)})
    for path in _walked(folder, set()) if tracked is None else tracked:
        if path.is_dir():
            yield from _walked(path, {folder.resolve()})
        elif path.is_file():
            yield path


def modules(folder: Path) -> Iterator[Path]:
    """Give the WebAssembly modules in a folder, which `listed` leaves out."""
    return (path for path in _walked(folder, set(), modules=True) if path.suffix == ".wasm")


def _walked(folder: Path, seen: set[Path], *, modules: bool = False) -> Iterator[Path]:
    real = folder.resolve()
    if real in seen:
        return
    seen.add(real)
    for item in sorted(folder.iterdir(), key=lambda item: item.name):
        if item.is_dir():
            if not _foreign(item):
                yield from _walked(item, seen, modules=modules)
        elif not _secret(item.name) and (modules or item.suffix != ".wasm"):
            yield item


def _tracked(folder: Path) -> list[Path] | None:
    """Ask git which files there are; None where it knows nothing of the folder."""
    try:
        ours, new = _git(folder, "--cached"), _git(folder, "--others", "--exclude-standard")
    except (OSError, subprocess.SubprocessError):
        return None
    kept = [name for name in new if not any(foreign(part) for part in name.split("/"))]
    # The folder may lie in a repository that ignores it.
    names = sorted({*ours, *(name for name in kept if not name.endswith(".wasm"))})
    return [folder / name for name in names] or None


def _git(folder: Path, *words: str) -> list[str]:
    command = ["git", "-C", os.fspath(folder), "ls-files", "-z", *words]
    done = subprocess.run(command, capture_output=True, check=True, timeout=60)
    return [os.fsdecode(name) for name in done.stdout.split(b"\0") if name]


def _ignored(folder: Path) -> Iterator[Path]:
    """Give what version control ignores, but what a build has made; of folders that are too large, nothing."""
    try:
        names = _git(folder, "--others", "--ignored", "--exclude-standard", "--directory")
    except (OSError, subprocess.SubprocessError):
        return
    count = size = 0
    for name in names:
        parts = name.rstrip("/").split("/")
        if any(foreign(part) or part in _MADE or (part[0] == "." and part != ".cargo") for part in parts):
            continue
        place, found = folder / name, []
        whole = place.is_dir() and not _foreign(place)
        for path in _walked(place, set()) if whole else [place]:
            if path.suffix in _MADE_FILES or not path.is_file() or _MADE.intersection(path.relative_to(folder).parts):
                continue
            found.append(path)
            size += path.stat().st_size
            if count + len(found) > _MOST_IGNORED or size > _MOST_IGNORED_BYTES:
                size -= sum(each.stat().st_size for each in found)
                found = []
                break
        count += len(found)
        yield from found


def foreign(name: str) -> bool:
    """Tell whether nothing of that name is taken along, wherever it lies."""
    return name in _NEVER or _secret(name)


def _foreign(folder: Path) -> bool:
    name = folder.name
    # Links lead out of the project: bazel leaves four of them, to its caches.
    if foreign(name) or (folder.is_symlink() and name.startswith("bazel-")):
        return True
    return any((folder / mark).exists() for mark in _WRITTEN)


def _secret(name: str) -> bool:
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in _SECRETS)


@dataclass(frozen=True)
class Tree:
    """Where a project is built.

    Parameters
    ----------
    folder : pathlib.Path
        The copy of the project's folder.
    top : pathlib.Path
        The tree's root; it stands for ``origin``'s folder of the same height.
    origin : pathlib.Path
        The user's folder.
    files : frozenset of str
        The project's own, by their paths in it.
    """

    folder: Path
    top: Path
    origin: Path
    files: frozenset[str]

    def outside(self, path: str | Path) -> Path | None:
        """Give the user's file that a path of the tree links to; None for the project's own and for other files."""
        whole = Path(os.path.normpath(self.folder / path))
        if whole.is_relative_to(self.folder) or not whole.is_relative_to(self.top):
            return None
        height = len(self.folder.relative_to(self.top).parts)
        above = self.origin.parents[height - 1] if height else self.origin
        real = above / whole.relative_to(self.top)
        return real if real.exists() else None

    def _elsewhere(self, path: str | Path) -> Path | None:
        """Give a file of the user's that is named by its whole path; None for the tree's and for what is kept by us."""
        whole = Path(os.path.normpath(path))
        apart = (self.top, cache_dir())
        if not whole.is_absolute() or any(whole.is_relative_to(each) for each in apart) or not whole.exists():
            return None
        return whole

    def own(self, path: str) -> str:
        """Give the name that a path of a compiler has for the user: in the folder, else where the file lies.

        Compilers name files from where they run, which may be the top of a workspace.
        """
        for base in (self.folder, *self.folder.parents[: len(self.folder.relative_to(self.top).parts)]):
            whole = Path(os.path.normpath(base / path))
            if whole.is_relative_to(self.folder) and whole.relative_to(self.folder).as_posix() in self.files:
                return whole.relative_to(self.folder).as_posix()
            real = self.outside(whole)
            if real is not None:
                return str(real)
        return path

    def said(self, text: str) -> str:
        """Give a tool's words with the user's folders in place of the tree's."""
        height = len(self.folder.relative_to(self.top).parts)
        above = self.origin.parents[height - 1] if height else self.origin
        return text.replace(str(self.top), str(above))

    def copy(self, path: str) -> None:
        """Put copies of the user's files in place of the links to them, for a tool that passes links over.

        Parameters
        ----------
        path : str
            Of a folder beside or above the project's; nothing is done for another one.
        """
        folder = Path(os.path.normpath(self.folder / path))
        user = self.outside(folder)
        if user is None or not user.is_dir():
            return
        with io_errors():
            for file in listed(user):
                place = folder / file.relative_to(user)
                if place.is_relative_to(self.folder):
                    continue
                self._open(place.parent)
                if place.is_symlink():
                    place.unlink()
                if not place.exists():
                    shutil.copyfile(file, place)

    def _open(self, folder: Path) -> None:
        """Make a folder of the tree's own out of a link to one of the user's; what is not copied is left out."""
        for level in (*reversed(folder.relative_to(self.top).parents), folder.relative_to(self.top)):
            place = self.top / level
            if place.is_symlink():
                place.unlink()
            place.mkdir(exist_ok=True)

    def read(self, paths: Iterable[str | Path]) -> dict[str, str]:
        """Give the digests of those files that are the user's, but none of the project's folder."""
        found: dict[str, str] = {}
        for path in paths:
            real = self.outside(path) or self._elsewhere(path)
            if real is not None:
                with suppress(OSError):
                    found[str(real)] = _digest(real)
        return dict(sorted(found.items()))


def unchanged(read: Mapping[str, str]) -> bool:
    """Tell whether the files that a build read outside of its folder are as they were."""
    try:
        return all(_digest(Path(path)) == was for path, was in read.items())
    except OSError:
        return False


def _digest(path: Path) -> str:
    if path.is_dir():
        return digest("\n".join(sorted(item.name for item in path.iterdir())).encode())
    with path.open("rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


@contextmanager
def planted(filter: Filter, work: Path) -> Iterator[Tree]:  # noqa: A002
    """Write a project's files into a tree; it is gone afterwards.

    Where it stands follows from the project's folder: what a compiler makes of a path is the same each time.

    Parameters
    ----------
    filter : Filter
    work : pathlib.Path
        Takes a project that is in no folder.

    Raises
    ------
    ToolchainError
        The disk is full.
    """
    texts = {filter.file: filter.source, **dict(filter.files)}
    if not filter.folder:
        folder = work / "project"
        _write(folder, texts, None)
        yield Tree(folder, folder, folder, frozenset(texts))
        return
    origin = Path(filter.folder)
    key = digest(str(origin).encode())[:16]
    with _TREES.lock(key):
        top = _TREES.root / key
        shutil.rmtree(top, ignore_errors=True)
        try:
            height = _height(origin, texts)
            folder = top.joinpath(*origin.parts[len(origin.parts) - height :])
            with io_errors():
                folder.mkdir(parents=True)
            for level in range(1, height + 1):
                _beside(origin.parents[level - 1], folder.parents[level - 1], origin.parts[-level])
            _write(folder, texts, origin)
            yield Tree(folder, top, origin, frozenset(texts))
        finally:
            shutil.rmtree(top, ignore_errors=True)


def _write(folder: Path, texts: Mapping[str, str], origin: Path | None) -> None:
    with io_errors():
        for name, text in texts.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if origin is not None and text.startswith(LINKED):
                _link(origin / name, path)
                continue
            path.write_bytes(as_bytes(text))
            if origin is not None and os.access(origin / name, os.X_OK):
                path.chmod(0o755)


def _link(user: Path, ours: Path) -> None:
    try:
        os.link(user.resolve(), ours)
    except OSError:
        shutil.copyfile(user, ours)


def _beside(user: Path, ours: Path, own: str) -> None:
    """Link what lies in a folder of the user's, but the one entry that stands there already."""
    with io_errors():
        try:
            entries = list(os.scandir(user))
        except OSError:
            return
        for entry in entries[:_CROWD]:
            if entry.name in (own, ".git"):
                continue
            if entry.name in _COPIED:
                with suppress(OSError):
                    shutil.copyfile(entry.path, ours / entry.name)
            else:
                (ours / entry.name).symlink_to(entry.path)


def _height(origin: Path, texts: Mapping[str, str]) -> int:
    """Say how many folders above the project's belong to it."""
    highest = min(_HIGHEST, len(origin.parts) - 1)
    above = list(origin.parents)[:highest]
    named = [number for number, folder in enumerate(above, 1) if _is_top(folder)]
    climbs = [0]
    for path, text in texts.items():
        depth = posixpath.dirname(path).count("/") + bool(posixpath.dirname(path))
        climbs += [found[0].count("..") - depth for found in _CLIMB.finditer(text)]
        if path.endswith(_RUN):
            climbs += [highest if _ANCESTORS in text else len(_PARENT.findall(text))]
    # What lies beside may itself name what lies beside it.
    wanted = max(climbs) + 1 if max(climbs) > 0 else 0
    return min(highest, max([wanted, *named[-1:]]))


def _is_top(folder: Path) -> bool:
    """Tell whether a folder above a project belongs to it: by a manifest, or by what it tells cargo."""
    told = folder / ".cargo"
    # Cargo reads its own folder's in any case.
    home = Path(os.environ.get("CARGO_HOME") or Path.home() / ".cargo")
    return any((folder / top).exists() for top in _TOPS) or (
        told != home and any((told / name).is_file() for name in _CONFIGS)
    )
