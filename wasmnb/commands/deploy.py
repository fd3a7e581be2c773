"""Commands that put a filter in force, take it away, and show what it becomes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wasmnb.commands.ask import ask_about_step, asking
from wasmnb.commands.command import Argument, Command, Option, method
from wasmnb.options import options_of
from wasmnb.session.options.deploy import DeployCall, RenderCall

if TYPE_CHECKING:
    from wasmnb.session import Deployment, DryRun, Rollout, Session
    from wasmnb.session.gitops import Exported

__all__ = ["COMMANDS"]


def _deploy(session: Session, **keywords: Any) -> Deployment | DryRun | Rollout | Exported:
    return session.deploy(ask=ask_about_step, **keywords)


COMMANDS = (
    Command(
        "wasm_deploy",
        "Put a filter or an image in force on the pods that a selector names, and wait until it is live there.",
        asking(_deploy),
        (Argument("name", "the filter, a .wasm file, or an image by its reference", True, "deployable"),),
        options_of(DeployCall),
        (
            """%wasm_deploy header-filter --selector app=details --config '{"name": "hello", "value": "world"}'""",
            "%wasm_deploy header-filter --selector app=details --config $settings",
            "%wasm_deploy registry.example/team/header-filter:v0.2 --selector app=details",
            "%wasm_deploy header-filter --selector app=details --dry-run",
            "%wasm_deploy header-filter --selector app=reviews --steps version=v1,version=v2,version=v3",
            "%wasm_deploy header-filter --selector app=reviews --steps version=v2:5%,25%,100%",
        ),
        slow=True,
    ),
    Command(
        "wasm_render",
        "Show what a filter or an image, or an agent, becomes on a cluster or in a plain Envoy; nothing is applied.",
        method("render"),
        (
            Argument(
                "name", "the filter, a .wasm file, or an image by its reference; none for an agent", False, "deployable"
            ),
        ),
        options_of(RenderCall),
        (
            "%wasm_render registry.example/team/header-filter:v0.2 --selector app=details",
            "%wasm_render registry.example/team/header-filter:v0.2 --target envoy-gateway --target-ref Gateway/public",
            "%wasm_render header-filter --target envoy --upstream 127.0.0.1:8080 --output envoy.yaml",
            "%wasm_render --agent --namespace shop --output agent.yaml",
        ),
        slow=True,
    ),
    Command(
        "wasm_rollback",
        "Restore the whole plugin that was in force before: image, configuration, selector and all the rest.",
        asking(method("rollback")),
        (Argument("id", "the plugin", True, "plugins"),),
        (
            Option(("--timeout",), "seconds to wait until it is live (default: 10)", "SECONDS", float),
            Option(("--prove",), "effect, trace, or config: LOADED is enough", "PROOF", values="effect|trace|config"),
            Option(("--take-over",), "overwrite what others changed in the cluster"),
        ),
        ("%wasm_rollback header-filter",),
        slow=True,
    ),
    Command(
        "wasm_undeploy",
        "Remove a plugin from every pod.",
        method("undeploy"),
        (Argument("id", "the plugin", True, "plugins"),),
        examples=("%wasm_undeploy header-filter",),
    ),
)
