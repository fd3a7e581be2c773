"""Telling a registry who one is, without the password ever being in a cell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wasmnb.errors import Interrupted, UsageError
from wasmnb.image.reference import host_of
from wasmnb.options import takes
from wasmnb.session.options.registry import LoginCall
from wasmnb.session.secrets import asked, from_environment
from wasmnb.wording import Option, Wording

if TYPE_CHECKING:
    from wasmnb.image.registry.login import LoggedOut, Login
    from wasmnb.session.context import Context
    from wasmnb.session.secrets import Secrets

__all__ = ["Logins"]

_ENVIRONMENT = Option("password_env", "NAME")
_WAY_OUT = Wording(
    "{} takes it from an environment variable of the kernel",
    _ENVIRONMENT,
    terminal=Wording("{} takes it from an environment variable", _ENVIRONMENT),
)


class Logins:
    """How a session logs in to registries, and out.

    Parameters
    ----------
    context : Context
    secrets : Secrets
    """

    def __init__(self, context: Context, secrets: Secrets) -> None:
        self.context, self.secrets = context, secrets

    @takes(LoginCall)
    def login(self, call: LoginCall) -> Login:
        """Check a password with a registry, and keep it where ``docker login`` would.

        The password is asked for, masked: by the notebook, or by the terminal; where neither is there, a line of
        standard input is read. It is never an argument, because arguments stand in cells.

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

        name = host_of(call.host)
        if not call.user:
            raise UsageError(
                f"A login to {name} needs a user name.",
                hint=Wording("add {}; you are asked for the password then", Option("user", "NAME", flag="-u")),
            )
        access = self.context.access(name, call)
        asking = f"Password for {call.user} at {name}: "
        if call.secret is not None:
            password = self.secrets.value(call.secret)
        elif call.password_env is not None:
            password = from_environment(call.password_env, "password_env")
        else:
            password = asked(asking, _WAY_OUT, "password")
        self.secrets.hide(password)
        try:
            return login(call.host, call.user, password, **access)
        except KeyboardInterrupt:
            raise Interrupted("The login was stopped; nothing was kept.") from None

    def logout(self, host: str) -> LoggedOut:
        """Forget the credentials of a registry.

        Raises
        ------
        AuthError, ConfigError
        """
        from wasmnb.image.registry.login import LoggedOut, logout  # noqa: PLC0415 - the HTTP library

        return LoggedOut(host_of(host), logout(host))
