"""What was seen of each proxy at one moment, gathered from many at the same time."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from wasmnb.envoy.trace import CONNECTION
from wasmnb.errors import MeshError
from wasmnb.mesh.istio.api.api_errors import ForbiddenError, MissingError
from wasmnb.mesh.istio.api.port_forward_pool import Question
from wasmnb.mesh.istio.proxies.admin import LEVELS, PORT, WORKER, levels_of
from wasmnb.mesh.istio.proxies.config_dump import (
    ECDS,
    EVERY_ECDS,
    INBOUND,
    INBOUND_MARK,
    LISTENERS,
    NO_ENTRIES,
    STATS,
    Entry,
    Listeners,
    Stats,
    entries,
    listeners,
    mark,
    stats,
)
from wasmnb.mesh.istio.proxies.pods import has_proxy, name_of, proxy_started
from wasmnb.mesh.istio.proxies.proxy_log import ProxyLog, read
from wasmnb.mesh.istio.proxies.shared_state import forget

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from wasmnb.mesh.istio.api.cluster import Cluster
    from wasmnb.mesh.istio.proxies.admin import Admin
    from wasmnb.mesh.istio.proxies.istiod import Ack

__all__ = ["Evidence", "Gatherer", "Standing"]

_AT_ONCE = 32
_SERVER = "/server_info"


class Standing(NamedTuple):
    """A plugin's filter in a pod's proxy.

    Parameters
    ----------
    filter : str
        What Envoy calls it.
    mark : str
        Tells how requests are filtered there, by all filters together, from every other state.
    beside : frozenset of str
        The digests of the other filters; empty words are one whose digest is not known, or that is Envoy's own and may
        write headers into responses.
    workers : int
        How many the proxy has, of which each has VMs of its own; 0 where it is not said.
    behind : bool
        Whether it is a gateway, and pods to which it may lead have the plugin too: what they do shows in its answers.
    tells : bool
        Whether what the proxy answers itself can be told from what others answer.
    ports : tuple of int
        Those of the pod that the proxy reads as HTTP; of a gateway, where it takes HTTP without TLS.
    leads_on : bool
        Whether it is a gateway, whose answers are mostly those of other pods.
    takes_alone : bool
        Whether it takes connections, and no other Wasm filter does so where it stands.
    """

    filter: str
    mark: str
    beside: frozenset[str] = frozenset()
    workers: int = 0
    behind: bool = False
    tells: bool = True
    ports: tuple[int, ...] = ()
    leads_on: bool = False
    takes_alone: bool = False

    @property
    def traced(self) -> str:
        """What stands for it in Envoy's trace, which names no filter of connections."""
        return CONNECTION if self.takes_alone else self.filter


@dataclass(frozen=True)
class Evidence:
    """One proxy, as it was seen.

    Parameters
    ----------
    item : mapping
        The pod.
    entries : tuple of Entry
        Discovered filters as they last arrived; None when the proxy could not be asked.
    listeners, stats, log, ack, levels : optional
        None when they could not be read; ``missing`` says why.
    silence : str
        Why the proxy does not answer; empty when it does.
    hung : bool
        Whether that is one of its workers, which does not come back.
    hanging : tuple of (int, int) or None
        How many workers hang, as far as Envoy has counted, of how many.
    missing : tuple of str
        What could not be read, and why, in words.
    at, skew : datetime, timedelta
        When it was seen by the clock here, and how far the cluster's is ahead of that.
    ahead : timedelta
        How far the clock of the pod's node, by which proxy and log say their times, is ahead of the cluster's.
    """

    item: Mapping[str, Any]
    entries: tuple[Entry, ...] | None = None
    listeners: Listeners | None = None
    stats: Stats | None = None
    log: ProxyLog | None = None
    ack: Ack | None = None
    levels: Mapping[str, str] | None = None
    silence: str = ""
    hung: bool = False
    hanging: tuple[int, int] | None = None
    missing: tuple[str, ...] = ()
    at: datetime = field(default_factory=lambda: datetime.now(timezone.utc))
    skew: timedelta = timedelta(0)
    ahead: timedelta = timedelta(0)

    @property
    def now(self) -> datetime:
        """When it was seen by the cluster's clock."""
        return self.at + self.skew

    @property
    def there(self) -> datetime:
        """When it was seen by the clock of the pod's node."""
        return self.now + self.ahead

    @property
    def started(self) -> datetime:
        """Since when the proxy runs, by the cluster's clock."""
        return proxy_started(self.item) - self.ahead

    @property
    def name(self) -> str:
        """The pod's name."""
        return name_of(self.item)

    def standing(self, names: Sequence[str]) -> Standing:
        """Give the filter that has one of these names as it stands there."""
        entry = self.named(names)
        arrived = [f"{one.name} {one.updated} {one.digest}" for one in self.entries or ()]
        reloads = [f"{name} {count}" for name, count in self.stats.reloads.items() if count] if self.stats else []
        serving = self.listeners.mark if self.listeners is not None else ""
        state = " ".join([*sorted(arrived), serving, *sorted(reloads)])
        chains = self.listeners.chains if self.listeners is not None and entry is not None else ()
        written = any(one.written for one in chains if entry is not None and entry.name in one.filters)
        beside = frozenset(one.digest for one in self.entries or () if one is not entry) | ({""} if written else set())
        workers = self.stats.workers if self.stats is not None else 0
        found = Standing(entry.name if entry is not None else "", state, beside, workers, tells=False)
        if (there := self.listeners) is None:
            return found
        alone = there.takes_alone(found.filter)
        return found._replace(tells=there.tells, ports=tuple(there.asked), leads_on=there.leads_on, takes_alone=alone)

    def named(self, names: Sequence[str]) -> Entry | None:
        """Give the entry that has one of these names."""
        return next((one for one in self.entries or () if one.name in names), None)


