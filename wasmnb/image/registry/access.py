"""Which server a host's name means, and how it is spoken to."""

from __future__ import annotations

import ipaddress
import os
import socket
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict
from urllib.parse import urlsplit

from wasmnb.errors import UsageError
from wasmnb.image.reference import DOCKER_HUB, HUB_NAMES, HUB_SERVER
from wasmnb.wording import Option, Wording

if TYPE_CHECKING:
    from typing_extensions import Unpack

__all__ = ["Access", "AccessKeywords", "credential_keys", "has_tls", "is_loopback", "server"]

#: Docker Hub's credentials stand under the address of an interface that is long gone (Docker's ``IndexServer``).
_HUB_KEY = "https://index.docker.io/v1/"
_PROBE_SECONDS = 3.0


class AccessKeywords(TypedDict, total=False):
    """The keywords that say how a registry is spoken to; see `Access`, which `Access.of` makes of them."""

    plain_http: bool
    insecure: bool
    ca: str | os.PathLike[str] | None


@dataclass(frozen=True)
class Access:
    """How a registry is spoken to.

    Parameters
    ----------
    plain_http : bool
        Without TLS. A registry on this machine that has no TLS is found to have none by itself.
    insecure : bool
        With TLS, but whoever answers is believed.
    ca : str
        A file of certificate authorities in PEM form to believe in place of the system's; empty for the system's.
    """

    plain_http: bool = False
    insecure: bool = False
    ca: str = ""

    @classmethod
    def of(cls, **said: Unpack[AccessKeywords]) -> Access:
        """Check the options of a command.

        Raises
        ------
        UsageError
            They contradict each other, or the file is missing.
        """
        plain_http, insecure, ca = said.get("plain_http", False), said.get("insecure", False), said.get("ca")
        if plain_http and (insecure or ca):
            raise UsageError(
                Wording(
                    "{} means no TLS at all, so {} and {} mean nothing beside it.",
                    Option("plain_http"),
                    Option("insecure"),
                    Option("ca"),
                ),
                hint=Wording("leave {} out when the registry uses TLS", Option("plain_http")),
            )
        path = str(Path(ca).expanduser().absolute()) if ca else ""
        if path and not Path(path).is_file():
            raise UsageError(
                f"There is no file {os.fspath(ca or '')!r} with certificate authorities.", hint="give a PEM file"
            )
        return cls(plain_http, insecure, path)

    @property
    def verify(self) -> bool | str:
        """What ``requests`` calls ``verify``."""
        return self.ca or not self.insecure


def is_loopback(host: str) -> bool:
    """Tell whether a host (with or without a port) is this machine: ``localhost``, ``127.0.0.0/8`` or ``[::1]``."""
    name = urlsplit(f"//{host}").hostname or ""
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def server(host: str, access: Access) -> str:
    """Give ``scheme://host[:port]`` of the server behind a host's name."""
    name = HUB_SERVER if host == DOCKER_HUB else host
    plain = access.plain_http or (access == Access() and is_loopback(host) and not has_tls(host))
    return f"{'http' if plain else 'https'}://{name}"


def credential_keys(host: str) -> tuple[str, ...]:
    """Give the names that credentials for a host stand under, the one that ``docker login`` writes first."""
    if host == DOCKER_HUB:
        return (_HUB_KEY, *HUB_NAMES)
    return (host, f"https://{host}", f"http://{host}", f"https://{host}/v1/", f"https://{host}/v2/")


def has_tls(host: str) -> bool:
    """Ask a port for TLS; one that nobody listens on counts as without, and says so when it is used."""
    parts = urlsplit(f"//{host}")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        with (
            socket.create_connection((parts.hostname, parts.port or 80), timeout=_PROBE_SECONDS) as plain,
            context.wrap_socket(plain, server_hostname=parts.hostname),
        ):
            return True
    except OSError:
        return False
