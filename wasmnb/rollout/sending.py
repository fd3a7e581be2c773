"""Requests of ours while the steps of a rollout are watched, one after the other, and the first that fails."""

from __future__ import annotations

import threading
from contextvars import copy_context
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wasmnb.errors import UsageError, WasmnbError
from wasmnb.traffic import masking
from wasmnb.wording import Option, Wording

if TYPE_CHECKING:
    from collections.abc import Collection

    from wasmnb.mesh import Mesh
    from wasmnb.traffic import Exchange

__all__ = ["Sending", "Sent", "failing_lines"]

_PAUSE = 0.05  # seconds between requests
_FAILED = 500
_BODY = 300


@dataclass(frozen=True)
class Sent:
    """What is sent while steps are watched: GET requests.

    Parameters
    ----------
    source : str
        Workload or pod that sends.
    url : str
        ``host:port/path``.
    """

    source: str
    url: str

    @classmethod
    def parse(cls, words: str) -> Sent:
        """Read ``SOURCE HOST:PORT/PATH``.

        Raises
        ------
        UsageError
        """
        parts = words.split()
        if len(parts) != 2:  # noqa: PLR2004 - who sends, and where to
            raise UsageError(
                f"{words!r} does not say who sends a request, and where to.",
                hint=Wording("for instance {}", Option("traffic", "'productpage details:9080/details/123'")),
            )
        return cls(*parts)


class Sending:
    """Sends requests until it is left.

    Parameters
    ----------
    mesh : Mesh
    sent : Sent or None
        None sends nothing.
    pods : collection of str
        Of these pods the first failed answer is kept.
    routed : bool
        The sender's proxy chooses the pod, as it does for the application's requests; else each has its turn.
    """

    def __init__(self, mesh: Mesh, sent: Sent | None, pods: Collection[str] = (), *, routed: bool = False) -> None:
        self._mesh, self._sent, self._pods = mesh, sent, pods
        self._via = "app" if routed else "proxy"
        self.failed: Exchange | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(
            target=copy_context().run, args=(self._run,), name="wasmnb-rollout-traffic", daemon=True
        )

    def __enter__(self) -> Sending:  # noqa: PYI034 - Self is newer than Python 3.10
        if self._sent is not None:
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(6)

    def _run(self) -> None:
        sent = self._sent
        while sent is not None and not self._stop.is_set():
            try:
                answer = self._mesh.send(sent.source, sent.url, via=self._via)
            except WasmnbError:
                # The proxies count what became of it; what they do not count is no matter of this step.
                self._stop.wait(1.0)
                continue
            if self.failed is None and answer.pod in self._pods and answer.response.status >= _FAILED:
                self.failed = answer
            self._stop.wait(_PAUSE)


def failing_lines(failed: Exchange) -> tuple[str, ...]:
    """Show an answer that failed: the request, the status, the headers and how the body begins; secrets masked."""
    one = masking.exchange(failed)
    response = one.response
    lines = [
        f"{one.request.method} {one.request.authority}{one.request.path} from {one.source}",
        f"{response.status} {response.reason} from {one.pod}",
        *(f"{name}: {value}" for name, value in response.headers),
    ]
    body = response.body[:_BODY].decode("utf-8", "replace").strip()
    return (*lines, *body.splitlines())
