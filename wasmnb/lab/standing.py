"""Where the filter of a cell stands, in one line: what became of the cell, and what runs of it on the mesh."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wasmnb.display.text import short_digest
from wasmnb.errors import Explained
from wasmnb.mesh import Verdict
from wasmnb.session.results import FilterResult
from wasmnb.views.board import freshness_text
from wasmnb.views.mesh import VERDICTS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from wasmnb.display import Tone
    from wasmnb.live.feed import Freshness
    from wasmnb.live.messages import CellMessage
    from wasmnb.live.row import PluginState, Row

__all__ = ["Ran", "mark", "ran", "standing"]

_MOST = 200  # characters of a reason

_ORDER = ("bad", "warn", "quiet", "good")


@dataclass(frozen=True)
class Ran:
    """A cell of a filter that was run.

    Parameters
    ----------
    cell : str
        The notebook's id of the cell.
    mark : str
        Of the text that ran; see `mark`.
    plugin : str
        By which the mesh knows the filter, or would.
    digest : str
        Of the image that the cell's module is.
    size : int
        Bytes of the module.
    failure : str
        Why there is no module; empty when there is one.
    """

    cell: str
    mark: str
    plugin: str = ""
    digest: str = ""
    size: int = 0
    failure: str = ""


def mark(source: str) -> str:
    """Give what tells one text of a cell from another, as the front end does (CRC-32, and how many bytes)."""
    text = source.encode()
    return f"{zlib.crc32(text):08x}-{len(text)}"


def ran(cell: str, source: str, came_to: object, mask: Callable[[str], str]) -> Ran | None:
    """Take what running a cell came to, a result or an error; None when it is nothing of ours."""
    if isinstance(came_to, Explained):
        return Ran(cell, mark(source), failure=mask(came_to.what)[:_MOST])
    if not isinstance(came_to, FilterResult):
        return None
    done = came_to.deployment
    plugin = done.plugin.id if done is not None else came_to.filter.name
    return Ran(cell, mark(source), plugin, came_to.image_digest, len(came_to.module.wasm))


def standing(ran: Ran, rows: Iterable[Row], freshness: Freshness | None) -> CellMessage:
    """Say where a cell's filter stands.

    Parameters
    ----------
    ran : Ran
    rows : iterable of Row
        The pods of the mesh that have plugins.
    freshness : Freshness or None
        How much the rows can be believed; None where no mesh is chosen.
    """
    text, tone = _words(ran, rows, freshness)
    sign = {"good": "✓", "bad": "✗", "warn": "!"}.get(tone, "·")
    detail = "" if ran.failure else f"{ran.size / 1000:.1f} kB · {short_digest(ran.digest)}"
    return {"cell": ran.cell, "mark": ran.mark, "text": text, "sign": sign, "tone": tone, "detail": detail}


def _words(ran: Ran, rows: Iterable[Row], freshness: Freshness | None) -> tuple[str, Tone]:
    if ran.failure:
        return f"not built: {ran.failure}", "bad"
    if freshness is None:
        return "built; no mesh is chosen", "quiet"
    if freshness.kind != "live":
        return f"built; {freshness_text(freshness)}", "warn"
    found = [(row, one) for row in rows for one in row.plugins if one.id == ran.plugin]
    return _judged(ran.digest, found) if found else ("built; not deployed", "quiet")


def _judged(digest: str, found: Sequence[tuple[Row, PluginState]]) -> tuple[str, Tone]:
    """Say on how many of the pods that have the plugin this very build is live, and what is worst about the others."""
    own = [(row, one) for row, one in found if one.digest == digest]
    if not own:
        return f"built; not live: another build is in force on {_pods(len(found))}", "warn"
    live = sum(one.verdict == Verdict.LIVE.value for _, one in own)
    said = f"live on {live} of {_pods(len(found))}"
    if live == len(found):
        return f"{said}, seen acting", "good"
    row, worst = min(own, key=lambda pair: _ORDER.index(VERDICTS[pair[1].verdict][1]))
    if worst.verdict == Verdict.LIVE.value:
        return f"{said}; the others run another build", "warn"
    why = f": {worst.reason}" if worst.reason else ""
    return f"{worst.verdict} on {row.name}{why}; {said}", "bad" if VERDICTS[worst.verdict][1] == "bad" else "warn"


def _pods(count: int) -> str:
    return "1 pod" if count == 1 else f"{count} pods"
