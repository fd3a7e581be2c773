"""What of a session is shown live: its pods, a request sent again and again, and the panel; each ends with the mesh."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, cast

from wasmnb import redact
from wasmnb.dashboards.headers import HeadersWatch
from wasmnb.dashboards.live import LiveView
from wasmnb.dashboards.logs import LogsWatch
from wasmnb.dashboards.panel import Panel
from wasmnb.dashboards.pods import Pods
from wasmnb.errors import Interrupted, UsageError
from wasmnb.live.board import Board
from wasmnb.options import takes
from wasmnb.session.defaults import number
from wasmnb.session.options.deploy import PanelCall
from wasmnb.wording import Option, Wording

if TYPE_CHECKING:
    from wasmnb.dashboards.live import Source
    from wasmnb.session import Session
    from wasmnb.traffic import Capture

__all__ = ["panel", "watch_headers", "watch_logs", "watch_pods"]

_LINES = 200
_SAFE = ("GET", "HEAD", "OPTIONS")


@takes(PanelCall)
def panel(session: Session, call: PanelCall) -> Panel:
    """Make controls for a deployment; each button is one call of the session, and shows it as a magic.

    The controls begin with what is said here; what they have no control for goes into every deployment as it is said.

    Raises
    ------
    NoMeshError, UsageError, ConfigError
    """
    session.deployments.read(call, call.selector)  # what is wrong with it is told at once
    made = Panel(session, call, closed=session.open_views.ended)
    session.open_views.add(made)
    return made


def watch_pods(session: Session, *, rates: bool = True, seconds: float | None = None) -> LiveView:
    """Show the pods of the session's mesh, live.

    Parameters
    ----------
    session : Session
    rates : bool
        Read how many requests each proxy answers, where the mesh can say.
    seconds : float, optional
        Watch for so long, and end with a record; without it, until nobody looks.

    Raises
    ------
    NoMeshError, UsageError
    """
    mesh = session.current
    return _show(session, Pods(Board(mesh, mask=session.mask, rates=rates), mesh.name), seconds)


def watch_headers(
    session: Session,
    source: str,
    url: str,
    *,
    every: float | None = None,
    seconds: float | None = None,
    **request: Any,
) -> LiveView:
    """Send a request when a plugin changes and every few seconds, and show what differs, live.

    Parameters
    ----------
    session : Session
    source, url, request
        As for ``Session.headers``.
    every : float, optional
        Seconds between requests; 2. A request that is not safe (RFC 9110, section 9.2.1), such as ``POST``, is
        repeated only when this is said.
    seconds : float, optional
        Watch for so long, and end with a record; without it, until nobody looks.

    Raises
    ------
    NoMeshError, UsageError, TrafficError, MeshError
    """
    method = (request.get("method") or ("POST" if request.get("data") else "GET")).upper()
    if every is None and method not in _SAFE:
        raise UsageError(
            f"A {method} would be sent again and again.",
            hint=Wording("say {} if that is what you want", Option("every", "SECONDS")),
        )
    pause = number("every", 2.0 if every is None else every)
    if request.get("all_pods"):
        raise UsageError(
            "The pods are asked one by one, not watched.",
            hint=Wording("leave out {} or {}", Option("watch"), Option("all_pods")),
        )
    if request.get("save_test") is not None:
        raise UsageError(
            "A case is made of one answer, and a live view shows several.",
            hint=Wording("leave out {} or {}", Option("watch"), Option("save_test")),
        )
    if request.get("expect") is not None or request.get("expect_header"):
        raise UsageError(
            "A live view cannot check what a response must have.",
            hint=Wording("leave out {} or {}", Option("watch"), Option("expect")),
        )
    # What is wrong with the request is an error of this call, not of a thread.
    session.headers(source, url, **request)
    watch = HeadersWatch(
        lambda: cast("Capture", session.headers(source, url, **request)),
        session.current,
        title=f"{source} → {redact.url(url)}",
        every=pause,
        mask=session.mask,
    )
    return _show(session, watch, seconds)


def watch_logs(
    session: Session,
    pod: str,
    *,
    tail: int = _LINES,
    level: str | None = None,
    grep: str | None = None,
    seconds: float | None = None,
) -> LiveView:
    """Show the last lines that a pod's proxy logged, and those that come, live.

    Parameters
    ----------
    session : Session
    pod, level, grep
        As for ``Session.logs``.
    tail : int
        How many lines are shown, the newest.
    seconds : float, optional
        Watch for so long, and end with a record; without it, until nobody looks.

    Raises
    ------
    NoMeshError, BadNameError, UsageError
    """
    read = partial(session.logs, pod, tail=tail, level=level, grep=grep)
    return _show(session, LogsWatch(read, read()), seconds)


def _show(session: Session, source: Source, seconds: float | None) -> LiveView:
    wait = None if seconds is None else number("seconds", seconds)
    view = LiveView(source, closed=session.open_views.ended)
    session.open_views.add(view)
    try:
        return view.watch(wait)
    except KeyboardInterrupt:
        raise Interrupted("Watching was stopped; what is shown is of that moment.") from None
