"""The file by which other processes of the user find a mesh: where its socket is, and the key to it.

Nobody else can read it (0600, in a folder of 0700). Who serves the mesh holds a lock on it, which the kernel lets go of
however the process ends: a file that can be locked is of a mesh that is gone.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import tempfile
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from wasmnb.errors import BadNameError, MeshError
from wasmnb.paths import runtime_dir

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["PRIVATE", "Registration", "register", "registrations"]

PRIVATE = "set WASMNB_RUNTIME_DIR to a folder of yours that nobody else may look into (chmod 700)"
_SUFFIX = ".mesh.json"
_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,40}[a-z0-9])?")
_LONGEST = 100  # bytes of a socket's path (unix(7): 108)


@dataclass(frozen=True)
class Registration:
    """Where a mesh is.

    Parameters
    ----------
    name : str
        Tells meshes apart.
    kind : str
        As it is started: ``local``.
    pid : int
        Of the process that it lives in.
    program : str
        What that is: ``notebook``, ``shell`` or ``python``.
    folder : str
        Where that was started.
    started : str
        When (ISO 8601, UTC).
    version : str
        Of wasmnb there.
    gateway : str
        ``host:port`` of its way in.
    socket : str
    key : str
        Hexadecimal digits; no output shows it.
    """

    name: str
    kind: str
    pid: int
    program: str
    folder: str
    started: str
    version: str
    gateway: str
    socket: str
    key: str

    def __repr__(self) -> str:
        return f"<Registration of the mesh {self.name!r}: process {self.pid}>"


def register(wanted: str | None, kind: str, about: dict[str, str]) -> tuple[Registration, int, Path]:
    """Write the file of a mesh; give it with its lock, which is to be held, and its path.

    Parameters
    ----------
    wanted : str or None
        The name; without one the kind's, or that with a number.
    kind : str
    about : dict
        Further fields of `Registration`.

    Raises
    ------
    BadNameError
        The name is taken, or is none.
    MeshError
        The file cannot be written.
    """
    if wanted is not None and not _NAME.fullmatch(wanted):
        raise BadNameError(
            f"{wanted!r} is not a name for a mesh.", hint="lower-case letters, digits and - between them"
        )
    try:
        folder = runtime_dir()
        gone = [*_gone(folder)]
        number = 1
        while True:
            name = wanted or (kind if number == 1 else f"{kind}-{number}")
            made = _made(folder, name, kind, about)
            if made is not None:
                return made
            if wanted is not None:
                raise BadNameError(f"A mesh called {wanted!r} runs already.", hint="give it another name", why=gone)
            number += 1
    except OSError as error:
        raise MeshError(
            f"Other programs cannot find the mesh: {error.filename}: {error.strerror}.",
            hint=PRIVATE,
            code="WNB4007",
        ) from error


def registrations() -> list[Registration]:
    """List the meshes that run, by name; files of those that are gone are removed."""
    try:
        folder = runtime_dir()
    except OSError:
        return []
    for _ in _gone(folder):
        pass
    found = []
    for path in folder.glob(f"*{_SUFFIX}"):
        with suppress(OSError, ValueError, TypeError):
            found.append(Registration(**json.loads(path.read_text("utf-8"))))
    return sorted(found, key=lambda one: one.name)


def _made(folder: Path, name: str, kind: str, about: dict[str, str]) -> tuple[Registration, int, Path] | None:
    path = folder / f"{name}{_SUFFIX}"
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        return None
    fcntl.flock(handle, fcntl.LOCK_EX)
    socket = str(folder / f"{name}.sock")
    if len(os.fsencode(socket)) > _LONGEST:
        socket = str(Path(tempfile.mkdtemp(prefix="wasmnb-mesh-"), "s"))
    found = Registration(name=name, kind=kind, pid=os.getpid(), socket=socket, key=os.urandom(32).hex(), **about)
    os.write(handle, json.dumps(asdict(found)).encode())
    return found, handle, path


def _gone(folder: Path) -> Iterator[str]:
    """Remove the files of meshes whose process is gone; give their names."""
    for path in folder.glob(f"*{_SUFFIX}"):
        try:
            handle = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        except OSError:
            continue
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            text = path.read_text("utf-8")
            # One that is being made has no text yet.
            if text:
                forget(path, json.loads(text).get("socket", ""))
                yield path.name.removesuffix(_SUFFIX)
        except (OSError, ValueError, AttributeError):
            continue
        finally:
            os.close(handle)


def forget(path: Path, socket: str) -> None:
    """Remove the file of a mesh, its socket, and the folder that was made for that."""
    path.unlink(missing_ok=True)
    if socket:
        Path(socket).unlink(missing_ok=True)
        if Path(socket).parent != path.parent:
            with suppress(OSError):
                Path(socket).parent.rmdir()