class Gatherer:
    """Looks at proxies, at many at the same time.

    Parameters
    ----------
    cluster : Cluster
    namespace : str
    admin : Admin
        How a proxy's admin interface is reached.
    """

    def __init__(self, cluster: Cluster, namespace: str, admin: Admin) -> None:
        self.cluster = cluster
        self.namespace = namespace
        self.admin = admin
        # What was counted when all workers answered: the hangs in it are not looked for again.
        self._cleared: dict[str, Stats] = {}
        self._inbound: dict[str, Listeners] = {}
        self._builds: dict[tuple[str, datetime], str] = {}
        self._threads = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="wasmnb-evidence")

    def close(self) -> None:
        """End the threads."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def keep(self, pods: Collection[str]) -> None:
        """Forget all but these pods, by their names."""
        forget(self._cleared, lambda name: name not in pods)
        forget(self._inbound, lambda name: name not in pods)
        forget(self._builds, lambda key: key[0] not in pods)
        self.admin.keep(pods)

    def renew(self, pod: str) -> None:
        """Forget what was seen of a pod in whose place another one of its name is."""
        self._cleared.pop(pod, None)
        self._inbound.pop(pod, None)
        self.admin.renew(pod)

    def gather(
        self,
        items: Sequence[Mapping[str, Any]],
        acks: Mapping[str, Ack],
        why_no_acks: str,
        *,
        whole: bool,
        taking: bool = False,
    ) -> list[Evidence]:
        """Look at the proxies of pods.

        Parameters
        ----------
        items : sequence of mapping
            Pods.
        acks : mapping of str to Ack
            By ``pod.namespace``.
        why_no_acks : str
        whole : bool
            Everything; else only what arrived, which is enough to see that something has not.
        taking : bool
            Ask for filters of connections too, also where none is known to stand in a listener.
        """
        missing = (why_no_acks,) if why_no_acks else ()

        def look(item: Mapping[str, Any]) -> Evidence:
            ack = acks.get(f"{item['metadata']['name']}.{self.namespace}")
            found = Evidence(item, ack=ack, missing=missing, skew=self.cluster.skew)
            return self._look(found, whole=whole, taking=taking)

        return list(self._threads.map(look, items))

    def _look(self, found: Evidence, *, whole: bool, taking: bool) -> Evidence:
        if not has_proxy(found.item) or found.item.get("status", {}).get("phase") != "Running":
            return found
        known = self._inbound.get(found.name)
        first = EVERY_ECDS if taking or (known is not None and known.taking) else ECDS
        try:
            if not whole:
                return replace(found, entries=_arrived(partial(self.admin.get, found.name, first)))
            questions = Question(PORT, first), Question(PORT, _first_of(known)), WORKER
            arrived, inbound, worker = self.admin.several(found.name, *questions)
            found = replace(found, entries=_arrived(arrived))
            found = self._more(found, partial(self._read_inbound, found.name, known, inbound), worker)
        except ForbiddenError as error:
            return replace(found, missing=(*found.missing, error.what))
        except TimeoutError:
            return replace(found, silence="its admin interface does not answer")
        except (MeshError, ValueError) as error:
            return replace(found, silence=_said(error))
        return found

    def _listeners(self, found: Evidence, read_inbound: Callable[[], Listeners]) -> Listeners:
        """Read where the filters stand: in the inbound listener, as nearly always, else anywhere."""
        wanted = {one.name for one in found.entries or ()}
        try:
            inbound = read_inbound()
        except MeshError:
            inbound = None  # a gateway has none
        if inbound is not None and wanted and wanted <= inbound.active:
            return inbound
        return listeners(self.admin.get(found.name, LISTENERS))

    def http_ports(self, pod: str) -> list[int]:
        """Give the ports of a pod that its proxy reads as HTTP; none where it cannot be asked."""
        try:
            known = self._inbound.get(pod)
            inbound = self._read_inbound(pod, known, partial(self.admin.get, pod, _first_of(known)))
            # A gateway has no listener for what comes in, but some of its own.
            return (inbound if inbound.chains else listeners(self.admin.get(pod, LISTENERS))).asked
        except (MeshError, TimeoutError, ValueError):
            return []

    def build(self, item: Mapping[str, Any]) -> str:
        """Give which Envoy a pod's proxy is, as it says it; empty where it cannot be asked."""
        key = (name_of(item), proxy_started(item))
        known = self._builds.get(key)
        if known is None:
            try:
                said = json.loads(self.admin.get(key[0], _SERVER))
            except (MeshError, TimeoutError, ValueError):
                return ""
            known = self._builds[key] = str(said.get("version", ""))
        return known

    def _read_inbound(self, pod: str, known: Listeners | None, first: Callable[[], str]) -> Listeners:
        """Read the inbound listener off the answer to what is asked first; one that has changed is asked for whole."""
        if known is None:
            known = self._inbound[pod] = listeners(first())
        elif known.mark != mark(first()):
            known = self._inbound[pod] = listeners(self.admin.get(pod, INBOUND))
        return known

    def _more(self, found: Evidence, read_inbound: Callable[[], Listeners], worker: Callable[[], str]) -> Evidence:
        there = self._listeners(found, read_inbound)
        if there.taking - {one.name for one in found.entries or ()}:
            found = replace(found, entries=_arrived(partial(self.admin.get, found.name, EVERY_ECDS)))
        counts, levels = self.admin.several(found.name, Question(PORT, STATS), LEVELS)
        found = replace(found, listeners=there, stats=stats(counts()), levels=levels_of(levels()))
        since = min((one.updated for one in found.entries or ()), default=proxy_started(found.item))
        try:
            found = replace(found, log=read(self.cluster, self.namespace, found.name, since))
        except (ForbiddenError, MissingError) as error:
            found = replace(found, missing=(*found.missing, error.what))
        counted = found.stats or Stats({}, {})
        workers, (suspicious, lost) = counted.workers, _suspicious(counted, self._cleared.get(found.name))
        try:
            self.admin.worker(found.name, workers=workers if suspicious or lost else 1, asked=worker)
            self._cleared[found.name] = counted
        except TimeoutError:
            hanging = (max(1, suspicious), workers) if workers else None
            words = "a worker of the proxy does not answer"
            words = f"{hanging[0]} of {workers} workers of the proxy do not answer" if hanging else words
            found = replace(found, silence=words, hung=True, hanging=hanging)
        said = self.admin.skew(found.name)
        ahead = timedelta(0) if said is None else said - found.skew
        return replace(found, at=datetime.now(timezone.utc), ahead=ahead)


def _first_of(known: Listeners | None) -> str:
    """Say what is asked first of the inbound listener: of one that was read before, whether it still is the same."""
    return INBOUND if known is None else INBOUND_MARK


def _arrived(asked: Callable[[], str]) -> tuple[Entry, ...]:
    """Read what arrived at a proxy off its answer."""
    try:
        return tuple(entries(asked()))
    except MeshError as error:
        if any(NO_ENTRIES in line for line in error.why):
            error.with_traceback(None)  # as that of a worker's answer (`Admin.worker`)
            return ()
        raise


def _suspicious(now: Stats, cleared: Stats | None) -> tuple[int, bool]:
    """Say how many workers have counted a hang since all of them answered, and whether a count was lost meanwhile.

    Who sets the counters to zero hides a worker that hangs: Envoy counts each hang once.
    """
    then = cleared.hung if cleared is not None else {}
    hanging = sum(name.startswith("worker_") and count > then.get(name, 0) for name, count in now.hung.items())
    lost = now.reset if cleared is None else now.lost_since(cleared)
    return hanging, lost


def _said(error: Exception) -> str:
    if isinstance(error, MeshError):
        return " ".join([error.what, *error.why])
    return str(error)
