"""What somebody else changed in an object of ours: who, when and which field, by the API server's managed fields.

The API server keeps for each manager which fields it set last (Kubernetes, server-side apply). A field that another
manager set to another value is its alone; one that both set alike is of both, and no change.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from wasmnb.mesh.istio.proxies.pods import moment

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

__all__ = ["Drift", "drift_of", "told"]

_OURS = "wasmnb"
_PARTS = ("f:spec", "f:metadata")
_MARKS = (("labels",), ("annotations",))
_KEPT = ("wasmnb.dev/", "app.kubernetes.io/managed-by")

Path = tuple[str, ...]


@dataclass(frozen=True)
class Drift:
    """Fields of an object that another manager has set.

    Parameters
    ----------
    manager : str
        As it calls itself, such as ``kubectl-patch``.
    at : datetime
        When it changed the object last.
    paths : tuple of tuple of str
        The fields, each by the names of its members.
    """

    manager: str
    at: datetime
    paths: tuple[Path, ...]

    def __str__(self) -> str:
        fields = ", ".join(".".join(path) for path in self.paths)
        return f"{self.manager} changed {fields} at {self.at:%Y-%m-%d %H:%M:%S} UTC"


def drift_of(item: Mapping[str, Any]) -> tuple[Drift, ...]:
    """Find what others changed in an object that was applied from here, oldest first; nothing in one that was not."""
    entries = [one for one in item["metadata"].get("managedFields") or () if not one.get("subresource")]
    ours = {path for one in entries if one.get("manager") == _OURS for path in _fields(one)}
    if not ours:
        return ()
    found = []
    for one in entries:
        paths = tuple(path for path in _fields(one) if path not in ours and _counts(path))
        if one.get("manager") != _OURS and paths:
            found.append(Drift(str(one.get("manager", "somebody")), moment(one.get("time")), paths))
    return tuple(sorted(found, key=lambda one: one.at))


def told(drift: Sequence[Drift]) -> str:
    """Say in one sentence who changed what; empty for nothing."""
    return "; ".join(str(one) for one in drift)


def _counts(path: Path) -> bool:
    """Say whether a field is one that a plugin depends on."""
    return path[0] == "spec" or (path[1:2] in _MARKS and path[-1].startswith(_KEPT))


def _fields(entry: Mapping[str, Any]) -> Iterator[Path]:
    fields = entry.get("fieldsV1") or {}
    for part in _PARTS:
        if fields.get(part):
            yield from _leaves(fields[part], (part.removeprefix("f:"),))


def _leaves(fields: Mapping[str, Any], path: Path) -> Iterator[Path]:
    below = {key: value for key, value in fields.items() if key != "."}
    if not below:
        yield path
    for key, value in below.items():
        # Members are "f:name"; elements of lists "k:{…}", "v:…" and "i:…" stand for themselves.
        yield from _leaves(value or {}, (*path, key.removeprefix("f:")))
