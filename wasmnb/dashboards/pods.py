"""The dashboard of the pods: a board, in a form that a front end reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wasmnb.dashboards.live import LiveView
from wasmnb.live.board import Board, Paint
from wasmnb.views.board import board_record
from wasmnb.views.mesh import VERDICTS, verdict_meaning

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from wasmnb.display import Record
    from wasmnb.live.feed import Freshness
    from wasmnb.live.messages import PodsMessage, PodsPaintMessage, SignMessage
    from wasmnb.mesh import Mesh

__all__ = ["Pods", "dashboard"]


class Pods:
    """A board as the source of a view; see `wasmnb.dashboards.live.Source`."""

    front = "pods"

    def __init__(self, board: Board, mesh: str) -> None:
        self.board = board
        self._mesh = mesh
        self.start, self.pause, self.close = board.start, board.pause, board.close
        self.ready = board.await_rows

    @property
    def freshness(self) -> Freshness:
        """The board's."""
        return self.board.freshness

    def record(self) -> Record:
        """Give what stays in the notebook."""
        return board_record(self.board.rows(), self.board.freshness, mesh=self._mesh)

    def whole(self, tell: Callable[[Mapping[str, Any]], None]) -> None:
        """Tell every row."""
        self.board.whole(lambda paint: tell(self._message(paint)))

    def on_change(self, tell: Callable[[Mapping[str, Any]], None]) -> None:
        """Have each paint told."""
        self.board.painted(lambda paint: tell(_message(paint)))

    def said(self, message: Mapping[str, Any]) -> None:
        """Filters and sorts are the front end's own business."""

    def _message(self, paint: Paint) -> PodsMessage:
        return {**_message(paint), "mesh": self._mesh, "signs": _signs()}


def dashboard(
    mesh: Mesh,
    *,
    rates: bool = True,
    mask: Callable[[str], str] = str,
    closed: Callable[[LiveView], None] = lambda _: None,
) -> LiveView:
    """Make a live view of a mesh's pods: their readiness, and what runs on each, proven or not.

    Parameters
    ----------
    mesh : Mesh
    rates : bool
        Show requests per second and error rates, where the mesh can say.
    mask : callable
        Takes secrets out of a text.
    closed : callable
        Told when the view has ended.

    Returns
    -------
    LiveView
        A notebook shows it; ``record()`` is a static one, ``close()`` ends it.
    """
    return LiveView(Pods(Board(mesh, mask=mask, rates=rates), mesh.name), closed=closed)


def _signs() -> dict[str, SignMessage]:
    return {
        word: {"sign": sign, "tone": tone, "meaning": verdict_meaning(word)} for word, (sign, tone) in VERDICTS.items()
    }


def _message(paint: Paint) -> PodsPaintMessage:
    return {
        "number": paint.number,
        "freshness": paint.freshness.message(),
        "rows": [row.message() for row in paint.rows],
        "gone": list(paint.gone),
    }
