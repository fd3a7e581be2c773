"""Commands about the session itself: its defaults, and whether everything works."""

from __future__ import annotations

from wasmnb.commands.command import Command, Option, method

__all__ = ["COMMANDS"]


COMMANDS = (
    Command(
        "wasm_config",
        "Set defaults for the cells below, or show them and where they come from; KEY= without a value unsets one.",
        method("config"),
        options=(
            Option(("--save",), "keep what this session has set, in the user's config.toml, for every later session"),
        ),
        examples=(
            "%wasm_config mesh=local selector=app=details",
            "%wasm_config registry=localhost:5000/me --save",
            "%wasm_config",
        ),
        free="Keys: ca, fail_policy, insecure, language, mesh, phase, plain_http, registry, selector, timeout; ca,"
        " insecure and plain_http are for the registry.",
    ),
    Command(
        "wasm_doctor",
        "Look at everything that must work here, and say how to fix what does not.",
        method("doctor"),
        options=(
            Option(
                ("--rbac",),
                "print the smallest set of Kubernetes roles with which everything works; steps by share, and bookinfo,"
                " have their own",
            ),
        ),
        examples=("%wasm_doctor", "%wasm_doctor --rbac"),
    ),
)
