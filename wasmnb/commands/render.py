"""What can be said about a plugin that not every mesh has use for; and the magic that shows what a plugin becomes."""

from __future__ import annotations

from wasmnb.commands.command import Argument, Command, Option, method
from wasmnb.commands.image import ACCESS
from wasmnb.plugin.enums import Kind, Mode, PluginType, words

__all__ = ["KINDS", "SCOPE", "command"]

SCOPE = (
    Option(
        ("--match",),
        "listeners it is for: CLIENT, SERVER or CLIENT_AND_SERVER, with ports behind a colon; every one",
        "MODE:PORT",
        repeat=True,
        values="|".join(words(Mode)),
    ),
    Option(
        ("--target-ref",),
        "what it is attached to, in place of a selector: Gateway/waypoint, Service/details",
        "KIND/NAME",
        repeat=True,
        values="Gateway/|GatewayClass/|Service/|ServiceEntry/|HTTPRoute/",
    ),
    Option(("--env",), "variable of the filter; NAME alone is the proxy's own", "NAME=VALUE", repeat=True),
    Option(
        ("--type",),
        "what it filters: requests (HTTP) or connections (NETWORK)",
        "TYPE",
        values="|".join(words(PluginType)),
    ),
    Option(("--pull-policy",), "when proxies fetch the image anew", "POLICY", values="IfNotPresent|Always"),
    Option(("--pull-secret",), "Secret that proxies fetch the image with, in the plugin's namespace", "NAME"),
)
"""What it is for, and what it is given."""

KINDS = (
    Option(
        ("--as",),
        "Istio's object that it becomes; the newest that can say it",
        "KIND",
        values="|".join(words(kind for kind in Kind if kind.istio)),
        keyword="as_",
    ),
    Option(("--target",), "what it is for; istio", "TARGET", values="renderings"),
)
"""What it becomes."""


def command(common: tuple[Option, ...]) -> Command:
    """Give the magic; ``common`` is what can be said about any deployment."""
    return Command(
        "wasm_render",
        "Show what a filter or an image becomes on a cluster or in a plain Envoy; nothing is applied or pushed.",
        method("render"),
        (Argument("name", "the filter, a .wasm file, or an image by its reference", True, "deployable"),),
        (
            *common,
            *SCOPE,
            *KINDS,
            Option(("--istio-version",), "decides on the object; the newest", "VERSION"),
            Option(("--namespace", "-n"), "of the object; default", "NAMESPACE"),
            Option(("--output", "-o"), "file to write; a plain Envoy's module is written beside it", "FILE"),
            Option(("--listen",), "where a plain Envoy listens; 127.0.0.1:10000", "HOST:PORT"),
            Option(("--upstream",), "the service behind a plain Envoy; without one it answers itself", "HOST:PORT"),
            Option(("--admin",), "administration of a plain Envoy; 127.0.0.1:9901", "HOST:PORT"),
            *ACCESS,
        ),
        (
            "%wasm_render registry.example/team/header-filter:v0.2 --selector app=details",
            "%wasm_render registry.example/team/header-filter:v0.2 --target envoy-gateway --target-ref Gateway/public",
            "%wasm_render header-filter --target envoy --upstream 127.0.0.1:8080 --output envoy.yaml",
        ),
        slow=True,
    )
