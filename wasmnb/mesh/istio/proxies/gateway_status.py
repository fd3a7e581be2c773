"""Objects that another controller takes: what it says of them."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING

from wasmnb.mesh.istio.proxies.failure_hints import diagnosis
from wasmnb.plugin.verdict import Cause, PodVerdict, Verdict

if TYPE_CHECKING:
    from wasmnb.mesh.istio.objects.objects import Stored

__all__ = ["judge_foreign"]


def judge_foreign(stored: Stored, digest: str) -> PodVerdict:
    """Judge an object that another controller takes, by the conditions that it wrote; its proxies are not looked at.

    Sources: Gateway API, ``PolicyStatus`` (Envoy Gateway says in the condition ``Accepted`` whether it has the module);
    Higress writes nothing.
    """
    kind, now = f"{stored.kind.name}/{stored.name}", datetime.now(timezone.utc)
    status = stored.item.get("status") or {}
    conditions = [one for ancestor in status.get("ancestors") or () for one in ancestor.get("conditions") or ()]
    refused = [one for one in conditions if one.get("type") == "Accepted" and one.get("status") == "False"]
    lines = tuple(f"{one.get('type')}={one.get('status')}: {one.get('message', '')}" for one in conditions)
    if refused:
        words = str(refused[0].get("message") or refused[0].get("reason"))
        why = diagnosis([words])
        reason, cause = (f"{words}: {why.words}", why.cause) if why else (words, Cause.OBJECT_REFUSED)
        return PodVerdict(kind, stored.id, Verdict.REJECTED, digest, "", reason, lines, now, cause)
    said = "its controller accepted it" if conditions else "its controller has not said anything of it"
    reason = f"applied; {said}. Whether its proxies run it is not seen from here: send a request through them"
    return PodVerdict(kind, stored.id, Verdict.UNPROVEN, digest, "", reason, lines, now, Cause.OTHER_CONTROLLER)
