"""The mesh in a few words: how many of its filters are live, or what is worst."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wasmnb.display.text import cut_words, several
from wasmnb.mesh import Verdict
from wasmnb.views.board import freshness_text
from wasmnb.views.mesh import VERDICTS, verdict_meaning

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wasmnb.live.feed import Freshness
    from wasmnb.live.messages import MeshMessage
    from wasmnb.live.row import Row

__all__ = ["summary"]

_MOST = 200  # characters of a reason
_WORST = ("bad", "warn", "quiet", "good")
_ASIDE = {Verdict.GONE.value, Verdict.NOT_SELECTED.value}


def summary(mesh: str, rows: Sequence[Row], freshness: Freshness) -> MeshMessage:
    """Say what is worst on a mesh.

    Parameters
    ----------
    mesh : str
        Its name.
    rows : sequence of Row
        The pods that have plugins.
    freshness : Freshness
        How much the rows can be believed.
    """
    if freshness.kind != "live":
        return {"text": f"{mesh}: {freshness_text(freshness)}", "sign": "!", "tone": "warn", "detail": ""}
    found = [(row, one) for row in rows for one in row.plugins if one.verdict not in _ASIDE]
    if not found:
        return {"text": f"{mesh}: no filters", "sign": "·", "tone": "quiet", "detail": ""}
    row, worst = min(found, key=lambda pair: _WORST.index(VERDICTS[pair[1].verdict][1]))
    same = sum(one.verdict == worst.verdict for _, one in found)
    sign, tone = VERDICTS[worst.verdict]
    if worst.verdict == Verdict.LIVE.value:
        ids, pods = {one.id for _, one in found}, several(len({row.name for row, _ in found}), "pod")
        who = ids.pop() if len(ids) == 1 else several(len(ids), "filter")
        text = f"{mesh}: {who} LIVE on {pods}"
        return {"text": text, "sign": sign, "tone": tone, "detail": verdict_meaning(worst.verdict)}
    others = f" and {same - 1} more" if same > 1 else ""
    why = f": {cut_words(worst.reason, _MOST)}" if worst.reason else ""
    text = f"{mesh}: {worst.verdict} on {row.name}{others}"
    return {"text": text, "sign": sign, "tone": tone, "detail": f"{worst.id}{why}"}
