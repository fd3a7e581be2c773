"""A mesh that lives in another process of the user: the same protocol, each call over its socket."""

from __future__ import annotations

import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from wasmnb.errors import BadNameError, MeshError, NoMeshError, did_you_mean
from wasmnb.mesh.running.registration import registrations
from wasmnb.version import __version__
from wasmnb.wording import Verb, Wording, front, joined

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from multiprocessing.connection import Connection

    from wasmnb.check import Checks
    from wasmnb.envoy.exchange import Probe
    from wasmnb.mesh.protocol import Change
    from wasmnb.mesh.results import Counts, Logs, Metrics, Pods, Properties, Verdicts
    from wasmnb.mesh.running.registration import Registration
    from wasmnb.mesh.shares import Share
    from wasmnb.plugin import Plugin, Proof
    from wasmnb.plugin.plugins import Plugins
    from wasmnb.progress import Progress
    from wasmnb.traffic import Exchange

__all__ = ["RemoteMesh", "RemoteWatch", "end", "join", "named"]

_LOOK = 0.1  # seconds


class RemoteMesh:
    """A mesh of another process; that this one is done with it changes nothing there.

    Parameters
    ----------
    registration : Registration
        Where it is.
    """

    needs_registry = False

    def __init__(self, registration: Registration) -> None:
        self.registration = registration
        self.name = registration.name

    def __repr__(self) -> str:
        return f"<RemoteMesh {self.name!r} of process {self.registration.pid}>"

    @property
    def prove(self) -> Proof | None:
        """How plugins may be seen to act there."""
        found: Proof | None = self._call("prove")
        return found

    @property
    def gateway(self) -> str:
        """``host:port`` of the way in."""
        return self.registration.gateway

    @property
    def about(self) -> tuple[str, ...]:
        """Where it lives."""
        return (f"it lives in process {self.registration.pid}, a {self.registration.program}", *self._call("about"))

    @property
    def remains(self) -> tuple[str, ...]:
        """That it goes on."""
        return (f"it goes on running in process {self.registration.pid}",)

    def pods(self) -> Pods:
        """See `Mesh.pods`."""
        return self._call("pods")  # type: ignore[no-any-return]

    def rendered_share(self, plugin: Plugin, labels: Mapping[str, str], percent: float) -> str:
        """See `wasmnb.mesh.MeshOfShares.rendered_share`."""
        return self._call("rendered_share", plugin, labels, percent)  # type: ignore[no-any-return]

    def share(self, plugin: Plugin, labels: Mapping[str, str], percent: float, *, wait: float = 10.0) -> Share:
        """See `wasmnb.mesh.MeshOfShares.share`."""
        return self._call("share", plugin, dict(labels), percent, wait=wait)  # type: ignore[no-any-return]

    def shares(self, id: str | None = None) -> tuple[Share, ...]:  # noqa: A002
        """See `wasmnb.mesh.MeshOfShares.shares`."""
        return self._call("shares", id)  # type: ignore[no-any-return]

    def unshare(self, id: str) -> None:  # noqa: A002
        """See `wasmnb.mesh.MeshOfShares.unshare`."""
        self._call("unshare", id)

    def render(self, plugin: Plugin) -> str:
        """See `Mesh.render`."""
        return self._call("render", plugin)  # type: ignore[no-any-return]

    def rendered(self, id: str) -> str:  # noqa: A002 - the protocol's word
        """See `Mesh.rendered`."""
        return self._call("rendered", id)  # type: ignore[no-any-return]

    def apply(
        self,
        plugin: Plugin,
        *,
        only: Mapping[str, str] | None = None,
        preflight: bool = True,
        allow_trap: bool = False,
        prove: Proof | None = None,
        probes: Mapping[str, Sequence[Probe]] | None = None,
        wait: float | None = 10.0,
        progress: Progress | None = None,
    ) -> Verdicts:
        """See `Mesh.apply`."""
        return self._call(  # type: ignore[no-any-return]
            *("apply", plugin),
            only=only,
            preflight=preflight,
            allow_trap=allow_trap,
            prove=prove,
            probes=probes,
            wait=wait,
            progress=progress,
        )

    def remove(self, id: str) -> Plugin:  # noqa: A002
        """See `Mesh.remove`."""
        return self._call("remove", id)  # type: ignore[no-any-return]

    def removed(self, id: str) -> Verdicts:  # noqa: A002
        """See `Mesh.removed`."""
        return self._call("removed", id)  # type: ignore[no-any-return]

    def plugins(self) -> Plugins:
        """See `Mesh.plugins`."""
        return self._call("plugins")  # type: ignore[no-any-return]

    def history(self, id: str) -> Plugins:  # noqa: A002
        """See `Mesh.history`."""
        return self._call("history", id)  # type: ignore[no-any-return]

    def wait(self, id: str, *, timeout: float = 10.0) -> Verdicts:  # noqa: A002
        """See `Mesh.wait`."""
        return self._call("wait", id, timeout=timeout)  # type: ignore[no-any-return]

    def verdicts(self, id: str | None = None) -> Verdicts:  # noqa: A002
        """See `Mesh.verdicts`."""
        return self._call("verdicts", id)  # type: ignore[no-any-return]

    def send(
        self,
        source: str,
        url: str,
        *,
        method: str = "GET",
        headers: Sequence[tuple[str, str]] = (),
        body: bytes = b"",
        via: str = "proxy",
        timeout: float = 5.0,
        pod: str = "",
        received: bool = False,
        levels: bool = False,
    ) -> Exchange:
        """See `Mesh.send`."""
        return self._call(  # type: ignore[no-any-return]
            *("send", source, url),
            method=method,
            headers=headers,
            body=body,
            via=via,
            timeout=timeout,
            pod=pod,
            received=received,
            levels=levels,
        )

    def endpoints(self, url: str) -> list[str]:
        """See `Mesh.endpoints`."""
        return self._call("endpoints", url)  # type: ignore[no-any-return]

    def counts(self) -> Counts:
        """See `Mesh.counts`."""
        return self._call("counts")  # type: ignore[no-any-return]

    def metrics(self) -> Metrics:
        """See `Mesh.metrics`."""
        return self._call("metrics")  # type: ignore[no-any-return]

    def properties(self, pod: str) -> Properties:
        """See `Mesh.properties`."""
        return self._call("properties", pod)  # type: ignore[no-any-return]

    def logs(self, pod: str, *, tail: int | None = None) -> Logs:
        """See `Mesh.logs`."""
        return self._call("logs", pod, tail=tail)  # type: ignore[no-any-return]

    def bookinfo(
        self,
        action: str,
        *,
        images: str | Mapping[str, str] = "",
        timeout: float = 300.0,
        progress: Progress | None = None,
    ) -> tuple[str, ...]:
        """See `MeshWithBookinfo.bookinfo`."""
        return self._call(  # type: ignore[no-any-return]
            "bookinfo", action, images=images, timeout=timeout, progress=progress
        )

    def watch(self) -> RemoteWatch:
        """See `Mesh.watch`."""
        return RemoteWatch(_asked(self.registration, "watch", (), {}, progress=False), self.name)

    def doctor(self) -> Checks:
        """See `Mesh.doctor`."""
        return self._call("doctor")  # type: ignore[no-any-return]

    def stop(self) -> None:
        """Let go of it; it goes on in its own process."""

    def _call(self, name: str, *args: Any, progress: Progress | None = None, **keywords: Any) -> Any:
        with _gone(self.name):
            connection = _asked(self.registration, name, args, keywords, progress=progress is not None)
            with connection:
                while True:
                    what, value = connection.recv()
                    if what == "progress" and progress is not None:
                        progress.update(*value)
                    elif what == "error":
                        break
                    elif what == "result":
                        return value
        raise value


