"""Magics about the session itself: its defaults, and whether everything works."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wasmnb.commands.command import Command, Option, method

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from wasmnb.check import Check
    from wasmnb.views import Record

__all__ = ["COMMANDS"]


def _config(settings: Mapping[str, Any]) -> Record:
    from wasmnb.views import config_record  # noqa: PLC0415

    return config_record(settings)


def _doctor(found: Iterable[Check] | str) -> Record:
    from wasmnb.views import doctor_record, roles_record  # noqa: PLC0415

    return roles_record(found) if isinstance(found, str) else doctor_record(found)


COMMANDS = (
    Command(
        "wasm_config",
        "Set defaults for the cells below, or show them; KEY= without a value goes back to the first one.",
        method("config"),
        _config,
        examples=("%wasm_config mesh=local selector=app=details", "%wasm_config"),
        free="Keys: ca, fail_policy, insecure, language, mesh, phase, plain_http, registry, selector, timeout; ca,"
        " insecure and plain_http are for the registry.",
    ),
    Command(
        "wasm_doctor",
        "Look at everything that must work here, and say what mends it.",
        method("doctor"),
        _doctor,
        options=(
            Option(
                ("--rbac",),
                "print the smallest set of Kubernetes roles with which everything works; bookinfo has one of its own",
            ),
        ),
        examples=("%wasm_doctor", "%wasm_doctor --rbac"),
    ),
)
