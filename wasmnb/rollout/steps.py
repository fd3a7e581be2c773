"""The steps of a rollout: labels that divide the selected pods, so that each pod belongs to exactly one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from wasmnb.errors import Place, SelectorError, UsageError
from wasmnb.mesh.suggestion import label_suggestion
from wasmnb.plugin.scope import carries
from wasmnb.plugin.selector import labels_text, selector, selector_text
from wasmnb.wording import Option

if TYPE_CHECKING:
    from wasmnb.mesh import Pod
    from wasmnb.plugin import Plugin

__all__ = [
    "AND",
    "PERCENT",
    "Labels",
    "assign",
    "label_text",
    "labels_of",
    "no_pod",
    "read_steps",
    "selected",
    "share_text",
    "unfit",
]

Labels = dict[str, str]
AND = "+"
"""Joins the labels of one step."""
PERCENT = "%"
"""Ends a share of the requests."""
_MOST_SAID = 6


def read_steps(given: str | Sequence[str | Mapping[str, str]]) -> tuple[Labels, ...]:
    """Read ``version=v1,version=v2``: a comma parts steps, a ``+`` joins the labels of one.

    Parameters
    ----------
    given : str, or sequence of str or mapping
        In a sequence, too, each text may hold several steps; a mapping is one.

    Raises
    ------
    UsageError
        A part is no ``key=value``, a step has no labels, or the same step is there twice.
    """
    found: list[Labels] = []
    for one in [given] if isinstance(given, str) else given:
        parts = [one] if isinstance(one, Mapping) else one.split(",")
        for part in parts:
            step = selector(part if isinstance(part, Mapping) else part.strip().replace(AND, ","))
            if not step:
                raise UsageError(
                    "A step names no label.",
                    where=Place(Option("steps"), quote=str(one)),
                    hint="write key=value, a comma before the next step, '+' between labels of one step",
                )
            if step in found:
                raise UsageError(f"The step {label_text(step)} is there twice.", hint="name each step once")
            found.append(step)
    return tuple(found)


def label_text(labels: Mapping[str, str]) -> str:
    """Write the labels of a step as a user would."""
    return selector_text(labels).replace(",", AND)


def share_text(labels: Mapping[str, str], percent: float) -> str:
    """Write a step by share as a user would."""
    return f"{label_text(labels)}:{percent:g}{PERCENT}"


def assign(pods: Sequence[Pod], plugin: Plugin, steps: Sequence[Labels]) -> list[tuple[str, ...]]:
    """Give the names of the selected pods of each step.

    Raises
    ------
    SelectorError
        The plugin selects no pod.
    UsageError
        A selected pod belongs to no step or to several, or a step has none; the message names them.
    """
    chosen = selected(pods, plugin)
    wrong = unfit(chosen, steps)
    members = [tuple(pod.name for pod in chosen if carries(pod.labels, step)) for step in steps]
    wrong += [
        f"no selected pod carries {label_text(step)}" for step, names in zip(steps, members, strict=True) if not names
    ]
    if wrong:
        raise UsageError("Each selected pod must belong to exactly one step.", why=wrong, hint=labels_of(chosen))
    return members


def selected(pods: Sequence[Pod], plugin: Plugin) -> list[Pod]:
    """Give the pods that a plugin selects.

    Raises
    ------
    SelectorError
        There is none.
    """
    found = [pod for pod in pods if plugin.selects(pod.labels)]
    if not found:
        raise no_pod(plugin, pods)
    return found


def no_pod(plugin: Plugin, pods: Sequence[Pod], where: str = "") -> SelectorError:
    """Make the error for a selector that matches no pod; it lists the labels that there are."""
    named = label_suggestion(labels_text(plugin.selector), [pod.labels for pod in pods])
    return SelectorError(
        f"The selector {selector_text(plugin.selector)} matches no pod{where}.",
        hint=named if pods else "there is no pod at all",
    )


def labels_of(pods: Sequence[Pod]) -> str:
    """Name the labels of selected pods, as a hint."""
    found = sorted({f"{key}={value}" for pod in pods for key, value in pod.labels.items()})
    return f"labels of the selected pods: {', '.join(found)}"


def unfit(selected: Sequence[Pod], steps: Sequence[Labels]) -> list[str]:
    """Say of each pod that does not belong to exactly one step to which it belongs."""
    found = []
    for pod in selected:
        mine = [label_text(step) for step in steps if carries(pod.labels, step)]
        if len(mine) != 1:
            found.append(f"{pod.name} is in " + (f"{len(mine)} steps: {', '.join(mine)}" if mine else "no step"))
    more = [f"and {len(found) - _MOST_SAID} more"] if len(found) > _MOST_SAID else []
    return [*found[:_MOST_SAID], *more]
