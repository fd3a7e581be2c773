"""Magics that put a filter in force, and take it away."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wasmnb.commands.command import Argument, Command, Option, method
from wasmnb.commands.image import ACCESS
from wasmnb.commands.render import KINDS, SCOPE, command
from wasmnb.plugin.enums import FailPolicy, Phase, words

if TYPE_CHECKING:
    from wasmnb.session import Deployment, DryRun, Rollout, Session

__all__ = ["COMMANDS", "OPTIONS"]

OPTIONS = (
    Option(("--config", "-c"), "configuration: JSON in single quotes, @file.json, $variable, or any text", "CONFIG"),
    Option(("--id",), "name of the plugin on the mesh; the filter's name", "ID", values="plugins"),
    Option(("--root-id",), "root id; the only one that the module registers", "ID"),
    Option(("--phase",), "where in the filter chain", "PHASE", values="|".join(words(Phase))),
    Option(("--priority",), "higher runs first within a phase; 0", "NUMBER", int),
    Option(
        ("--fail-policy",),
        "after a crash of the filter: close, open or reload",
        "POLICY",
        values="|".join(words(FailPolicy)),
    ),
    Option(("--timeout",), "seconds to wait until it is live; 10", "SECONDS", float),
)
"""What can be said about a deployment."""


_SELECTOR = Option(
    ("--selector", "-s"), "labels of the pods: key=value,key=value; * is every pod", "LABELS", values="selector"
)


def _deploy(session: Session, **keywords: Any) -> Deployment | DryRun | Rollout:
    from wasmnb.magics._ask import ask  # noqa: PLC0415

    return session.deploy(ask=ask, **keywords)


COMMANDS = (
    Command(
        "wasm_deploy",
        "Put a filter or an image in force on the pods that a selector names, and wait until it is live there.",
        _deploy,
        (Argument("name", "the filter, a .wasm file, or an image by its reference", True, "deployable"),),
        (
            _SELECTOR,
            *OPTIONS,
            *SCOPE,
            *KINDS,
            Option(("--dry-run",), "apply and push nothing; show what would be applied, and the diff to what is there"),
            Option(
                ("--steps",),
                "one step after the other: labels, a comma between steps, + between labels of one; the next step only"
                " when this one is live and its error rate has not risen, else every pod goes back",
                "LABELS",
                repeat=True,
                values="steps",
            ),
            Option(("--watch-for",), "seconds for which a step's error rate is watched; 5", "SECONDS", float),
            Option(("--accept-no-traffic",), "a step whose error rate cannot be judged passes because it is live"),
            Option(
                ("--no-preflight",),
                "apply it without having tried it on an Envoy here",
                keyword="preflight",
                switch=False,
            ),
            Option(("--no-wait",), "do not wait for pods that may yet become live", keyword="wait", switch=False),
            Option(("--wait",), "wait until it is live on every pod; so it is without the option", keyword="wait"),
            *ACCESS,
        ),
        (
            """%wasm_deploy header-filter --selector app=details --config '{"name": "hello", "value": "world"}'""",
            "%wasm_deploy header-filter --selector app=details --config $settings",
            "%wasm_deploy registry.example/team/header-filter:v0.2 --selector app=details",
            "%wasm_deploy header-filter --selector app=details --dry-run",
            "%wasm_deploy header-filter --selector app=reviews --steps version=v1,version=v2,version=v3",
        ),
        slow=True,
    ),
    command((_SELECTOR, *(option for option in OPTIONS if option.key != "timeout"))),
    Command(
        "wasm_rollback",
        "Restore the whole plugin that was in force before: image, configuration, selector and all the rest.",
        method("rollback"),
        (Argument("id", "the plugin", True, "plugins"),),
        (Option(("--timeout",), "seconds to wait until it is live; 10", "SECONDS", float),),
        ("%wasm_rollback header-filter",),
        slow=True,
    ),
    Command(
        "wasm_undeploy",
        "Take a plugin away from every pod.",
        method("undeploy"),
        (Argument("id", "the plugin", True, "plugins"),),
        examples=("%wasm_undeploy header-filter",),
    ),
)
