"""The same request answered by each pod of a service: one column per pod, and where they differ."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from wasmnb.display import Column, Table
from wasmnb.display.result import Tabled
from wasmnb.traffic.header_diff import Capture, rows, status_line
from wasmnb.traffic.lines import CHANGES, VARYING, excerpts, partners
from wasmnb.traffic.masked_rows import masked_lines

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    import pandas as pd

    from wasmnb.traffic.exchange import Exchange

__all__ = ["AMONG", "Line", "PodCaptures"]

AMONG = ("same", "differs", "varies")
"""How a line is among pods; ``varies`` differs from one request to the next, whichever pod answers."""

_Lines = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Line:
    """One line of the responses of several pods.

    Parameters
    ----------
    name : str
        As in `wasmnb.traffic.Row`.
    by_pod : mapping of str to str
        The values; a pod whose response has no such line is not in it.
    among : str
        One of `AMONG`.
    """

    name: str
    by_pod: Mapping[str, str]
    among: str


@dataclass(frozen=True)
class PodCaptures(Tabled):
    """What each pod of a service answered to the same request.

    Parameters
    ----------
    captures : tuple of Capture
        One per pod that answered; ``before`` is the pod's own.
    silent : mapping of str to str
        Pods that gave no answer, and why.
    """

    captures: tuple[Capture, ...]
    silent: Mapping[str, str] = field(default_factory=dict)

    @property
    def pods(self) -> tuple[str, ...]:
        """The pods that answered."""
        return tuple(capture.after.pod for capture in self.captures)

    def lines(self) -> list[Line]:
        """Line up the responses, in wire order; a line that a pod lacks stands where the others have it."""
        answers = [(one.after.pod, one.after.response) for one in self.captures]
        found = [_line(":status", {pod: status_line(answer) for pod, answer in answers}, self.pods)]
        for prefix, sides in (
            ("", {pod: answer.headers.lines for pod, answer in answers}),
            ("trailer ", {pod: answer.trailers.lines for pod, answer in answers}),
        ):
            found += [_line(prefix + name, values, self.pods) for name, values in _lined_up(sides)]
        bodies = [answer.body for _, answer in answers]
        if len(set(bodies)) > 1:
            shown = excerpts(bodies)
            found.append(_line(":body", dict(zip(self.pods, shown, strict=True)), self.pods))
        return found

    def diff(self) -> pd.DataFrame:
        """Give every line of every pod as a table, before and after.

        Returns
        -------
        pandas.DataFrame
            ``pod``, ``name``, ``before``, ``after`` (``string``, missing where a line was not there), ``change``
            (``category`` of `wasmnb.traffic.header_diff.CHANGES`) and ``among`` (``category`` of `AMONG`; missing for a
            line that is no longer there). One row per pod and line.
        """
        import pandas as pd  # noqa: PLC0415 - slow to import, and only a table needs it

        among: dict[tuple[str, str, str], str] = {}
        for line in self.lines():
            # A body's excerpt is another beside another pod's than beside the one before.
            pairs = line.by_pod.items() if line.name != ":body" else ()
            among |= {(pod, line.name.lower(), value): line.among for pod, value in pairs}
        bodies = "differs" if len({one.after.response.body for one in self.captures}) > 1 else "same"
        found = [(one.after.pod, row) for one in self.captures for row in rows(one.before, one.after)]
        frame: pd.DataFrame = pd.DataFrame(
            {
                "pod": pd.array([pod for pod, _ in found], dtype="string"),
                "name": pd.array([row.name for _, row in found], dtype="string"),
                "before": pd.array([row.before for _, row in found], dtype="string"),
                "after": pd.array([row.after for _, row in found], dtype="string"),
                "change": pd.Categorical([row.change for _, row in found], categories=list(CHANGES)),
                "among": pd.Categorical(
                    [
                        bodies if row.name == ":body" else among.get((pod, row.name.lower(), row.after or ""))
                        for pod, row in found
                    ],
                    categories=list(AMONG),
                ),
            }
        )
        return frame

    @property
    def at(self) -> datetime:
        """When the first pod answered (aware, UTC)."""
        return min(one.at for one in self.captures)

    def shown(self) -> list[Line]:
        """Line up the responses, the values of credentials and cookies masked."""
        return masked_lines(self.lines(), [one.after for one in self.captures])

    @property
    def table(self) -> Table:
        """The responses side by side.

        The columns are ``name`` (``string``), ``among`` (``category``) and one of type ``string`` per pod that
        answered, missing where its response has no such line; `diff` has a row per pod and line, in columns that do
        not depend on the pods, with what was before.
        """
        columns = (Column("name"), Column("among", categories=AMONG), *(Column(pod) for pod in self.pods))
        rows = tuple((line.name, line.among, *(line.by_pod.get(pod) for pod in self.pods)) for line in self.shown())
        return Table(columns, rows)

    def to_dict(self) -> dict[str, Any]:
        """Give plain JSON values, the values of credentials and cookies masked."""
        return {"captures": [one.to_dict() for one in self.captures], "silent": dict(self.silent)}

    def before(self, pod: str) -> Exchange | None:
        """Give what a pod answered here, to be compared with what it answers later."""
        return next((one.after for one in self.captures if one.after.pod == pod), None)


def _line(name: str, values: Mapping[str, str], pods: Sequence[str]) -> Line:
    if name.lower().removeprefix("trailer ") in VARYING:
        among = "varies"
    else:
        among = "same" if len(values) == len(pods) and len(set(values.values())) == 1 else "differs"
    return Line(name, values, among)


def _lined_up(sides: Mapping[str, _Lines]) -> list[tuple[str, dict[str, str]]]:
    """Give the lines of all sides, each under its name with the value of each pod that has it."""
    found: list[tuple[str, dict[str, str]]] = []
    for pod, lines in sides.items():
        partner = partners(tuple((name, next(iter(values.values()))) for name, values in found), lines)
        slots = list(found)
        place = 0
        for index, (name, value) in enumerate(lines):
            if index in partner:
                slot = found[partner[index]]
                slot[1][pod] = value
                place = next(at for at, one in enumerate(slots) if one is slot) + 1
            else:
                slots.insert(place, (name, {pod: value}))
                place += 1
        found = slots
    return found
