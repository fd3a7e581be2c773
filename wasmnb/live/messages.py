"""What a kernel and the front end of a live view say to each other; ``labextension/src/messages.ts`` is made of it."""

from __future__ import annotations

from typing import Literal, TypedDict

__all__ = [
    "ActionMessage",
    "AnswerMessage",
    "CaptureMessage",
    "CaseMessage",
    "CellMessage",
    "CellsMessage",
    "DraftMessage",
    "EditMessage",
    "FixMessage",
    "FreshnessMessage",
    "HeaderMessage",
    "HeadersMessage",
    "HeadersPaintMessage",
    "LogLineMessage",
    "LogMessage",
    "LogPaintMessage",
    "MarkMessage",
    "MarksMessage",
    "MeshMessage",
    "PageMessage",
    "PluginMessage",
    "PodMessage",
    "PodsMessage",
    "PodsPaintMessage",
    "RateMessage",
    "SaveMessage",
    "SignMessage",
    "TypedMessage",
]

# Names as front ends read them, whatever they are called elsewhere.
Tone = Literal["", "good", "warn", "bad", "quiet"]
Kind = Literal["starting", "live", "stale", "paused", "ended"]
Severity = Literal["error", "warning", "info"]
Witness = Literal["compiler", "test", "trap"]


class SignMessage(TypedDict):
    """The sign that stands before a verdict, its colour, and what the verdict means."""

    sign: str
    tone: Tone
    meaning: str


class FreshnessMessage(TypedDict):
    """Whether the state of now is shown, and since when (seconds since the epoch)."""

    kind: Kind
    since: float
    reason: str


class PluginMessage(TypedDict):
    """A plugin on a pod; the digest that runs, or the one that is wanted while nothing does."""

    id: str
    verdict: str
    digest: str
    reason: str


class RateMessage(TypedDict):
    """Requests per second, and the share of them with a 5xx; null where the reason says why not."""

    requests: float | None
    errors: float | None
    reason: str


class PodMessage(TypedDict):
    """A pod; ``ready`` is empty, and ``started`` null, for a proxy that is listed nowhere."""

    name: str
    workload: str
    ready: str
    is_ready: bool
    status: str
    restarts: int
    started: float | None
    reason: str
    plugins: list[PluginMessage]
    rate: RateMessage
    problem: bool


class PodsPaintMessage(TypedDict):
    """The pods that changed since the paint before, and the names of those that are gone."""

    number: int
    freshness: FreshnessMessage
    rows: list[PodMessage]
    gone: list[str]


class PodsMessage(PodsPaintMessage):
    """Every pod of a mesh, and the sign of each verdict."""

    mesh: str
    signs: dict[str, SignMessage]


class HeaderMessage(TypedDict):
    """A line of an answer, before and after; null where there was none."""

    name: str
    before: str | None
    after: str | None
    change: str
    sign: str
    tone: Tone


class CaptureMessage(TypedDict):
    """An answer, and when it came (seconds since the epoch)."""

    rows: list[HeaderMessage]
    status: str
    tone: Tone
    notes: list[str]
    compared: bool
    pod: str
    first: float
    last: float
    times: int


class HeadersPaintMessage(TypedDict):
    """The newest answer, at its place among those that differ; null when none came."""

    number: int
    freshness: FreshnessMessage
    latest: int
    length: int
    entry: CaptureMessage | None


class HeadersMessage(HeadersPaintMessage):
    """Every answer that differed, in the order they first came."""

    entries: list[CaptureMessage]
    title: str


class LogLineMessage(TypedDict):
    """A line of a log; ``text`` is as the proxy wrote it, and ``cell_line`` 0 where it is not known."""

    time: str
    level: str
    sign: str
    tone: Tone
    plugin: str
    cell_line: int
    message: str
    text: str


class LogPaintMessage(TypedDict):
    """How many of the first lines are gone, how many of the next are as they were, and what comes behind them."""

    number: int
    freshness: FreshnessMessage
    gone: int
    kept: int
    lines: list[LogLineMessage]


class LogMessage(LogPaintMessage):
    """Every line that is shown of a log, oldest first."""

    title: str


class ActionMessage(TypedDict):
    """Something that can be done next, and the text of the cell that does it; ``edited``: also for an edited cell."""

    label: str
    source: str
    edited: bool


class CellMessage(TypedDict):
    """Where the filter of a cell stands; the mark is that of the text that ran.

    What pods run of it while the cell has another text is ``still``; ``about`` is what the words mean.
    """

    cell: str
    mark: str
    text: str
    sign: str
    tone: Tone
    detail: str
    still: str
    about: str
    actions: list[ActionMessage]


class EditMessage(TypedDict):
    """What a compiler would have in place of a part of a cell."""

    line: int
    column: int
    end_line: int
    end_column: int
    text: str


class FixMessage(TypedDict):
    """A compiler's suggestion: all the edits together."""

    title: str
    edits: list[EditMessage]


class MarkMessage(TypedDict):
    """Something that is said of a place in a cell; lines and columns from 1, in characters, 0 where unknown."""

    line: int
    column: int
    end_line: int
    end_column: int
    severity: Severity
    message: str
    notes: list[str]
    fixes: list[FixMessage]


class MarksMessage(TypedDict):
    """All that one kind of witness says of a text of a cell; the mark is that of the text."""

    cell: str
    mark: str
    kind: Witness
    marks: list[MarkMessage]


class DraftMessage(TypedDict):
    """What became of a text of a cell that was not run; ready when all is done that can be done before its run."""

    cell: str
    mark: str
    text: str
    tone: Tone
    about: str
    ready: bool


class AnswerMessage(TypedDict):
    """A cell that shows a response, and the filters of which it may become a case; none when it shows none any more."""

    cell: str
    filters: list[str]


class CaseMessage(TypedDict):
    """The cell with a filter's cases, of which the response below a cell now is one; or why it cannot be.

    A cell that holds ``before``, the cases until then, becomes this one.
    """

    cell: str
    before: str
    source: str
    problem: str


class MeshMessage(TypedDict):
    """The mesh that is chosen, and what is worst on it."""

    text: str
    sign: str
    tone: Tone
    detail: str


class CellsMessage(TypedDict):
    """The cells of which something else is to be said than before, and the mesh as it is; null where none is chosen."""

    mesh: MeshMessage | None

    cells: list[CellMessage]
    marks: list[MarksMessage]
    drafts: list[DraftMessage]
    answers: list[AnswerMessage]
    cases: list[CaseMessage]


class PageMessage(TypedDict):
    """A page is there and knows nothing yet, or it goes."""

    page: str
    here: bool


class TypedMessage(TypedDict):
    """What stands in a cell that is being edited; without a source, somebody types in it just now."""

    cell: str
    source: str | None


class SaveMessage(TypedDict):
    """The response below a cell is to become a case of a filter."""

    cell: str
    filter: str
