"""Building a folder in a builder image: the one function of this package."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wasmnb import redact
from wasmnb.compile.container.collect import take
from wasmnb.compile.container.daemon import connect
from wasmnb.compile.container.environment import environment_for, secrets_of
from wasmnb.compile.container.files import stamps
from wasmnb.compile.container.images import ensure_image
from wasmnb.compile.container.messages import diagnostics_of
from wasmnb.compile.container.run import LABEL, Job, Run, container
from wasmnb.compile.errors import CompileError
from wasmnb.errors import BadNameError, Explained, Interrupted, ToolchainError, UsageError
from wasmnb.module.module import BuildRecord
from wasmnb.progress import Silent
from wasmnb.wording import RELATIVE, Option, Wording, joined

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from wasmnb.compile.container.daemon import Daemon
    from wasmnb.compile.diagnostics import Diagnostic
    from wasmnb.module.module import Module
    from wasmnb.progress import Progress

__all__ = ["build_in_container"]

_QUOTED = 10  # lines of the log in an error
_ERRORS = 3  # further errors of a compiler in an error
_KILLED = 137  # 128 + SIGKILL
_NO_COMMAND = (126, 127)  # what a shell gives for a program that it cannot run, or cannot find


def build_in_container(
    folder: str | Path,
    image: str,
    *,
    command: Sequence[str] | str | None = None,
    target: str | None = None,
    environment: Mapping[str, str] | None = None,
    name: str = "",
    timeout: float = 1800.0,
    pull: bool = False,
    copy: bool | None = None,
    progress: Progress | None = None,
    log: Callable[[str], None] | None = None,
) -> Module:
    """Build a folder in a container of the user's builder image, and take the module.

    The folder is ``/work`` in the container: mounted, or copied where the daemon does not see it (then only the module
    comes back, to the same place in the folder). The container runs under the user's own ids, with a home that can be
    written, and without any variable of ours but the proxies; it is gone afterwards, whatever happens.

    Parameters
    ----------
    folder : str or pathlib.Path
    image : str
        As ``docker run`` takes it.
    command : sequence of str, str, or None
        Words for the image's entry point, a text for the image's ``sh -c``, or the image's own command.
    target : str, optional
        The module: a path in the folder, or an absolute one in the container. When not given: the one ``.wasm`` in the
        folder that the build has written, or, where it had nothing to do, the one there is.
    environment : mapping of str to str, optional
        Further variables. Those with a name such as ``TOKEN`` are masked in the log and in errors.
    name : str
        What to call the module; its file's name when empty.
    timeout : float
        Seconds that the build may take.
    pull : bool
        Pull the image when the daemon does not have it.
    copy : bool, optional
        Copy the folder, or mount it; decided by the daemon's address when not given.
    progress : Progress, optional
    log : callable, optional
        Is given each line of the build as it comes.

    Returns
    -------
    Module
        ``module.build.warnings`` has the compiler's warnings.

    Raises
    ------
    BadNameError
        There is no such folder.
    CompileError
        A compiler refused the source; ``diagnostics`` has every message of clang, gcc, zig, rustc or go in the log.
    ToolchainError
        No daemon answers, it does not have the image, or the build failed in another way.
    ModuleError
        The build made no module, or several.
    UsageError
    Interrupted
        Ctrl-C; the container has been stopped and removed.
    """
    job = Job(_folder(folder), image, command, dict(environment or {}), copy)
    environment_for(job.environment)  # refuses what cannot be a variable before anything is done
    if not timeout > 0:
        raise UsageError(f"A build cannot take {timeout} s.", hint="give a positive number of seconds as timeout")
    progress = progress or Silent()
    started = time.perf_counter()
    try:
        with connect() as daemon:
            if not ensure_image(daemon, image, pull=pull, progress=progress) and command is None:
                raise UsageError(
                    f"The image {image!r} has no command of its own.",
                    hint=Wording("give one: {}", Option("command", "make")),
                )
            progress.update(f"building {job.folder.name} in {image}")
            module, said = _run(daemon, job, target, timeout, log)
    except Explained as error:
        redact.error(error, secrets_of(job.environment))
        raise
    seconds = time.perf_counter() - started
    warnings = tuple(item for item in said if item.severity == "warning")
    record = BuildRecord(seconds, cached=False, warnings=warnings, stages=(("container", seconds),))
    return replace(module, name=name or module.name, build=record)


def _run(
    daemon: Daemon, job: Job, target: str | None, timeout: float, log: Callable[[str], None] | None
) -> tuple[Module, tuple[Diagnostic, ...]]:
    run: Run | None = None
    try:
        with container(daemon, job) as run:
            copied = bool(run.job.copied)
            before = stamps(job.folder, seconds=copied)
            state = run.follow(timeout, log)
            said = diagnostics_of(run.lines, job.folder)
            if state["ExitCode"]:
                raise _failure(job, state, run.lines, said)
            return take(run, target, before), said
    except KeyboardInterrupt:
        gone = "its container is removed" if run is None or not run.left else f"remove it: docker rm -f {run.name}"
        mounted = run is not None and not run.job.copied
        raise Interrupted(
            f"The build of {job.folder.name!r} in {job.image} was stopped.",
            hint=joined(gone, "what it had half written may be in the folder" if mounted else ""),
        ) from None
    finally:
        if run is not None and run.left and log is not None:
            log(f"{run.name} could not be removed; docker ps -a --filter label={LABEL} lists such containers")


def _failure(
    job: Job, state: Mapping[str, Any], lines: Sequence[str], said: Sequence[Diagnostic]
) -> CompileError | ToolchainError:
    """Make an error of a build that did not end well: the compiler's messages, or the last lines of the log."""
    errors = [item for item in said if item.severity == "error"]
    placed = [item for item in errors if item.line]
    if placed:
        return _refused(job, placed[0], [item for item in errors if item is not placed[0]], said)
    code = int(state["ExitCode"])
    last = [line for line in lines if line.strip()][-_QUOTED:]
    what, hint = f"ended with exit code {code}", "run its command in a terminal of the image"
    if state.get("OOMKilled") or (code == _KILLED and not last):
        what, hint = "was stopped, because it ran out of memory", "give the daemon, or the build, more memory"
    elif any("exec format error" in line.lower() for line in last):
        what, hint = "could not run its programs", "the image is for another kind of processor; take one for this"
    elif code in _NO_COMMAND:
        hint = "a program is missing in the image; give another command, or another image"
    return ToolchainError(
        f"The build of {job.folder.name!r} in {job.image} {what}.", why=last, hint=hint, code="WNB2012"
    )


def _refused(job: Job, first: Diagnostic, others: Sequence[Diagnostic], said: Sequence[Diagnostic]) -> CompileError:
    why = [f"{note.place}: {note.message}" for note in first.notes[:2] if note.line]
    why += [str(item) for item in others[:_ERRORS]]
    if len(others) > _ERRORS:
        why.append(f"and {len(others) - _ERRORS} more")
    return CompileError(
        f"{job.folder.name!r} does not compile in {job.image}: {first.message.rstrip('.')}.",
        where=first.place,
        why=why,
        diagnostics=said,
    )


def _folder(given: str | Path) -> Path:
    folder = Path(given).expanduser()
    if not folder.is_dir():
        raise BadNameError(
            f"There is no folder {str(given)!r}.",
            hint=joined(RELATIVE, "a container build takes a whole folder"),
        )
    return folder.resolve()
