"""What is true of a plugin on a pod of an Istio mesh: UNPROVEN when in doubt.

The config dump alone lies: it shows a module that Envoy refused under its new digest. LIVE therefore needs the digest
in the dump, the filter in a listener that serves, proof that Envoy accepted it, and a log that is whole since then and
tells of no refusal and no crash.
"""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from wasmnb.mesh.istio.proxies.arrival import Arrival
from wasmnb.mesh.istio.proxies.desired_state import Judged
from wasmnb.mesh.istio.proxies.health import Health
from wasmnb.mesh.istio.proxies.placement import Placement
from wasmnb.mesh.istio.proxies.pods import name_of
from wasmnb.plugin.verdict import Cause, PodVerdict, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping

    from wasmnb.mesh.istio.proxies.desired_state import DesiredState, Known
    from wasmnb.mesh.istio.proxies.evidence import Evidence

__all__ = ["judge", "not_selected"]


def not_selected(item: Mapping[str, Any], wanted: DesiredState, reason: str) -> PodVerdict:
    """Say that a plugin is not for a pod, and why."""
    name, now = name_of(item), datetime.now(timezone.utc)
    verdict, cause = Verdict.NOT_SELECTED, Cause.LABELS_DIFFER
    return PodVerdict(name, wanted.plugin, verdict, wanted.digest, "", reason, (), now, cause)


def judge(seen: Evidence, wanted: DesiredState, known: Known) -> PodVerdict:
    """Judge one plugin on one pod that it selects.

    Parameters
    ----------
    seen : Evidence
    wanted : DesiredState
    known : Known
        Brought up to date when the plugin is LIVE.
    """
    last = known.judged
    if last is not None and last.seen is seen and last.wanted is wanted and last.before == known.before:
        return last.verdict
    found = _judged(seen, wanted, known)
    known.judged = Judged(seen, wanted, known.before, found)
    return found


def _judged(seen: Evidence, wanted: DesiredState, known: Known) -> PodVerdict:
    arrival = Arrival(seen, wanted, known)
    found = arrival.verdict()
    if found is not None:
        return found
    entry = arrival.entry
    assert entry is not None  # noqa: S101 - what has not arrived has a verdict
    return Placement(seen, wanted, known).verdict(entry) or Health(seen, wanted, known).verdict(entry)
