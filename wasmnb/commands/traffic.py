"""The magic that sends a request and shows the headers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wasmnb.commands.command import Argument, Command, Option
from wasmnb.commands.mesh import WATCH

if TYPE_CHECKING:
    from wasmnb.dashboards.live import LiveView
    from wasmnb.traffic import Capture, PodCaptures
    from wasmnb.views import Record

__all__ = ["COMMANDS"]


def _ask(session: Any, *, watch: bool = False, **keywords: Any) -> Any:
    live = watch or {"seconds", "every"} & keywords.keys()
    return session.watch_headers(**keywords) if live else session.headers(**keywords)


def _headers(capture: Capture | PodCaptures | LiveView) -> Record | None:
    from wasmnb.traffic import Capture, PodCaptures  # noqa: PLC0415
    from wasmnb.views import headers_record, pod_headers_record  # noqa: PLC0415

    if isinstance(capture, PodCaptures):
        return pod_headers_record(capture)
    if not isinstance(capture, Capture):
        return None  # a live view shows itself
    return headers_record(capture.before, capture.after)


COMMANDS = (
    Command(
        "wasm_headers",
        "Send a request, and compare the response with that of the same request under the plugins before.",
        _ask,
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
            Option(("--timeout",), "seconds for the whole exchange; 5", "SECONDS", float),
            Option(
                ("--before",),
                "what to compare with: auto, none, or $variable with what an earlier %wasm_headers gave",
                "WHAT",
                values="auto|none",
            ),
            *WATCH,
            Option(("--every",), "with --watch: seconds between requests; 2", "SECONDS", float),
        ),
        (
            "%wasm_headers productpage details:9080/details/123",
            "%wasm_headers productpage details:9080/details/123 --via app",
            "%wasm_headers productpage details:9080/details/123 --watch",
            "%wasm_headers productpage reviews:9080/reviews/7 --all-pods",
        ),
    ),
)
