"""Finding the container daemon the way ``docker`` does, podman's too, and knowing what it can do."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wasmnb import redact
from wasmnb.errors import ToolchainError
from wasmnb.wording import Option, Verb, Wording

if TYPE_CHECKING:
    from collections.abc import Iterator

    from docker import DockerClient

__all__ = ["WAY_OUT", "Daemon", "connect", "talking"]

#: What works without any daemon.
WAY_OUT = Wording(
    "{} without {}, or a {} cell: both have their own compiler",
    Verb("build", ("FOLDER",)),
    Option("in_container"),
    Verb("filter", cell=True),
    python=Wording(
        "{} without {}, or {}: both have their own compiler",
        Verb("build", ("FOLDER",)),
        Option("in_container"),
        Verb("filter", ("NAME", "SOURCE")),
    ),
)

_PATIENCE = 10.0  # seconds for a daemon to say who it is
_CALL = 600.0  # seconds for one call; a storage driver without layers copies a whole image to make a container


@dataclass(frozen=True)
class Daemon:
    """A daemon that answers.

    Parameters
    ----------
    client : docker.DockerClient
    address : str
        Where it answers, without a password.
    remote : bool
        It may be on another machine: it sees none of our files.
    options : frozenset of str
        Its security options, such as ``rootless``, ``userns``, ``selinux`` (Engine API, ``GET /info``).
    """

    client: DockerClient
    address: str
    remote: bool
    options: frozenset[str]

    @property
    def user(self) -> str:
        """The ``uid:gid`` under which a container writes files that are the user's own."""
        # A rootless daemon maps its own user to 0 in the container, and every other number to one of nobody's.
        return "0:0" if "rootless" in self.options else f"{os.getuid()}:{os.getgid()}"

    def isolation(self) -> dict[str, Any]:
        """Give what a container needs, so that the folder can be written under that number."""
        # SELinux would have to relabel the user's folder; a remapped user namespace would shift the numbers.
        chosen: dict[str, Any] = {"security_opt": ["label=disable"]} if "selinux" in self.options else {}
        return {**chosen, "userns_mode": "host"} if "userns" in self.options else chosen


@contextlib.contextmanager
def connect() -> Iterator[Daemon]:
    """Find the daemon that ``DOCKER_HOST``, a docker context or one of the usual sockets names.

    Yields
    ------
    Daemon
        Closed at the end.

    Raises
    ------
    ToolchainError
        None answers; it says which were tried, and how each failed.
    """
    try:
        from docker.errors import DockerException  # noqa: PLC0415 - only for container builds
    except ImportError as error:
        raise ToolchainError(
            "A container build needs the Python package 'docker'.",
            why=[str(error)],
            hint=Wording("pip install docker; or {}", WAY_OUT),
            code="WNB2010",
        ) from error
    tried: list[str] = []
    for name, where in _places():
        address = redact.url(where["base_url"])
        path = _socket(where["base_url"])
        try:
            client, information = _called(path, where)
        except (DockerException, OSError, ValueError) as error:
            tried.append(f"{address} ({name}): {_reason(error)}")
            continue
        client.api.timeout = _CALL
        options = {part.split(",")[0].removeprefix("name=") for part in information.get("SecurityOptions") or ()}
        if information.get("Rootless"):  # podman's own field
            options.add("rootless")
        with contextlib.closing(client):
            yield Daemon(client, address, path is None, frozenset(options))
        return
    raise _nobody(tried)


@contextlib.contextmanager
def talking(daemon: Daemon, doing: str, hint: str = "") -> Iterator[None]:
    """Turn what the ``docker`` library raises into our own error.

    Parameters
    ----------
    daemon : Daemon
    doing : str
        What was asked, to stand behind ``could not``.
    hint : str
        What helps where the daemon does answer, and refuses.
    """
    from docker.errors import APIError, DockerException  # noqa: PLC0415
    from requests import RequestException  # noqa: PLC0415
    from urllib3.exceptions import HTTPError  # noqa: PLC0415

    try:
        yield
    except (DockerException, RequestException, HTTPError) as error:
        answered = isinstance(error, APIError)
        raise ToolchainError(
            f"The container daemon at {daemon.address} could not {doing}.",
            why=[_reason(error)],
            hint=hint if hint and answered else Wording("look at it with docker info, or podman info; or {}", WAY_OUT),
            code="WNB2011" if hint and answered else "WNB2010",
        ) from error


