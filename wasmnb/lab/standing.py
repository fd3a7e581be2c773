"""Where the filter of a cell stands, in one line: what became of the cell, and what runs of it on the mesh."""

from __future__ import annotations

import shlex
import zlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from wasmnb.cell_magic import magic_words
from wasmnb.display.text import cut_words, several, short_digest
from wasmnb.envoy.traps import own_words
from wasmnb.errors import Explained
from wasmnb.lab.marks import failure
from wasmnb.mesh import Verdict
from wasmnb.plugin.selector import selector_text
from wasmnb.session.results import FilterResult
from wasmnb.views.board import freshness_text
from wasmnb.views.mesh import VERDICTS, verdict_meaning

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Mapping, Sequence

    from wasmnb.display import Tone
    from wasmnb.live.feed import Freshness
    from wasmnb.live.messages import ActionMessage, CellMessage
    from wasmnb.live.row import PluginState, Row

__all__ = ["Ran", "after", "mark", "ran", "standing"]

_MOST = 200  # characters of a failure
_MOST_WHY = 90  # of a pod's reason: a longer one has a second line below the cell

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
        Of the image that the cell's module is; of the module before, where the cell failed.
    size : int
        Bytes of that module.
    failure : str
        That the cell failed, and why; empty when it did not.
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
    name: str = ""
    selector: str | None = None


def mark(source: str) -> str:
    """Give what tells one text of a cell from another, as the front end does (CRC-32, and how many bytes)."""
    text = source.encode()
    return f"{zlib.crc32(text):08x}-{len(text)}"


def ran(cell: str, source: str, came_to: object, mask: Callable[[str], str]) -> Ran | None:
    """Take what running a cell came to, a result or an error; None when it is nothing of ours."""
    if isinstance(came_to, Explained):
        return Ran(cell, mark(source), failure=cut_words(failure(came_to, mask), _MOST))
    if not isinstance(came_to, FilterResult):
        return None
    done, name = came_to.deployment, came_to.filter.name
    plugin, selector = (done.plugin.id, selector_text(done.plugin.selector)) if done is not None else (name, None)
    size = len(came_to.module.wasm)
    return Ran(cell, mark(source), plugin, came_to.image_digest, size, name=name, selector=selector)


def after(before: Ran, now: Ran, source: str) -> Ran:
    """Give what a cell was run to, with what is known of it from the run before.

    Parameters
    ----------
    before : Ran
    now : Ran
    source : str
        What was run now; a filter of another name has nothing to do with the one before.
    """
    same = now.name == before.name if now.name else before.name in magic_words(source)
    if now.selector is not None or not same:
        return now
    if not now.failure:
        # Where it was put before, it is put again.
        return replace(now, plugin=before.plugin, selector=before.selector)
    return replace(before, mark=now.mark, failure=now.failure)


