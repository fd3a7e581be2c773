"""Telling a registry who one is, once, and keeping it where ``docker login`` would."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from wasmnb.display import Column, Table
from wasmnb.display.result import Dated, Tabled
from wasmnb.errors import AuthError, UsageError
from wasmnb.image.reference import host_of
from wasmnb.image.registry import credentials
from wasmnb.image.registry.access import Access
from wasmnb.image.registry.client import Client, drop
from wasmnb.image.registry.credential import Credential
from wasmnb.image.registry.responses import Operation
from wasmnb.wording import Option, Verb, Wording

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from wasmnb.image.registry.access import AccessKeywords

__all__ = ["LoggedOut", "Login", "login", "logout"]


@dataclass(frozen=True)
class Login(Dated, Tabled):
    """What a login did.

    Parameters
    ----------
    host : str
    username : str
    kept_in : str
        The file, or the credential helper.
    checked : bool
        False when the registry asked for no credentials, so that nobody knows whether they are right.
    """

    host: str
    username: str
    kept_in: str
    checked: bool

    def __str__(self) -> str:
        doubt = "" if self.checked else f" {self.host} lets everybody in, so they could not be checked."
        return f"Logged in to {self.host} as {self.username}; the credentials are in {self.kept_in}.{doubt}"

    @property
    def table(self) -> Table:
        """What was done in one row: ``host`` and ``result`` (``string``)."""
        return _row(self.host, str(self))

    def to_dict(self) -> dict[str, Any]:
        """Give plain JSON values."""
        return {
            "host": self.host,
            "username": self.username,
            "kept_in": self.kept_in,
            "checked": self.checked,
            "at": self.at.isoformat(),
        }


@dataclass(frozen=True)
class LoggedOut(Dated, Tabled):
    """A registry whose credentials are forgotten.

    Parameters
    ----------
    host : str
    found : bool
        False when there were none.
    """

    host: str
    found: bool

    def __str__(self) -> str:
        return "the credentials are forgotten" if self.found else "unchanged: there were no credentials"

    @property
    def table(self) -> Table:
        """What was done in one row: ``host`` and ``result`` (``string``)."""
        return _row(self.host, str(self))

    def to_dict(self) -> dict[str, Any]:
        """Give plain JSON values."""
        return {"host": self.host, "found": self.found, "at": self.at.isoformat()}


def _row(host: str, words: str) -> Table:
    return Table((Column("host"), Column("result")), ((host, words),))


def login(
    host: str,
    username: str,
    password: str,
    **access: Unpack[AccessKeywords],
) -> Login:
    """Check credentials with a registry, and keep them where ``docker login`` would.

    Parameters
    ----------
    host : str
        Such as ``registry.example``; ``docker.io`` for Docker Hub.
    username : str
    password : str
        A password or an access token. It is kept in Docker's ``config.json`` or given to the credential helper that is
        configured there, and shown nowhere.
    **access
        As for `push`.

    Returns
    -------
    Login

    Raises
    ------
    AuthError
        The registry does not take them; nothing was kept.
    ConfigError
        ``config.json`` cannot be read or written.
    """
    name = host_of(host)
    hint = Wording("{}", Verb("login", (name,), (Option("user", "NAME", flag="-u"),)))
    if not username or not password:
        raise UsageError(f"A login to {name} needs a user name and a password.", hint=hint)
    if ":" in username:
        raise UsageError("A user name holds no colon (RFC 7617).", hint=hint)
    credential = Credential(username, password, source="this login")
    at = Client(name, Access.of(**access), credential=credential)
    try:
        at.call("GET", f"{at.server}/v2/", Operation("log in to", name, name))
        checked = at.knows_us
    except AuthError as error:
        refused = AuthError(
            f"{name} does not take these credentials of {username}.",
            why=error.why,
            hint="check the password; many registries want an access token in its place",
            status=error.status,
            code="WNB3073",
        )
    else:
        kept_in = credentials.save(name, credential)
        drop(name)
        return Login(name, username, kept_in, checked)
    finally:
        at.close()
    raise refused


def logout(host: str) -> bool:
    """Forget the credentials of a registry, in ``config.json`` and in its credential helper.

    Returns
    -------
    bool
        Whether there were any.

    Raises
    ------
    AuthError
        The credential helper failed.
    ConfigError
        ``config.json`` cannot be read or written.
    """
    name = host_of(host)
    found = credentials.erase(name)
    drop(name)
    return found
