"""What a proxy in a pod logged: from when on the log is there, refusals, failed fetches, and traps.

Sources: Istio, ``pkg/envoy/proxy.go`` (the format of Envoy's lines) and ``pkg/wasm/convert.go``; Envoy 1.40,
``wasm_vm.cc``, ``grpc_subscription_impl.cc``; Kubernetes, ``PodLogOptions``.
"""

from __future__ import annotations

import math
import re
import threading
from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

from wasmnb.envoy.log import Trap, traps
from wasmnb.envoy.panics import Spoken, last_words
from wasmnb.mesh.istio.api.rbac import Right
from wasmnb.mesh.istio.proxies.log_format import Record, read_record, read_records, whole_records
from wasmnb.mesh.istio.proxies.pods import PROXY, moment, proxy_container

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from typing import Any

    from wasmnb.mesh.istio.api.cluster import Cluster

__all__ = ["Line", "ProxyLog", "logged_lately", "read", "tells_refusals", "trap_lines"]

_SHORT = 16 * 2**10  # bytes of the first question: a young proxy's whole log
_FIRST = 64  # bytes that hold the time of the first line
_MOST, _PIECES = 4 * 2**20, 8  # bytes of one question, and how many are asked: the kubelet rotates at 10 MiB
_LONG = threading.BoundedSemaphore(8)
"""How many such questions are answered at the same time: 32 of them would take half a gigabyte of memory."""
_STARTS = timedelta(seconds=5)
"""Within which a proxy that has started writes its first line."""
_WHOLE = 3 / 4
"""An answer of a smaller share of its limit is whole: a cut one may be *slightly* shorter (``PodLogOptions``)."""
_BEGINS = "Function: "
_TRAP = re.compile(r"^Function: (?P<function>\S+) failed: (?P<why>.*)$")
_FETCH = "error in converting the wasm config to local"
_REFUSALS = (
    "TypedExtensionConfig rejected",
    "Unable to create Wasm",
    "Failed to load Wasm",
    "Wasm VM failed",
    "missing import",
    "Failed to configure thread-local",
    "Failed to start thread-local",
)
_TELLS = (*_REFUSALS, _FETCH, _BEGINS)
"""What stands in a log that tells of anything: one without it need not be read line by line."""
_QUIET = re.compile(r"^(error|critical|off)$")


@dataclass(frozen=True)
class Line:
    """A line of a log, and when the container wrote it."""

    at: datetime
    text: str


@dataclass(frozen=True)
class ProxyLog:
    """A part of a log.

    Parameters
    ----------
    head : datetime or None
        The time of the oldest line that there still is; None when there is no line at all.
    lines : tuple of Line
    whole : bool
        Whether its newest lines are there.
    known : bool
        Whether any of its lines has a format that is known: else it may tell of anything, and nobody here reads it.
    """

    head: datetime | None
    lines: tuple[Line, ...]
    whole: bool = True
    known: bool = True

    def covers(self, since: datetime) -> bool:
        """Say whether nothing that was logged since then is missing."""
        return self.whole and self.head is not None and self.head <= since

    def entire(self, started: datetime) -> bool:
        """Say whether all of it was read, from the first line on that a proxy wrote which started then."""
        first = self.lines[0].at if self.lines else None
        return self.whole and first is not None and first == self.head and first - started < _STARTS

    def refusals(self, name: str, since: datetime) -> list[str]:
        """Give the lines in which Envoy refuses a filter, or one whose name it does not say, since a time.

        Parameters
        ----------
        name : str
            ``namespace.name``, as Istio calls the plugin in Envoy.
        since : datetime
        """
        texts = [one.message for one in self._since(since) if one.envoy and _has(one.message, _REFUSALS)]
        named = [text for text in texts if "Unable to create Wasm plugin" in text]
        # Envoy names the plugin in the last line of a refusal only; where it names others, it is theirs.
        if named and not any(re.search(rf"plugin {re.escape(name)}(?![\w-])", text) for text in named):
            return []
        return list(dict.fromkeys(texts))

    def failed_fetches(self, since: datetime) -> list[str]:
        """Give the lines in which the agent says that it could not fetch a module."""
        return list(dict.fromkeys(one.message for one in self._since(since) if not one.envoy and _FETCH in one.message))

    def traps(self, since: datetime) -> list[Trap]:
        """Give the traps since a time, oldest first."""
        return trap_lines([line.text for line in self.lines if line.at >= since])

    def _since(self, since: datetime) -> Iterator[Record]:
        """Give what Envoy and its agent said since a time, without what filters said."""
        records = read_records(line.text for line in self.lines)
        for line, record in zip(self.lines, records, strict=True):
            if line.at >= since and record is not None and not record.filters_own:
                yield record


def read(cluster: Cluster, namespace: str, pod: str, since: datetime) -> ProxyLog:
    """Read what a pod's proxy logged since a time, and find out how far back its log goes; all of a short log.

    Of what tells of no crash, no refusal and no failed fetch, only where it begins and ends is given.

    Parameters
    ----------
    cluster : Cluster
    namespace, pod : str
    since : datetime

    Raises
    ------
    ForbiddenError, MissingError, MeshError
    """
    right = Right("get", "pods/log", "", namespace)
    path = f"/api/v1/namespaces/{namespace}/pods/{pod}/log"

    def said(limit: int, **query: str) -> tuple[str, bool]:
        query = {"container": PROXY, "timestamps": "true", "limitBytes": str(limit), **query}
        text = cluster.request("GET", path, query=query, right=right)
        return text, len(text.encode()) >= _WHOLE * limit

    def ask(limit: int, **query: str) -> tuple[list[Line], bool]:
        with _LONG if limit == _MOST else nullcontext():
            text, cut = said(limit, **query)
            return _lines(text) if _has(text, _TELLS) else _ends(text), cut

    text, cut = said(_SHORT)
    if text and not cut and not _has(text, _TELLS):
        return _quiet(text)
    lines = _lines(text)
    head, known = (lines[0].at if lines else None), _known(lines)
    if cut:
        lines, cut = _younger(ask, since)
        again, _ = ask(_FIRST)
        # Set aside between two questions: what was asked about first is not what was read then.
        head = head if again and again[0].at == head else None
    return ProxyLog(head, tuple(lines), not cut, known or _known(lines))


