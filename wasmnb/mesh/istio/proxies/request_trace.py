"""Envoy's own trace of one request of ours to a pod: which of its filters were called for it."""

from __future__ import annotations

import threading
import time
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from wasmnb.envoy.exchange import PLAIN
from wasmnb.envoy.trace import Spoken, called, marked, token
from wasmnb.errors import MeshError
from wasmnb.mesh.istio.proxies.pods import name_of, uid
from wasmnb.mesh.istio.proxies.proxy_log import logged_lately
from wasmnb.mesh.istio.proxies.shared_state import forget
from wasmnb.mesh.istio.proxies.trace_levels import left_raised, put_back, raised

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from wasmnb.mesh.istio.proxies.admin import Admin
    from wasmnb.mesh.istio.proxies.probe_requests import ProbeRequests

__all__ = ["RequestTrace"]

_SLACK = 2.0
"""For the way there, and the whole seconds of a question for a log."""
_READS, _STEP = 30, 0.1


class RequestTrace:
    """Traces requests, for which log levels of proxies are raised for a moment.

    Parameters
    ----------
    admin : Admin
    requests : ProbeRequests

    Attributes
    ----------
    looks_only : bool
        No log level is changed, not even one that a proof left raised.
    """

    def __init__(self, admin: Admin, requests: ProbeRequests) -> None:
        self.looks_only = False
        self._admin = admin
        self._requests = requests
        # By pod: whoever has its levels raised is alone with them, and puts back those that were there.
        self._turns: dict[str, threading.Lock] = {}
        self._untraced: dict[str, str] = {}

    def of(self, items: Collection[Mapping[str, Any]], plugin: str) -> list[dict[str, str]]:
        """Trace one request to each of some pods, where a plugin acts; give the calls into filters, by their names."""
        return self._requests.each(lambda item: self._trace(item, plugin), items)

    def why_not(self, item: Mapping[str, Any]) -> str:
        """Say why a pod's could not be had the last time; empty when it was."""
        return self._untraced.get(uid(item), "")

    def keep(self, pods: Collection[str]) -> None:
        """Forget all but these pods, by their uids."""
        forget(self._untraced, lambda pod: pod not in pods)
        forget(self._turns, lambda pod: pod not in pods)

    def _trace(self, item: Mapping[str, Any], plugin: str) -> dict[str, str]:
        """Trace one request to a pod; give the calls into its filters, by their names."""
        pod, by, begin = name_of(item), token(), time.monotonic() - _SLACK
        requests = self._requests
        self._untraced.pop(uid(item), None)
        try:
            with self._own_levels(item), raised(self._admin, item):
                answer = requests.ask(item, marked(PLAIN, by), plugin) or requests.ask(item, marked(PLAIN, by), plugin)
            if answer is None:
                self._untraced[uid(item)] = "the request was not answered in time"
                return {}
            found: dict[str, str] = {}
            for _ in range(_READS):
                # The kubelet reads what a container writes a moment later, and not all of it at once.
                lately = time.monotonic() - begin
                before, records = found, logged_lately(requests.cluster, requests.namespace, pod, lately)
                found = called([Spoken(one.thread, one.scope, one.message) for one in records if one.envoy], by)
                if found and found == before:
                    return found
                time.sleep(_STEP)
        except (MeshError, TimeoutError) as error:
            self._untraced[uid(item)] = error.what if isinstance(error, MeshError) else "the proxy does not answer"
        return {}

    @contextmanager
    def raised(self, items: Sequence[Mapping[str, Any]], levels: Mapping[str, str]) -> Iterator[None]:
        """Raise log levels of pods' proxies until the end of the block; see `trace_levels.raised`."""
        with ExitStack() as stack:
            # In the same order everywhere: two threads would wait for each other.
            for item in sorted(items, key=uid):
                stack.enter_context(self._own_levels(item))
                stack.enter_context(raised(self._admin, item, levels))
            yield

    def _turn(self, item: Mapping[str, Any]) -> threading.Lock:
        return self._turns.get(uid(item)) or self._turns.setdefault(uid(item), threading.Lock())

    @contextmanager
    def _own_levels(self, item: Mapping[str, Any]) -> Iterator[None]:
        """Wait until nobody else here has raised the levels of a pod, and let nobody do so in the block.

        What is raised from here is not taken for what a kernel that is gone has left.
        """
        with self._turn(item):
            yield

    def mend(self, item: Mapping[str, Any], levels: Mapping[str, str]) -> str:
        """Put back log levels that a kernel which is gone had raised; say so, in a few words, empty for nothing."""
        turn = self._turn(item)
        if not left_raised(levels) or not turn.acquire(blocking=False):
            return ""
        try:
            # They may have been raised from here when they were read, and put back since.
            if not left_raised(self._admin.levels(name_of(item))):
                return ""
            if self.looks_only:
                return "its proxy's log levels had been left raised by a proof that was interrupted"
            back = put_back(self._admin, item)
        except (MeshError, TimeoutError):
            return ""
        finally:
            turn.release()
        words = "they were put back" if back else "they could not be put back"
        return f"its proxy's log levels had been left raised by a proof that was interrupted; {words}"

    def mended(self, items: Sequence[Mapping[str, Any]]) -> list[str]:
        """Look at the log levels of pods, and put back what was left raised; name these pods."""

        def look(item: Mapping[str, Any]) -> str:
            name = name_of(item)
            try:
                words = self.mend(item, self._admin.levels(name))
            except (MeshError, TimeoutError):
                return ""
            return f"{name}: {words}" if words else ""

        return [words for words in self._requests.each(look, items) if words]
