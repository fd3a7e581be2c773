"""What a proxy has of a plugin: whether it can be asked, what arrived, and whether Envoy took it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from wasmnb.display.text import short_digest
from wasmnb.mesh.istio.proxies.case import EPOCH, PATIENCE, SLACK, Case
from wasmnb.mesh.istio.proxies.pods import has_proxy, proxy_started, stuck
from wasmnb.mesh.istio.proxies.pods import pod as described
from wasmnb.plugin.verdict import Cause, PodVerdict, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping

    from wasmnb.mesh.istio.proxies.config_dump import Entry

__all__ = ["Arrival"]

_STARTING = timedelta(seconds=30)
_COMPILING = timedelta(seconds=4)
"""What a proxy may need for each MiB of a module, on a busy node."""


class Arrival(Case):
    """The part of the judgement that what arrived at the proxy decides."""

    def verdict(self) -> PodVerdict | None:
        """Judge; None where Envoy took what is wanted."""
        if not has_proxy(self.seen.item):
            return self.say(Verdict.NO_SIDECAR, *_no_sidecar(self.seen.item, self.wanted.injected))
        found = self._proxy() or self._arrived()
        if found is not None or self.entry is None:
            return found
        return self._refused(self.entry) or self._another(self.entry)

    def _proxy(self) -> PodVerdict | None:
        """Judge by the proxy itself: not there yet, not to be asked, silent."""
        seen = self.seen
        if seen.entries is not None and not seen.silence:
            return None
        unready = self._unready()
        if unready is not None:
            return unready
        if not seen.silence:
            cause = Cause.NO_PERMISSION if seen.missing else Cause.PROXY_UNASKED
            return self.say(Verdict.UNPROVEN, cause, seen.missing[-1] if seen.missing else "its proxy was not asked")
        if seen.now - seen.started < _STARTING:
            return self.say(Verdict.WARMING, Cause.PROXY_STARTING, "the proxy is starting", seen.silence)
        if not seen.hung and self.age < PATIENCE + self._loading:
            # Its main thread compiles what it got, and answers nobody meanwhile.
            return self.say(Verdict.WARMING, Cause.NOT_YET, "the proxy is still loading it", seen.silence)
        cause = Cause.WORKER_HUNG if seen.hung else Cause.PROXY_SILENT
        return replace(
            self.say(Verdict.HUNG, cause, f"the proxy does not answer: {seen.silence}"), hanging=seen.hanging
        )

    def _unready(self) -> PodVerdict | None:
        """Judge by the pod: on its way, or going."""
        item = self.seen.item
        pod = described(item)
        if item["metadata"].get("deletionTimestamp"):
            return self.say(Verdict.WARMING, Cause.POD_ENDING, "the pod is being deleted")
        if item.get("status", {}).get("phase") == "Running" and proxy_started(item).year != EPOCH:
            return None
        words = f"the pod is {pod.status}" + (f": {pod.reason}" if pod.reason else "")
        return self.say(Verdict.WARMING, Cause.POD_STUCK if stuck(item) else Cause.POD_PENDING, words)

    @property
    def _loading(self) -> timedelta:
        return _COMPILING * (self.wanted.module.size / 2**20 if self.wanted.module is not None else 1)

    def _arrived(self) -> PodVerdict | None:
        """Judge by what arrived: nothing, or the filter that stands for a module that could not be fetched."""
        entry, seen = self.entry, self.seen
        if entry is None:
            return self._absent()
        if entry.kind in ("deny", "allow"):
            if self.stale:
                words = "the proxy has not got it yet; what it had could not be fetched"
                return self.say(Verdict.WARMING, Cause.NOT_YET, words)
            lines = seen.log.failed_fetches(entry.updated - PATIENCE)[-2:] if seen.log else []
            if entry.kind == "deny":
                words = "the module could not be fetched, and every request gets 403"
                return self.say(Verdict.DENY_ALL, Cause.FETCH_FAILED, words, *lines)
            words = "the module could not be fetched, and requests pass without it"
            return self.say(Verdict.ALLOW_ALL, Cause.FETCH_FAILED, words, *lines)
        if entry.kind != "wasm" or not entry.digest:
            return self.say(Verdict.UNPROVEN, Cause.IMAGE_UNNAMED, "what arrived at the proxy names no image")
        return None

    def _absent(self) -> PodVerdict:
        if self.age < PATIENCE or self.seen.now - self.seen.started < _STARTING:
            return self.say(Verdict.WARMING, Cause.NOT_YET, "the proxy has not got it yet")
        if self.seen.listeners is not None and not self.seen.listeners.http:
            words = "the proxy treats none of the pod's ports as HTTP: name the service's port http, or set appProtocol"
            return self.say(Verdict.UNPROVEN, Cause.NO_HTTP_PORT, f"nothing of it arrived: {words}")
        hint = "is the pod of this revision of Istio, and does istiod accept the object? `istioctl analyze` tells more"
        return self.say(Verdict.UNPROVEN, Cause.NOT_ARRIVED, f"nothing of it arrived at the proxy; {hint}")

    def _refused(self, entry: Entry) -> PodVerdict | None:
        """Judge by whether Envoy took what arrived last."""
        seen = self.seen
        words = seen.log.refusals(self.wanted.envoy_name, entry.updated - SLACK) if seen.log else []
        took = seen.stats.took(entry) if seen.stats else None
        if took:
            # The main thread took it; a worker that could not start it says so afterwards.
            late = seen.log.refusals(self.wanted.envoy_name, entry.updated) if seen.log else []
            return self._rejection(entry, late) if late else None
        if words:
            return self._rejection(entry, words)
        if took is False and seen.there - entry.updated > PATIENCE:
            return self._rejection(entry, ["extension_config_discovery: nothing was accepted since it arrived"])
        if took is False:
            return self.say(Verdict.WARMING, Cause.NOT_YET, "the proxy is still loading it")
        return self._unacknowledged(entry)

    def _unacknowledged(self, entry: Entry) -> PodVerdict | None:
        ack = self.seen.ack
        if ack is None or not ack.sent or ack.settled or not (self.only_one or self.wanted.envoy_name in ack.error):
            return None
        if ack.error:
            return self._rejection(entry, [f"istiod: {ack.error}"])
        if not self.is_wanted(entry):
            return None
        # What arrived long ago may have been sent anew: a listener that drains keeps it while it is put in force again.
        if min(self.age, self.seen.there - entry.updated) < PATIENCE:
            return self.say(Verdict.WARMING, Cause.NOT_YET, "the proxy has not acknowledged it yet")
        words = "the proxy has not acknowledged what istiod sent last: it refused it, or its agent does not answer"
        return self.say(Verdict.UNPROVEN, Cause.NOT_ACKNOWLEDGED, words)

    def _rejection(self, entry: Entry, lines: list[str]) -> PodVerdict:
        if self.stale:
            return self.say(Verdict.WARMING, Cause.NOT_YET, "the proxy has not got it yet; what it had was refused")
        if entry.digest != self.wanted.digest:
            if self.age < PATIENCE:
                words = "the proxy has not got it yet; what it had was refused"
                return self.say(Verdict.WARMING, Cause.NOT_YET, words, *lines)
            words = "another image arrived last, and Envoy refused that one"
            return self.say(Verdict.OLD, Cause.OTHER_DIGEST, words, *lines)
        after = self._after_refusal(entry)
        return self.say(Verdict.REJECTED, Cause.MODULE_REFUSED, f"Envoy refused it ({after})", *lines[-4:])

    def _after_refusal(self, entry: Entry) -> str:
        """Say what happens to requests, from where the filter stands and whether any version of it was accepted."""
        seen = self.seen
        if seen.listeners is not None and entry.name not in seen.listeners.active:
            return "no listener that serves has it: requests pass without it"
        at = seen.stats.accepted.get(entry.name) if seen.stats else None
        if at is None:
            return "what ran before still serves; where nothing did, every request gets 500"
        return "nothing ran before: every request gets 500" if at.year == EPOCH else "what ran before still serves"

    def _another(self, entry: Entry) -> PodVerdict | None:
        """Judge what is not wanted, an image or its configuration: what was before, for a moment or for good."""
        if self.is_wanted(entry):
            return None
        if entry.digest == self.wanted.digest:
            if self.age < PATIENCE:
                words = "the proxy has this image, and not yet this configuration"
                return self.say(Verdict.WARMING, Cause.OTHER_CONFIG, words)
            words = "the proxy runs this image with an earlier configuration"
            return self.say(Verdict.OLD, Cause.OTHER_CONFIG, words)
        if self.age < PATIENCE:
            return self.say(Verdict.WARMING, Cause.NOT_YET, f"the proxy still has {short_digest(entry.digest)}")
        words = f"the proxy runs {short_digest(entry.digest)}, and nothing newer arrived"
        return self.say(Verdict.OLD, Cause.OTHER_DIGEST, words)


def _no_sidecar(item: Mapping[str, Any], injected: str) -> tuple[Cause, str]:
    metadata, spec = item["metadata"], item.get("spec", {})
    marks = {**(metadata.get("annotations") or {}), **(metadata.get("labels") or {})}
    if marks.get("ambient.istio.io/redirection") == "enabled":
        where = "a filter for it goes to a waypoint, as one that is attached to Gateway/NAME or Service/NAME does"
        return Cause.NO_INJECTION, f"the pod has no sidecar: it is in ambient mode; {where}"
    if marks.get("sidecar.istio.io/inject") == "false":
        return Cause.SIDECAR_DECLINED, "the pod has no sidecar: it is marked sidecar.istio.io/inject=false"
    if spec.get("hostNetwork"):
        return Cause.HOST_NETWORK, "the pod has no sidecar: Istio gives none to pods of the host's network"
    if injected:
        return Cause.NO_INJECTION, f"the pod has no sidecar: {injected}"
    return Cause.NOT_INJECTED, "the pod has no sidecar: it was made before its namespace was labelled; restart it"
