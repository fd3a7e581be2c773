"""Containers whose kernel was killed: told from those that somebody waits for, and removed by the next build.

Whoever has a container holds a lock on a file that is called like it and names the daemon. The system lets go of the
lock when the process ends, however it ends; what is locked by nobody is left over.
"""

from __future__ import annotations

import contextlib
import fcntl
from typing import TYPE_CHECKING

from wasmnb.paths import cache_dir

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from wasmnb.compile.container.daemon import Daemon

__all__ = ["owned", "sweep"]

_FOLDER = "containers"


@contextlib.contextmanager
def owned(name: str, daemon: Daemon) -> Iterator[Callable[[], None]]:
    """Say that this process has a container, until it ends.

    Parameters
    ----------
    name : str
        The container's, which need not be there yet.
    daemon : Daemon

    Yields
    ------
    callable
        To be called when the container is gone.
    """
    with contextlib.ExitStack() as stack:
        # A cache that may not be written costs the sweep, not the build.
        with contextlib.suppress(OSError):
            file = stack.enter_context((cache_dir(_FOLDER) / name).open("w", encoding="utf-8"))
            fcntl.flock(file, fcntl.LOCK_EX)
            file.write(daemon.address)
            file.flush()
        yield lambda: _forget(name)


def sweep(daemon: Daemon) -> None:
    """Remove the containers of this daemon that nobody waits for any more; without any, nothing is asked.

    Parameters
    ----------
    daemon : Daemon
    """
    from docker.errors import DockerException, NotFound  # noqa: PLC0415

    with contextlib.suppress(OSError):
        for path in cache_dir(_FOLDER).iterdir():
            with path.open("r+", encoding="utf-8") as file, contextlib.suppress(BlockingIOError, DockerException):
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if file.read() == daemon.address:
                    with contextlib.suppress(NotFound):
                        daemon.client.api.remove_container(path.name, force=True, v=True)
                    _forget(path.name)


def _forget(name: str) -> None:
    with contextlib.suppress(OSError):
        (cache_dir(_FOLDER) / name).unlink(missing_ok=True)
