"""The words about a plugin that not every mesh has use for, read: listeners, environment, targets, kinds of objects."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from wasmnb.errors import UsageError, did_you_mean
from wasmnb.plugin import Kind, Match, TargetRef
from wasmnb.plugin.rendering import ISTIO, KINDS, TARGETS
from wasmnb.plugin.rendering.capabilities import ENVOY
from wasmnb.wording import Option, Verb, Wording

__all__ = ["environment", "kind", "matches", "target", "targets"]


def matches(given: Any) -> tuple[Match, ...]:
    """Read ``SERVER:9080``, a `Match`, or several of either.

    Raises
    ------
    UsageError
    """
    return tuple(one if isinstance(one, Match) else Match.parse(str(one)) for one in _several(given))


def targets(given: Any) -> tuple[TargetRef, ...]:
    """Read ``Gateway/waypoint``, a `TargetRef`, or several of either.

    Raises
    ------
    UsageError
    """
    return tuple(one if isinstance(one, TargetRef) else TargetRef.parse(str(one)) for one in _several(given))


def environment(given: Any) -> tuple[dict[str, str], tuple[str, ...]]:
    """Read ``NAME=VALUE``, ``NAME`` alone (its value is the proxy's), a mapping, or several of these.

    Returns
    -------
    tuple of dict and tuple
        The variables with a value, and the names of those that are taken from the proxy.

    Raises
    ------
    UsageError
        A variable stands there twice.
    """
    values: dict[str, str] = {}
    taken: list[str] = []
    for one in _several(given):
        pairs = one.items() if isinstance(one, Mapping) else [_pair(str(one))]
        for name, value in pairs:
            if name in values or name in taken:
                raise UsageError(f"The environment has {name!r} twice.", hint="give it once")
            if value is None:
                taken.append(name)
            else:
                values[name] = value
    return values, tuple(taken)


def target(given: str | None) -> str:
    """Read what a plugin is rendered for; Istio when nothing is said.

    Raises
    ------
    UsageError
    """
    return _one_of("target", given or ISTIO, TARGETS.names())


def kind(as_: str | None, for_: str | None) -> Kind:
    """Read which object a plugin is to become: as a kind of Istio's, or by what it is for.

    Raises
    ------
    UsageError
        A word is unknown, both are said and contradict each other, or a plain Envoy is named, which has no objects.
    """
    where = target(for_)
    if where == ENVOY:
        raise UsageError(
            "A plain Envoy is no mesh: nothing can be deployed to it.",
            hint=Wording(
                "{} writes a file that it runs with",
                Verb("render", ("NAME",), (Option("target", "envoy"), Option("output", "FILE"))),
            ),
        )
    found = TARGETS.load(where).kind
    if found is None:
        raise UsageError(
            f"Nothing is deployed to {where} from here.",
            hint=Wording(
                "{} writes what it reads",
                Verb("render", ("NAME",), (Option("target", where), Option("output", "FILE"))),
            ),
        )
    if where != ISTIO and as_:
        raise UsageError(
            Wording("{} names one of Istio's objects, and {} has none.", Option("as_"), Option("target", where)),
            hint="leave one out",
        )
    if found is not Kind.AUTO:
        return found
    return Kind(_one_of("as_", as_, KINDS)) if as_ else Kind.AUTO


def _one_of(what: str, given: str, words: tuple[str, ...]) -> str:
    found = next((word for word in words if word.lower() == given.lower()), None)
    if found is None:
        raise UsageError(
            Wording("{} cannot be {}.", Option(what), repr(given)),
            why=[f"it is one of: {', '.join(words)}"],
            hint=did_you_mean(given, words) or f"for instance {words[0]}",
        )
    return found


def _pair(text: str) -> tuple[str, str | None]:
    name, equals, value = text.partition("=")
    return name, value if equals else None


def _several(given: Any) -> Iterable[Any]:
    if given is None:
        return ()
    return given if isinstance(given, list | tuple) else (given,)
