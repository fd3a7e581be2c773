"""Running a tool so that an interrupt ends it, with everything it started."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from wasmnb.errors import ToolchainError
from wasmnb.interrupts import uninterrupted
from wasmnb.wording import Verb, Wording

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["Finished", "end", "finish", "run", "start"]

_MEMORY = ("out of memory", "Cannot allocate memory", "std::bad_alloc")
_DISK = ("No space left on device", "NoSpaceLeft", "Disk quota exceeded", "File too large", "FileTooBig")


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
                    terminal="stop other kernels or meshes, then give the command again; it needs about 200 MB",
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
    """
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
        raise ToolchainError(
            "The compiler cannot be started.",
            why=[str(error)],
            hint=Wording("pip install --force-reinstall ziglang, then run {}", Verb("doctor")),
            code="WNB2003",
        ) from error
    return made[0]


def end(process: subprocess.Popen[bytes]) -> None:
    """Kill a tool with everything it started, and wait until it is gone."""
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe is not None:
            # What a killed tool did not read cannot be flushed.
            with contextlib.suppress(BrokenPipeError):
                pipe.close()
    process.wait()


def run(command: Sequence[str], folder: Path, *, environment: dict[str, str] | None = None) -> Finished:
    """Run a tool to its end.

    Raises
    ------
    ToolchainError
        It cannot be started, or it ran out of disk or memory.
    """
    return finish(start(command, folder, environment=environment))


def finish(process: subprocess.Popen[bytes], text: bytes | None = None) -> Finished:
    """Wait for a tool's end.

    Parameters
    ----------
    process : subprocess.Popen
    text : bytes, optional
        What it waits for.

    Raises
    ------
    ToolchainError
        It ran out of disk or memory.
    """
    try:
        output, messages = process.communicate(text)
    finally:
        end(process)
    finished = Finished(process.returncode, output.decode(errors="replace"), messages.decode(errors="replace"))
    finished.refuse_exhaustion()
    return finished


def disk_full(why: Sequence[str] = ()) -> ToolchainError:
    """Give the error for a disk without room."""
    return ToolchainError(
        "The build stopped, because the disk is full; nothing half-made was left behind.",
        why=list(why),
        hint="make room in the cache folder or in the folder of temporary files, "
        "or name other ones in WASMNB_CACHE_DIR and TMPDIR",
        code="WNB2008",
    )
