"""Whether a plugin that was taken away is gone from a pod."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from wasmnb.mesh.istio.proxies.case import DRAINING
from wasmnb.plugin.verdict import Cause, PodVerdict, Proof, Verdict

if TYPE_CHECKING:
    from collections.abc import Collection

    from wasmnb.mesh.istio.proxies.evidence import Evidence

__all__ = ["removal", "unseen"]


def removal(seen: Evidence, plugin: str, digest: str, names: Collection[str]) -> PodVerdict:
    """Judge whether a plugin that was taken away is gone from a pod, by the filters in its listeners."""
    cause, reason, running = Cause.NONE, "", ""
    verdict = Verdict.GONE
    if seen.hung:
        # It has what it had, whatever the main thread says.
        verdict, cause = Verdict.UNPROVEN, Cause.WORKER_HUNG
        reason = f"whether it still runs is not known: {seen.silence}"
    elif seen.entries is None or seen.listeners is None:
        verdict = Verdict.UNPROVEN
        cause = Cause.PROXY_SILENT if seen.silence else Cause.NO_PERMISSION if seen.missing else Cause.PROXY_UNASKED
        why = seen.silence or (seen.missing[-1] if seen.missing else "its proxy was not asked")
        reason = f"whether it still runs is not known: {why}"
    elif set(names) & seen.listeners.active:
        verdict, cause, running = Verdict.UNPROVEN, Cause.STILL_IN_FORCE, digest
        reason = "a listener that serves still has it"
        if seen.listeners.errors:
            # Another plugin's refusal keeps the whole listener as it was.
            reason += f", and Envoy refuses the one that would take its place: {seen.listeners.errors[0]}"
    draining = (DRAINING,) if seen.stats is not None and seen.stats.draining else ()
    found = PodVerdict(seen.name, plugin, verdict, "", running, reason, (*seen.missing, *draining), seen.at, cause)
    proof = Proof.CONFIG if verdict is Verdict.GONE else Proof.NONE
    return replace(found, proof=proof, hanging=seen.hanging if seen.hung else None)


def unseen(verdict: PodVerdict, effect: str | None) -> PodVerdict:
    """Hold a removal against what still shows of the plugin's effect.

    Parameters
    ----------
    verdict : PodVerdict
    effect : str or None
        Nothing when empty; None where no effect of it had been seen.
    """
    if verdict.verdict is not Verdict.GONE or effect is None:
        return verdict
    return (
        verdict.noted(f"another filter has the same effect: {effect}")
        if effect
        else replace(verdict, proof=Proof.EFFECT)
    )
