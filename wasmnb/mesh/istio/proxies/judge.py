"""What is true of a plugin on a pod of an Istio mesh: UNPROVEN when in doubt.

The config dump alone lies: it shows a module that Envoy refused under its new digest. LIVE therefore needs the digest
in the dump, the filter in a listener that serves, proof that Envoy accepted it, and a log that is whole since then and
tells of no refusal and no crash.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from wasmnb.mesh.istio.proxies.capture import passed_by
from wasmnb.mesh.istio.proxies.failure_hints import diagnosis
from wasmnb.mesh.istio.proxies.pods import PROXY, has_proxy, proxy_started, stuck
from wasmnb.mesh.istio.proxies.pods import pod as described
from wasmnb.mesh.istio.proxies.proxy_log import tells_refusals
from wasmnb.plugin import FailPolicy
from wasmnb.plugin.verdict import Cause, PodVerdict, Verdict

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from wasmnb.envoy.log import Trap
    from wasmnb.mesh.istio.proxies.config_dump import Entry, Listeners
    from wasmnb.mesh.istio.proxies.desired_state import DesiredState, Known
    from wasmnb.mesh.istio.proxies.evidence import Evidence

__all__ = ["judge", "not_selected", "removal"]

_PATIENCE = timedelta(seconds=5)
"""How long something may be under way before its absence means something: istiod pushes within a second."""
_LOGGER = "wasm"
_TELLING = {"trace", "debug", "info", "warning", "warn", "error"}
_STARTING = timedelta(seconds=30)
_EPOCH = 1970
_COMPILING = timedelta(seconds=4)
"""What a proxy may need for each MiB of a module, on a busy node."""
_SILENCE = timedelta(minutes=5)
_SLACK = timedelta(milliseconds=50)
"""Two clocks of one node: the proxy's for the dump, the kubelet's for log lines."""


def not_selected(item: Mapping[str, Any], wanted: DesiredState, labels: str) -> PodVerdict:
    """Say that a plugin is not for a pod."""
    reason = f"the pod's labels do not match {labels}"
    name, now = str(item["metadata"]["name"]), datetime.now(timezone.utc)
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
    return _Judge(seen, wanted, known).verdict()


def removal(seen: Evidence, plugin: str, digest: str, names: Collection[str]) -> PodVerdict:
    """Judge whether a plugin that was taken away is gone from a pod, by the filters in its listeners."""
    cause, reason, running = Cause.NONE, "", ""
    verdict = Verdict.GONE
    if seen.entries is None or seen.listeners is None:
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
    return PodVerdict(seen.name, plugin, verdict, "", running, reason, seen.missing, seen.at, cause)


class _Judge:
    def __init__(self, seen: Evidence, wanted: DesiredState, known: Known) -> None:
        self.seen, self.wanted, self.known = seen, wanted, known
        self.entry: Entry | None = seen.named(wanted.names)
        self.age = seen.at - wanted.since

    def say(self, verdict: Verdict, cause: Cause, reason: str = "", *lines: str) -> PodVerdict:
        """Give a verdict; where the lines tell more about its cause, they are believed."""
        entry = self.entry
        running = entry.digest if entry is not None and verdict in (Verdict.LIVE, Verdict.OLD) else ""
        quoted = (entry.line,) if entry is not None else ()
        why = diagnosis(lines) if verdict not in (Verdict.LIVE, Verdict.TRAPPED) else None
        if why is not None:
            cause, reason = why.cause, f"{reason}: {why.words}"
        missing = self.seen.missing if verdict is Verdict.UNPROVEN else ()
        return PodVerdict(
            self.seen.name,
            self.wanted.plugin,
            verdict,
            self.wanted.digest,
            running,
            reason,
            (*quoted, *lines, *missing),
            self.seen.at,
            cause,
        )

    def verdict(self) -> PodVerdict:
        if not has_proxy(self.seen.item):
            return self.say(Verdict.NO_SIDECAR, *_no_sidecar(self.seen.item, self.wanted.injected))
        found = self._proxy() or self._arrived()
        if found is not None:
            return found
        entry = self.entry
        assert entry is not None  # noqa: S101 - `_arrived` has said so otherwise
        return self._refused(entry) or self._another(entry) or self._placed(entry) or self._running(entry)

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
        if seen.at - proxy_started(seen.item) < _STARTING:
            return self.say(Verdict.WARMING, Cause.PROXY_STARTING, "the proxy is starting", seen.silence)
        if not seen.hung and self.age < _PATIENCE + self._loading:
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
        if item.get("status", {}).get("phase") == "Running" and proxy_started(item).year != _EPOCH:
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
            lines = seen.log.failed_fetches(entry.updated - _PATIENCE)[-2:] if seen.log else []
            if entry.kind == "deny":
                words = "the module could not be fetched, and every request gets 403"
                return self.say(Verdict.DENY_ALL, Cause.FETCH_FAILED, words, *lines)
            words = "the module could not be fetched, and requests pass without it"
            return self.say(Verdict.ALLOW_ALL, Cause.FETCH_FAILED, words, *lines)
        if entry.kind != "wasm" or not entry.digest:
            return self.say(Verdict.UNPROVEN, Cause.IMAGE_UNNAMED, "what arrived at the proxy names no image")
        return None

    def _absent(self) -> PodVerdict:
        if self.age < _PATIENCE or self.seen.at - proxy_started(self.seen.item) < _STARTING:
            return self.say(Verdict.WARMING, Cause.NOT_YET, "the proxy has not got it yet")
        if self.seen.listeners is not None and not self.seen.listeners.http:
            words = "the proxy treats none of the pod's ports as HTTP: name the service's port http, or set appProtocol"
            return self.say(Verdict.UNPROVEN, Cause.NO_HTTP_PORT, f"nothing of it arrived: {words}")
        hint = "is the pod of this revision of Istio, and does istiod accept the object? `istioctl analyze` tells more"
        return self.say(Verdict.UNPROVEN, Cause.NOT_ARRIVED, f"nothing of it arrived at the proxy; {hint}")

    def _refused(self, entry: Entry) -> PodVerdict | None:
        """Judge by whether Envoy took what arrived last."""
        seen = self.seen
        words = seen.log.refusals(self.wanted.envoy_name, entry.updated - _SLACK) if seen.log else []
        took = seen.stats.took(entry) if seen.stats else None
        if took:
            # The main thread took it; a worker that could not start it says so afterwards.
            late = seen.log.refusals(self.wanted.envoy_name, entry.updated) if seen.log else []
            return self._rejection(entry, late) if late else None
        if words:
            return self._rejection(entry, words)
        if took is False and seen.at - entry.updated > _PATIENCE:
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
        if not self._is_wanted(entry):
            return None
        # What arrived long ago may have been sent anew: a listener that drains keeps it while it is put in force again.
        if min(self.age, self.seen.at - entry.updated) < _PATIENCE:
            return self.say(Verdict.WARMING, Cause.NOT_YET, "the proxy has not acknowledged it yet")
        words = "the proxy has not acknowledged what istiod sent last: it refused it, or its agent does not answer"
        return self.say(Verdict.UNPROVEN, Cause.NOT_ACKNOWLEDGED, words)

    @property
    def stale(self) -> bool:
        """Whether what the proxy has is what it had before the plugin was put in force, and a moment may mend that."""
        entry = self.entry
        return entry is not None and (entry.version, entry.updated) == self.known.before and self.age < _PATIENCE

    @property
    def only_one(self) -> bool:
        """Whether an acknowledgement, which is for all discovered filters together, is for this one alone."""
        return len(self.seen.entries or ()) == 1

    def _rejection(self, entry: Entry, lines: list[str]) -> PodVerdict:
        if self.stale:
            return self.say(Verdict.WARMING, Cause.NOT_YET, "the proxy has not got it yet; what it had was refused")
        if entry.digest != self.wanted.digest:
            if self.age < _PATIENCE:
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
        return "nothing ran before: every request gets 500" if at.year == _EPOCH else "what ran before still serves"

    def _is_wanted(self, entry: Entry) -> bool:
        return entry.digest == self.wanted.digest and entry.carries(
            self.wanted.config, self.wanted.env, self.wanted.machine
        )

    def _another(self, entry: Entry) -> PodVerdict | None:
        """Judge what is not wanted, an image or its configuration: what was before, for a moment or for good."""
        if self._is_wanted(entry):
            return None
        if entry.digest == self.wanted.digest:
            if self.age < _PATIENCE:
                words = "the proxy has this image, and not yet this configuration"
                return self.say(Verdict.WARMING, Cause.OTHER_CONFIG, words)
            words = "the proxy runs this image with an earlier configuration"
            return self.say(Verdict.OLD, Cause.OTHER_CONFIG, words)
        if self.age < _PATIENCE:
            return self.say(Verdict.WARMING, Cause.NOT_YET, f"the proxy still has {entry.digest[:19]}")
        words = f"the proxy runs {entry.digest[:19]}, and nothing newer arrived"
        return self.say(Verdict.OLD, Cause.OTHER_DIGEST, words)

    def _placed(self, entry: Entry) -> PodVerdict | None:
        """Judge by where the filter stands: a listener that drains still has what was removed."""
        if self.seen.listeners is None:
            return self.say(Verdict.UNPROVEN, Cause.LISTENERS_UNREADABLE, "the proxy's listeners could not be read")
        if entry.name in self.seen.listeners.active:
            return self._passed(entry, self.seen.listeners)
        if self.seen.listeners.errors:
            return self.say(
                Verdict.REJECTED, Cause.LISTENER_REFUSED, "Envoy refused the listener", *self.seen.listeners.errors[:2]
            )
        if entry.name in self.seen.listeners.warming or self.age < _PATIENCE:
            return self.say(Verdict.WARMING, Cause.NOT_YET, "its listener is not in force yet")
        words = "no listener that serves has it: only one that drains, or none"
        return self.say(Verdict.UNPROVEN, Cause.LISTENER_ABSENT, words)

    def _passed(self, entry: Entry, listeners: Listeners) -> PodVerdict | None:
        """Judge by whether requests to the pod's own ports come to the filter."""
        every = listeners.ports()
        if not (self.wanted.serves and every):
            return None
        having = listeners.ports(http=True, having=entry.name)
        past = passed_by(self.seen.item, every)
        if set(having) - set(past):
            return None
        if set(every) <= set(past) or (having and set(having) <= set(past)):
            words = f"requests to {_ports(past)} do not pass the proxy: annotations or capture rules leave them out"
            return self.say(Verdict.UNPROVEN, Cause.TRAFFIC_BYPASSES, words)
        if not listeners.ports(http=True):
            words = f"the proxy does not read {_ports(every)} as HTTP: name the service's port http, or set appProtocol"
            return self.say(Verdict.UNPROVEN, Cause.NO_HTTP_PORT, words)
        words = f"the filter stands before none of the pod's own ports ({_ports(every)})"
        return self.say(Verdict.UNPROVEN, Cause.LISTENER_ABSENT, words)

    def _running(self, entry: Entry) -> PodVerdict:
        """Judge what was accepted, as far as is known: crashes, a root id that does nothing, gaps in the log."""
        seen, wanted = self.seen, self.wanted
        if wanted.module is not None and wanted.module.facts.root_ids is not None:
            there = wanted.module.facts.root_ids
            if entry.root_id not in there:
                listed = ", ".join(repr(one) for one in there) or "none"
                words = f"Envoy runs the module, but it registers no root id {entry.root_id!r} (it has {listed})"
                return self.say(Verdict.UNPROVEN, Cause.ROOT_ID_UNKNOWN, f"{words}: nothing of it takes effect")
        elif entry.root_id and wanted.module is None:
            words = f"whether the module registers the root id {entry.root_id!r} is not known: the image is not at hand"
            return self.say(Verdict.UNPROVEN, Cause.ROOT_ID_UNPROVEN, words)
        if seen.log is None:
            words = "the proxy's log cannot be read: whether Envoy refused it, or its VM crashed, is not known"
            return self.say(Verdict.UNPROVEN, Cause.LOG_UNREADABLE, words)
        found = self._trapped(entry)
        if found is not None:
            return found
        return self._unproven(entry) or self._live(entry)

    def _trapped(self, entry: Entry) -> PodVerdict | None:
        log = self.seen.log
        traps = log.traps(entry.updated - _SLACK) if log else []
        mine = [trap for trap in traps if self._could(trap)]
        if not mine:
            return None
        others = [one for one in self.seen.entries or () if one.kind == "wasm" and one.name != entry.name]
        last = mine[-1]
        if others and self.wanted.module is None:
            words = f"a VM crashed in {last.function}; the log does not say whose"
            return self.say(Verdict.UNPROVEN, Cause.CRASH_UNASSIGNED, words)
        after = {
            FailPolicy.CLOSE: "requests get 503 until it is deployed anew",
            FailPolicy.OPEN: "requests pass without it",
            FailPolicy.RELOAD: "it is loaded again with the next request",
        }[self.wanted.policy]
        from wasmnb.envoy.traps import crash_line, summary  # noqa: PLC0415 - heavy, and traps are rare

        words = f"its VM crashed in {last.function}: {summary(self.wanted.module, last, self.wanted.plugin)}; {after}"
        found = self.say(Verdict.TRAPPED, Cause.VM_CRASHED, words, *self._told(last))
        module = self.wanted.module
        return found if module is None else replace(found, line=crash_line(module, last, self.wanted.plugin))

    def _could(self, trap: Trap) -> bool:
        if self.wanted.module is None:
            return True
        from wasmnb.envoy.traps import could_trap  # noqa: PLC0415 - heavy, and traps are rare

        return could_trap(self.wanted.module, trap)

    def _told(self, trap: Trap) -> list[str]:
        from wasmnb.envoy.traps import panic_lines, told  # noqa: PLC0415 - heavy, and traps are rare

        plugin, module = self.wanted.plugin, self.wanted.module
        if module is not None:
            return told(module, trap, plugin)
        frames = [f"  at {name}" for _, name in trap.frames]
        return [*panic_lines(None, trap, plugin), f"{trap.function} failed: {trap.why}", *frames]

    def _unproven(self, entry: Entry) -> PodVerdict | None:
        """Say what is missing to call it live; None when nothing is."""
        seen = self.seen
        mark = f"{entry.name} {entry.updated} {entry.digest}"
        since = max(entry.updated, self.known.clean if self.known.entry == mark else entry.updated)
        assert seen.log is not None  # noqa: S101 - `_running` has said so otherwise
        self.known.blank = (self.known.blank or seen.at) if seen.log.head is None else None
        if not (seen.log.covers(since) or self._blank(since)):
            cause, why = Cause.LOG_ROTATED, f"its log was rotated: what was logged since {since:%H:%M:%S} is gone"
            if not seen.log.whole:
                cause = Cause.LOG_TOO_LONG
                why = f"so much was logged since {since:%H:%M:%S} that not all of it was read"
            words = f"{why}, and with it whether the VM crashed; deploy it anew to know"
            return self.say(Verdict.UNPROVEN, cause, words)
        blind = self._blind()
        if blind is not None:
            return blind
        accepted = bool(seen.stats and seen.stats.took(entry))
        settled = seen.ack is not None and seen.ack.settled
        if not (accepted or settled or tells_refusals(seen.item)):
            words = "nothing proves that Envoy accepted it: its log level hides refusals"
            return self.say(Verdict.UNPROVEN, Cause.REFUSALS_HIDDEN, words)
        if seen.ack is not None and seen.ack.sent and not settled and not accepted and not tells_refusals(seen.item):
            words = "the proxy has not acknowledged what it got last"
            return self.say(Verdict.UNPROVEN, Cause.NOT_ACKNOWLEDGED, words)
        return None

    def _blind(self) -> PodVerdict | None:
        """Say which source could not tell of a crash or a hang, if there were one."""
        seen = self.seen
        if seen.log is not None and not seen.log.known:
            words = "its log has a format that is not known here, so that nobody can say whether its VM crashed"
            return self.say(Verdict.UNPROVEN, Cause.LOG_FORMAT_UNKNOWN, words)
        level = seen.levels.get(_LOGGER, "") if seen.levels is not None else "error"
        if level not in _TELLING:
            words = f"its log tells of no crash at the level {level!r}" if level else "its log does not say its levels"
            mend = "the annotation sidecar.istio.io/componentLogLevel sets it: wasm:error"
            return self.say(Verdict.UNPROVEN, Cause.LOG_SILENT, f"{words}; {mend}")
        if seen.stats is not None and not seen.stats.workers:
            words = "it does not keep server.worker_*.watchdog_mega_miss, so that a worker that hangs is not seen"
            return self.say(Verdict.UNPROVEN, Cause.WORKERS_UNKNOWN, words)
        return None

    def _blank(self, since: datetime) -> bool:
        """Say whether nothing was logged since a time, in a log that was blank before.

        For a line to be lost unseen in between, the proxy would have to fill a whole log (the kubelet rotates at
        10 MiB), and then fall silent.
        """
        blank = self.known.blank
        return blank is not None and blank <= since and self.seen.at - since < _SILENCE

    def _live(self, entry: Entry) -> PodVerdict:
        seen = self.seen
        lines = []
        if seen.stats is not None and seen.stats.took(entry):
            lines.append(f"extension_config_discovery: accepted at {seen.stats.accepted[entry.name]:%H:%M:%S}")
        if seen.ack is not None and seen.ack.settled:
            lines.append("istiod: ECDS sent = acknowledged")
        ports = seen.listeners.ports(http=True, having=entry.name) if seen.listeners else []
        lines += [f"before {_ports(ports)} of the pod"] if ports else []
        lines.append(f"log of {PROXY} since {entry.updated:%H:%M:%S}: no refusal, no crash")
        self.known.entry, self.known.clean = f"{entry.name} {entry.updated} {entry.digest}", seen.at
        return self.say(Verdict.LIVE, Cause.NONE, "", *lines)


def _ports(ports: Sequence[int]) -> str:
    return f"port {ports[0]}" if len(ports) == 1 else f"ports {', '.join(map(str, ports))}"


def _no_sidecar(item: Mapping[str, Any], injected: str) -> tuple[Cause, str]:
    metadata, spec = item["metadata"], item.get("spec", {})
    marks = {**(metadata.get("annotations") or {}), **(metadata.get("labels") or {})}
    if marks.get("sidecar.istio.io/inject") == "false":
        return Cause.SIDECAR_DECLINED, "the pod has no sidecar: it is marked sidecar.istio.io/inject=false"
    if spec.get("hostNetwork"):
        return Cause.HOST_NETWORK, "the pod has no sidecar: Istio gives none to pods of the host's network"
    if injected:
        return Cause.NO_INJECTION, f"the pod has no sidecar: {injected}"
    return Cause.NOT_INJECTED, "the pod has no sidecar: it was made before its namespace was labelled; restart it"
