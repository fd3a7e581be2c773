"""Magics that tell a registry who one is; a password is never on their line."""

from __future__ import annotations

from wasmnb.commands.command import Argument, Command, Option, method
from wasmnb.commands.image import ACCESS

__all__ = ["COMMANDS"]

_NEVER = "leave the password out: it is asked for; in a runbook, --password-env NAME takes it from the environment"


COMMANDS = (
    Command(
        "wasm_login",
        "Log in to a registry; the password is asked for, checked, and kept where docker login keeps it.",
        method("login"),
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
        (Argument("host", "the registry", True, "registries"),),
        examples=("%wasm_logout registry.example",),
    ),
)
