"""Pictures where people would rather look than read: small SVG in the colours of the page around it."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from html import escape
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from wasmnb.display import Cell, Record
from wasmnb.display.text import duration, several
from wasmnb.errors import UsageError
from wasmnb.wording import installing

if TYPE_CHECKING:
    from wasmnb.session.results import BuildTimes
    from wasmnb.traffic.measure import Comparison, Measurement

__all__ = ["Picture", "compare_record", "need_pictures", "times_record"]

_INK = "#010203"  # becomes the colour of the text around it
_BEFORE, _AFTER = "#8f8f8f", "#1f77b4"
_BINS = 40
_ROOM = 6  # builds that the picture has room for, however few there are: one bar would fill all of it
_P99 = 0.99
_MILLISECONDS = 1000


@dataclass(frozen=True, repr=False)
class Picture(Record):
    """A record with a picture above its table; the table says the same."""

    svg: str = ""
    alt: str = ""

    def _repr_html_(self) -> str:
        label = escape(self.alt, quote=True)
        picture = f'<div role="img" aria-label="{label}" style="color:inherit;max-width:640px">{self.svg}</div>'
        return picture + super()._repr_html_()


def need_pictures() -> None:
    """See that pictures can be made, before anything is measured for one.

    Raises
    ------
    UsageError
        matplotlib is not installed; the message has the command.
    """
    if find_spec("matplotlib") is None:
        raise UsageError("Plots need matplotlib.", hint=installing("'wasmnb[plots]'"))


def compare_record(comparison: Comparison) -> Picture:
    """Show latency and errors of a request, before and after."""
    after, before = comparison.after, comparison.before
    columns = comparison.table.look(
        when={"shown": before is not None},
        errors={"show": lambda share: Cell(f"{100 * share:.1f} %")},
        **{f"p{share}_ms": {"heading": f"p{share} ms"} for share in (50, 90, 99)},
    )
    status = f"median {duration(after.quantile(0.5))}, {100 * after.errors:.1f} % errors"
    if before is not None:
        longer = after.quantile(0.5) - before.quantile(0.5)
        status += f" ({'+' if longer >= 0 else '-'}{duration(abs(longer))})"
        status += f"; before {duration(before.quantile(0.5))}, {100 * before.errors:.1f} %"
    return Picture(
        after.what,
        status,
        "good" if not after.errors else "bad",
        columns,
        comparison.table.rows,
        notes=("requests were sent one after the other; this is latency, not capacity", *_doubt(comparison)),
        svg=_histogram(before, after),
        alt=f"Histogram of the latency of {after.what}: {status}",
    )


def _doubt(comparison: Comparison) -> tuple[str, ...]:
    """Say where a difference is less than that between requests that nothing tells apart."""
    after, before = comparison.after, comparison.before
    if before is None:
        return ()
    spread = min(one.quantile(0.9) - one.quantile(0.5) for one in (before, after))
    if abs(after.quantile(0.5) - before.quantile(0.5)) >= spread:
        return ()
    return ("the difference of the medians is smaller than the spread of the requests: it may be the machine's doing",)


_NOTHING = "nothing was built yet"
_STAGES = {
    "prepare": "the compiler, its headers and its libraries are made ready",
    "store": "the module is stripped, marked with its origin, and put into the cache",
    "cache": "the module was in the cache, and nothing was compiled",
    "rest": "what wasmnb does before and after the build",
}


def times_record(builds: BuildTimes) -> Picture:
    """Show how long each build of the session took, by stage."""
    rows = builds.table.rows
    took = duration(rows[-1][-1] / 1000) if rows else ""
    status = f"{several(len(rows), 'build')}, {'the last in ' if len(rows) > 1 else ''}{took}" if rows else _NOTHING
    there = {name for one in builds for name, _ in one.stages}
    notes = tuple(f"{name}: {meaning}" for name, meaning in _STAGES.items() if name in there)
    svg = _bars(builds) if rows else ""
    alt = f"Compile times of the session: {status}"
    return Picture("Compile times", status, "", builds.table.columns, rows, notes=notes, svg=svg, alt=alt)


def _histogram(before: Measurement | None, after: Measurement) -> str:
    import pandas as pd  # noqa: PLC0415

    figure, axes = _axes()
    shown = [("before", before, _BEFORE)] if before is not None else []
    chosen = [(when, one, ink) for when, one, ink in [*shown, ("after", after, _AFTER)] if one is not None]
    # The slowest hundredth would squeeze all the rest into one bar.
    top = max(_ms(one.quantile(_P99)) for _, one, _ in chosen) or 1.0
    for when, one, ink in chosen:
        series = pd.Series([_ms(took) for took in one.seconds], name=when)
        hatch = "//" if when == "before" else None  # told apart without colour too
        series.plot.hist(ax=axes, bins=_BINS, range=(0, top), alpha=0.6, color=ink, hatch=hatch, label=when)
    axes.set_xlabel("ms, up to the 99th percentile")
    axes.set_ylabel("requests")
    if before is not None:
        axes.legend(frameon=False, labelcolor=_INK)
    return _svg(figure)


def _bars(builds: BuildTimes) -> str:
    import pandas as pd  # noqa: PLC0415

    figure, axes = _axes()
    rows = [{name: _ms(took) for name, took in one.stages} for one in builds]
    pd.DataFrame(rows, index=range(1, len(rows) + 1)).fillna(0).plot.bar(stacked=True, ax=axes, width=0.8, rot=0)
    axes.set_xlim(-0.5, max(len(rows), _ROOM) - 0.5)
    axes.set_xlabel("build of the session, oldest first")
    axes.set_ylabel("ms")
    if len(rows) > _BINS:
        axes.set_xticks([])
    axes.legend(frameon=False, labelcolor=_INK)
    return _svg(figure)


def _axes() -> tuple[Any, Any]:
    need_pictures()
    from matplotlib.figure import Figure  # noqa: PLC0415 - a picture's users only; no pyplot, no global state

    figure = Figure(figsize=(6.4, 2.6), layout="constrained")
    axes = figure.subplots()
    axes.tick_params(colors=_INK)
    for spine in axes.spines.values():
        spine.set_edgecolor(_INK)
    axes.xaxis.label.set_color(_INK)
    axes.yaxis.label.set_color(_INK)
    return figure, axes


def _svg(figure: Any) -> str:
    from matplotlib import rc_context  # noqa: PLC0415

    text = io.StringIO()
    # Text stays text: small, and readable by a screen reader; the salt keeps names, and so the bytes, the same.
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": "wasmnb"}):
        figure.savefig(text, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    svg = text.getvalue()
    svg = svg[svg.index("<svg") :].replace(_INK, "currentColor")
    return re.sub(r"<metadata>.*?</metadata>", "", svg, count=1, flags=re.DOTALL)


def _ms(seconds: float) -> float:
    return seconds * _MILLISECONDS
