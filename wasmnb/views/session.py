"""Records of a session: what must work, and what has been set."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wasmnb import redact
from wasmnb.display.record import Block, Cell, Column, Record

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from wasmnb.check import Check

__all__ = ["config_record", "doctor_record", "roles_record"]


def doctor_record(checks: Iterable[Check]) -> Record:
    """Show what must work, and what mends it.

    The frame has ``check``, ``detail``, ``hint`` (``string``), ``ok`` and ``needed`` (``boolean``).
    """
    checks = list(checks)
    rows = tuple((check.name, check.ok, check.detail, check.hint, check.needed) for check in checks)
    failed = sum(not check.ok and check.needed for check in checks)
    absent = sum(not check.ok and not check.needed for check in checks)
    columns = (
        Column("check"),
        Column("ok", "boolean", "state", _state),
        Column("detail", heading="found"),
        Column("hint", heading="try", code=True, shown=any(row[3] for row in rows)),
        Column("needed", "boolean", shown=False),
    )
    needed = sum(check.needed for check in checks)
    status = f"{failed} of {needed} checks failed" if failed else f"all {needed} checks passed"
    status += f"; {absent} of other languages would have to be added" if absent else ""
    return Record("Doctor", status, "bad" if failed else "good", columns, rows)


def roles_record(text: str) -> Record:
    """Show Kubernetes roles as YAML to apply; the frame has ``text`` (``string``), one row per line."""
    rows = tuple((line,) for line in text.splitlines())
    status = "save it, look it over, `kubectl apply -f`, and bind the roles"
    return Record("Roles", status, "", (Column("text", shown=False),), rows, (Block("", tuple(text.splitlines())),))


def config_record(settings: Mapping[str, Any], *, title: str = "Session defaults") -> Record:
    """Show settings; what looks like a secret is masked.

    The frame has ``name`` and ``value`` (``string``).
    """
    masked = redact.config(settings)
    rows = tuple((name, None if value is None else redact.url(str(value))) for name, value in masked.items())
    columns = (Column("name"), Column("value", code=True, show=_value))
    return Record(title, "" if rows else "nothing is set", "", columns, rows)


def _state(ok: bool) -> Cell:
    return Cell("ok", sign="✓", tone="good") if ok else Cell("failed", sign="✗", tone="bad")


def _value(value: str | None) -> Cell:
    return Cell("not set") if value is None else Cell(value)
