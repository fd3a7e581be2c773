"""A closable stream of numbered changes: pushed by the API server for pods and plugins, judged anew when they move.

A watch is resumed from the last version that was seen; after an outage, or where the API server has forgotten that
version (410 Gone), the list is read again and compared, so that nothing is lost. While the API server does not answer,
the stream says so; one that has fallen silent is asked whether it is still there, because a connection that was cut on
its way says nothing.
"""

from __future__ import annotations

import json
import queue
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from urllib3.exceptions import ReadTimeoutError

from wasmnb.errors import WasmnbError
from wasmnb.mesh.istio.objects import MANAGER, PLUGIN, Objects, Stored, record_of
from wasmnb.mesh.istio.placing import newest_of
from wasmnb.mesh.istio.pods import ended
from wasmnb.mesh.istio.pods import pod as described
from wasmnb.mesh.protocol import Change, PodVerdict, Verdict

if TYPE_CHECKING:
    from types import TracebackType

    from wasmnb.mesh.istio.cluster import Cluster
    from wasmnb.mesh.istio.objects import Kind

__all__ = ["IstioWatch"]

_LASTS = 300  # seconds that the API server keeps a watch open
_BOOKMARKS = 75  # seconds without a word, bookmarks included (Kubernetes: about one a minute), that end a connection
_QUIET, _ANSWER = 8.0, 4.0  # seconds of silence after which the API server is asked, and that it has for the answer
_PAUSE, _LONGEST = 0.5, 10.0  # seconds between attempts to reach it
_SOON, _LATE = 0.5, 15.0  # seconds between judgements, at least: while something is under way, and otherwise;
_SHARE = 10  # and then at least so many times what the last one took
_GONE = 410
_RESTLESS = ("at", "evidence")

Snapshot = Callable[[Sequence[Any], Sequence[Stored]], list[PodVerdict]]


