"""Requests of the user's that show what a filter does: read, and held against the mesh before anything is touched."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wasmnb import redact
from wasmnb.envoy.exchange import Probe
from wasmnb.errors import Place, TrafficError, UsageError
from wasmnb.mesh import urls
from wasmnb.session import parsing
from wasmnb.wording import Option, Wording

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from wasmnb.mesh import Mesh

__all__ = ["UserProbe", "pods_of", "read_probe"]

_METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE")
_FORM = "write host:port/path, or a method before it; -H 'name: value' and -d BODY behind it"


@dataclass(frozen=True)
class UserProbe:
    """A request as the user wrote it, with the service that it is for."""

    url: str
    probe: Probe

    def __str__(self) -> str:
        return f"{self.probe.method} {redact.url(self.url)}"

    @property
    def place(self) -> Place:
        """Where an error points at."""
        return Place(Option("probe"), quote=redact.url(self.url))


def read_probe(words: str) -> UserProbe:
    """Read ``[METHOD] host:port/path [-H 'name: value'] [-d BODY]``.

    Raises
    ------
    UsageError
    """
    shown = redact.url(redact.config(words))
    place = Place(Option("probe"), quote=shown)
    try:
        free, headers, bodies = _split(shlex.split(words))
    except ValueError as error:
        raise UsageError(f"{shown!r} is not a request: {error}.", where=place, hint=_FORM) from None
    method = free.pop(0) if free[:1] and "/" not in free[0] and ":" not in free[0] and len(free) > 1 else ""
    if len(free) != 1 or len(bodies) > 1:
        raise UsageError(f"{shown!r} is not a request.", where=place, hint=_FORM)
    method = (method or ("POST" if bodies else "GET")).upper()
    if method not in _METHODS:
        raise UsageError(f"{method!r} is not a method.", where=place, hint=f"one of {', '.join(_METHODS)}")
    try:
        url = urls.read(free[0])
    except TrafficError as error:
        raise UsageError(error.what, where=place, hint=error.hint_value or _FORM) from None
    body = parsing.body(bodies[0] if bodies else None)
    return UserProbe(free[0], Probe(method, url.path, tuple(parsing.header_lines(headers)), body))


def _split(words: Sequence[str]) -> tuple[list[str], list[str], list[str]]:
    free: list[str] = []
    said: dict[str, list[str]] = {"-H": [], "-d": []}
    rest = iter(words)
    for word in rest:
        if word in said:
            value = next(rest, None)
            if value is None:
                raise ValueError(f"nothing stands behind {word}")
            said[word].append(value)
        elif word.startswith("-"):
            raise ValueError(f"{word} is not known here")
        else:
            free.append(word)
    return free, said["-H"], said["-d"]


def pods_of(
    mesh: Mesh, probes: Sequence[UserProbe], selector: Mapping[str, str], *, changes: bool
) -> dict[str, tuple[Probe, ...]]:
    """Give the requests by the pods that they are sent to.

    Parameters
    ----------
    mesh : Mesh
    probes : sequence of UserProbe
    selector : mapping
        The pods that the plugin is for.
    changes : bool
        Requests that may change something are allowed.

    Raises
    ------
    UsageError
        One may change something, and that was not allowed; or it leads to no pod that the plugin is for.
    """
    found: dict[str, tuple[Probe, ...]] = {}
    labels = {pod.name: pod.labels for pod in mesh.pods()} if probes else {}
    for one in probes:
        if one.probe.changes and not changes:
            allow = Option("probe_changes", value=True)
            raise UsageError(
                f"{one} may change something there; it was not sent.",
                where=one.place,
                hint=Wording("{} allows it: each pod gets it once before the filter comes, and once after", allow),
            )
        try:
            behind = mesh.endpoints(one.url)
        except TrafficError as error:
            raise UsageError(
                f"{one} does not stay in the mesh: {error.what}", where=one.place, hint=error.hint_value
            ) from None
        own = [pod for pod in behind if selector.items() <= labels.get(pod, {}).items()]
        if not own:
            raise UsageError(
                f"{one} comes to no pod that the plugin is put on.",
                why=[f"it comes to {', '.join(behind)}"] if behind else (),
                where=one.place,
                hint="name a service of the pods that are selected",
            )
        for pod in own:
            found[pod] = (*found.get(pod, ()), one.probe)
    return found
