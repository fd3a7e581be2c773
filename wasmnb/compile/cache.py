"""A content-addressed store on disk: what was made once is found again, whole or not at all.

An entry is a folder named by its key. It is made in a temporary folder beside it and renamed when complete, so a
crash leaves no half entry; its ``entry.json`` holds the size and hash of every file, so a damaged one is found and
made again. A lock per key keeps two kernels from doing the same work twice; the rename alone already keeps them from
harming each other.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import json
import os
import shutil
import tempfile
import time
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wasmnb.compile.process import disk_full
from wasmnb.errors import ToolchainError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

__all__ = ["Entry", "Store", "digest", "io_errors", "seal", "workspace"]

_INDEX = "entry.json"
_STALE_SECONDS = 3600.0
# A store grows by one part in so many before it is pruned.
_SLACK = 20
_PREFIX = "wasmnb-build-"
_MEMORY = "/dev/shm"  # noqa: S108
_ROOM = 64 * 1024 * 1024


def digest(data: bytes) -> str:
    """Give the SHA-256 of some bytes, in hex."""
    return hashlib.sha256(data).hexdigest()


@contextlib.contextmanager
def io_errors(*, temporary: bool = False) -> Iterator[None]:
    """Turn what the disk says into an error that says what to do.

    Parameters
    ----------
    temporary : bool
        It is about the folder of temporary files, and not about the cache.

    Raises
    ------
    ToolchainError
        The disk is full, or the folder may not be written.
    """
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise disk_full([error.strerror or str(error)]) from error
        what, hint = "The build cache", "set WASMNB_CACHE_DIR to a folder that you may write"
        if temporary:
            # Python looks for the folder once.
            what, hint = "The folder of temporary files", "set TMPDIR to a folder that you may write, and start again"
        raise ToolchainError(f"{what} cannot be used.", why=[str(error)], hint=hint, code="WNB2008") from error


@contextlib.contextmanager
def workspace(*, large: bool = False) -> Iterator[Path]:
    """Give a temporary folder that is gone afterwards, also after an interrupt.

    Parameters
    ----------
    large : bool
        It is to hold more than a few megabytes.
    """
    with io_errors(temporary=True):
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=None if large else _scratch()))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@lru_cache(maxsize=1)
def _scratch() -> str:
    """Find a folder for small short-lived files; in memory, because a busy disk makes even these wait."""
    folder = tempfile.gettempdir()
    with contextlib.suppress(OSError):
        room = os.statvfs(_MEMORY)
        if not os.environ.get("TMPDIR") and os.access(_MEMORY, os.W_OK) and room.f_bavail * room.f_frsize > _ROOM:
            folder = _MEMORY
    with contextlib.suppress(OSError):
        # What a killed kernel left behind.
        for item in os.scandir(folder):
            if item.name.startswith(_PREFIX) and time.time() - item.stat().st_mtime > _STALE_SECONDS:
                shutil.rmtree(item.path, ignore_errors=True)
    return folder


@dataclass(frozen=True)
class Entry:
    """A complete entry: its folder, its files' sizes and hashes, and notes that were kept with it."""

    folder: Path
    files: Mapping[str, tuple[int, str]]
    notes: Mapping[str, Any]

    @classmethod
    def load(cls, folder: Path) -> Entry | None:
        """Read an entry's index; None when there is none, or when a file is missing or has another size."""
        try:
            index = json.loads((folder / _INDEX).read_bytes())
            files = {name: (int(size), str(sha)) for name, (size, sha) in index["files"].items()}
            entry = cls(folder, files, dict(index["notes"]))
            if any(entry.path(name).stat().st_size != size for name, (size, _) in files.items()):
                return None
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None
        return entry

    @property
    def id(self) -> str:
        """A hash over the files' names and content."""
        return digest(json.dumps(self.files, sort_keys=True).encode())

    def path(self, name: str) -> Path:
        """Give the path of one of its files."""
        return self.folder / name

    def read(self, name: str) -> bytes | None:
        """Give a file's bytes, or None when they are not what was put there."""
        try:
            data = self.path(name).read_bytes()
        except OSError:
            return None
        size, sha = self.files.get(name, (-1, ""))
        return data if len(data) == size and digest(data) == sha else None

    def sound(self) -> bool:
        """Tell whether every file still holds what was put there."""
        return all(self.read(name) is not None for name in self.files)


