"""The server's life: where it listens, where it keeps images, when it ends."""

from __future__ import annotations

import contextlib
import errno
import threading
from http.server import ThreadingHTTPServer
from typing import TYPE_CHECKING

from wasmnb.errors import RegistryError, UsageError
from wasmnb.image.registry.access import is_loopback
from wasmnb.image.registry.server.handler import Handler
from wasmnb.image.registry.server.uploads import Uploads
from wasmnb.image.store import Store
from wasmnb.paths import data_dir

if TYPE_CHECKING:
    from pathlib import Path

    from typing_extensions import Self

__all__ = ["RegistryServer", "default_path"]


_TAKEN = "another program has the port, perhaps a registry that was started before: choose another port"


def default_path() -> Path:
    """Give the folder of the registry whose path nobody said."""
    return data_dir("registry")


class RegistryServer:
    """A registry that this process serves, to this machine alone.

    It keeps images in a store of its own, so that a push to it is a push: an OCI layout, which is there again when the
    registry is started again. Whoever has an account on the machine can read and write it, as nobody logs in.

    Parameters
    ----------
    path : pathlib.Path, optional
        Where it keeps images; a folder under the user's data when not given.
    host : str
        A loopback address.
    port : int
        0 for any that is free.

    Raises
    ------
    UsageError
        The address is not a loopback address.
    RegistryError
        The port is taken.
    """

    def __init__(self, path: Path | None = None, *, host: str = "127.0.0.1", port: int = 0) -> None:
        if not is_loopback(host):
            raise UsageError(
                f"This registry serves this machine alone, and {host} is not a loopback address.", hint="leave it out"
            )
        self.store = Store(path or default_path())
        try:
            self._server = _Server((host, port), Handler)
        except OSError as error:
            taken = error.errno == errno.EADDRINUSE
            raise RegistryError(
                f"The registry cannot listen on port {port} of {host}.",
                why=[error.strerror or str(error)],
                hint=_TAKEN if taken else "choose another port, above 1023, of 127.0.0.1",
            ) from None
        self._uploads = Uploads(self.store)
        self._server.store, self._server.uploads = self.store, self._uploads
        self.port = self._server.server_port
        self.host = f"{host}:{self.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, name="wasmnb-registry-server", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End it; what was pushed stays on disk."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        self._uploads.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def __repr__(self) -> str:
        return f"RegistryServer({self.host!r}, {str(self.store.path)!r})"


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    store: Store
    uploads: Uploads

    def handle_error(self, *_: object) -> None:
        """Say nothing: a client that went away is no news, and a kernel's standard error is a cell's output."""
        with contextlib.suppress(Exception):
            return
