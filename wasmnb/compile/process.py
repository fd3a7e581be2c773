"""Running a tool so that an interrupt ends it, with everything it started."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from wasmnb.errors import ToolchainError
from wasmnb.interrupts import uninterrupted
from wasmnb.wording import Verb, Wording

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["Finished", "Leash", "StoppedError", "end", "finish", "go_on", "leash", "run", "start"]

_MEMORY = ("out of memory", "Cannot allocate memory", "std::bad_alloc")
_DISK = ("No space left on device", "NoSpaceLeft", "Disk quota exceeded", "File too large", "FileTooBig")


class StoppedError(Exception):
    """What a build meets that nobody waits for any more: its tools were ended."""


class Leash:
    """Ends, from another thread, the tools of a build, and lets them work behind everything else.

    Parameters
    ----------
    nice : int
        The niceness of each tool.
    """

    def __init__(self, nice: int = 10) -> None:
        self._nice = nice
        self._lock = threading.Lock()
        self._held: dict[subprocess.Popen[bytes], bool] = {}
        self._stopped = False

    @property
    def stopped(self) -> bool:
        """Whether the build is to go no further."""
        return self._stopped

    def check(self) -> None:
        """Go on, or do not.

        Raises
        ------
        StoppedError
        """
        if self._stopped:
            raise StoppedError

    def stop(self, *, kept: bool = False) -> None:
        """End the tools; those that are kept for later builds only where that is said."""
        with self._lock:
            self._stopped = True
            for process, spared in self._held.items():
                if kept or not spared:
                    _kill(process)

    @contextlib.contextmanager
    def hold(self, process: subprocess.Popen[bytes], *, kept: bool = False) -> Iterator[None]:
        """Have a tool ended by `stop` while the block runs.

        Parameters
        ----------
        process : subprocess.Popen
            The leader of its process group.
        kept : bool
            It serves later builds too: it keeps its priority, and ends only when it hangs.
        """
        self.take(process, kept=kept)
        try:
            yield
        finally:
            self.leave(process)

    def take(self, process: subprocess.Popen[bytes], *, kept: bool = False) -> None:
        """Have a tool ended by `stop`, until `leave`."""
        with self._lock:
            self._held[process] = kept
            if self._stopped:
                _kill(process)
        if not kept:
            with contextlib.suppress(OSError):
                os.setpriority(os.PRIO_PROCESS, process.pid, self._nice)

    def leave(self, process: subprocess.Popen[bytes]) -> None:
        """Forget a tool."""
        with self._lock:
            self._held.pop(process, None)

    @contextlib.contextmanager
    def on(self) -> Iterator[None]:
        """Hold every tool that the block starts."""
        token = _LEASH.set(self)
        try:
            yield
        finally:
            _LEASH.reset(token)


_LEASH: ContextVar[Leash | None] = ContextVar("leash", default=None)


def leash() -> Leash | None:
    """Give what holds the tools of this thread; None where somebody waits for them."""
    return _LEASH.get()


def go_on() -> None:
    """Go on with what this thread does, unless it is held by a leash and nobody waits for it any more.

    Raises
    ------
    StoppedError
    """
    holder = leash()
    if holder is not None:
        holder.check()


@dataclass(frozen=True)
class Finished:
    """What a tool left: its exit code (negative: the signal that ended it) and its messages."""

    code: int
    output: str
    messages: str

    def refuse_exhaustion(self) -> None:
        """Raise when the tool failed because the machine has no disk or memory left.

        Raises
        ------
        ToolchainError
        """
        if self.code == 0:
            return
        last = self.messages.strip().splitlines()[-3:]
        if any(word in self.messages for word in _DISK) or self.code == -signal.SIGXFSZ:
            raise disk_full(last)
        if any(word in self.messages for word in _MEMORY) or self.code == -signal.SIGKILL:
            raise ToolchainError(
                "The compiler was stopped, most likely because the machine ran out of memory.",
                why=last,
                hint=Wording(
                    "stop other kernels or meshes, then run the cell again; it needs about 200 MB",
                    terminal="end other programs or meshes, then give the command again; it needs about 200 MB",
                ),
                code="WNB2007",
            )


def start(
    command: Sequence[str],
    folder: Path,
    *,
    environment: dict[str, str] | None = None,
    messages: IO[bytes] | None = None,
    waits: bool = False,
) -> subprocess.Popen[bytes]:
    """Start a tool in a process group of its own, with an environment that does not change what it makes.

    Parameters
    ----------
    command : sequence of str
        The program's full path, and its arguments.
    folder : pathlib.Path
        Where it runs, and where it keeps its temporary files.
    environment : dict of str to str, optional
        Further variables.
    messages : binary file, optional
        Takes everything that the tool says; without one, pipes do.
    waits : bool
        It reads what `finish` gives it. Should this process die, it meets the end of a pipe.

    Raises
    ------
    ToolchainError
        The program cannot be started.
    StoppedError
    """
    holder = leash()
    go_on()
    # No CPATH, no locale, no build date reaches the compiler: same source, same bytes.
    plain = {"LC_ALL": "C.UTF-8", "TMPDIR": str(folder), "SOURCE_DATE_EPOCH": "0", "PATH": os.defpath}
    made: list[subprocess.Popen[bytes]] = []
    try:
        with uninterrupted():
            made.append(
                subprocess.Popen(
                    command,
                    cwd=folder,
                    env={**plain, **(environment or {})},
                    stdin=subprocess.PIPE if waits else subprocess.DEVNULL,
                    stdout=messages or subprocess.PIPE,
                    stderr=messages or subprocess.PIPE,
                    # Ctrl-C in a terminal goes to our own group only; we end the tool, and say so.
                    start_new_session=True,
                )
            )
    except KeyboardInterrupt:
        for process in made:
            end(process)
        raise
    except OSError as error:
        name = Path(command[0]).name
        again = "pip install --force-reinstall ziglang" if name == "zig" else f"install {name} again"
        raise ToolchainError(
            "The compiler cannot be started.",
            why=[str(error)],
            hint=Wording("{}, then run {}", again, Verb("doctor")),
            code="WNB2003",
        ) from error
    if holder is not None:
        holder.take(made[0])
    return made[0]


def end(process: subprocess.Popen[bytes]) -> None:
    """Kill a tool with everything it started, and wait until it is gone."""
    _kill(process)
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe is not None:
            # What a killed tool did not read cannot be flushed.
            with contextlib.suppress(BrokenPipeError):
                pipe.close()
    process.wait()


def _kill(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)


def run(
    command: Sequence[str], folder: Path, *, environment: dict[str, str] | None = None, seconds: float | None = None
) -> Finished:
    """Run a tool to its end.

    Raises
    ------
    ToolchainError
        It cannot be started, or it ran out of disk or memory.
    TimeoutError
        It did not end within so many seconds.
    """
    return finish(start(command, folder, environment=environment), seconds=seconds)


def finish(process: subprocess.Popen[bytes], text: bytes | None = None, *, seconds: float | None = None) -> Finished:
    """Wait for a tool's end.

    Parameters
    ----------
    process : subprocess.Popen
    text : bytes, optional
        What it waits for.
    seconds : float, optional
        How long to wait, for a tool that has no reason to take long.

    Raises
    ------
    ToolchainError
        It ran out of disk or memory.
    TimeoutError
    StoppedError
    """
    holder = leash()
    try:
        output, messages = process.communicate(text, timeout=seconds)
    except subprocess.TimeoutExpired as error:
        raise TimeoutError(str(error)) from None
    finally:
        end(process)
        if holder is not None:
            holder.leave(process)
    if holder is not None:
        holder.check()
    finished = Finished(process.returncode, output.decode(errors="replace"), messages.decode(errors="replace"))
    finished.refuse_exhaustion()
    return finished


def disk_full(why: Sequence[str] = ()) -> ToolchainError:
    """Give the error for a disk without room."""
    return ToolchainError(
        "The build stopped, because the disk is full; nothing half-made was left behind.",
        why=list(why),
        hint="make room in the cache folder or in the folder of temporary files, "
        "or name other ones in WASMNB_CACHE_DIR and TMPDIR, and start again",
        code="WNB2008",
    )