def _called(path: Path | None, where: dict[str, Any]) -> tuple[DockerClient, dict[str, Any]]:
    """Ask one address who answers."""
    import docker  # noqa: PLC0415

    if path is not None and not path.exists():
        raise FileNotFoundError("there is no such socket")
    client = docker.DockerClient(version="auto", timeout=_PATIENCE, **where)
    try:
        return client, client.info()
    except BaseException:
        client.close()
        raise


def _places() -> Iterator[tuple[str, dict[str, Any]]]:
    """Give where to look, each with what told us: one place when the user chose it, else the usual sockets."""
    from docker.context import ContextAPI  # noqa: PLC0415
    from docker.context.config import get_current_context_name  # noqa: PLC0415
    from docker.errors import TLSParameterError  # noqa: PLC0415
    from docker.utils import kwargs_from_env  # noqa: PLC0415

    if os.environ.get("DOCKER_HOST"):
        try:
            yield "DOCKER_HOST", kwargs_from_env()
        except TLSParameterError as error:
            raise _nobody([f"DOCKER_CERT_PATH: {_reason(error)}"]) from error
        return
    chosen = os.environ.get("DOCKER_CONTEXT") or get_current_context_name()
    if chosen != "default":
        try:
            context = ContextAPI.get_context(chosen)
        except Exception as error:  # the library raises bare Exceptions for a file that it cannot read
            raise _nobody([f"docker context {chosen!r}: {_reason(error)}"]) from error
        if context is None or not context.Host:
            raise _nobody([f"docker context {chosen!r}: there is no such context"])
        tls = {"tls": context.TLSConfig} if context.TLSConfig else {}
        yield f"docker context {chosen!r}", {"base_url": context.Host, **tls}
        return
    runtime = os.environ.get("XDG_RUNTIME_DIR") or f"/run/user/{os.getuid()}"
    yield "docker", {"base_url": "unix:///var/run/docker.sock"}
    yield "rootless docker", {"base_url": f"unix://{runtime}/docker.sock"}
    yield "Docker Desktop", {"base_url": f"unix://{Path.home()}/.docker/run/docker.sock"}
    yield "podman", {"base_url": f"unix://{runtime}/podman/podman.sock"}
    yield "podman as root", {"base_url": "unix:///run/podman/podman.sock"}


def _socket(address: str) -> Path | None:
    """Give the path of a socket on this machine; None for an address that leads to another one."""
    for scheme in ("http+unix://", "unix://"):
        if address.startswith(scheme):
            return Path("/" + address[len(scheme) :].lstrip("/"))
    return None


def _reason(error: BaseException) -> str:
    """Say in one line why a call failed: the innermost reason, not the layers of an HTTP client around it."""
    from docker.errors import DockerException  # noqa: PLC0415
    from urllib3.exceptions import HTTPError  # noqa: PLC0415

    explanation = getattr(error, "explanation", None)
    if explanation:
        return redact.url(str(explanation).strip().replace("\n", " "))
    inner: BaseException | None = error
    while isinstance(inner, OSError | HTTPError | DockerException):
        if isinstance(inner, OSError) and inner.strerror:
            return inner.strerror
        inner = inner.__cause__ or inner.__context__
    return redact.url(str(error).strip().replace("\n", " ")) or type(error).__name__


def _nobody(tried: list[str]) -> ToolchainError:
    denied = any("Permission denied" in line for line in tried)
    ssh = any("paramiko" in line for line in tried)
    first = "start it (docker or podman), or name it in DOCKER_HOST"
    if denied:
        first = "ask for access (with docker: the group 'docker')"
    if ssh:
        first = "pip install 'docker[ssh]'"
    return ToolchainError(
        "No container daemon answers.", why=tried, hint=Wording("{}; or {}", first, WAY_OUT), code="WNB2010"
    )
