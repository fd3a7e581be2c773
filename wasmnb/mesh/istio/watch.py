"""A closable stream of numbered changes: pushed by the API server for pods and plugins, judged anew when they move.

A watch is resumed from the last version that was seen; after an outage, or where the API server has forgotten that
version (410 Gone), the list is read again and compared, so that nothing is lost. While the API server does not answer,
the stream says so; one that has fallen silent is asked whether it is still there, because a connection that was cut on
its way says nothing.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from urllib3.exceptions import ReadTimeoutError

from wasmnb.errors import MeshError, WasmnbError
from wasmnb.mesh.istio.objects.objects import MANAGED, MANAGER, PLUGIN, Objects, Stored, record_of
from wasmnb.mesh.istio.objects.objects_writer import newest_of
from wasmnb.mesh.istio.proxies.kept_evidence import aged
from wasmnb.mesh.istio.proxies.pod_list import APPLICATIONS, slim
from wasmnb.mesh.istio.proxies.pods import ended, name_of
from wasmnb.mesh.istio.proxies.pods import pod as described
from wasmnb.mesh.stream import Snapshot, Stream
from wasmnb.plugin.verdict import PodVerdict, Verdict

if TYPE_CHECKING:
    from wasmnb.mesh.istio.api.cluster import Cluster
    from wasmnb.mesh.istio.objects.objects import ObjectKind

__all__ = ["IstioWatch"]

_LASTS = 300  # seconds that the API server keeps a watch open
_BOOKMARKS = 75  # seconds without a word, bookmarks included (Kubernetes: about one a minute), that end a connection
_QUIET, _ANSWER = 8.0, 4.0  # seconds of silence after which the API server is asked, and that it has for the answer
_PAUSE, _LONGEST = 0.5, 10.0  # seconds between attempts to reach it,
_STEADY = 5.0  # short ones again after a connection that lasted longer than this
# Seconds between judgements, at least: while something is under way, while an answer is missing that may come in a
# moment, and otherwise, as a crash or a worker that hangs tells nobody; and then at least so many times what the last
# one took.
_SOON, _DUE, _LATE = 0.5, 2.0, 8.0
_SHARE = 10
_MOMENTS = 5  # looks, after which what is missing is not to come in a moment: a service may fail for good
_GONE = 410
_WELL = (Verdict.LIVE.value, Verdict.LOADED.value)
_UNDER_WAY = (Verdict.WARMING, Verdict.OLD, Verdict.HUNG)

Judge = Callable[[Sequence[Any], Sequence[Stored]], list[PodVerdict]]


class _Feed:
    """One resource, listed and watched in a thread of its own."""

    def __init__(
        self,
        cluster: Cluster,
        path: str,
        query: Mapping[str, str],
        tell: Callable[[], None],
        kept: Callable[[Mapping[str, Any]], Mapping[str, Any]] = lambda item: item,
    ) -> None:
        self.items: dict[str, Mapping[str, Any]] = {}
        self.problem = ""
        self.heard = datetime.now(timezone.utc)
        self.ready = threading.Event()
        self._cluster, self._path, self._query, self._tell = cluster, path, dict(query), tell
        self._kept = kept
        self._end = threading.Event()
        self._doubts, self._lock = 0, threading.Lock()
        self._answer: Any = None
        self._thread = threading.Thread(target=self._run, name=f"wasmnb-watch {path.rpartition('/')[2]}", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._end.set()
        self.ready.set()  # nothing will come any more for whoever waits
        self._cut()

    def distrust(self, problem: str) -> None:
        """List anew: a connection may lead nowhere, and what happened meanwhile may still be on its way."""
        with self._lock:
            self._doubts += 1
            self.problem = self.problem or problem
        self._cut()

    def _cut(self) -> None:
        answer = self._answer
        if answer is not None:
            # The thread waits in a read, which only the end of the connection ends.
            with suppress(Exception):
                answer.shutdown()

    def _run(self) -> None:
        pause, version = _PAUSE, ""
        while not self._end.is_set():
            begin = time.monotonic()
            try:
                # After an outage too: what happened meanwhile comes with the list, and not a moment later.
                while not version or self.problem:
                    version = self._list()
                version = self._follow(version)
            except Exception as error:  # noqa: BLE001 - whatever breaks a connection, it is made anew
                if self._end.is_set():
                    return
                self.problem = error.what if isinstance(error, WasmnbError) else f"the watch broke off: {error}"
                self.ready.set()
                self._tell()
                if time.monotonic() - begin > _STEADY:
                    pause = _PAUSE
                self._end.wait(pause)
                pause = min(pause * 2, _LONGEST)

    def _list(self) -> str:
        doubts = self._doubts
        answer = self._cluster.request("GET", self._path, query=self._query)
        self.items = {
            item["metadata"]["uid"]: self._kept(_with_kind(item, answer)) for item in answer.get("items") or ()
        }
        with self._lock:
            if doubts == self._doubts:  # else the answer may be from before what raised the doubt
                self.problem = ""
        self._heard()
        return str(answer["metadata"]["resourceVersion"])

    def _follow(self, version: str) -> str:
        """Read events until the stream ends; give the version to go on from, empty to list anew."""
        query = {
            **self._query,
            "watch": "true",
            "resourceVersion": version,
            "allowWatchBookmarks": "true",
            "timeoutSeconds": _LASTS,
        }
        answer = self._answer = self._cluster.open("GET", self._path, query=query, timeout=_BOOKMARKS)
        try:
            if self._end.is_set() or self.problem:
                return version  # said while it was being opened: nobody would end the read that follows
            self.heard = datetime.now(timezone.utc)
            for line in _lines(answer):
                event = json.loads(line)
                item = event["object"]
                if event["type"] == "ERROR":
                    if item.get("code") == _GONE:
                        return ""
                    raise WasmnbError(str(item.get("message", "the watch ended with an error")))
                version = str(item["metadata"]["resourceVersion"])
                self.heard = datetime.now(timezone.utc)
                self._take(event["type"], item)
                if self._end.is_set():
                    break
        except ReadTimeoutError:
            return version  # nothing was said; the next connection goes on from here
        finally:
            self._answer = None
            answer.close()
        return version

    def _take(self, kind: str, item: Mapping[str, Any]) -> None:
        if kind == "BOOKMARK":
            return
        items = dict(self.items)
        if kind == "DELETED":
            items.pop(item["metadata"]["uid"], None)
        else:
            items[item["metadata"]["uid"]] = self._kept(item)
        self.items = items
        self._heard()

    def _heard(self) -> None:
        self.heard = datetime.now(timezone.utc)
        self.ready.set()
        self._tell()


class IstioWatch(Stream):
    """Changes of an Istio mesh.

    Parameters
    ----------
    cluster : Cluster
    namespace : str
    objects : Objects
    judge : callable
        Gives the verdicts of plugins on pods.
    unsure : callable
        Says whether any of them on pods is LOADED for a reason that may pass in a moment.
    keep : callable
        Told all pods before that: what is known of others may be forgotten.
    closed : callable
        Told when the stream is closed.

    Attributes
    ----------
    looked : datetime or None
        When the last look at the proxies began that came to its end (aware, UTC); None before the first.
    span : float
        Seconds from then to the end of the next one, if that takes as long.
    """

    def __init__(
        self,
        cluster: Cluster,
        namespace: str,
        objects: Objects,
        judge: Judge,
        *,
        unsure: Callable[[Sequence[Any], Sequence[PodVerdict]], bool],
        keep: Callable[[Sequence[Any]], None],
        closed: Callable[[IstioWatch], None],
    ) -> None:
        super().__init__(closed)
        self._cluster, self._judge, self._unsure, self._keep = cluster, judge, unsure, keep
        self._soonest = self._due = 0.0
        self._moved = False
        # Judgements in a row after which an answer was missing.
        self._missing = 0
        self.looked: datetime | None = None
        self.span = 0.0
        self._pods = _Feed(cluster, f"/api/v1/namespaces/{namespace}/pods", APPLICATIONS, self.wake, slim)
        label = {"labelSelector": f"{PLUGIN},{MANAGED}={MANAGER}"}
        self._plugins: list[tuple[ObjectKind, _Feed]] = [
            (kind, _Feed(cluster, kind.path(namespace), label, self.wake)) for kind in objects.kinds
        ]
        self._thread.start()

    def _feeds(self) -> list[_Feed]:
        return [self._pods, *(feed for _, feed in self._plugins)]

    def _release(self) -> None:
        for feed in self._feeds():
            feed.close()

    def _look(self, *, woken: bool) -> float:
        for feed in self._feeds():
            feed.ready.wait()
        self._moved = self._moved or woken
        problem = self._problem()
        if not problem:
            there = list(self._pods.items.values())
            items = [item for item in there if not ended(item)]
            items.sort(key=name_of)
            stored = self._stored()
            self._compare({("pod", item["metadata"]["name"]): described(item).to_dict() for item in items}, "pod")
            self._compare(_plugins(stored), "plugin")
            if not self._fresh or time.monotonic() >= (self._soonest if self._moved else self._due):
                self._moved = False
                self._keep(there)
                self._judge_anew(items, stored)
        # Fresh is told last: until then, what was judged before the API server was gone is not the state of now.
        self._freshness(problem)
        if problem or self._moved:
            return _SOON
        silent = (datetime.now(timezone.utc) - self._heard).total_seconds()
        return max(_SOON, min(_QUIET - silent, self._due - time.monotonic()))

    def _problem(self) -> str:
        """Say why what is known may be old: a watch broke off, or nothing is heard and nobody answers."""
        feeds = self._feeds()
        problem = next((feed.problem for feed in feeds if feed.problem), "")
        self._heard = max(self._heard, *(feed.heard for feed in feeds))
        if problem or datetime.now(timezone.utc) - self._heard < timedelta(seconds=_QUIET):
            return problem
        problem = self._silence()
        if problem:
            self._doubt(problem)
        return problem

    def _silence(self) -> str:
        """Ask the API server; say that it does not answer, empty where it does."""
        asked = datetime.now(timezone.utc)
        if self._cluster.answers(_ANSWER):
            self._heard = asked
            return ""
        self._cluster.renew()
        return f"The API server {self._cluster.server} does not answer."

    def _doubt(self, problem: str) -> None:
        for feed in self._feeds():
            if not feed.problem:
                feed.distrust(problem)

    def _stored(self) -> list[Stored]:
        return [Stored(kind, item, record_of(item)) for kind, feed in self._plugins for item in feed.items.values()]

    def _judge_anew(self, items: Sequence[Any], stored: Sequence[Stored]) -> None:
        """Judge, and say when to do so again.

        Every proxy is asked through the API server: what takes long is done seldom, whatever moves. And what was well
        and is not is told only where that server answers: else it is what was not passed on.

        Raises
        ------
        MeshError
            It does not.
        """
        begin, begun = time.monotonic(), datetime.now(timezone.utc)
        serving = [item for item in items if not item["metadata"].get("deletionTimestamp")]
        verdicts = [aged(one, begun, exact=False) for one in self._judge(serving, stored)] if stored else []
        if any(self._worse(one) for one in verdicts) and (problem := self._silence()):
            raise MeshError(problem)
        self._compare({("verdict", f"{one.pod}/{one.plugin}"): one.to_dict() for one in verdicts}, "verdict")
        end, self.looked = time.monotonic(), begun
        took = end - begin
        self._soonest = end + took
        busy = any(one.verdict in _UNDER_WAY for one in verdicts)
        self._missing = self._missing + 1 if not busy and self._unsure(serving, verdicts) else 0
        due = _SOON if busy else _DUE if 0 < self._missing <= _MOMENTS else 0.0
        rest = max(due, took) if due else max(_LATE, _SHARE * took)
        self._due, self.span = end + rest, took + rest + took

    def _worse(self, verdict: PodVerdict) -> bool:
        told = self._told.get(("verdict", f"{verdict.pod}/{verdict.plugin}"), {}).get("verdict")
        return told in _WELL and verdict.verdict.value not in (told, Verdict.LIVE.value)


def _plugins(stored: Sequence[Stored]) -> Snapshot:
    found = {}
    for id_ in dict.fromkeys(one.id for one in stored):
        newest = newest_of([one for one in stored if one.id == id_])
        if newest is not None:
            found["plugin", id_] = dict(newest.record.get("plugin") or {})
    return found


def _with_kind(item: dict[str, Any], answer: Mapping[str, Any]) -> dict[str, Any]:
    # A list names the kind of its items once.
    return {"apiVersion": answer["apiVersion"], "kind": str(answer["kind"]).removesuffix("List"), **item}


def _lines(answer: Any) -> Any:
    rest = b""
    for piece in answer.stream(65536, decode_content=True):
        *whole, rest = (rest + piece).split(b"\n")
        yield from (line for line in whole if line.strip())
