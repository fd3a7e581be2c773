"""Telling a registry who one is, without the password ever being in a cell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wasmnb.errors import Interrupted, UsageError
from wasmnb.image.reference import host_of
from wasmnb.session.secrets import Secrets, asked, from_environment
from wasmnb.wording import Option, Wording

if TYPE_CHECKING:
    from wasmnb.image.registry.login import LoggedOut, Login

__all__ = ["Logins"]

_WAY_OUT = Wording("{} takes it from an environment variable of the kernel", Option("password_env", "NAME"))


class Logins(Secrets):
    """How a session logs in to registries, and out."""

    def login(
        self,
        host: str,
        *,
        user: str | None = None,
        password_env: str | None = None,
        secret: str | None = None,
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
        secret : str, optional
            The name under which `secret` keeps it.
        plain_http, insecure, ca
            As for `push`.

        Raises
        ------
        UsageError
            There is nobody to ask, or nothing was given.
        BadNameError
            The session keeps no such secret.
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
            if secret is not None:
                password = self._secret(secret)
            elif password_env is not None:
                password = from_environment(password_env, "password_env")
            else:
                password = asked(asking, _WAY_OUT, "password")
            self._hide(password)
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
