"""The kernel's end of the lab extension: it follows the cells that are run, and the mesh, and tells what changed."""

from __future__ import annotations

import re
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wasmnb.lab.standing import Ran
    from wasmnb.live.board import Board, Paint
    from wasmnb.live.messages import CellMessage
    from wasmnb.live.row import Row
    from wasmnb.mesh import Mesh

__all__ = ["TARGET", "Workbench", "attach", "detach"]

TARGET = "wasmnb"
"""The name of the comm that the extension opens."""

_OURS = re.compile(r"\s*%{2}wasm_filter\b")


class Workbench:
    """Tells front ends with the extension where the filter of each cell stands.

    Parameters
    ----------
    shell : InteractiveShell
        Of a kernel.
    """

    def __init__(self, shell: Any) -> None:
        self._shell = shell
        self._comms: list[Any] = []
        # What cells came to. It is only looked into when there is somebody to tell: loading the magics must stay cheap.
        self._results: dict[str, tuple[str, Any]] = {}
        self._ran: dict[str, Ran] = {}
        self._told: dict[str, CellMessage] = {}
        self._board: Board | None = None
        self._mesh: Mesh | None = None
        self._rows: dict[str, Row] = {}
        self._lock = threading.RLock()
        shell.kernel.comm_manager.register_target(TARGET, self._open)
        shell.events.register("post_run_cell", self._after)

    def close(self) -> None:
        """Tell nothing any more."""
        self._shell.events.unregister("post_run_cell", self._after)
        self._shell.kernel.comm_manager.unregister_target(TARGET, self._open)
        self._follow(None)

    def _open(self, comm: Any, _: Any) -> None:
        with self._lock:
            self._comms.append(comm)
            comm.on_close(lambda _: self._gone(comm))
            comm.send({"cells": list(self._told.values())})
        self._renew()

    def _gone(self, comm: Any) -> None:
        with self._lock:
            self._comms.remove(comm)
        if not self._comms:
            self._follow(None)

    def _after(self, result: Any) -> None:
        """Take what a cell came to; any cell may have deployed something, or chosen a mesh."""
        cell, source = getattr(result.info, "cell_id", None), result.info.raw_cell or ""
        if cell and _OURS.match(source):
            self._results[cell] = (source, result.error_before_exec or result.error_in_exec or result.result)
        self._renew()

    def _renew(self) -> None:
        if not self._comms:
            return
        from wasmnb.lab.standing import ran  # noqa: PLC0415 - brings the session and the board
        from wasmnb.session import default  # noqa: PLC0415

        session = default()
        while self._results:
            cell, (source, value) = self._results.popitem()
            found = ran(cell, source, value, session.mask)
            if found is not None:
                self._ran[cell] = found
        if not self._ran:
            return
        self._follow(session.current if session.running else None)
        self._tell()

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

    def _tell(self) -> None:
        from wasmnb.lab.standing import standing  # noqa: PLC0415

        with self._lock:
            rows, board = list(self._rows.values()), self._board
            freshness = board.freshness if board is not None else None
            now = {cell: standing(ran, rows, freshness) for cell, ran in self._ran.items()}
            changed = [one for cell, one in now.items() if self._told.get(cell) != one]
            self._told = now
            for comm in self._comms if changed else ():
                comm.send({"cells": changed})


def attach(shell: Any) -> None:
    """Have a kernel tell the lab extension; what is no kernel has nobody to tell."""
    detach(shell)
    if hasattr(shell, "kernel"):
        _benches[shell] = Workbench(shell)


def detach(shell: Any) -> None:
    """End what `attach` began."""
    bench = _benches.pop(shell, None)
    if bench is not None:
        bench.close()


_benches: dict[Any, Workbench] = {}
