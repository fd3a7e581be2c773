"""One container, from its making to its removal, and what it says in between."""

from __future__ import annotations

import contextlib
import time
import uuid
from collections import deque
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from wasmnb import redact
from wasmnb.compile.container.daemon import talking
from wasmnb.compile.container.environment import HOME, environment_for, secrets_of
from wasmnb.compile.container.files import pack
from wasmnb.compile.container.leftovers import owned, sweep
from wasmnb.compile.container.messages import WORK
from wasmnb.compile.container.stream import Reader
from wasmnb.errors import ToolchainError
from wasmnb.wording import Verb, Wording

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from wasmnb.compile.container.daemon import Daemon

__all__ = ["LABEL", "Job", "Run", "container"]

#: Every container of ours has this label; its value is the build's own.
LABEL = "wasmnb.compile"

_KEPT = 2000  # lines, for the error
# How docker and podman say that there is nothing to mount.
_UNSEEN = ("bind source path does not exist", "statfs ")


@dataclass(frozen=True)
class Job:
    """What is to run.

    Parameters
    ----------
    folder : pathlib.Path
        Absolute.
    image : str
    command : sequence of str, str or None
        Words for the image's entry point; a line for ``sh``; or what the image does by itself.
    environment : mapping of str to str
        What the user passes on.
    copied : bool or None
        The folder is copied, because the daemon does not see it; None to find that out.
    """

    folder: Path
    image: str
    command: Sequence[str] | str | None
    environment: Mapping[str, str]
    copied: bool | None

    def words(self) -> dict[str, list[str]]:
        """Give the command as the Engine API wants it."""
        if self.command is None:
            return {}
        if isinstance(self.command, str):
            return {"entrypoint": ["sh", "-c"], "command": [self.command]}
        return {"command": list(self.command)}


@dataclass
class Run:
    """A container of ours.

    Parameters
    ----------
    daemon : Daemon
    job : Job
    name : str
    lines : collections.deque of str
        The last of what it said.
    left : bool
        It could not be removed.
    reader : Reader or None
        Of its output, once it is followed.
    """

    daemon: Daemon
    job: Job
    name: str
    lines: deque[str] = field(default_factory=lambda: deque(maxlen=_KEPT))
    left: bool = False
    reader: Reader | None = None

    def follow(self, seconds: float, log: Callable[[str], None] | None) -> dict[str, Any]:
        """Start the container, hand on what it says, and wait for its end.

        Parameters
        ----------
        seconds : float
            How long it may take.
        log : callable, optional
            Is given every line as it comes, without colours and without the secrets among the variables.

        Returns
        -------
        dict
            Its last state (Engine API, ``State`` of ``GET /containers/{id}/json``): ``ExitCode``, ``OOMKilled``.

        Raises
        ------
        ToolchainError
            It cannot be started, takes too long, or the daemon went away.
        """
        from requests import Timeout  # noqa: PLC0415

        deadline = time.monotonic() + seconds
        api = self.daemon.client.api
        with talking(self.daemon, f"run the image {self.job.image!r}"):
            reader = self._start()
            try:
                for line in reader.lines(deadline):
                    self._say(line, log)
                api.wait(self.name, timeout=max(1.0, deadline - time.monotonic()))
            except (TimeoutError, Timeout):
                raise self._slow(seconds) from None
            state: dict[str, Any] = api.inspect_container(self.name)["State"]
        if state.get("Running"):
            raise self._slow(seconds)
        return state

    def _say(self, line: str, log: Callable[[str], None] | None) -> None:
        line = redact.text(line, secrets_of(self.job.environment))
        self.lines.append(line)
        if log is not None:
            log(line)

    def _slow(self, seconds: float) -> ToolchainError:
        return ToolchainError(
            f"The build of {self.job.folder.name!r} in {self.job.image} was stopped after {seconds:g} s.",
            why=list(self.lines)[-5:],
            hint=Wording(
                "build it in a terminal, and keep what it makes with {}", Verb("build", ("precompiled", "FILE"))
            ),
            code="WNB2012",
        )

    def _start(self) -> Reader:
        from docker.errors import APIError  # noqa: PLC0415

        api = self.daemon.client.api
        try:
            # Before it starts, so that no line is lost; podman finds out here already what cannot be started.
            self.reader = Reader(api.attach_socket(self.name, {"stdout": 1, "stderr": 1, "stream": 1}))
            api.start(self.name)
        except APIError as error:
            said = str(error.explanation or error).replace("\n", " ")
            words = self.job.words()
            program = (words.get("entrypoint") or words.get("command") or [""])[0]
            missing = any(part in said.lower() for part in ("not found in $path", "no such file or directory"))
            what = f"The image {self.job.image!r} cannot run {program!r}." if program else ""
            raise ToolchainError(
                what or f"A container of {self.job.image!r} cannot be started.",
                why=[said],
                hint="give a command that the image has" if missing else "look at the image with: docker run",
                code="WNB2012",
            ) from error
        return self.reader


