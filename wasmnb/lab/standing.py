"""Where the filter of a cell stands, in one line: what became of the cell, and what runs of it on the mesh."""

from __future__ import annotations

import shlex
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wasmnb.compile.errors import CompileError
from wasmnb.display.text import several, short_digest
from wasmnb.errors import Explained, ToolchainError
from wasmnb.mesh import Verdict
from wasmnb.plugin.selector import selector_text
from wasmnb.session.results import FilterResult
from wasmnb.views.board import freshness_text
from wasmnb.views.mesh import VERDICTS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from wasmnb.display import Tone
    from wasmnb.live.feed import Freshness
    from wasmnb.live.messages import ActionMessage, CellMessage
    from wasmnb.live.row import PluginState, Row

__all__ = ["Ran", "mark", "ran", "standing"]

_MOST = 200  # characters of a reason

_CASES = """%%wasm_test {name}
test:
- name: what the filter adds is there
  request: GET /
  response_headers:
    result:
      has_header: [{{key: x-greeting, value: hello from a cell}}]  # write what your filter adds
"""

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
        Why the cell failed; empty when it did not.
    built : bool
        It failed after, or beside, compiling.
    name : str
        The filter's.
    selector : str or None
        The pods that it was deployed to last; None where it was not.
    """

    cell: str
    mark: str
    plugin: str = ""
    digest: str = ""
    size: int = 0
    failure: str = ""
    built: bool = False
    name: str = ""
    selector: str | None = None


def mark(source: str) -> str:
    """Give what tells one text of a cell from another, as the front end does (CRC-32, and how many bytes)."""
    text = source.encode()
    return f"{zlib.crc32(text):08x}-{len(text)}"


def ran(cell: str, source: str, came_to: object, mask: Callable[[str], str]) -> Ran | None:
    """Take what running a cell came to, a result or an error; None when it is nothing of ours."""
    if isinstance(came_to, Explained):
        built = not isinstance(came_to, CompileError | ToolchainError)
        return Ran(cell, mark(source), failure=mask(came_to.what)[:_MOST], built=built)
    if not isinstance(came_to, FilterResult):
        return None
    done, name = came_to.deployment, came_to.filter.name
    plugin, selector = (done.plugin.id, selector_text(done.plugin.selector)) if done is not None else (name, None)
    size = len(came_to.module.wasm)
    return Ran(cell, mark(source), plugin, came_to.image_digest, size, name=name, selector=selector)


def standing(
    ran: Ran,
    rows: Sequence[Row],
    freshness: Freshness | None,
    *,
    tested: bool = False,
    crashed: Mapping[str, str] | None = None,
) -> CellMessage:
    """Say where a cell's filter stands, and what can be done next.

    Parameters
    ----------
    ran : Ran
    rows : sequence of Row
        The pods of the mesh that have plugins.
    freshness : Freshness or None
        How much the rows can be believed; None where no mesh is chosen.
    tested : bool
        The filter has cases.
    crashed : mapping of str to str, optional
        When a crash was seen, by the name of its pod.
    """
    text, tone = _words(ran, rows, freshness, crashed or {})
    sign = {"good": "✓", "bad": "✗", "warn": "!"}.get(tone, "·")
    detail = "" if ran.failure else f"{ran.size / 1000:.1f} kB · {short_digest(ran.digest)}"
    return {
        "cell": ran.cell,
        "mark": ran.mark,
        "text": text,
        "sign": sign,
        "tone": tone,
        "detail": detail,
        "actions": _actions(ran, rows, freshness, tested=tested),
    }


def _actions(ran: Ran, rows: Iterable[Row], freshness: Freshness | None, *, tested: bool) -> list[ActionMessage]:
    """Offer what is of use: each is a line that the user sees before it does anything."""
    if ran.failure:
        return []
    found: list[ActionMessage] = []
    there = freshness is not None and any(one.id == ran.plugin for row in rows for one in row.plugins)
    if ran.selector is not None and freshness is not None:
        words = ["%wasm_deploy", ran.name, "--selector", shlex.quote(ran.selector)]
        words += ["--id", ran.plugin] if ran.plugin != ran.name else []
        found.append({"label": f"Deploy to {ran.selector}", "source": " ".join(words)})
    if there:
        found.append({"label": "Roll back", "source": f"%wasm_rollback {ran.plugin}"})
    cases = f"%wasm_test {ran.name}" if tested else _CASES.format(name=ran.name)
    return [*found, {"label": "Run the tests" if tested else "Write tests", "source": cases}]


def _words(ran: Ran, rows: Iterable[Row], freshness: Freshness | None, crashed: Mapping[str, str]) -> tuple[str, Tone]:
    if ran.failure:
        return (f"failed: {ran.failure}" if ran.built else f"not built: {ran.failure}"), "bad"
    if freshness is None:
        return "built; no mesh is chosen", "quiet"
    if freshness.kind != "live":
        return f"built; {freshness_text(freshness)}", "warn"
    found = [(row, one) for row in rows for one in row.plugins if one.id == ran.plugin]
    return _judged(ran.digest, found, crashed) if found else ("built; not deployed", "quiet")


def _judged(digest: str, found: Sequence[tuple[Row, PluginState]], crashed: Mapping[str, str]) -> tuple[str, Tone]:
    """Say on how many of the pods that have the plugin this very build is live, and what is worst about the others."""
    # What was asked for and is not there has a verdict that says why; it runs nothing, or still what was before.
    own = [(row, one) for row, one in found if digest in (one.digest, one.wanted)]
    if not own:
        return f"built; not live: another build is in force on {_pods(len(found))}", "warn"
    live = sum(one.verdict == Verdict.LIVE.value for _, one in own)
    said = f"live on {live} of {_pods(len(found))}"
    if live == len(found):
        return f"{said}, seen acting", "good"
    row, worst = min(own, key=lambda pair: _ORDER.index(VERDICTS[pair[1].verdict][1]))
    if worst.verdict == Verdict.LIVE.value:
        return f"{said}; the others run another build", "warn"
    where = [row.name, f"line {worst.line}" if worst.line else "", crashed.get(row.name, "") if worst.line else ""]
    why = f": {worst.reason[:_MOST]}" if worst.reason else ""
    tone: Tone = "bad" if VERDICTS[worst.verdict][1] == "bad" else "warn"
    return f"{worst.verdict} on {', '.join(filter(None, where))}{why}; {said}", tone


def _pods(count: int) -> str:
    return several(count, "pod")
