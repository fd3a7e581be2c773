"""Records of a session: what must work, and what has been set."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from wasmnb.check import State
from wasmnb.display import Block, Cell, Record
from wasmnb.display.text import several
from wasmnb.wording import Verb, Wording

if TYPE_CHECKING:
    from wasmnb.check import Checks
    from wasmnb.display.record import Tone
    from wasmnb.session.results import Roles, Settings
    from wasmnb.session.secrets import KeptSecret

__all__ = ["config_record", "doctor_record", "roles_record", "secret_record"]


def doctor_record(checks: Checks) -> Record:
    """Show what must work, and what mends it."""
    counts = Counter(check.state for check in checks)
    columns = checks.table.look(
        hidden=("ok", "needed"),
        state={"show": _state},
        detail={"heading": "found"},
        hint={"heading": "try", "code": True, "shown": any(check.hint for check in checks)},
    )
    needed, failed = sum(check.needed for check in checks), counts[State.BROKEN]
    parts = [
        f"{failed} of {needed} required {_checks(needed)} failed"
        if failed
        else f"{f'all {needed}' if needed > 1 else 'the 1'} required {_checks(needed)} passed"
    ]
    if later := counts[State.FIRST_USE]:
        parts.append(f"{several(later, 'part is', 'parts are')} prepared at first use")
    if absent := counts[State.UNAVAILABLE]:
        parts.append(f"{absent} optional {_checks(absent)} failed")
    return Record("Doctor", "; ".join(parts), "bad" if failed else "good", columns, checks.table.rows)


def roles_record(roles: Roles) -> Record:
    """Show Kubernetes roles as YAML to apply."""
    status = "save it, review it, apply it with kubectl apply -f, and bind the roles"
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
    status = "" if settings else "nothing is set"
    start = Verb("mesh")
    # Else "mesh: not set" reads as if none ran.
    notes = (str(Wording("{} runs; mesh is the one that {} starts", settings.mesh, start)),) if settings.mesh else ()
    return Record("Session defaults", status, "", columns, settings.table.rows, notes=notes)


_STATES: dict[str, tuple[str, Tone]] = {
    State.READY.value: ("✓", "good"),
    State.FIRST_USE.value: ("○", "quiet"),
    State.BROKEN.value: ("✗", "bad"),
    State.UNAVAILABLE.value: ("·", "quiet"),
}


def _state(state: str) -> Cell:
    sign, tone = _STATES[state]
    return Cell(state, sign=sign, tone=tone)


def _checks(count: int) -> str:
    return "check" if count == 1 else "checks"


def _value(value: str | None) -> Cell:
    return Cell("not set") if value is None else Cell(value)
