"""The kernel's end of the lab extension: it follows the cells that are run, and the mesh, and tells what changed."""

from __future__ import annotations

import re
import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable

    from wasmnb.ahead import Draft, Tried
    from wasmnb.compile.diagnostics import Diagnostic
    from wasmnb.lab.answers import Answers
    from wasmnb.lab.drafts import Drafts
    from wasmnb.lab.standing import Ran
    from wasmnb.live.board import Board, Paint
    from wasmnb.live.messages import (
        AnswerMessage,
        CaseMessage,
        CellMessage,
        CellsMessage,
        DraftMessage,
        MarkMessage,
        MarksMessage,
        Witness,
    )
    from wasmnb.live.row import Row
    from wasmnb.mesh import Mesh

__all__ = ["TARGET", "Workbench", "attach", "detach"]

TARGET = "wasmnb"
"""The name of the comm that the extension opens."""

_OURS = re.compile(r"\s*%{2}wasm_(?:filter|file|test)\b")
_SENT = "wasm_headers"


class Workbench:
    """Tells front ends with the extension where the filter of each cell stands, and what is said of its lines.

    Parameters
    ----------
    shell : InteractiveShell
        Of a kernel.
    read : callable
        Says what the text of a cell that nobody has run would make.
    """

    def __init__(self, shell: Any, read: Callable[[str], Draft]) -> None:
        self._shell, self._read = shell, read
        self._comms: list[Any] = []
        # What cells came to. It is only looked into when there is somebody to tell: loading the magics must stay cheap.
        self._results: dict[str, tuple[str, Any]] = {}
        self._ran: dict[str, Ran] = {}
        self._told: dict[str, CellMessage] = {}
        self._marks: dict[tuple[str, Witness], MarksMessage] = {}
        self._drafts: dict[str, DraftMessage] = {}
        self._files: dict[str, tuple[str, str]] = {}
        # What a compiler said of the text that a cell was run with.
        self._said: dict[str, MarksMessage] = {}
        self._crashed: dict[str, float] = {}
        self._typing: Drafts | None = None
        self._answers: Answers | None = None
        self._board: Board | None = None
        self._mesh: Mesh | None = None
        self._rows: dict[str, Row] = {}
        self._lock = threading.RLock()
        shell.kernel.comm_manager.register_target(TARGET, self._open)
        shell.events.register("pre_run_cell", self._before)
        shell.events.register("post_run_cell", self._after)

    def close(self) -> None:
        """Tell nothing any more."""
        self._shell.events.unregister("pre_run_cell", self._before)
        self._shell.events.unregister("post_run_cell", self._after)
        self._shell.kernel.comm_manager.unregister_target(TARGET, self._open)
        if self._typing is not None:
            self._typing.close()
        self._follow(None)

    def _open(self, comm: Any, _: Any) -> None:
        with self._lock:
            self._comms.append(comm)
            comm.on_close(lambda _: self._gone(comm))
            comm.on_msg(lambda message: self._typed(message["content"]["data"]))
            shown = self._answers.told() if self._answers is not None else ()
            comm.send(_message(self._told.values(), self._marks.values(), self._drafts.values(), shown))
        self._renew()

    def _gone(self, comm: Any) -> None:
        with self._lock:
            self._comms.remove(comm)
        if not self._comms:
            self._follow(None)
            if self._typing is not None:
                self._typing.let_go()

    def _typed(self, said: Any) -> None:
        """Take what a page says of a cell that is edited; with a subshell, while another cell runs."""
        cell, source = said.get("cell"), said.get("source")
        if isinstance(cell, str) and isinstance(said.get("filter"), str):
            if self._answers is not None:
                self._answers.save(cell, said["filter"])
            return
        if not isinstance(cell, str) or not isinstance(source, str | None):
            return
        from wasmnb.lab.drafts import Drafts  # noqa: PLC0415 - for those who type
        from wasmnb.lab.standing import mark  # noqa: PLC0415

        with self._lock:
            if self._typing is None:
                self._typing = Drafts(self._read, self._tried)
            ran = self._ran.get(cell)
            if source is None or ran is None or ran.mark != mark(source):
                self._typing.typed(cell, source)
                return
            # The text is again the one that was run: so is what was said of it.
            self._typing.typed(cell, None)
            self._drafts.pop(cell, None)
            self._marks[cell, "compiler"] = self._said[cell]
            self._tell(marks=[self._said[cell]])

    def _tried(self, tried: Tried) -> None:
        """Tell what became of a text that is being typed."""
        from wasmnb.lab.drafts import draft_message  # noqa: PLC0415
        from wasmnb.lab.marks import said_of  # noqa: PLC0415
        from wasmnb.lab.standing import mark  # noqa: PLC0415
        from wasmnb.session import default  # noqa: PLC0415

        mask = default().mask
        with self._lock:
            ran = self._ran.get(tried.cell)
            if ran is not None and ran.mark == mark(tried.text):
                # It was run meanwhile, and has a line of its own.
                return
            draft = self._drafts[tried.cell] = draft_message(tried, ran.size if ran is not None else 0, mask)
            said = () if tried.waits else said_of(tried.module or tried.error)
            self._tell(marks=self._compiled(tried.cell, mark(tried.text), said, mask), drafts=[draft])

    def _before(self, info: Any) -> None:
        """Make way for a cell that is run."""
        if self._typing is not None:
            self._typing.run(getattr(info, "cell_id", None) or "", info.raw_cell or "")

    def _after(self, result: Any) -> None:
        """Take what a cell came to; any cell may have deployed something, or chosen a mesh."""
        cell, source = getattr(result.info, "cell_id", None), result.info.raw_cell or ""
        if not cell:
            self._renew()
            return
        self._results.pop(cell, None)
        shows = _SENT in source or (self._answers is not None and self._answers.shows(cell))
        if shows or _OURS.match(source):
            self._results[cell] = (source, result.error_before_exec or result.error_in_exec or result.result)
        self._renew()

    def _renew(self) -> None:
        if not self._comms:
            return
        from wasmnb.session import default  # noqa: PLC0415 - brings the session

        session = default()
        marks: list[MarksMessage] = []
        answers: list[AnswerMessage] = []
        while self._results:
            # In the order in which they ran: what is said of a file is shown in the cell that wrote it before.
            cell = next(iter(self._results))
            source, value = self._results.pop(cell)
            with self._lock:
                marks += self._take(cell, source, value, session.mask) if _OURS.match(source) else []
                answers += self._shown().take(cell, value)
        if self._ran:
            self._follow(session.current if session.running else None)
        self._tell(marks=marks, answers=answers)

    def _shown(self) -> Answers:
        if self._answers is None:
            from wasmnb.lab.answers import Answers  # noqa: PLC0415 - for those who have run something

            self._answers = Answers(lambda case: self._tell(cases=[case]))
        return self._answers

    def _take(self, cell: str, source: str, value: Any, mask: Callable[[str], str]) -> list[MarksMessage]:
        """Keep what a cell that was run came to; give what is to be told of its lines."""
        from wasmnb.lab.drafts import OURS  # noqa: PLC0415 - for those who have run something
        from wasmnb.lab.marks import by_tests, said_of  # noqa: PLC0415
        from wasmnb.lab.standing import mark, ran  # noqa: PLC0415
        from wasmnb.session.files import FileResult  # noqa: PLC0415

        if isinstance(value, FileResult):
            self._files[value.path] = (cell, mark(source))
            return []
        failures = by_tests(value, mask)
        if failures is not None:
            return [self._marked(cell, mark(source), "test", failures)]
        found = ran(cell, source, value, mask) if OURS.match(source) else None
        if found is None:
            return []
        before = self._ran.get(cell)
        if before is not None and found.selector is None and found.name in ("", before.name):
            # Where it was put before, it is put again.
            found = replace(found, name=before.name, selector=before.selector)
        self._ran[cell] = found
        self._drafts.pop(cell, None)
        told = self._compiled(cell, found.mark, said_of(value), mask)
        self._said[cell] = told[0]
        return told

    def _compiled(
        self, cell: str, text: str, said: Iterable[Diagnostic], mask: Callable[[str], str]
    ) -> list[MarksMessage]:
        """Say of a cell, and of the cells of its files, what a compiler said last."""
        from wasmnb.lab.marks import CELL, by_compiler  # noqa: PLC0415

        found = by_compiler(said, mask)
        told = [self._marked(cell, text, "compiler", found.get(CELL, []))]
        for path, (other, of_file) in self._files.items():
            if path in found or (other, "compiler") in self._marks:
                told.append(self._marked(other, of_file, "compiler", found.get(path, [])))
        return told

    def _marked(self, cell: str, text: str, kind: Witness, marks: list[MarkMessage]) -> MarksMessage:
        made: MarksMessage = {"cell": cell, "mark": text, "kind": kind, "marks": marks}
        self._marks[cell, kind] = made
        return made

    def _follow(self, mesh: Mesh | None) -> None:
        """Follow a mesh in place of the one before."""
        if mesh is self._mesh:
            return
        board, self._mesh = self._board, mesh
        if board is not None:
            board.close()
        self._rows, self._board = {}, None
        if mesh is None:
            return
        from wasmnb.live.board import Board  # noqa: PLC0415
        from wasmnb.session import default  # noqa: PLC0415

        self._board = Board(mesh, mask=default().mask, rates=False)
        self._board.painted(self._painted)
        self._board.start()

    def _painted(self, paint: Paint) -> None:
        for row in paint.rows:
            if row.plugins:
                self._rows[row.name] = row
            else:
                self._rows.pop(row.name, None)
        for name in paint.gone:
            self._rows.pop(name, None)
        self._tell()

    def _tell(
        self,
        *,
        marks: Iterable[MarksMessage] = (),
        drafts: Iterable[DraftMessage] = (),
        answers: Iterable[AnswerMessage] = (),
        cases: Iterable[CaseMessage] = (),
    ) -> None:
        """Tell what is to be told, and of which cells something else is to be said than before."""
        with self._lock:
            changed: list[CellMessage] = []
            traps: list[MarksMessage] = []
            if self._ran:
                from wasmnb.lab.standing import standing  # noqa: PLC0415 - brings the board

                rows, board = list(self._rows.values()), self._board
                freshness = board.freshness if board is not None else None
                traps = list(self._trapped(rows))
                tested, crashed = _tested(), {name: self._since(name) for name in self._crashed}
                now = {
                    cell: standing(ran, rows, freshness, tested=ran.name in tested, crashed=crashed)
                    for cell, ran in self._ran.items()
                }
                changed = [one for cell, one in now.items() if self._told.get(cell) != one]
                self._told = now
            told = _message(changed, (*marks, *traps), drafts, answers, cases)
            for comm in self._comms if any(told.values()) else ():
                comm.send(told)

    def _trapped(self, rows: list[Row]) -> Iterable[MarksMessage]:
        """Give the marks of crashes that are others than before."""
        from wasmnb.lab.marks import by_traps  # noqa: PLC0415

        down = {row.name for row in rows if any(one.line for one in row.plugins)}
        self._crashed = {name: self._crashed.get(name, time.time()) for name in down}
        for cell, ran in self._ran.items():
            marks = by_traps(ran.plugin, ran.digest, rows, self._since)
            known = self._marks.get((cell, "trap"))
            if (marks or known) and (known is None or (known["marks"], known["mark"]) != (marks, ran.mark)):
                yield self._marked(cell, ran.mark, "trap", marks)

    def _since(self, pod: str) -> str:
        return time.strftime("seen at %H:%M:%S", time.localtime(self._crashed[pod]))


def _tested() -> Container[str]:
    """Give the filters that have cases."""
    from wasmnb.session import default  # noqa: PLC0415

    return default().context.cases.names()


def _message(
    cells: Iterable[CellMessage],
    marks: Iterable[MarksMessage],
    drafts: Iterable[DraftMessage],
    answers: Iterable[AnswerMessage],
    cases: Iterable[CaseMessage] = (),
) -> CellsMessage:
    return {
        "cells": list(cells),
        "marks": list(marks),
        "drafts": list(drafts),
        "answers": list(answers),
        "cases": list(cases),
    }


def attach(shell: Any, read: Callable[[str], Draft]) -> None:
    """Have a kernel tell the lab extension; what is no kernel has nobody to tell.

    Parameters
    ----------
    shell : InteractiveShell
    read : callable
        Says what the text of a cell that nobody has run would make.
    """
    detach(shell)
    if hasattr(shell, "kernel"):
        _benches[shell] = Workbench(shell, read)


def detach(shell: Any) -> None:
    """End what `attach` began."""
    bench = _benches.pop(shell, None)
    if bench is not None:
        bench.close()


_benches: dict[Any, Workbench] = {}
