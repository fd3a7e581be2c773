"""The hint for a name that is none of those there are."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["label_suggestion", "suggestion"]


def suggestion(word: str, known: Iterable[str]) -> str:
    """Give the nearest of the known words, where one is near, and all of them; say where there is none."""
    choices = list(dict.fromkeys(known))
    close = _near(word, choices)
    if not choices:
        return "there is none"
    listed = ", ".join(choices)
    return f"did you mean {close[0]}? available: {listed}" if close else f"available: {listed}"


def label_suggestion(selector: str, labels: Iterable[Mapping[str, str]]) -> str:
    """Give the hint for a selector that no pod matches: the labels of pods, but those that Kubernetes and Istio put."""
    there = {f"{key}={value}" for one in labels for key, value in one.items() if "/" not in key}
    return suggestion(selector, sorted(one for one in there if not one.startswith("pod-template-hash=")))


def _near(word: str, choices: list[str]) -> list[str]:
    """Give the nearest; of labels with the same key the values are compared, since all of them begin alike."""
    from difflib import get_close_matches  # noqa: PLC0415 - for an error

    key, equals, value = word.partition("=")
    values = [one.removeprefix(key + equals) for one in choices if equals and one.startswith(key + equals)]
    if not values:
        return get_close_matches(word, choices, n=1)
    return [key + equals + one for one in get_close_matches(value, values, n=1)]
