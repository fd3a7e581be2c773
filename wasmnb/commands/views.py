"""Magics for what one would rather look at or press than read or type."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wasmnb.commands.command import Argument, Command, Option, method

if TYPE_CHECKING:
    from wasmnb.views import Record

__all__ = ["COMMANDS"]


def _panel(panel: Any) -> None:
    from IPython.display import display  # noqa: PLC0415

    display(panel)  # type: ignore[no-untyped-call]


def _compare(comparison: Any) -> Record:
    from wasmnb.views.plots import compare_record  # noqa: PLC0415 - matplotlib

    return compare_record(comparison)


def _times(builds: Any) -> Record:
    from wasmnb.views.plots import times_record  # noqa: PLC0415 - matplotlib

    return times_record(builds)


COMMANDS = (
    Command(
        "wasm_panel",
        "Deploy, undeploy and roll back with controls; each shows the magic that says the same.",
        method("panel"),
        _panel,
        examples=("%wasm_panel",),
    ),
    Command(
        "wasm_compare",
        "Measure a request's latency and errors, and plot them beside the last ones under other plugins.",
        method("compare"),
        _compare,
        (
            Argument("source", "workload or pod that sends", True, "senders"),
            Argument("url", "host:port/path", True, "urls"),
        ),
        (
            Option(("--requests", "-n"), "how many, one after the other; 200", "NUMBER", int),
            Option(("--via",), "proxy: past the caller's proxy; app: through it", "WAY", values="proxy|app"),
            Option(("--timeout",), "seconds for one exchange; 5", "SECONDS", float),
        ),
        ("%wasm_compare productpage details:9080/details/123",),
        slow=True,
    ),
    Command("wasm_times", "Plot how long each build of the session took, by stage.", method("times"), _times),
)