def logged_lately(cluster: Cluster, namespace: str, pod: str, seconds: float) -> list[Record]:
    """Read what a pod's proxy logged within so many seconds, record by record; the first megabytes of it.

    The kubelet counts them by the clock of its node, by which lines have their times.

    Raises
    ------
    ForbiddenError, MissingError, MeshError
    """
    right = Right("get", "pods/log", "", namespace)
    query = {"container": PROXY, "sinceSeconds": str(math.ceil(seconds)), "limitBytes": str(_MOST)}
    text = cluster.request("GET", f"/api/v1/namespaces/{namespace}/pods/{pod}/log", query=query, right=right)
    return list(whole_records(text.split("\n")))


def _has(text: str, words: Iterable[str]) -> bool:
    """Say whether any of some words stands in a text: that takes a third of the time that a pattern takes."""
    return any(word in text for word in words)


def _lines(text: str) -> list[Line]:
    return [_line(line) for line in text.removesuffix("\n").split("\n") if line]


def _ends(text: str) -> list[Line]:
    """Give of a text that tells of nothing what says since when and until when it is, and whether its format is known.

    Where requests are logged, it has megabytes, of as many pods as are looked at.
    """
    lines = [line for line in text.removesuffix("\n").split("\n") if line]
    if not lines:
        return []
    known = next((at for at, line in enumerate(lines) if read_record(line.partition(" ")[2]) is not None), 0)
    kept = {0, known, max(0, len(lines) - 2), len(lines) - 1}
    return [_line(lines[at]) for at in sorted(kept)]


def _quiet(text: str) -> ProxyLog:
    """Give a whole log that tells of nothing: since when there is one, whether its format is known, its last line."""
    lines = text.removesuffix("\n").split("\n")
    known = any(read_record(line.partition(" ")[2]) is not None for line in lines)
    return ProxyLog(_line(lines[0]).at, (_line(lines[-1]),), known=known)


def _known(lines: Sequence[Line]) -> bool:
    return not lines or any(read_record(line.text) is not None for line in lines)


def _younger(ask: Callable[..., tuple[list[Line], bool]], since: datetime) -> tuple[list[Line], bool]:
    """Read what was logged since a time, piece by piece; say whether the end is still missing."""
    found: list[Line] = []
    from_ = (since - timedelta(seconds=1)).astimezone(timezone.utc).replace(microsecond=0)
    for _ in range(_PIECES):
        # Whole seconds only: RFC 3339 as metav1.Time reads it. So the last second of a piece comes twice.
        lines, cut = ask(_MOST, sinceTime=from_.strftime("%Y-%m-%dT%H:%M:%SZ"))
        found = [line for line in found if line.at < from_] + (lines[:-1] if cut else lines)
        if not cut:
            return found, False
        # The last line may be cut anywhere, also in its time.
        last = lines[-2].at.replace(microsecond=0) if len(lines) > 1 else from_
        if last <= from_:
            break
        from_ = last
    return found, True


def tells_refusals(item: Mapping[str, Any]) -> bool:
    """Say whether a proxy logs at a level at which refusals are told (``--proxyLogLevel``)."""
    container = proxy_container(item) or {}
    words = [str(word) for word in container.get("args") or ()]
    for word, following in zip(words, [*words[1:], ""], strict=False):
        if word.startswith("--proxyLogLevel"):
            level = word.partition("=")[2] or following
            return not _QUIET.match(level)
    return True


def _line(text: str) -> Line:
    stamp, _, rest = text.partition(" ")
    try:
        return Line(moment(stamp), rest)
    except ValueError:
        return Line(datetime.fromtimestamp(0, timezone.utc), text)


def trap_lines(lines: Sequence[str]) -> list[Trap]:
    """Find the traps among lines without time stamps, oldest first."""
    texts: list[str] = []
    origin: list[int] = []
    for index, (line, record) in enumerate(zip(lines, read_records(lines), strict=True)):
        mine = record is not None and record.envoy and record.scope == "wasm" and not record.filters_own
        # The lines of a backtrace have no fields of their own; in JSON they are in the message.
        parts = [line] if record is None else record.message.split("\n") if mine else [""]
        texts += parts
        origin += [index] * len(parts)
    found = [replace(trap, end=origin[trap.end - 1] + 1) for trap in traps(texts, _TRAP)]
    return [replace(trap, words=_words(lines[: trap.end])) for trap in found]


def _words(lines: Sequence[str]) -> tuple[Spoken, ...]:
    """Give what a filter logged before the trap that these lines end with."""
    records = [one for one in whole_records(lines) if one.envoy]
    if not records or not records[-1].message.startswith(_BEGINS):
        return ()
    earlier = (Spoken.of(one.thread, one.level, one.message) for one in reversed(records[:-1]))
    return last_words(earlier, records[-1].thread)
