"""Steps by share of requests: a plugin is on some pods of a service, and more and more of its requests go there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import sqrt
from typing import TYPE_CHECKING

from wasmnb.errors import Place, UsageError
from wasmnb.mesh import MeshOfShares
from wasmnb.plugin.scope import carries
from wasmnb.plugin.selector import selector
from wasmnb.rollout.steps import AND, PERCENT, label_text, labels_of, selected
from wasmnb.wording import Option, Wording

if TYPE_CHECKING:
    from wasmnb.mesh import Mesh, Pod
    from wasmnb.plugin import Plugin
    from wasmnb.rollout.result import Step

__all__ = ["Shares", "end_share", "passed_by", "read_shares", "steered", "tried"]

_ALL = 100.0
_CHANCE = 5.0  # standard deviations that are let pass
_DIGITS = 3  # behind the point
_HINT = (
    "write labels, a colon, and rising shares of three digits behind the point at most, for instance "
    "version=v2:5%,25%,100%"
)


@dataclass(frozen=True)
class Shares:
    """The steps of a rollout by share.

    Parameters
    ----------
    labels : mapping of str to str
        What the pods carry that the plugin is tried on.
    percents : tuple of float
        Which share of the service's requests goes to them in each step; rising.
    """

    labels: Mapping[str, str]
    percents: tuple[float, ...]


def read_shares(given: str | Sequence[str | Mapping[str, str]]) -> Shares | None:
    """Read ``version=v2:5%,25%,100%``: labels, and after a colon the share of each step; None where no share is said.

    Raises
    ------
    UsageError
        A share is none, they do not rise, or there are steps by label beside them.
    """
    parts = [part for one in ([given] if isinstance(given, str) else given) for part in _parts(one)]
    if not any(PERCENT in part for part in parts if isinstance(part, str)):
        return None
    first, where = parts[0], Place(Option("steps"), quote=",".join(map(str, parts)))
    labels, colon, share = first.rpartition(":") if isinstance(first, str) else ("", "", "")
    rest = [part for part in parts[1:] if isinstance(part, str) and part.endswith(PERCENT) and "=" not in part]
    if not colon or len(rest) < len(parts) - 1:
        raise UsageError("Steps are by label, or by share of the requests for one of them.", where=where, hint=_HINT)
    read = selector(labels.strip().replace(AND, ","))
    percents = tuple(_percent(text, where) for text in (share, *rest))
    if not read:
        raise UsageError("It is not said to which pods a share of the requests goes.", where=where, hint=_HINT)
    if any(later <= former for former, later in pairwise(percents)):
        raise UsageError("A step has no larger share of the requests than the one before.", where=where, hint=_HINT)
    return Shares(read, percents)


def _parts(one: str | Mapping[str, str]) -> list[str | Mapping[str, str]]:
    return [one] if isinstance(one, Mapping) else [part.strip() for part in one.split(",")]


def _percent(text: str, where: Place) -> float:
    try:
        found = float(text.strip().removesuffix(PERCENT)) if text.strip().endswith(PERCENT) else 0.0
    except ValueError:
        found = 0.0
    if not 0 < found <= _ALL or round(found, _DIGITS) != found:
        raise UsageError(f"{text!r} is not a share of the requests.", where=where, hint=_HINT)
    return found


def tried(pods: Sequence[Pod], plugin: Plugin, labels: Mapping[str, str]) -> tuple[str, ...]:
    """Name the selected pods that a plugin is tried on.

    Raises
    ------
    SelectorError
        The plugin selects no pod.
    UsageError
        None of those that it selects carries the labels.
    """
    chosen = selected(pods, plugin)
    found = tuple(pod.name for pod in chosen if carries(pod.labels, labels))
    if not found:
        raise UsageError(f"No selected pod carries {label_text(labels)}.", hint=labels_of(chosen))
    return found


def steered(mesh: Mesh) -> MeshOfShares:
    """Give a mesh that can send a share of the requests to some pods.

    Raises
    ------
    UsageError
        It cannot.
    """
    if isinstance(mesh, MeshOfShares):
        return mesh
    raise UsageError(
        f"The mesh {mesh.name!r} cannot send a share of the requests to some pods.",
        hint=Wording("steps by label are possible, for instance {}", Option("steps", "version=v2,version=v1")),
    )


def end_share(mesh: Mesh, id: str) -> None:  # noqa: A002 - the field's own word
    """Let requests go where they went before steps by share, also those of a kernel that ended before its last step.

    Raises
    ------
    ForbiddenError, MeshError
    """
    if isinstance(mesh, MeshOfShares):
        mesh.unshare(id)


def passed_by(step: Step) -> str:
    """Say so where more requests came to a step's pods than its share; empty when not."""
    if step.share is None or not step.of_all:
        return ""
    expected = step.of_all * step.share / _ALL
    if step.seen.requests <= expected + _CHANCE * sqrt(expected) + 1:
        return ""
    return (
        f"{step.seen.requests} of {step.of_all} requests came to its pods, and {step.share:g}% was asked for:"
        " some callers pass by the routes of the mesh, such as a gateway or a pod without a proxy"
    )
