"""A stated sample of many pods: some of each workload, and all of a workload in which one is not well."""

from __future__ import annotations

from hashlib import sha256
from itertools import chain, zip_longest
from typing import TYPE_CHECKING, Any

from wasmnb.errors import UsageError
from wasmnb.mesh.istio.proxies.pods import name_of, uid, workload
from wasmnb.wording import Option, Wording

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["read_sample", "sampled"]


def read_sample(said: int | None) -> int | None:
    """Read how many pods a look may be at; None is all of them.

    Raises
    ------
    UsageError
        It is not a number above zero.
    """
    if said is not None and said < 1:
        words = Wording("{}, or leave it out to look at each pod", Option("sample", "NUMBER"))
        raise UsageError(f"A sample has at least one pod, not {said}.", hint=words)
    return said


def sampled(items: Sequence[Mapping[str, Any]], size: int | None) -> list[Mapping[str, Any]]:
    """Choose pods, the same ones again as long as they are there: one of each workload in turn.

    Parameters
    ----------
    items : sequence of mapping
    size : int or None
        How many; None is all.
    """
    if size is None or len(items) <= size:
        return list(items)
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for item in sorted(items, key=_lot):
        groups.setdefault(workload(item), []).append(item)
    turns = chain.from_iterable(zip_longest(*groups.values()))
    chosen = {name_of(item) for item in [item for item in turns if item is not None][:size]}
    return [item for item in items if name_of(item) in chosen]


def _lot(item: Mapping[str, Any]) -> str:
    return sha256(uid(item).encode()).hexdigest()
