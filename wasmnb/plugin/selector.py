"""Label selectors as a user writes them: read, and written again."""

from __future__ import annotations

import re
from collections.abc import Mapping

from wasmnb.errors import Place, UsageError

__all__ = ["labels_text", "selector", "selector_text"]

# Kubernetes, "Labels and Selectors", syntax and character set: an optional prefix, then up to 63 characters.
_LABEL = re.compile(r"(?:[a-z0-9.-]{1,253}/)?[A-Za-z0-9](?:[\w.-]{0,61}[A-Za-z0-9])?")
_VALUE = re.compile(r"(?:[A-Za-z0-9](?:[\w.-]{0,61}[A-Za-z0-9])?)?")


def selector(words: str | Mapping[str, str] | None) -> dict[str, str]:
    """Read ``app=details,version=v1``; ``*`` (or nothing) is every pod.

    Parameters
    ----------
    words : str, mapping or None
        A mapping is taken as it is.

    Returns
    -------
    dict of str to str

    Raises
    ------
    UsageError
        A part is no ``key=value``, or a label is none that a pod can carry.
    """
    if words is None or isinstance(words, Mapping):
        return {str(key): str(value) for key, value in (words or {}).items()}
    if words.strip() in {"", "*"}:
        return {}
    labels: dict[str, str] = {}
    column = 1
    for part in words.split(","):
        key, equals, value = part.partition("=")
        where = Place("the selector", column=column, quote=words)
        if not equals:
            word = part.strip()
            such = f", for instance app={word}" if word and _VALUE.fullmatch(word) else ""
            what = f"{part!r} in a selector is not a label."
            raise UsageError(what, where=where, hint=f"write key=value,key=value{such}")
        if not _LABEL.fullmatch(key.strip()) or not _VALUE.fullmatch(value.strip()):
            raise UsageError(
                f"No pod can carry the label {part.strip()!r}.",
                where=where,
                hint="a key and a value have letters, digits, '-', '_' and '.', for instance app=details",
            )
        labels[key.strip()] = value.strip()
        column += len(part) + 1
    return labels


def labels_text(labels: Mapping[str, str], between: str = ",") -> str:
    """Write labels as a selector names them: ``app=details,version=v1``; or with something else between them."""
    return between.join(f"{key}={value}" for key, value in labels.items())


def selector_text(labels: Mapping[str, str]) -> str:
    """Write a selector as a user would; ``*`` for every pod."""
    return labels_text(labels) or "*"
