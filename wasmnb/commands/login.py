"""Commands that tell a registry who one is; a password is never on their line."""

from __future__ import annotations

from wasmnb.commands.command import Argument, Command, Option, method
from wasmnb.options import options_of
from wasmnb.session.options.registry import LoginCall, RegistryCall

__all__ = ["COMMANDS"]

_NEVER = "leave the password out: you are asked for it; in a runbook, --password-env NAME takes it from the environment"

_NO_VALUE = "leave the value out: you are asked for it; in a runbook, --env NAME or --file PATH says where it is"


COMMANDS = (
    Command(
        "wasm_login",
        "Log in to a registry: asks for the password, checks it, and keeps it where docker login does.",
        method("login"),
        (Argument("host", "such as registry.example, or docker.io", True, "registries"),),
        options_of(LoginCall),
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
    Command(
        "wasm_secret",
        "Keep a secret under a name, for configurations and logins. Asks for its value, and shows it nowhere.",
        method("secret"),
        (Argument("name", "what to call it", True, "secrets"),),
        (
            Option(("--env",), "environment variable with the secret, for runbooks", "NAME"),
            Option(("--file",), "file with the secret", "PATH", values="path"),
        ),
        (
            "%wasm_secret api-token",
            "%wasm_secret api-token --env API_TOKEN",
            """%wasm_deploy guard --selector app=details --config '{"token": {"$secret": "api-token"}}'""",
        ),
        private=_NO_VALUE,
    ),
    Command(
        "wasm_registry",
        "Serve a registry to this machine alone, where there is no other to push to; what was pushed stays on disk.",
        method("registry"),
        (Argument("action", "start or stop; without it, shows whether one runs", False, "start|stop"),),
        options_of(RegistryCall),
        (
            "%wasm_registry start",
            "%wasm_registry stop",
        ),
    ),
)
