"""What is true: what requests to each pod show of a filter, whatever anybody says."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import Enum

from tests.chaos.filters import CONFIG, TAG
from wasmnb.errors import TrafficError
from wasmnb.mesh import Mesh

REQUESTS = 4  # to each pod; a worker that hangs takes some of several
PATIENCE = 1.0  # seconds


class Fate(str, Enum):
    """What happens to requests on a pod. Closed."""

    FILTERED = "filtered"
    UNFILTERED = "unfiltered"
    REFUSED = "refused"
    SILENT = "silent"
    MIXED = "mixed"


@dataclass(frozen=True)
class Truth:
    """What several requests to one pod showed.

    Parameters
    ----------
    fate : Fate
        REFUSED is an error that no filter of ours made itself, SILENT no answer; MIXED is not the same on all.
    tag, config : str
        Whose mark responses carry, and with which configuration.
    parts : frozenset of Truth
        What they showed, where that is not the same on all.
    """

    fate: Fate
    tag: str = ""
    config: str = ""
    parts: frozenset[Truth] = frozenset()

    @property
    def each(self) -> frozenset[Truth]:
        """What single requests showed."""
        return self.parts or frozenset({self})


def ask(mesh: Mesh, source: str, url: str, pods: Iterable[str]) -> dict[str, Truth]:
    """Send requests to every pod, all of them at the same time."""
    pods = list(pods)
    with ThreadPoolExecutor(max(1, len(pods) * REQUESTS)) as pool:
        sent = {pod: [pool.submit(_one, mesh, source, url, pod) for _ in range(REQUESTS)] for pod in pods}
        return {pod: together([one.result() for one in many]) for pod, many in sent.items()}


def together(seen: Iterable[Truth]) -> Truth:
    """Give what several requests showed, where all of them showed the same."""
    seen = frozenset(seen)
    return next(iter(seen)) if len(seen) == 1 else Truth(Fate.MIXED, parts=seen)


def _one(mesh: Mesh, source: str, url: str, pod: str) -> Truth:
    try:
        response = mesh.send(source, url, pod=pod, timeout=PATIENCE).response
    except TrafficError:
        return Truth(Fate.SILENT)
    return fate(response.status, response.headers.all(TAG), response.headers.all(CONFIG))


def fate(status: int, tags: Sequence[str], configs: Sequence[str]) -> Truth:
    """Say what one answer shows; a filter marks what a service or another filter refuses, too."""
    if tags and status < 500:
        return Truth(Fate.FILTERED, " ".join(tags), " ".join(configs))
    return Truth(Fate.REFUSED if status >= 400 else Fate.UNFILTERED, " ".join(tags), " ".join(configs))