@contextlib.contextmanager
def container(daemon: Daemon, job: Job) -> Iterator[Run]:
    """Make a container, and remove it at the end, whatever happens; what a killed kernel has left goes too.

    Parameters
    ----------
    daemon : Daemon
    job : Job

    Yields
    ------
    Run
        Made, with the folder and a home in it, and not started.

    Raises
    ------
    ToolchainError
        The daemon cannot make it.
    """
    build = uuid.uuid4().hex[:12]
    run = Run(daemon, job, f"wasmnb-build-{build}")
    sweep(daemon)
    with owned(run.name, daemon) as forget:
        try:
            with talking(daemon, f"make a container of {job.image!r}"):
                _create(run, build)
                with pack(HOME, daemon.user, job.folder if run.job.copied else None) as archive:
                    daemon.client.api.put_archive(run.name, "/", archive)
            yield run
        finally:
            run.left = not _remove(run)
            if not run.left:
                forget()
            if run.reader is not None:
                run.reader.close()


def _create(run: Run, build: str) -> None:
    from docker.errors import APIError  # noqa: PLC0415

    if run.job.copied is not None:
        _ask(run, build)
        return
    run.job = replace(run.job, copied=run.daemon.remote)
    try:
        _ask(run, build)
        seen = run.daemon.remote or _sees(run)
    except APIError as error:
        if run.job.copied or not any(part in str(error.explanation) for part in _UNSEEN):
            raise
        seen = False
    if not seen:
        # A socket of this machine, and a daemon with other files: it runs in a virtual machine, or we in a container.
        _remove(run)
        run.job = replace(run.job, copied=True)
        _ask(run, build)


def _sees(run: Run) -> bool:
    """Say whether the daemon has mounted our folder, and not one that it made itself, as podman's does."""
    from docker.errors import NotFound  # noqa: PLC0415

    first = min((path.name for path in run.job.folder.iterdir()), default=None)
    if first is None:
        return True
    try:
        pieces, _ = run.daemon.client.api.get_archive(run.name, str(WORK / first))
    except NotFound:
        return False
    pieces.close()
    return True


def _ask(run: Run, build: str) -> None:
    from docker.types import Mount  # noqa: PLC0415

    job, daemon = run.job, run.daemon
    api = daemon.client.api
    # A mount and no volume: a daemon that does not see the folder says so, and does not make an empty one as root.
    mounts = [] if job.copied else [Mount(str(WORK), str(job.folder), type="bind")]
    api.create_container(
        job.image,
        **job.words(),
        name=run.name,
        user=daemon.user,
        working_dir=str(WORK),
        environment=environment_for(job.environment),
        labels={LABEL: build},
        host_config=api.create_host_config(mounts=mounts, **daemon.isolation()),
        # The proxies in docker's config.json may carry passwords.
        use_config_proxy=False,
    )


def _remove(run: Run) -> bool:
    """Kill and remove a container, also while the user presses Ctrl-C again; say whether it is gone."""
    from docker.errors import DockerException, NotFound  # noqa: PLC0415

    for _ in range(3):
        try:
            run.daemon.client.api.remove_container(run.name, force=True, v=True)
        except NotFound:
            return True
        except KeyboardInterrupt:
            continue
        except (DockerException, OSError):
            return False
        return True
    return False
