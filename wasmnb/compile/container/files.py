"""The folder on its way into a container, and the module on its way out."""

from __future__ import annotations

import hashlib
import io
import os
import posixpath
import stat
import tarfile
import tempfile
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING

from wasmnb.compile.container.messages import WORK
from wasmnb.errors import ModuleError, ToolchainError
from wasmnb.module.parse import MAX_BYTES, too_large

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from docker import DockerClient

__all__ = ["MOST_LINKS", "Stamp", "choose", "counts", "fetch", "not_made", "pack", "stamps"]

#: What tells a file that a build wrote from one that it left alone: its time, and its size in bytes.
Stamp = tuple[int, int]

_NO_SOURCE = ("node_modules",)
#: How many links lead to a file, at most.
MOST_LINKS = 8
_SHOWN = 10


def pack(home: str, user: str, folder: Path | None) -> IO[bytes]:
    """Make the archive that is unpacked at a container's root before it starts.

    Parameters
    ----------
    home : str
        An empty folder for the user.
    user : str
        ``uid:gid``, the owner of everything in it.
    folder : pathlib.Path or None
        Becomes the folder that is built, with everything below; sockets and devices excepted. None when it is mounted.

    Returns
    -------
    binary file
        At its start; its disk space is given back when it is closed.

    Raises
    ------
    ToolchainError
        A file of the folder cannot be read.
    """
    uid, gid = (int(number) for number in user.split(":"))

    def owned(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
        member.uid, member.gid, member.uname, member.gname = uid, gid, "", ""
        member.mtime = int(member.mtime)  # so that it comes back as it went, whatever the daemon keeps of it
        return member if member.isreg() or member.isdir() or member.issym() or member.islnk() else None

    file = tempfile.TemporaryFile()  # noqa: SIM115 - the caller's to close
    try:
        with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as archive:
            place = tarfile.TarInfo(home.lstrip("/"))
            place.type, place.mode, place.uid, place.gid = tarfile.DIRTYPE, 0o700, uid, gid
            archive.addfile(place)
            if folder is not None:
                archive.add(folder, str(WORK).lstrip("/"), filter=owned)
    except OSError as error:
        file.close()
        raise ToolchainError(
            f"The folder {str(folder)!r} cannot be copied to the container daemon.",
            why=[f"{error.filename}: {error.strerror}" if error.filename else str(error)],
            hint="see that its files can be read, and that the disk has room for a copy",
            code="WNB2010",
        ) from error
    except BaseException:
        file.close()
        raise
    file.seek(0)
    return file


def counts(path: PurePosixPath) -> bool:
    """Say whether a file of the folder may be the module: a ``.wasm``, not in hidden folders or ``node_modules``."""
    return path.suffix == ".wasm" and not any(part.startswith(".") or part in _NO_SOURCE for part in path.parts)


def stamps(folder: Path, *, seconds: bool = False) -> dict[PurePosixPath, Stamp]:
    """List the modules in a folder that count.

    Parameters
    ----------
    folder : pathlib.Path
    seconds : bool
        Whole seconds, all that an archive brings back, in place of nanoseconds.
    """
    found: dict[PurePosixPath, Stamp] = {}
    for root, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".") and name not in _NO_SOURCE]
        for path in (Path(root, name) for name in names):
            inside = PurePosixPath(path.relative_to(folder).as_posix())
            if not counts(inside):
                continue
            status = path.lstat()
            if stat.S_ISREG(status.st_mode):
                found[inside] = (int(status.st_mtime) if seconds else status.st_mtime_ns, status.st_size)
    return found


def choose(folder: Path, before: Mapping[PurePosixPath, Stamp], *, seconds: bool = False) -> PurePosixPath:
    """Decide which module a build made.

    The one that it wrote; where it wrote none (nothing had changed), the one there is. Copies of the same bytes count
    as one, the one that lies least deep.

    Parameters
    ----------
    folder : pathlib.Path
        As the build left it.
    before : mapping of path to Stamp
        The modules before the build.
    seconds : bool
        The stamps are whole seconds.

    Raises
    ------
    ModuleError
        There is none, or more than one.
    """
    after = stamps(folder, seconds=seconds)
    written = [path for path, stamp in after.items() if before.get(path) != stamp]
    distinct: dict[str, PurePosixPath] = {}
    for path in sorted(written or after, key=lambda path: (len(path.parts), str(path))):
        with (folder / path).open("rb") as file:
            distinct.setdefault(_digest(file), path)
    if len(distinct) == 1:
        return next(iter(distinct.values()))
    if not distinct:
        raise ModuleError(
            "The build succeeded, but there is no .wasm file in the folder.",
            hint="name the file that it makes as the target, or give the command that makes one",
            code="WNB3010",
        )
    paths = sorted(map(str, distinct.values()))
    raise ModuleError(
        f"The build left {len(paths)} different modules.",
        why=[*paths[:_SHOWN], *([f"and {len(paths) - _SHOWN} more"] if len(paths) > _SHOWN else [])],
        hint=f"name the one that is meant as the target, such as {paths[0]!r}",
        code="WNB3010",
    )


def _digest(file: IO[bytes]) -> str:
    digest = hashlib.sha256()
    while piece := file.read(1 << 20):
        digest.update(piece)
    return digest.hexdigest()


def fetch(client: DockerClient, container: str, path: str) -> tuple[bytes, int]:
    """Read a file out of a container, through links, as the container sees them.

    Parameters
    ----------
    client : docker.DockerClient
    container : str
    path : str
        Absolute.

    Returns
    -------
    bytes
    int
        When it was written: seconds since 1970.

    Raises
    ------
    ModuleError
        It does not exist, is not a regular file, or is larger than a module may be.
    """
    from docker.errors import NotFound  # noqa: PLC0415

    at = path
    for _ in range(MOST_LINKS):
        try:
            pieces, _ = client.api.get_archive(container, at)
        except NotFound as error:
            raise not_made(path) from error
        with tarfile.open(fileobj=io.BufferedReader(_Chunks(pieces)), mode="r|") as archive:
            member = archive.next()
            if member is not None and member.issym():
                at = posixpath.normpath(posixpath.join(posixpath.dirname(at), member.linkname))
                continue
            content = archive.extractfile(member) if member is not None and member.isreg() else None
            if member is None or content is None:
                raise ModuleError(
                    f"{path!r} is not a regular file.", hint="give the path of a .wasm file as the target"
                )
            if member.size > MAX_BYTES:
                raise too_large(member.size)
            return content.read(), int(member.mtime)
    raise ModuleError(f"{path!r} leads through more than {MOST_LINKS} links.", hint="give the file itself as target")


def not_made(target: str) -> ModuleError:
    """Give the error for a target that does not exist."""
    return ModuleError(
        f"The build succeeded, but made no {target!r}.",
        hint=f"a target is a path in the folder, or an absolute one in the container ({WORK} is the folder)",
        code="WNB3010",
    )


class _Chunks(io.RawIOBase):
    """Pieces of bytes, read like a file."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces: Iterator[bytes] = iter(pieces)
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        room = memoryview(buffer)  # type: ignore[arg-type]
        while not self._rest:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._rest = memoryview(piece)
        count = min(len(room), len(self._rest))
        room[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count