class RemoteWatch:
    """The changes of a mesh of another process; closable from another thread.

    Parameters
    ----------
    connection : Connection
    name : str
        Of the mesh.
    """

    def __init__(self, connection: Connection, name: str) -> None:
        self._connection, self._name = connection, name
        self._closed = threading.Event()

    def __iter__(self) -> RemoteWatch:
        return self

    def __next__(self) -> Change:
        with suppress(EOFError, OSError):
            # A connection that is closed while another thread reads it stays open for that thread.
            while not self._closed.is_set():
                if self._connection.poll(_LOOK):
                    what, value = self._connection.recv()
                    if what == "error":
                        raise value
                    return value  # type: ignore[no-any-return]
        self.close()
        self._connection.close()
        raise StopIteration

    def __enter__(self) -> RemoteWatch:  # noqa: PYI034
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the stream."""
        self._closed.set()
        with suppress(OSError):
            self._connection.send(None)


def named(name: str | None, verb: str = "join") -> Registration:
    """Give the mesh of that name that runs in another process; without one, the only one that there is.

    Parameters
    ----------
    name : str or None
    verb : str
        What is to be done with it, for a hint: ``join`` or ``stop``.

    Raises
    ------
    NoMeshError
        None runs.
    BadNameError
        There is none of that name.
    MeshError
        Several run, and none was named.
    """
    found = registrations()
    known = [one.name for one in found]
    if not found:
        raise NoMeshError(
            "No mesh runs on this machine that could be joined.",
            hint=Wording("{} starts one", Verb("mesh", ("local",)), python="session.mesh('local') starts one"),
        )
    if name is None and len(found) == 1:
        return found[0]
    if name is None:
        raise MeshError(
            f"{len(found)} meshes run on this machine: {', '.join(known)}.",
            hint=joined(_naming(verb, known[0]), Wording("{} shows them", Verb("mesh", ("list",)))),
            code="WNB4008",
        )
    chosen = next((one for one in found if one.name == name), None)
    if chosen is None:
        raise BadNameError(
            f"No mesh called {name!r} runs on this machine.",
            why=[f"available: {', '.join(known)}"],
            hint=did_you_mean(name, known) or Wording("{} shows them", Verb("mesh", ("list",))),
        )
    return chosen


def _naming(verb: str, name: str) -> Wording:
    """Say how one of several is named, by the example of one; in a shell there is nothing to join."""
    line = Verb("mesh", (verb, name))
    terminal = f"name one, for instance with --mesh {name}" if verb == "join" else ""
    return Wording("name one, for instance {}", line, terminal=terminal)


def join(name: str | None = None) -> RemoteMesh:
    """Use a mesh that runs in another process; see `named` for which, and what it raises."""
    found = named(name)
    if found.version != __version__:
        raise MeshError(
            f"The mesh {found.name!r} runs with wasmnb {found.version}, and this is {__version__}.",
            hint="end it there, and start it with this version",
            code="WNB4008",
        )
    return RemoteMesh(found)


def end(name: str | None = None) -> Registration:
    """End a mesh of another process; see `named` for which, and what it raises."""
    found = named(name, "stop")
    RemoteMesh(found)._call("stop")  # noqa: SLF001 - what its protocol has no word for
    return found


def _asked(
    where: Registration, name: str, args: tuple[Any, ...], keywords: dict[str, Any], *, progress: bool
) -> Connection:
    from multiprocessing.connection import Client  # noqa: PLC0415 - for those who join a mesh
    from multiprocessing.context import AuthenticationError  # noqa: PLC0415

    with _gone(where.name):
        try:
            connection = Client(where.socket, "AF_UNIX", authkey=bytes.fromhex(where.key))
        except AuthenticationError:
            raise EOFError from None
        connection.send((name, args, keywords, front(), progress))
        return connection


@contextmanager
def _gone(name: str) -> Iterator[None]:
    """Say that the mesh is gone, where its process does not answer any more."""
    try:
        yield
    except (EOFError, ConnectionError, FileNotFoundError):
        raise MeshError(
            f"The mesh {name!r} no longer runs.",
            hint=Wording("{} shows those that run", Verb("mesh", ("list",))),
            code="WNB4004",
        ) from None
