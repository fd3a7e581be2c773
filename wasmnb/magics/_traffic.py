"""The magic that sends a request and shows the headers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wasmnb.magics._command import Argument, Command, Option, method

if TYPE_CHECKING:
    from wasmnb.traffic import Capture, PodCaptures
    from wasmnb.views import Record

__all__ = ["COMMANDS"]


def _headers(capture: Capture | PodCaptures) -> Record:
    from wasmnb.traffic import PodCaptures  # noqa: PLC0415
    from wasmnb.views import headers_record, pod_headers_record  # noqa: PLC0415

    if isinstance(capture, PodCaptures):
        return pod_headers_record(capture)
    return headers_record(capture.before, capture.after)


COMMANDS = (
    Command(
        "wasm_headers",
        "Send a request, and compare the response with that of the same request under the plugins before.",
        method("headers"),
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
        ),
        (
            "%wasm_headers productpage details:9080/details/123",
            "%wasm_headers productpage details:9080/details/123 --via app",
            "%wasm_headers productpage reviews:9080/reviews/7 --all-pods",
        ),
    ),
)
