"""Telling a registry who one is, without the password ever being in a cell."""

from __future__ import annotations

import getpass
import os
import sys
from typing import TYPE_CHECKING

from wasmnb.errors import Interrupted, UsageError
from wasmnb.image.reference import host_of
from wasmnb.notebook import in_kernel
from wasmnb.session.state import State
from wasmnb.wording import Option, Wording

if TYPE_CHECKING:
    from wasmnb.image.registry.login import LoggedOut, Login

__all__ = ["Logins"]

_SHORTEST = 4  # a shorter secret is a word of the language as often as it is the secret
_WAY_OUT = Wording("{} takes it from an environment variable of the kernel", Option("password_env", "NAME"))


class Logins(State):
    """How a session logs in to registries, and out."""

    def login(
        self,
        host: str,
        *,
        user: str | None = None,
        password_env: str | None = None,
        plain_http: bool = False,
        insecure: bool = False,
        ca: str | None = None,
    ) -> Login:
        """Check a password with a registry, and keep it where ``docker login`` would.

        The password is asked for, masked: by the notebook, or by the terminal; where neither is there, a line of
        standard input is read. It is never an argument, because arguments stand in cells.

        Parameters
        ----------
        host : str
            Such as ``registry.example``; ``docker.io`` for Docker Hub.
        user : str
        password_env : str, optional
            The name of the environment variable that holds the password or token, for runbooks.
        plain_http, insecure, ca
            As for `push`.

        Raises
        ------
        UsageError
            There is nobody to ask, or nothing was given.
        AuthError, RegistryError
            The registry does not take it; nothing was kept.
        ConfigError, Interrupted
        """
        from wasmnb.image.registry import login  # noqa: PLC0415 - the HTTP library, for its users only

        with self._guard():
            name = host_of(host)
            if not user:
                raise UsageError(
                    f"A login to {name} needs a user name.",
                    hint=Wording("add {}; the password is asked for then", Option("user", "NAME", flag="-u")),
                )
            access = self._access(name, plain_http=plain_http, insecure=insecure, ca=ca)
            asking = f"Password for {user} at {name}: "
            password = _from_environment(password_env) if password_env is not None else _asked(asking)
            if len(password) >= _SHORTEST:
                self._secrets.add(password)
            try:
                return login(host, user, password, **access)
            except KeyboardInterrupt:
                raise Interrupted("The login was stopped; nothing was kept.") from None

    def logout(self, host: str) -> LoggedOut:
        """Forget the credentials of a registry.

        Raises
        ------
        AuthError, ConfigError
        """
        from wasmnb.image.registry.login import LoggedOut, logout  # noqa: PLC0415 - the HTTP library

        with self._guard():
            return LoggedOut(host_of(host), logout(host))


def _from_environment(name: str) -> str:
    """Read the variable; its name is not quoted, because somebody will put the password itself there."""
    password = os.environ.get(name, "").strip("\r\n")
    if not password:
        raise UsageError(
            Wording("The environment variable that {} names is not set, or is empty.", Option("password_env")),
            hint="set it where the kernel is started (%env in a cell would be saved with the notebook)",
        )
    return password


def _asked(prompt: str) -> str:
    try:
        if not in_kernel() and sys.stdin is not None and not sys.stdin.isatty():
            password = sys.stdin.readline().strip("\r\n")
        else:
            password = getpass.getpass(prompt)
    except KeyboardInterrupt:
        raise Interrupted("The login was stopped; nothing was kept.") from None
    except (EOFError, OSError, NotImplementedError):
        # A kernel says so by a subclass of NotImplementedError when its front end cannot be asked.
        raise UsageError("Nobody can be asked for the password here.", hint=_WAY_OUT) from None
    if not password:
        raise UsageError("No password was given.", hint=Wording("run it again; in a runbook, {}", _WAY_OUT))
    return password
