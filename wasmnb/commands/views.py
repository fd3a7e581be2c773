"""Commands for what one would rather look at or press than read or type."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wasmnb.commands.command import Argument, Command, Option
from wasmnb.options import options_of
from wasmnb.session.options.deploy import PanelCall

if TYPE_CHECKING:
    from wasmnb.dashboards.panel import Panel
    from wasmnb.session import Session
    from wasmnb.session.results import BuildTimes
    from wasmnb.traffic.measure import Comparison

__all__ = ["COMMANDS"]


def _panel(session: Session, **keywords: Any) -> Panel:
    from wasmnb.dashboards import panel  # noqa: PLC0415 - for views only

    return panel(session, **keywords)


def _compare(session: Session, **keywords: Any) -> Comparison:
    from wasmnb.views.plots import need_pictures  # noqa: PLC0415 - for pictures only

    need_pictures()
    return session.compare(**keywords)


def _times(session: Session) -> BuildTimes:
    from wasmnb.views.plots import need_pictures  # noqa: PLC0415 - for pictures only

    need_pictures()
    return session.times()


COMMANDS = (
    Command(
        "wasm_panel",
        "Deploy, undeploy and roll back with controls; each shows the magic that says the same.",
        _panel,
        (Argument("name", "a filter, a .wasm file or an image to begin with", False, "deployable"),),
        options_of(PanelCall),
        ("%wasm_panel", "%wasm_panel header-filter --selector app=details --match SERVER:9080 --env LEVEL=debug"),
    ),
    Command(
        "wasm_compare",
        "Measure a request's latency and errors, and plot them beside the last ones under other plugins.",
        _compare,
        (
            Argument("source", "workload or pod that sends", True, "senders"),
            Argument("url", "host:port/path", True, "urls"),
        ),
        (
            Option(("--requests", "-n"), "how many, one after the other (default: 200)", "NUMBER", int),
            Option(("--via",), "proxy: past the caller's proxy; app: through it", "WAY", values="proxy|app"),
            Option(("--timeout",), "seconds for one exchange (default: 5)", "SECONDS", float),
        ),
        ("%wasm_compare productpage details:9080/details/123",),
        slow=True,
    ),
    Command("wasm_times", "Plot how long each build of the session took, by stage.", _times),
)
