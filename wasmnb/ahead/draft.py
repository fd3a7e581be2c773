"""What a cell would come to, read from its text: a filter, and the plugin that would be put in force."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from wasmnb.compile import Filter
    from wasmnb.envoy.exchange import Probe
    from wasmnb.mesh import Mesh
    from wasmnb.module import Module
    from wasmnb.plugin import Plugin

__all__ = ["Draft", "Extent", "Foreseen", "extent"]

_CGROUP = Path("/sys/fs/cgroup")
# Microseconds of processor time in so many, which a container is given: in one file, and in Linux's cgroup-v1 in two.
_QUOTAS = (("cpu.max",), ("cpu/cpu.cfs_quota_us", "cpu/cpu.cfs_period_us"))


class Extent(IntEnum):
    """How far a cell is taken before it is run; each step has those before it."""

    OFF = 0
    CHECK = 1
    """Compiled and linked."""
    BUILD = 2
    """Packaged, and tried on an Envoy here."""
    LOAD = 3
    """Loaded into pods of the embedded mesh, where nothing of it acts."""


def extent(said: str) -> Extent:
    """Read how far a cell is taken; ``auto`` is all the way, and nothing on one processor."""
    if said != "auto":
        return Extent[said.upper()]
    return Extent.LOAD if _processors() > 1 else Extent.OFF


@dataclass(frozen=True)
class Foreseen:
    """A plugin as running the cell would put it in force.

    Parameters
    ----------
    mesh : Mesh
    plugin : Plugin
    probes : mapping of str to sequence of Probe
        Requests, by the pods that they are for, on which it may be seen to act.
    allow_trap : bool
        It may crash on a request.
    """

    mesh: Mesh
    plugin: Plugin
    probes: Mapping[str, Sequence[Probe]] = field(default_factory=dict)
    allow_trap: bool = False


@dataclass(frozen=True)
class Draft:
    """What a cell would make.

    Parameters
    ----------
    filter : Filter
    extent : Extent
        How far it is to be taken.
    foresee : callable
        Given the module, says what running the cell would put in force: None where that is nothing, or would not be
        tried. Raises one of our errors for what is wrong with the options.
    """

    filter: Filter
    extent: Extent = Extent.CHECK
    foresee: Callable[[Module], Foreseen | None] = lambda _: None


def _processors() -> int:
    """Give how many processors there are for this process; a container may have less time than one has."""
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    for files in _QUOTAS:
        # "max" is no number, and -1 no quota: the container has all the time.
        with suppress(OSError, ValueError):
            quota, period = (int(word) for file in files for word in (_CGROUP / file).read_text("ascii").split())
            count = min(count, max(1, quota // period)) if quota > 0 else count
    return count