class Store:
    """Entries of one kind.

    Parameters
    ----------
    kind : str
        The folder's name below the cache folder.
    keep : int
        So many entries at most; the least recently used go first.
    """

    def __init__(self, kind: str, keep: int) -> None:
        self.kind = kind
        self.keep = keep

    @property
    def root(self) -> Path:
        """The folder of this kind; asked for each time, because a test or a user may move the cache."""
        from wasmnb.paths import cache_dir  # noqa: PLC0415

        with io_errors():
            return cache_dir(self.kind)

    def get(self, key: str) -> Entry | None:
        """Find an entry; its files' content is not checked yet (`Entry.read`, `Entry.sound`)."""
        folder = self.root / key
        entry = Entry.load(folder)
        if entry is not None:
            with contextlib.suppress(OSError):
                os.utime(folder)
        return entry

    def put(self, key: str, fill: Callable[[Path], Mapping[str, Any]]) -> Entry:
        """Make an entry, or replace it.

        Parameters
        ----------
        key : str
            What the content follows from, hashed.
        fill : callable
            Puts files into the folder it is given, and returns notes (JSON) to keep with them.

        Raises
        ------
        ToolchainError
            The disk is full, or the cache folder may not be written; no part of the entry stays.
        """
        with io_errors():
            root = self.root
            temporary = Path(tempfile.mkdtemp(prefix=f".{key[:16]}.", dir=root))
        try:
            notes = dict(fill(temporary))
            with io_errors():
                entry = seal(temporary, notes)
                self._publish(temporary, root / key)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
        self._prune(root)
        return Entry(root / key, entry.files, notes)

    def once(self, key: str, fill: Callable[[Path], Mapping[str, Any]]) -> Entry:
        """Find a sound entry, or make it; of two processes that want it one works and the other waits."""
        entry = self.get(key)
        if entry is not None and entry.sound():
            return entry
        with self.lock(key):
            entry = self.get(key)
            return entry if entry is not None and entry.sound() else self.put(key, fill)

    def drop(self, key: str) -> None:
        """Forget an entry."""
        with contextlib.suppress(OSError):
            shutil.rmtree(self.root / key)

    def size(self) -> int:
        """Give the bytes on disk."""
        return sum(path.stat().st_size for path in self.root.rglob("*") if path.is_file())

    @contextlib.contextmanager
    def lock(self, key: str) -> Iterator[None]:
        """Keep other processes from making the same entry; the system takes the lock back when its holder dies."""
        with io_errors():
            file = (self.root / f".{key[:16]}.lock").open("w")
        with file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def _publish(self, temporary: Path, final: Path) -> None:
        try:
            temporary.rename(final)
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR):
                raise
            # An entry is there, damaged, older, or made by another process just now: ours takes its place.
            aside = Path(tempfile.mkdtemp(prefix=".old.", dir=final.parent))
            with contextlib.suppress(FileNotFoundError):
                final.rename(aside / "old")
            with contextlib.suppress(FileExistsError):
                temporary.rename(final)
            shutil.rmtree(aside, ignore_errors=True)

    def _prune(self, root: Path) -> None:
        """Keep the newest entries, and sweep what a crash left; not for each new entry of a full store."""
        with contextlib.suppress(OSError):
            items = list(os.scandir(root))
            if len(items) % max(1, self.keep // _SLACK):
                return
            entries = [(item.stat().st_mtime, item) for item in items]
            now = time.time()
            kept = [pair for pair in entries if not pair[1].name.startswith(".")]
            stale = [item for used, item in entries if item.name.startswith(".") and now - used > _STALE_SECONDS]
            surplus = sorted(kept, key=lambda pair: pair[0])[: max(0, len(kept) - self.keep)]
            for item in [*stale, *(item for _, item in surplus)]:
                if item.is_dir():
                    shutil.rmtree(item.path, ignore_errors=True)
                else:
                    Path(item.path).unlink()


def seal(folder: Path, notes: Mapping[str, Any]) -> Entry:
    """Write the index of a folder's files, which makes it an entry."""
    files = {}
    for path in sorted(folder.iterdir()):
        if path.name != _INDEX:
            data = path.read_bytes()
            files[path.name] = (len(data), digest(data))
    text = json.dumps({"files": files, "notes": dict(notes)}, sort_keys=True)
    (folder / _INDEX).write_text(text, encoding="utf-8")
    return Entry(folder, files, notes)
