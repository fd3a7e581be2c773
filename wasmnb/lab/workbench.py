"""The kernel's end of the lab extension: it follows the cells that are run, and the mesh, and tells what changed."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any, Literal

from wasmnb.cell_magic import FILTER, OURS

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
        MeshMessage,
        Witness,
    )
    from wasmnb.live.row import Row
    from wasmnb.mesh import Mesh

__all__ = ["TARGET", "Workbench", "attach", "detach"]

TARGET = "wasmnb"
"""The name of the comm, and of its target: a kernel has one, to which each page with a notebook of it attaches."""

_SENT = "wasm_headers"
_KINDS: tuple[Literal["cells", "marks", "drafts", "answers", "cases"], ...] = (
    "cells",
    "marks",
    "drafts",
    "answers",
    "cases",
)


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
        # Pages that look. One that is gone without a word costs nothing but that the mesh is followed on.
        self._pages: set[str] = set()
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
        # The plugins of cells that can be rolled back, and the builds of them that were in force when that was asked.
        self._older: frozenset[str] = frozenset()
        self._builds: frozenset[tuple[str, str]] = frozenset()
        self._to_ask = False
        self._summary: MeshMessage | None = None
        self._lock, self._following, self._asking = threading.RLock(), threading.Lock(), threading.Lock()
        self._comm = _comm(self._take_message)
        shell.events.register("pre_run_cell", self._before)
        shell.events.register("post_run_cell", self._after)

    def close(self) -> None:
        """Tell nothing any more."""
        self._shell.events.unregister("pre_run_cell", self._before)
        self._shell.events.unregister("post_run_cell", self._after)
        self._comm.close()
        if self._typing is not None:
            self._typing.close()
        self._follow(None)

    def _take_message(self, message: Any) -> None:
        """Take what a page says; with a subshell, while a cell runs."""
        said = message["content"]["data"]
        page, cell = said.get("page"), said.get("cell")
        if isinstance(page, str):
            self._looks(page, here=bool(said.get("here")))
        elif isinstance(cell, str) and isinstance(said.get("filter"), str):
            if self._answers is not None:
                self._answers.save(cell, said["filter"])
        elif isinstance(cell, str) and isinstance(said.get("source"), str | None):
            self._typed(cell, said.get("source"))

    def _looks(self, page: str, *, here: bool) -> None:
        """Tell a page that has just come everything; follow nothing when the last one has gone."""
        if not here:
            self._pages.discard(page)
            if not self._pages:
                self._follow(None)
                if self._typing is not None:
                    self._typing.let_go()
            return
        with self._lock:
            self._pages.add(page)
            shown = self._answers.told() if self._answers is not None else ()
            told: CellsMessage = {
                "mesh": self._summary,
                "cells": [*self._told.values()],
                "marks": [*self._marks.values()],
                "drafts": [*self._drafts.values()],
                "answers": [*shown],
                "cases": [],
            }
            self._comm.send(told)
        self._renew()

    def _typed(self, cell: str, source: str | None) -> None:
        """Take what stands in a cell that is edited."""
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
        shows = _SENT in source or (self._answers is not None and self._answers.shows(cell))
        with self._lock:
            self._results.pop(cell, None)
            if shows or OURS.match(source):
                self._results[cell] = (source, result.error_before_exec or result.error_in_exec or result.result)
        self._renew()

    def _renew(self) -> None:
        if not self._pages:
            return
        from wasmnb.session import default  # noqa: PLC0415 - brings the session

        session = default()
        marks: list[MarksMessage] = []
        answers: list[AnswerMessage] = []
        with self._lock:
            # In the order in which they ran: what is said of a file is shown in the cell that wrote it before.
            results, self._results = self._results, {}
            for cell, (source, value) in results.items():
                marks += self._take(cell, source, value, session.mask) if OURS.match(source) else []
                answers += self._shown().take(cell, value)
        self._follow(session.current if session.running else None)
        self._tell(marks=marks, answers=answers)
        if self._deployed():
            # What was run may have put the same build in force with another configuration.
            self._ask()

    def _shown(self) -> Answers:
        if self._answers is None:
            from wasmnb.lab.answers import Answers  # noqa: PLC0415 - for those who have run something

            self._answers = Answers(lambda case: self._tell(cases=[case]))
        return self._answers

    def _take(self, cell: str, source: str, value: Any, mask: Callable[[str], str]) -> list[MarksMessage]:
        """Keep what a cell that was run came to; give what is to be told of its lines."""
        from wasmnb.lab.marks import by_tests, said_of  # noqa: PLC0415
        from wasmnb.lab.standing import after, mark, ran  # noqa: PLC0415
        from wasmnb.session.files import FileResult  # noqa: PLC0415

        if isinstance(value, FileResult):
            self._files[value.path] = (cell, mark(source))
            return []
        failures = by_tests(value, mask)
        if failures is not None:
            return [self._marked(cell, mark(source), "test", failures)]
        found = ran(cell, source, value, mask) if FILTER.match(source) else None
        if found is None:
            return []
        before = self._ran.get(cell)
        if before is not None:
            found = after(before, found, source)
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
        with self._following:
            if mesh is self._mesh:
                return
            board, self._mesh, self._board = self._board, mesh, None
            if board is not None:
                board.close()
            with self._lock:
                self._rows, self._older, self._builds = {}, frozenset(), frozenset()
            if mesh is None:
                return
            from wasmnb.live.board import Board  # noqa: PLC0415
            from wasmnb.session import default  # noqa: PLC0415

            made = self._board = Board(mesh, mask=default().mask, rates=False)
            made.painted(lambda paint: self._painted(made, paint))
            made.start()

    def _painted(self, board: Board, paint: Paint) -> None:
        if board is not self._board:
            # Of a mesh that is left: it may still have had something to say.
            return
        with self._lock:
            for row in paint.rows:
                if row.plugins:
                    self._rows[row.name] = row
                else:
                    self._rows.pop(row.name, None)
            for name in paint.gone:
                self._rows.pop(name, None)
            same = self._deployed() == self._builds
        self._tell()
        if not same:
            self._ask()

    def _deployed(self) -> frozenset[tuple[str, str]]:
        """Give the plugins of cells that pods have, with the builds of them."""
        with self._lock:
            ours = {ran.plugin for ran in self._ran.values()}
            return frozenset(
                (one.id, one.digest) for row in self._rows.values() for one in row.plugins if one.id in ours
            )

    def _ask(self) -> None:
        """See in another thread which plugins can be rolled back: a mesh may be slow to tell."""
        with self._lock:
            if self._to_ask:
                return
            self._to_ask = True
        threading.Thread(target=self._look_back, name="wasmnb-history", daemon=True).start()

    def _look_back(self) -> None:
        """See which plugins can be rolled back, and tell."""
        # One after the other: what was asked first must not be told last.
        with self._asking:
            with self._lock:
                self._to_ask, mesh, builds = False, self._mesh, self._deployed()
            names = {name for name, _ in builds}
            older = frozenset(name for name in names if mesh is not None and _has_older(mesh, name))
            with self._lock:
                if mesh is not self._mesh:
                    return
                self._builds, self._older = builds, older
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
            rows, board, mesh = list(self._rows.values()), self._board, self._mesh
            freshness = board.freshness if board is not None else None
            before, self._summary = self._summary, None
            if mesh is not None and freshness is not None:
                from wasmnb.lab.summary import summary  # noqa: PLC0415 - brings the board

                self._summary = summary(mesh.name, rows, freshness)
            if self._ran:
                from wasmnb.lab.standing import standing  # noqa: PLC0415 - brings the board

                traps = list(self._trapped(rows))
                tested, crashed = _tested(), {name: self._since(name) for name in self._crashed}
                now = {
                    cell: standing(ran, rows, freshness, tested=ran.name in tested, older=self._older, crashed=crashed)
                    for cell, ran in self._ran.items()
                }
                changed = [one for cell, one in now.items() if self._told.get(cell) != one]
                self._told = now
            told: CellsMessage = {
                "mesh": self._summary,
                "cells": changed,
                "marks": [*marks, *traps],
                "drafts": [*drafts],
                "answers": [*answers],
                "cases": [*cases],
            }
            if self._pages and (before != self._summary or any(told[kind] for kind in _KINDS)):
                self._comm.send(told)

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


def _has_older(mesh: Mesh, plugin: str) -> bool:
    """Tell whether a plugin was something else before, which a rollback would restore."""
    from wasmnb.errors import WasmnbError  # noqa: PLC0415 - for those who have deployed something
    from wasmnb.rollout.deploy import previous  # noqa: PLC0415

    try:
        previous(mesh, plugin)
    except WasmnbError:
        return False
    return True


def _comm(take: Callable[[Any], None]) -> Any:
    """Make the comm. Nothing is sent of it: to a page without the extension it would be an error."""
    import comm  # noqa: PLC0415 - of a kernel

    made = comm.create_comm(target_name=TARGET, comm_id=TARGET, primary=False)
    made.on_msg(take)
    comm.get_comm_manager().register_comm(made)
    return made


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
