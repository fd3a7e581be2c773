"""The kernel's side of the supervisor: start it, know what it keeps running, let go of it."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import weakref
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from wasmnb.errors import MeshError
from wasmnb.wording import Verb, Wording

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["Processes", "State", "new_folder", "reserve"]

_PREFIX = "wasmnb-mesh-"
_LOG_BYTES = 1 << 19
_LONGEST = 70  # a Unix socket's path has 104 bytes on macOS, 108 on Linux (sun_path)
_YOUNG = 60.0
_SUPERVISOR = "import sys; sys.path.insert(0, sys.argv[1]); import supervisor; supervisor.main()"
_everyone: weakref.WeakSet[Processes] = weakref.WeakSet()


@dataclass(frozen=True)
class State:
    """What is known of one process.

    Parameters
    ----------
    pid : int
        0 while it does not run.
    restarts : int
    started : datetime
        When it was last started (aware, UTC).
    code : int or None
        How it last ended: an exit code, or minus a signal's number.
    delay : float
        Seconds that the supervisor waits before it starts it again.
    """

    pid: int
    restarts: int
    started: datetime
    code: int | None = None
    delay: float = 0.0


def reserve(port: int = 0) -> socket.socket:
    """Reserve a loopback port: bound, never listening, and to be shared with the process that will listen.

    The socket stays open as long as the mesh runs, so that nobody else gets the port while its process restarts.

    Raises
    ------
    MeshError
        A port that was asked for is in use.
    """
    held = socket.socket()
    try:
        if port:
            # Without SO_REUSEPORT first: sharing would also succeed with a foreign listener of the same user.
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(("127.0.0.1", port))
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        held.bind(("127.0.0.1", port))
    except (OSError, OverflowError) as error:
        held.close()
        raise MeshError(
            f"Port {port} cannot be used: {getattr(error, 'strerror', None) or error}.",
            hint="choose another port, or none (a free one is taken then)",
        ) from error
    return held


def new_folder() -> tuple[Path, int]:
    """Make a mesh's temporary folder, and sweep those that a crash left behind.

    Returns
    -------
    tuple of (pathlib.Path, int)
        The folder, and the handle of its lock: held as long as kernel or supervisor live.
    """
    parent = Path(tempfile.gettempdir())
    if len(str(parent)) > _LONGEST and os.access("/tmp", os.W_OK):  # noqa: S108 - sockets need a short path
        parent = Path("/tmp")  # noqa: S108
    _sweep(parent)
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=parent))
    lock = os.open(folder / "lock.new", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)
    # Under its name it is never seen without being held, so that nobody sweeps what is just being made.
    (folder / "lock.new").rename(folder / "lock")
    return folder, lock


def _sweep(parent: Path) -> None:
    for folder in parent.glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError):
            if folder.stat().st_uid != os.getuid():
                continue
            lock = folder / "lock"
            if not lock.exists():
                if time.time() - folder.stat().st_mtime > _YOUNG:
                    shutil.rmtree(folder, ignore_errors=True)
                continue
            handle = os.open(lock, os.O_RDWR | os.O_CLOEXEC)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
            finally:
                os.close(handle)


class Processes:
    """The processes of one mesh.

    Parameters
    ----------
    folder : pathlib.Path
        Removed when they end.
    lock : int
        Handle of the folder's lock.
    processes : sequence of dict
        What to start, as `supervisor.Keeper` reads it.
    held : sequence of socket.socket
        Reserved ports; the supervisor holds them from now on.
    log_bytes : int
        How large a log may become before its older half is set aside.
    """

    def __init__(
        self,
        folder: Path,
        lock: int,
        processes: Sequence[dict[str, Any]],
        held: Sequence[socket.socket],
        *,
        log_bytes: int = _LOG_BYTES,
    ) -> None:
        self.folder = folder
        self.owner = os.getpid()
        self.listeners: list[Callable[[], None]] = []
        self._lock = threading.Lock()
        self._changed = threading.Condition()
        self._states: dict[str, State] = {}
        self._alive = True
        # Only Linux lets an Envoy listen on a port that is held; elsewhere the port is free until it does.
        keep = held if sys.platform == "linux" else ()
        for one in held:
            if one not in keep:
                one.close()
        handles = [lock, *(one.fileno() for one in keep)]
        arguments = [sys.executable, "-S", "-E", "-c", _SUPERVISOR, str(Path(__file__).parent)]
        try:
            with (folder / "supervisor.log").open("wb") as errors:
                self._supervisor = subprocess.Popen(
                    arguments,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=errors,
                    start_new_session=True,
                    pass_fds=handles,
                    cwd="/",
                )
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        finally:
            os.close(lock)
            for one in held:
                one.close()
        self._life = cast("BinaryIO", self._supervisor.stdin)
        spec = {
            "folder": str(folder),
            "parent": self.owner,
            "log_bytes": log_bytes,
            "processes": list(processes),
            "held": handles,
        }
        self._tell(spec)
        _everyone.add(self)
        threading.Thread(target=self._listen, name="wasmnb-mesh-events", daemon=True).start()

    @property
    def alive(self) -> bool:
        """Whether the supervisor runs."""
        return self._alive

    def state(self, name: str) -> State | None:
        """What is known of a process; None before it was started."""
        return self._states.get(name)

    def pids(self) -> list[int]:
        """The process ids of all that run, the supervisor first."""
        return [self._supervisor.pid, *(state.pid for state in list(self._states.values()) if state.pid)]

    def start(self, process: dict[str, Any]) -> None:
        """Start one more process."""
        self._tell({"do": "start", "process": process})

    def restart(self, name: str) -> None:
        """Have a process started again: at once, whether it hangs or waits after a crash."""
        self._tell({"do": "restart", "name": name})

    def stop(self) -> None:
        """End all of them; returns when they have ended and the folder is gone."""
        if os.getpid() != self.owner:
            return
        _everyone.discard(self)
        with contextlib.suppress(OSError):
            self._life.close()
        try:
            self._supervisor.wait(10)
        except subprocess.TimeoutExpired:
            self._supervisor.kill()
            self._supervisor.wait()
        self._alive = False
        shutil.rmtree(self.folder, ignore_errors=True)

    def forget(self) -> None:
        """Let go of the life line in a forked child, which is not to keep the mesh running."""
        self._alive = False
        with contextlib.suppress(OSError):
            os.close(self._life.fileno())

    def wait_change(self, timeout: float) -> None:
        """Wait until something happens to a process, or the time is over."""
        with self._changed:
            self._changed.wait(timeout)

    def _tell(self, order: dict[str, Any]) -> None:
        with self._lock:
            try:
                self._life.write(json.dumps(order).encode() + b"\n")
                self._life.flush()
            except (OSError, ValueError) as error:
                raise MeshError(
                    "The local mesh no longer runs: its supervisor ended.",
                    why=self._last_words(),
                    hint=Wording("start it again: {}, then {}", Verb("mesh", ("stop",)), Verb("mesh", ("local",))),
                    code="WNB4004",
                ) from error

    def _last_words(self) -> list[str]:
        path = self.folder / "supervisor.log"
        return path.read_text("utf-8", "replace").splitlines()[-3:] if path.exists() else []

    def _listen(self) -> None:
        with cast("BinaryIO", self._supervisor.stdout) as events:
            for line in events:
                self._take(json.loads(line))
                self._announce()
        self._alive = False
        if sys.platform != "linux" and self._supervisor.wait() < 0:
            # Linux ends the children with the supervisor (PR_SET_PDEATHSIG); elsewhere it is done here.
            for pid in self.pids()[1:]:
                with contextlib.suppress(OSError):
                    os.kill(pid, signal.SIGKILL)
        self._announce()

    def _take(self, event: dict[str, Any]) -> None:
        name, at = event["name"], datetime.fromtimestamp(event["at"], timezone.utc)
        known = self._states.get(name)
        if event["event"] == "started":
            code = known.code if known else None
            self._states[name] = State(event["pid"], event["restarts"], at, code)
        elif known is not None:
            self._states[name] = replace(known, pid=0, code=event["code"], delay=event["delay"])

    def _announce(self) -> None:
        with self._changed:
            self._changed.notify_all()
        for listener in list(self.listeners):
            listener()


def _forget_everyone() -> None:
    for processes in list(_everyone):
        processes.forget()
    _everyone.clear()


os.register_at_fork(after_in_child=_forget_everyone)
