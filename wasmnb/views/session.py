"""Records of a session: what must work, and what has been set."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wasmnb.display import Block, Cell, Record

if TYPE_CHECKING:
    from wasmnb.check import Checks
    from wasmnb.session.results import Roles, Settings
    from wasmnb.session.secrets import KeptSecret

__all__ = ["config_record", "doctor_record", "roles_record", "secret_record"]


def doctor_record(checks: Checks) -> Record:
    """Show what must work, and what mends it."""
    failed = sum(not check.ok and check.needed for check in checks)
    absent = sum(not check.ok and not check.needed for check in checks)
    columns = checks.table.look(
        hidden=("needed",),
        ok={"heading": "state", "show": _state},
        detail={"heading": "found"},
        hint={"heading": "try", "code": True, "shown": any(check.hint for check in checks)},
    )
    needed = sum(check.needed for check in checks)
    status = f"{failed} of {needed} checks failed" if failed else f"all {needed} checks passed"
    status += f"; {absent} of other languages would have to be added" if absent else ""
    return Record("Doctor", status, "bad" if failed else "good", columns, checks.table.rows)


def roles_record(roles: Roles) -> Record:
    """Show Kubernetes roles as YAML to apply."""
    status = "save it, look it over, `kubectl apply -f`, and bind the roles"
    lines = Block("", tuple(roles.text.splitlines()))
    return Record("Roles", status, "", roles.table.look(hidden=("text",)), roles.table.rows, (lines,))


def secret_record(kept: KeptSecret) -> Record:
    """Show that a secret is kept, and how a configuration names it."""
    return Record(f"Secret {kept.name}", str(kept), "good", kept.table.look(hidden=("name", "source")), kept.table.rows)


def config_record(settings: Settings) -> Record:
    """Show settings; what looks like a secret is masked."""
    columns = settings.table.look(
        value={"code": True, "show": _value}, source={"heading": "from", "shown": bool(settings.sources)}
    )
    return Record("Session defaults", "" if settings else "nothing is set", "", columns, settings.table.rows)


def _state(ok: bool) -> Cell:
    return Cell("ok", sign="✓", tone="good") if ok else Cell("failed", sign="✗", tone="bad")


def _value(value: str | None) -> Cell:
    return Cell("not set") if value is None else Cell(value)
