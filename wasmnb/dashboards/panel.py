"""The control panel: controls where a front end shows them, a record where none does."""

from __future__ import annotations

import uuid
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from wasmnb.dashboards.outputs import record_bundle, widget_bundle
from wasmnb.errors import Explained
from wasmnb.notebook import attended
from wasmnb.wording import Verb, Wording

if TYPE_CHECKING:
    from collections.abc import Callable

    from wasmnb.display import Record
    from wasmnb.session import Session
    from wasmnb.session.options.deploy import PanelCall

__all__ = ["Panel", "deployable"]

_MOST = 6  # that a record names
_KEPT = 20  # presses of buttons, the newest


class Panel:
    """Deploys, undeploys and rolls back with controls; where no front end shows any, it is a record.

    Parameters
    ----------
    session : Session
    call : PanelCall, optional
        What the controls begin with, and what they have no control for.
    closed : callable
        Told when the panel has ended.
    """

    def __init__(
        self, session: Session, call: PanelCall | None = None, *, closed: Callable[[Panel], None] = lambda _: None
    ) -> None:
        self._session, self._call, self._closed = session, call, closed
        self._mesh, self._key = session.current.name, uuid.uuid4().hex[:12]
        self._controls: list[Any] = []
        self._handles: list[Any] = []
        self._done: list[tuple[datetime, str, str]] = []

    def close(self, reason: str = "") -> None:  # noqa: ARG002 - what every view of a session is told
        """Take the controls away; the record above them stays."""
        for controls in self._controls:
            controls.widget.close()
        self._closed(self)

    def record(self) -> Record:
        """Give what stays in the notebook.

        The frame has what was done with the buttons, oldest first: ``at`` (``datetime64[us, UTC]``), ``magic`` and
        ``outcome`` (``string``).
        """
        from wasmnb.display import Column, Record  # noqa: PLC0415

        known = deployable(self._session)
        more = f" and {len(known) - _MOST} more" if len(known) > _MOST else ""
        names = ", ".join(known[:_MOST]) or "nothing yet"
        notes = (
            f"can be deployed: {names}{more}",
            "the controls appear where this cell is run in JupyterLab or Notebook",
            str(Wording("in a runbook: {}, {}, {}", Verb("deploy"), Verb("undeploy"), Verb("rollback"))),
        )
        columns = (Column("at", "datetime64[us, UTC]"), Column("magic", code=True), Column("outcome"))
        shown = columns if self._done else ()
        return Record("Control panel", f"for the mesh {self._mesh}", "", shown, tuple(self._done), notes=notes)

    def did(self, line: str, status: str) -> None:
        """Note in the record what a button did, as a magic, and what came of it."""
        self._done = [*self._done, (datetime.now(timezone.utc), line, status)][-_KEPT:]
        bundle = record_bundle(self.record(), self._key)
        for handle in self._handles:
            handle.update(bundle, raw=True)

    def _ipython_display_(self) -> None:
        from IPython.display import display  # noqa: PLC0415 - only in a notebook

        if not attended():
            display(self.record())  # type: ignore[no-untyped-call]
            self.close()
            return
        from wasmnb.dashboards.controls import Controls  # noqa: PLC0415 - ipywidgets, for a front end only

        first = display(record_bundle(self.record(), self._key), raw=True, display_id=True)  # type: ignore[no-untyped-call]
        self._handles.append(first)
        self._controls.append(Controls(self._session, self._call, key=self._key, did=self.did))
        display(widget_bundle(self._controls[-1].widget), raw=True)  # type: ignore[no-untyped-call]


def deployable(session: Session) -> list[str]:
    """List what can be deployed: the session's filters, and the images on this machine."""
    try:
        images = [image.reference for image in session.store.list()]
    except Explained:
        images = []
    return list(dict.fromkeys([*session.filters, *images]))
