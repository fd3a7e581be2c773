"""Serves a mesh of this process to other processes of the same user.

A call is a method of the mesh by its name, with its arguments; its progress, its result or its error comes back. What
goes over the socket is pickled: who can reach it (the folder is 0700) and has the key (the file is 0600) is the user.
"""

from __future__ import annotations

import os
import pickle
import socket
import threading
import weakref
from contextlib import suppress
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wasmnb.errors import MeshError, in_words
from wasmnb.mesh.running.registration import PRIVATE, forget, register
from wasmnb.notebook import in_kernel
from wasmnb.version import __version__
from wasmnb.wording import Front, front, words_for

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from wasmnb.mesh.protocol import Mesh
    from wasmnb.mesh.running.registration import Registration

__all__ = ["Announced", "announce"]

CALLS = frozenset(
    {
        "apply",
        "bookinfo",
        "counts",
        "doctor",
        "endpoints",
        "history",
        "logs",
        "metrics",
        "plugins",
        "pods",
        "properties",
        "remove",
        "removed",
    }
    | {"render", "rendered", "rendered_share", "send", "share", "shares", "unshare", "verdicts", "wait"}
)
READ = frozenset({"about", "gateway", "prove"})
WATCH, STOP, NAMES = "watch", "stop", "names"


class Announced:
    """A mesh that other processes find; `close` takes it back, and so does the end of the mesh or of the process.

    Parameters
    ----------
    mesh : Mesh
    registration : Registration
    lock : int
        Held as long as it is served.
    path : pathlib.Path
    """

    def __init__(self, mesh: Mesh, registration: Registration, lock: int, path: Path) -> None:
        self.registration = registration
        self.stopped = threading.Event()
        """Set once another process has ended the mesh."""
        self._mesh = weakref.ref(mesh)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.bind(registration.socket)
        listener.listen(16)
        self._close = weakref.finalize(self, _closed, listener, lock, path, registration.socket, os.getpid())
        threading.Thread(
            target=_accept,
            args=(listener, bytes.fromhex(registration.key), weakref.ref(self)),
            name="wasmnb-mesh-server",
            daemon=True,
        ).start()

    @property
    def name(self) -> str:
        """What it is called."""
        return self.registration.name

    def close(self) -> None:
        """Have nobody find it any more; once more does nothing."""
        self._close()

    def serve(self, connection: Connection) -> None:
        """Answer one call."""
        with suppress(EOFError, OSError):
            name, args, keywords, reader, progress = connection.recv()
            try:
                with words_for(reader or Front.PYTHON):
                    self._answer(connection, name, args, keywords, progress)
            except (OSError, EOFError):
                raise
            except BaseException as error:  # noqa: BLE001 - it is the caller's
                connection.send(("error", _portable(error)))

    def _answer(self, connection: Connection, name: str, args: Any, keywords: dict[str, Any], progress: bool) -> None:
        mesh: Any = self._mesh()
        if mesh is None:
            raise MeshError("This mesh was stopped.", code="WNB4004")
        if name == STOP:
            mesh.stop()
            self.close()
            self.stopped.set()
            connection.send(("result", None))
        elif name == WATCH:
            _watch(connection, mesh)
        elif name == NAMES:
            connection.send(("result", _names(mesh)))
        elif name in READ:
            connection.send(("result", getattr(mesh, name)))
        elif name in CALLS:
            if progress:
                keywords["progress"] = _Forwarded(connection)
            connection.send(("result", getattr(mesh, name)(*args, **keywords)))
        else:
            raise MeshError(f"A mesh has no {name!r}.")