class _Feed:
    """One resource, listed and watched in a thread of its own."""

    def __init__(self, cluster: Cluster, path: str, query: Mapping[str, str], tell: Callable[[], None]) -> None:
        self.items: dict[str, Mapping[str, Any]] = {}
        self.problem = ""
        self.heard = datetime.now(timezone.utc)
        self.ready = threading.Event()
        self._cluster, self._path, self._query, self._tell = cluster, path, dict(query), tell
        self._end = threading.Event()
        self._answer: Any = None
        self._thread = threading.Thread(target=self._run, name=f"wasmnb-watch {path.rpartition('/')[2]}", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._end.set()
        self._cut()

    def distrust(self, problem: str) -> None:
        """Ask anew: a connection may lead nowhere and look as if nothing happened."""
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
            try:
                # After an outage too: what happened meanwhile comes with the list, and not a moment later.
                if not version or self.problem:
                    version = self._list()
                version = self._follow(version)
                pause = _PAUSE
            except Exception as error:  # noqa: BLE001, PERF203 - whatever breaks a connection, it is made anew
                if self._end.is_set():
                    return
                self.problem = error.what if isinstance(error, WasmnbError) else f"the watch broke off: {error}"
                self.ready.set()
                self._tell()
                self._end.wait(pause)
                pause = min(pause * 2, _LONGEST)

    def _list(self) -> str:
        answer = self._cluster.request("GET", self._path, query=self._query)
        self.items = {item["metadata"]["uid"]: _with_kind(item, answer) for item in answer.get("items") or ()}
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
            if self._end.is_set():
                return version  # closed while it was being opened: nobody would end the read that follows
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
            items[item["metadata"]["uid"]] = item
        self.items = items
        self._heard()

    def _heard(self) -> None:
        self.problem = ""
        self.heard = datetime.now(timezone.utc)
        self.ready.set()
        self._tell()


class IstioWatch:
    """Changes of an Istio mesh.

    Parameters
    ----------
    cluster : Cluster
    namespace : str
    objects : Objects
    judge : callable
        Gives the verdicts of plugins on pods.
    closed : callable
        Told when the stream is closed.
    """

    def __init__(
        self,
        cluster: Cluster,
        namespace: str,
        objects: Objects,
        judge: Snapshot,
        closed: Callable[[IstioWatch], None],
    ) -> None:
        self._cluster, self._judge, self._closed = cluster, judge, closed
        self._changes: queue.SimpleQueue[Change | None] = queue.SimpleQueue()
        self._wake, self._end = threading.Event(), threading.Event()
        self._number = 0
        self._told: dict[tuple[str, str], dict[str, Any]] = {}
        self._stale, self._fresh = False, False
        self._heard = datetime.now(timezone.utc)
        self._pods = _Feed(cluster, f"/api/v1/namespaces/{namespace}/pods", {}, self.wake)
        label = {"labelSelector": f"{PLUGIN},app.kubernetes.io/managed-by={MANAGER}"}
        self._plugins: list[tuple[Kind, _Feed]] = [
            (kind, _Feed(cluster, kind.path(namespace), label, self.wake)) for kind in objects.kinds
        ]
        self._thread = threading.Thread(target=self._run, name="wasmnb-watch", daemon=True)
        self._thread.start()

    def __iter__(self) -> IstioWatch:
        return self

    def __next__(self) -> Change:
        if self._end.is_set():
            raise StopIteration
        change = self._changes.get()
        if change is None or self._end.is_set():
            self._changes.put(None)  # one more for an iteration in another thread
            raise StopIteration
        return change

    def __enter__(self) -> IstioWatch:  # noqa: PYI034 - Python 3.10 has no Self
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def wake(self) -> None:
        """Have everything compared and judged now."""
        self._wake.set()

    def close(self) -> None:
        """End the stream; an iteration that waits ends too."""
        if not self._end.is_set():
            self._end.set()
            self._wake.set()
            for feed in self._feeds():
                feed.close()
            self._changes.put(None)
            self._closed(self)

    def _feeds(self) -> list[_Feed]:
        return [self._pods, *(feed for _, feed in self._plugins)]

    def _run(self) -> None:
        for feed in self._feeds():
            feed.ready.wait()
        # Every proxy is asked through the API server: what takes long is done seldom, whatever moves.
        soonest = due = 0.0
        busy = moved = False
        while not self._end.is_set():
            moved = moved or self._wake.is_set()
            self._wake.clear()
            problem = self._problem()
            if not problem:
                items = [item for item in self._pods.items.values() if not ended(item)]
                items.sort(key=lambda item: str(item["metadata"]["name"]))
                stored = self._stored()
                self._compare({("pod", item["metadata"]["name"]): described(item).to_dict() for item in items}, "pod")
                self._compare(_plugins(stored), "plugin")
                start = time.monotonic()
                if not self._fresh or start >= (soonest if moved else due):
                    moved = False
                    busy, problem = self._judged(items, stored)
                    now = time.monotonic()
                    took = now - start
                    soonest, due = now + took, now + (max(_SOON, took) if busy else max(_LATE, _SHARE * took))
            # Fresh is told last: until then, what was judged before the API server was gone is not the state of now.
            self._freshness(problem)
            self._wake.wait(_SOON if busy or problem or moved else _QUIET)

    def _problem(self) -> str:
        """Say why what is known may be old: a watch broke off, or nothing is heard and nobody answers."""
        feeds = self._feeds()
        problem = next((feed.problem for feed in feeds if feed.problem), "")
        self._heard = max(self._heard, *(feed.heard for feed in feeds))
        if problem or datetime.now(timezone.utc) - self._heard < timedelta(seconds=_QUIET):
            return problem
        asked = datetime.now(timezone.utc)
        if self._cluster.answers(_ANSWER):
            self._heard = asked
            return ""
        self._cluster.renew()
        problem = f"The API server {self._cluster.server} does not answer."
        for feed in feeds:
            feed.distrust(problem)
        return problem

    def _freshness(self, problem: str) -> None:
        """Tell when what was told is the state of now, and when it is not any more."""
        if problem and not self._stale:
            self._stale, self._fresh = True, False
            self._tell("stale", "mesh", {"since": self._heard.isoformat(), "reason": problem})
        elif not problem and not self._fresh:
            self._stale, self._fresh = False, True
            self._tell("fresh", "mesh", {})

    def _stored(self) -> list[Stored]:
        return [Stored(kind, item, record_of(item)) for kind, feed in self._plugins for item in feed.items.values()]

    def _judged(self, items: Sequence[Any], stored: Sequence[Stored]) -> tuple[bool, str]:
        """Judge anew; say whether something is under way, and why it could not be judged."""
        serving = [item for item in items if not item["metadata"].get("deletionTimestamp")]
        try:
            verdicts = self._judge(serving, stored) if stored else []
        except WasmnbError as error:
            return True, error.what
        except RuntimeError:
            return True, ""  # the mesh is being let go of
        self._compare({("verdict", f"{one.pod}/{one.plugin}"): one.to_dict() for one in verdicts}, "verdict")
        return any(one.verdict in (Verdict.WARMING, Verdict.OLD, Verdict.HUNG) for one in verdicts), ""

    def _compare(self, found: Mapping[tuple[str, str], dict[str, Any]], kind: str) -> None:
        gone = {"pod": "pod-gone", "plugin": "plugin-gone", "verdict": "verdict"}[kind]
        for key, value in found.items():
            if _calm(value) != _calm(self._told.get(key)):
                self._told[key] = value
                self._tell(kind, key[1], value)
        for key in [key for key in self._told if key[0] == kind and key not in found]:
            del self._told[key]
            self._tell(gone, key[1], {})

    def _tell(self, kind: str, name: str, value: dict[str, Any]) -> None:
        self._number += 1
        self._changes.put(Change(self._number, datetime.now(timezone.utc), kind, name, value))


def _plugins(stored: Sequence[Stored]) -> dict[tuple[str, str], dict[str, Any]]:
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


def _calm(value: Mapping[str, Any] | None) -> dict[str, Any] | None:
    return None if value is None else {key: item for key, item in value.items() if key not in _RESTLESS}
