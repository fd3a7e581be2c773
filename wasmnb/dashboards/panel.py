"""The control panel: controls where a front end shows them, a record where none does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wasmnb.dashboards.live import headless, in_kernel
from wasmnb.errors import Told

if TYPE_CHECKING:
    from collections.abc import Callable

    from wasmnb.session import Session
    from wasmnb.views import Record

__all__ = ["Panel", "deployable"]

_MOST = 6  # that a record names


class Panel:
    """Deploys, undeploys and rolls back with controls; where no front end shows any, it is a record.

    Parameters
    ----------
    session : Session
    closed : callable
        Told when the panel has ended.
    """

    def __init__(self, session: Session, *, closed: Callable[[Panel], None] = lambda _: None) -> None:
        self._session, self._closed = session, closed
        self._controls: list[Any] = []

    def close(self, reason: str = "") -> None:  # noqa: ARG002 - what every view of a session is told
        """Take the controls away; the record above them stays."""
        for controls in self._controls:
            controls.widget.close()
        self._closed(self)

    def record(self) -> Record:
        """Give what stays in the notebook."""
        from wasmnb.views import Record  # noqa: PLC0415

        known = deployable(self._session)
        more = f" and {len(known) - _MOST} more" if len(known) > _MOST else ""
        names = ", ".join(known[:_MOST]) or "nothing yet"
        notes = (f"can be deployed: {names}{more}", "in a runbook: %wasm_deploy, %wasm_undeploy, %wasm_rollback")
        return Record("Control panel", f"for the mesh {self._session.current.name}", "", notes=notes)

    def _ipython_display_(self) -> None:
        from IPython.display import display  # noqa: PLC0415 - only in a notebook

        display(self.record())  # type: ignore[no-untyped-call]
        if not in_kernel() or headless():
            self.close()
            return
        from wasmnb.dashboards.controls import Controls  # noqa: PLC0415 - ipywidgets, for a front end only

        self._controls.append(Controls(self._session))
        display(self._controls[-1].widget)  # type: ignore[no-untyped-call]


def deployable(session: Session) -> list[str]:
    """List what can be deployed: the session's filters, and the images on this machine."""
    try:
        images = [image.reference for image in session.store.list()]
    except Told:
        images = []
    return list(dict.fromkeys([*session.filters, *images]))
