"""The magic that sends a request and shows the headers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wasmnb.commands.command import Argument, Command, Option
from wasmnb.commands.mesh import WATCH

if TYPE_CHECKING:
    from collections.abc import Mapping

    from wasmnb.session import Session
    from wasmnb.traffic import Capture, PodCaptures

__all__ = ["COMMANDS"]


def _cases(session: Session, keywords: Mapping[str, Any]) -> str:
    """Give the cell that has the filter's cases, one of which was just saved."""
    name = keywords.get("save_test")
    return "" if name is None else f"%%wasm_test {name}\n{session.context.cases.text(name)}"


def _headers(session: Session, *, watch: bool = False, **keywords: Any) -> Capture | PodCaptures | None:
    if not watch and not {"seconds", "every"} & keywords.keys():
        return session.headers(**keywords)
    from wasmnb.dashboards import watch_headers  # noqa: PLC0415 - for views only

    watch_headers(session, **keywords)  # shows itself
    return None


COMMANDS = (
    Command(
        "wasm_headers",
        "Send a request, and compare the response with that of the same request under the plugins before.",
        _headers,
        (
            Argument("source", "workload or pod that sends", True, "senders"),
            Argument("url", "host:port/path", True, "urls"),
        ),
        (
            Option(
                ("--via",),
                "proxy: past the caller's proxy; app: through it, as the application",
                "WAY",
                values="proxy|app",
            ),
            Option(
                ("--method", "-X"),
                "GET, or POST when there is data",
                "METHOD",
                values="GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS",
            ),
            Option(("--header", "-H"), "a request header: 'name: value'", "LINE", repeat=True),
            Option(("--data", "-d"), "the body, or @file", "TEXT"),
            Option(("--all-pods",), "send it to each pod of the service; show where they differ"),
            Option(
                ("--expect",), "status that the response must have, such as 200 or 2xx; else it is an error", "STATUS"
            ),
            Option(
                ("--expect-header",),
                "header that the response must have: NAME=VALUE, or NAME for any value",
                "NAME=VALUE",
                repeat=True,
            ),
            Option(
                ("--received",),
                "istio: show the request as the service received it; for that, log levels of its proxies are raised for"
                " a moment, and the request stands in their logs, credentials too. Allowed once, it is for this mesh",
            ),
            Option(("--timeout",), "seconds for the whole exchange (default: 5)", "SECONDS", float),
            Option(
                ("--before",),
                "what to compare with: auto, none, or $variable with what an earlier %wasm_headers gave",
                "WHAT",
                values="auto|none",
            ),
            Option(
                ("--save-test",),
                "add a case to those of this filter: this request, this answer; the next cell has them",
                "FILTER",
                values="filters",
            ),
            *WATCH,
            Option(("--every",), "with --watch: seconds between requests (default: 2)", "SECONDS", float),
        ),
        (
            "%wasm_headers productpage details:9080/details/123",
            "%wasm_headers productpage details:9080/details/123 --via app",
            "%wasm_headers productpage details:9080/details/123 --expect 200 --expect-header x-greeting=hello",
            "%wasm_headers productpage details:9080/details/123 --save-test header-filter",
            "%wasm_headers productpage details:9080/details/123 --watch",
            "%wasm_headers productpage reviews:9080/reviews/7 --all-pods",
        ),
        cell=_cases,
    ),
)
