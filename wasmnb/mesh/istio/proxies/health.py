"""Whether a filter that a proxy took works: no crash, no root id that does nothing, no source that could not tell."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

from wasmnb.mesh.istio.proxies.case import DRAINING, SLACK, Case
from wasmnb.mesh.istio.proxies.placement import ports_text
from wasmnb.mesh.istio.proxies.pods import PROXY, proxy_started
from wasmnb.mesh.istio.proxies.proxy_log import tells_refusals
from wasmnb.plugin import FailPolicy
from wasmnb.plugin.verdict import Cause, PodVerdict, Verdict

if TYPE_CHECKING:
    from wasmnb.envoy.log import Trap
    from wasmnb.mesh.istio.proxies.config_dump import Entry

__all__ = ["Health"]

_LOGGER = "wasm"
_TELLING = {"trace", "debug", "info", "warning", "warn", "error"}
_EVER = datetime.fromtimestamp(0, timezone.utc)
_SILENCE = timedelta(minutes=5)
_SET_BACK = timedelta(seconds=5)  # more than two readings of one clock differ, of which one says whole seconds


class Health(Case):
    """The part of the judgement that the proxy's log and statistics decide."""

    def verdict(self, entry: Entry) -> PodVerdict:
        """Judge what was accepted, as far as is known: crashes, a root id that does nothing, gaps in the log."""
        seen, wanted = self.seen, self.wanted
        if wanted.module is not None and wanted.module.facts.root_ids is not None:
            there = wanted.module.facts.root_ids
            if entry.root_id not in there:
                listed = ", ".join(repr(one) for one in there) or "none"
                words = f"Envoy runs the module, but it registers no root id {entry.root_id!r} (it has {listed})"
                return self.say(Verdict.UNPROVEN, Cause.ROOT_ID_UNKNOWN, f"{words}: nothing of it takes effect")
        elif entry.root_id and wanted.module is None:
            words = f"whether the module registers the root id {entry.root_id!r} is not known: its image is not here"
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
        since = log.traps(entry.updated - SLACK) if log else []
        mine = [trap for trap in since if self._could(trap)]
        if not mine or self._reloads:
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

    @property
    def _reloads(self) -> int:
        """How often its VM was loaded again, if every crash of any VM since the proxy started was followed by that."""
        log, stats = self.seen.log, self.seen.stats
        if self.wanted.policy is not FailPolicy.RELOAD or log is None or stats is None or stats.reset:
            return 0
        count = stats.reloads.get(self.wanted.envoy_name, 0)
        return count if log.entire(proxy_started(self.seen.item)) and count >= len(log.traps(_EVER)) else 0

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
        known = self.known.entry == mark
        since = max(entry.updated, self.known.read) if known else entry.updated
        assert seen.log is not None  # noqa: S101 - `_running` has said so otherwise
        self.known.blank = (self.known.blank or seen.there) if seen.log.head is None else None
        if entry.updated - seen.there > _SET_BACK:
            words = (
                "the clock of its node was set back since it arrived, so which lines of its log are newer is "
                "not known; deploy it again to know"
            )
            return self.say(Verdict.UNPROVEN, Cause.LOG_UNREADABLE, words)
        if not (seen.log.covers(since) or self._blank(max(entry.updated, self.known.clean) if known else since)):
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
            words = "its log has an unknown format, so whether its VM crashed is not known"
            mend = "with one of Istio's own, tabs or JSON (global.logAsJson), it is read"
            return self.say(Verdict.UNPROVEN, Cause.LOG_FORMAT_UNKNOWN, f"{words}; {mend}")
        level = seen.levels.get(_LOGGER, "") if seen.levels is not None else "error"
        if not level:
            words = "its log does not say its levels, as with Envoy's --enable-fine-grain-logging"
            return self.say(Verdict.UNPROVEN, Cause.LOG_SILENT, f"{words}; without that option it does")
        if level not in _TELLING:
            words = f"its log tells of no crash at the level {level!r}"
            mend = "the annotation sidecar.istio.io/componentLogLevel sets it: wasm:error"
            return self.say(Verdict.UNPROVEN, Cause.LOG_SILENT, f"{words}; {mend}")
        if seen.stats is not None and not seen.stats.workers:
            words = "it does not keep server.worker_*.watchdog_mega_miss, so a worker that hangs is not seen"
            return self.say(Verdict.UNPROVEN, Cause.WORKERS_UNKNOWN, words)
        return None

    def _blank(self, since: datetime) -> bool:
        """Say whether nothing was logged since a time, in a log that was blank before.

        For a line to be lost unseen in between, the proxy would have to fill a whole log (the kubelet rotates at
        10 MiB), and then fall silent.
        """
        blank = self.known.blank
        return blank is not None and blank <= since and self.seen.there - since < _SILENCE

    def _live(self, entry: Entry) -> PodVerdict:
        seen = self.seen
        lines = []
        if seen.stats is not None and seen.stats.took(entry):
            lines.append(f"extension_config_discovery: accepted at {seen.stats.accepted[entry.name]:%H:%M:%S}")
        if seen.ack is not None and seen.ack.settled:
            lines.append("istiod: ECDS sent = acknowledged")
        ports = seen.listeners.ports(http=True, having=entry.name) if seen.listeners else []
        lines += [f"before {ports_text(ports)} of the pod"] if ports else []
        services = seen.listeners.services(having=entry.name) if seen.listeners else []
        lines += [f"before {', '.join(services)}"] if services else []
        lines.append(f"log of {PROXY} since {entry.updated:%H:%M:%S}: no refusal, no crash")
        mark = f"{entry.name} {entry.updated} {entry.digest}"
        before = [self.known.read] if self.known.entry == mark else []
        newest = max([*before, *(one.at for one in seen.log.lines)], default=_EVER) if seen.log else _EVER
        self.known.entry, self.known.clean, self.known.read = mark, seen.there, newest
        if seen.stats is not None and seen.stats.draining:
            lines.append(DRAINING)
        remark = f"its VM crashed and was loaded again ({self._reloads}x)" if self._reloads else ""
        return self.say(Verdict.LIVE, Cause.NONE, remark, *lines)
