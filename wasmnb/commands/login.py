"""Magics that tell a registry who one is; a password is never on their line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wasmnb.commands.command import Argument, Command, Option, method
from wasmnb.commands.image import ACCESS

if TYPE_CHECKING:
    from wasmnb.image.registry import Login
    from wasmnb.session import LoggedOut
    from wasmnb.views import Record

__all__ = ["COMMANDS"]

_NEVER = "leave the password out: it is asked for; in a runbook, --password-env NAME takes it from the environment"


def _login(done: Login) -> Record:
    from wasmnb.views import login_record  # noqa: PLC0415

    return login_record(done.host, str(done), "good" if done.checked else "warn")


def _logout(done: LoggedOut) -> Record:
    from wasmnb.views import login_record  # noqa: PLC0415

    words = "the credentials are forgotten" if done.found else "unchanged: there were no credentials"
    return login_record(done.host, words)


COMMANDS = (
    Command(
        "wasm_login",
        "Log in to a registry; the password is asked for, checked, and kept where docker login keeps it.",
        method("login"),
        _login,
        (Argument("host", "such as registry.example, or docker.io", True, "registries"),),
        (
            Option(("--user", "-u"), "the user name", "USER"),
            Option(("--password-env",), "environment variable with the password or token, for runbooks", "NAME"),
            *ACCESS,
        ),
        (
            "%wasm_login registry.example -u team",
            "%wasm_login registry.example -u team --password-env REGISTRY_TOKEN",
        ),
        private=_NEVER,
    ),
    Command(
        "wasm_logout",
        "Forget the credentials of a registry.",
        method("logout"),
        _logout,
        (Argument("host", "the registry", True, "registries"),),
        examples=("%wasm_logout registry.example",),
    ),
)