class _Forwarded:
    """A progress that is shown in another process."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def update(self, stage: str, done: float | None = None, total: float | None = None) -> None:
        """Send the report on; who asked may have gone."""
        with suppress(OSError):
            self._connection.send(("progress", (stage, done, total)))


def announce(mesh: Mesh, kind: str, name: str | None = None) -> Announced:
    """Let other processes of the user find a mesh, and use it.

    Parameters
    ----------
    mesh : Mesh
    kind : str
        As it is started: ``local``.
    name : str, optional
        Tells it from others.

    Raises
    ------
    BadNameError
        The name is taken.
    MeshError
        The file cannot be written, or the socket not be made.
    """
    programs = {Front.SHELL: "shell", Front.NOTEBOOK: "notebook", Front.PYTHON: "python"}
    about = {
        "program": "notebook" if in_kernel() else programs[front()],
        "folder": str(Path.cwd()),
        "started": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "version": __version__,
        "gateway": mesh.gateway,
    }
    registration, lock, path = register(name, kind, about)
    try:
        return Announced(mesh, registration, lock, path)
    except OSError as error:
        forget(path, registration.socket)
        os.close(lock)
        raise MeshError(
            f"Other programs cannot reach the mesh: {error.strerror}.",
            hint=PRIVATE,
            code="WNB4007",
        ) from error


def _accept(listener: socket.socket, key: bytes, of: weakref.ref[Announced]) -> None:
    while True:
        try:
            handle = listener.accept()[0].detach()
        except OSError:
            return  # it was closed
        threading.Thread(target=_talk, args=(handle, key, of), name="wasmnb-mesh-call", daemon=True).start()


def _talk(handle: int, key: bytes, of: weakref.ref[Announced]) -> None:
    # Imported for the first who calls: a mesh that nobody joins starts without it.
    from multiprocessing.connection import Connection, answer_challenge, deliver_challenge  # noqa: PLC0415
    from multiprocessing.context import AuthenticationError  # noqa: PLC0415

    with Connection(handle) as connection, suppress(AuthenticationError, EOFError, OSError):
        deliver_challenge(connection, key)
        answer_challenge(connection, key)
        served = of()
        if served is not None:
            served.serve(connection)


def _names(mesh: Mesh) -> dict[str, list[str]]:
    """Give what can be named on a line, as plain values: who asks for Tab imports nothing of ours."""
    pods = mesh.pods()
    services = [pod.labels["app"] for pod in pods if "app" in pod.labels]
    senders = [*services, *(pod.workload for pod in pods), *(pod.name for pod in pods)]
    found = {
        "pods": [pod.name for pod in pods],
        "plugins": [plugin.id for plugin in mesh.plugins()],
        "labels": [f"{key}={value}" for pod in pods for key, value in pod.labels.items()],
        "senders": senders,
        "urls": [f"{service}:9080/" for service in services],
    }
    return {key: list(dict.fromkeys(words)) for key, words in found.items()}


def _watch(connection: Connection, mesh: Mesh) -> None:
    """Send each change until the other side has gone."""
    with mesh.watch() as watch:

        def gone() -> None:
            with suppress(EOFError, OSError):
                connection.recv()
            watch.close()

        threading.Thread(target=gone, name="wasmnb-mesh-watch", daemon=True).start()
        for change in watch:
            connection.send(("change", change))
        # The thread above still reads, so that closing would not tell the other side that the mesh was stopped.
        with socket.socket(fileno=os.dup(connection.fileno())) as line:
            line.shutdown(socket.SHUT_RDWR)


def _portable(error: BaseException) -> BaseException:
    """Give an error that another process can make again."""
    error.__traceback__ = error.__cause__ = error.__context__ = None
    try:
        pickle.loads(pickle.dumps(error))  # noqa: S301 - our own
    except Exception:  # noqa: BLE001 - whatever it is, it does not go over
        return MeshError(in_words(error))
    return error


def _closed(listener: socket.socket, lock: int, path: Path, address: str, pid: int) -> None:
    if os.getpid() != pid:
        return  # a process that was forked has neither the mesh nor the file
    with suppress(OSError):
        listener.shutdown(socket.SHUT_RDWR)  # wakes the thread that waits in accept
    listener.close()
    forget(path, address)
    os.close(lock)