def standing(
    ran: Ran,
    rows: Sequence[Row],
    freshness: Freshness | None,
    *,
    tested: bool = False,
    older: Container[str] = (),
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
    older : container of str
        The plugins that were something else before, to which they can be rolled back.
    crashed : mapping of str to str, optional
        When a crash was seen, by the name of its pod.
    """
    said = _on_the_mesh(ran, rows, freshness, crashed or {})
    live = said.tone == "good"
    if ran.failure:
        said = replace(said, text=ran.failure, tone="bad")
    return {
        "cell": ran.cell,
        "mark": ran.mark,
        "text": said.text,
        "sign": {"good": "✓", "bad": "✗", "warn": "!"}.get(said.tone, "·"),
        "tone": said.tone,
        "detail": said.still if ran.failure else f"{ran.size / 1000:.1f} kB · {short_digest(ran.digest)}",
        "still": said.still,
        "about": said.about,
        "actions": _actions(ran, rows, freshness, live=live, tested=tested, older=older),
    }


@dataclass(frozen=True)
class _Said:
    """What is said of a build, what its verdict means, and the same in a line about a text that came after it."""

    text: str
    tone: Tone
    about: str = ""
    still: str = ""


def _actions(
    ran: Ran,
    rows: Iterable[Row],
    freshness: Freshness | None,
    *,
    live: bool,
    tested: bool,
    older: Container[str],
) -> list[ActionMessage]:
    """Offer what is of use: each is a line that the user sees before it does anything."""
    found: list[ActionMessage] = []
    # A mesh that is gone, or does not answer, takes nothing.
    reachable = freshness is not None and freshness.believed
    there = reachable and any(one.id == ran.plugin for row in rows for one in row.plugins)
    if ran.selector is not None and reachable and not (ran.failure or live):
        words = ["%wasm_deploy", ran.name, "--selector", shlex.quote(ran.selector)]
        words += ["--id", ran.plugin] if ran.plugin != ran.name else []
        found.append({"label": f"Deploy to {ran.selector}", "source": " ".join(words), "edited": False})
    if there and ran.plugin in older:
        found.append({"label": "Roll back", "source": f"%wasm_rollback {ran.plugin}", "edited": True})
    if ran.failure:
        return found
    cases = f"%wasm_test {ran.name}" if tested else _CASES.format(name=ran.name)
    return [*found, {"label": "Run the tests" if tested else "Write tests", "source": cases, "edited": not tested}]


def _on_the_mesh(ran: Ran, rows: Iterable[Row], freshness: Freshness | None, crashed: Mapping[str, str]) -> _Said:
    if freshness is None:
        return _Said("built; no mesh is chosen", "quiet")
    if freshness.kind != "live":
        return _Said(f"built; {freshness_text(freshness)}", "warn")
    found = [(row, one) for row in rows for one in row.plugins if one.id == ran.plugin]
    if not found:
        return _Said("built; not deployed", "quiet")
    return _judged(ran.digest, found, crashed)


def _judged(digest: str, found: Sequence[tuple[Row, PluginState]], crashed: Mapping[str, str]) -> _Said:
    """Say on how many of the pods that have the plugin this very build is live, and what is worst about the others."""
    # What was asked for and is not there has a verdict that says why; it runs nothing, or still what was before.
    own = [(row, one) for row, one in found if digest in (one.digest, one.wanted)]
    if not own:
        names = {short_digest(one.digest) for _, one in found}
        other = f"another build ({names.pop()})" if len(names) == 1 else "other builds"
        there = "live" if all(one.verdict == Verdict.LIVE.value for _, one in found) else "deployed"
        text = f"{there} on {_pods(len(found))}: {other}"
        return _Said(f"this build is not deployed; {text}", "warn", still=text)
    live = sum(one.verdict == Verdict.LIVE.value for _, one in own)
    text = f"live on {live} of {_pods(len(found))}"
    row, worst = min(own, key=lambda pair: _ORDER.index(VERDICTS[pair[1].verdict][1]))
    about = verdict_meaning(worst.verdict)
    if live == len(found):
        return _Said(text, "good", about, f"the build before is still {text}")
    if worst.verdict == Verdict.LIVE.value:
        return _Said(f"{text}; the others run another build", "warn", about, f"the build before is still {text}")
    # What happened in the cell goes first; the whole reason is where the pointer shows what the verdict means.
    why = cut_words(own_words(worst.evidence) or worst.reason, _MOST_WHY)
    if worst.line:
        text = f"{worst.verdict} at line {worst.line}{f': {why}' if why else ''}; on {row.name}, {text}"
    else:
        text = f"{worst.verdict} on {row.name}{f': {why}' if why else ''}; {text}"
    seen = f"crash {crashed[row.name]}" if worst.line and row.name in crashed else ""
    about = "\n".join(filter(None, [about, worst.reason, seen]))
    return _Said(text, "bad" if VERDICTS[worst.verdict][1] == "bad" else "warn", about, f"the build before: {text}")


def _pods(count: int) -> str:
    return several(count, "pod")
