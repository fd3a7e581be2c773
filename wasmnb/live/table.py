"""Pods, verdicts and rates as a watch tells them, row by row; which rows changed since they were last asked for."""

from __future__ import annotations

import threading
from collections import deque
from datetime import datetime
from typing import TYPE_CHECKING, Any

from wasmnb.live.row import PluginState, Rate, Row
from wasmnb.mesh import Handling, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from wasmnb.mesh.protocol import Change

__all__ = ["PodTable"]

_BURIED = 1000
_UNCONFIRMED = "not judged again since the mesh stopped answering"
_NOT_SELECTED = Verdict.NOT_SELECTED.value
_OPEN = {one.value for one in (Verdict.OLD, Verdict.REJECTED, Verdict.TRAPPED, Verdict.UNPROVEN)}
_Kept = tuple[int, "Mapping[str, Any]"]


class PodTable:
    """Rows by pod; every method may be called from any thread.

    What was told before the mesh was away is not believed afterwards until it is told again: `renew` begins a new
    round, verdicts of earlier rounds are UNPROVEN, and `settle` drops what went unmentioned.

    Parameters
    ----------
    mask : callable
        Takes secrets out of a text.
    """

    def __init__(self, mask: Callable[[str], str] = str) -> None:
        self._mask = mask
        self._lock = threading.Lock()
        self._round = 0
        self._pods: dict[str, _Kept] = {}
        self._verdicts: dict[str, dict[str, _Kept]] = {}
        self._rates: Mapping[str, Rate] = {}
        self._changed: set[str] = set()
        # A verdict that was under way when its pod went must not bring it back.
        self._buried: deque[str] = deque(maxlen=_BURIED)

    def take(self, change: Change) -> None:
        """Take a change of a watch; kinds that are not about pods are passed over."""
        with self._lock:
            if change.kind == "pod":
                if change.name in self._buried:
                    self._buried.remove(change.name)
                self._pods[change.name] = (self._round, change.value)
                self._changed.add(change.name)
            elif change.kind == "pod-gone":
                self._drop(change.name)
            elif change.kind == "verdict":
                pod, _, plugin = change.name.partition("/")
                self._judge(pod, plugin, change.value)

    def renew(self) -> None:
        """Begin a new round: the watch was opened again, and will tell everything again."""
        with self._lock:
            self._round += 1
            self._changed.update(self._verdicts)

    def settle(self) -> None:
        """End the telling of a round: what went unmentioned is no more."""
        with self._lock:
            for name in [name for name, (told, _) in self._pods.items() if told < self._round]:
                self._drop(name)
            for name, known in [*self._verdicts.items()]:
                for plugin in [id_ for id_, (told, _) in known.items() if told < self._round]:
                    self._judge(name, plugin, {})

    def rate(self, rates: Mapping[str, Rate]) -> None:
        """Take the rates of all pods."""
        with self._lock:
            before, self._rates = self._rates, rates
            self._changed.update(name for name in self._pods if before.get(name) != rates.get(name))

    def rows(self) -> list[Row]:
        """Give every row, by name."""
        with self._lock:
            return [self._row(name) for name in sorted({*self._pods, *self._verdicts})]

    def changes(self) -> tuple[list[Row], list[str]]:
        """Give the rows that changed since this was last asked, and the names of those that are gone."""
        with self._lock:
            names, self._changed = sorted(self._changed), set()
            there = [name for name in names if name in self._pods or name in self._verdicts]
            return [self._row(name) for name in there], [name for name in names if name not in set(there)]

    def _drop(self, name: str) -> None:
        self._pods.pop(name, None)
        self._verdicts.pop(name, None)
        self._buried.append(name)
        self._changed.add(name)

    def _judge(self, pod: str, plugin: str, value: Mapping[str, Any]) -> None:
        if pod in self._buried:
            return
        known = self._verdicts.setdefault(pod, {})
        if value and value["verdict"] != _NOT_SELECTED:
            known[plugin] = (self._round, value)
        else:
            known.pop(plugin, None)
        if not known:
            del self._verdicts[pod]
        self._changed.add(pod)

    def _row(self, name: str) -> Row:
        _, pod = self._pods.get(name, (0, {}))
        plugins = tuple(self._plugin(id_, *kept) for id_, kept in sorted(self._verdicts.get(name, {}).items()))
        started = pod.get("started")
        return Row(
            name,
            str(pod.get("workload", name)),
            str(pod.get("ready", "")),
            str(pod.get("status", "")),
            int(pod.get("restarts", 0)),
            datetime.fromisoformat(started).timestamp() if started else None,
            self._mask(str(pod.get("reason", ""))),
            plugins,
            self._rates.get(name, Rate()),
        )

    def _plugin(self, id_: str, told: int, value: Mapping[str, Any]) -> PluginState:
        state = PluginState(
            id_,
            str(value["verdict"]),
            str(value.get("running", "")),
            str(value.get("wanted", "")),
            self._mask(_told(value)),
            tuple(self._mask(line) for line in value.get("evidence", ())),
            int(value.get("line", 0)),
        )
        return state if told == self._round else state.doubted(_UNCONFIRMED)


def _told(value: Mapping[str, Any]) -> str:
    """Give the reason of a verdict, and what happens to requests where the verdict itself does not say so."""
    words = Handling(value.get("requests", Handling.UNKNOWN)).words if value["verdict"] in _OPEN else ""
    return "; ".join(filter(None, (str(value.get("reason", "")), f"requests are {words}" if words else "")))
