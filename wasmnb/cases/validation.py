"""Is a tree one of cases? JSON Schema says it; here its words become ours, at the line of what is wrong."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from wasmnb.cases.schema import schema
from wasmnb.errors import ConfigError, did_you_mean

if TYPE_CHECKING:
    from wasmnb.cases.nodes import Tree

__all__ = ["validate"]

_KINDS = {"object": "a mapping", "array": "a list", "integer": "a whole number", "number": "a number"}


@cache
def _validator() -> Any:
    from jsonschema_rs import Draft202012Validator  # noqa: PLC0415 - for files of cases only

    return Draft202012Validator(schema())


def validate(tree: Tree) -> None:
    """Refuse what is no file of cases.

    Raises
    ------
    ConfigError
        At the first line that is wrong.
    """
    value = {} if tree.value is None else tree.value
    errors = [_deepest(error) for error in _validator().iter_errors(value)]
    if not errors:
        return
    found = [_told(error) for error in errors]
    what, path, hint = min(found, key=lambda one: tree.line(one[1]))
    raise ConfigError(what, where=tree.place(path), hint=hint)


def _deepest(error: Any) -> Any:
    """Give that part of an "any of these" that says most: the one furthest inside."""
    while error.kind.name == "anyOf" and (parts := [one for branch in error.kind.context for one in branch]):
        error = max(parts, key=lambda one: (len(one.instance_path), one.kind.name != "type"))
    return error


def _told(error: Any) -> tuple[str, tuple[str | int, ...], str]:
    path, kind = tuple(error.instance_path), error.kind
    name = next((part for part in reversed(path) if isinstance(part, str)), "the file")
    if kind.name == "additionalProperties":
        known = list(_around(error)["properties"])
        unknown = kind.unexpected[0]
        near = did_you_mean(unknown, known)
        return f"{name} has no {unknown!r}.", (*path, unknown), near or f"it has {', '.join(known)}"
    if kind.name == "enum":
        words = ", ".join(dict.fromkeys(str(word).lower() for word in kind.options))
        return f"{name} cannot be {error.instance!r}.", path, f"it is one of {words}"
    return f"{name} {_why(error)}.", path, ""


def _around(error: Any) -> Any:
    """Give the schema whose rule was broken."""
    found: Any = schema()
    for step in error.schema_path[:-1]:
        found = found[step]
    return found


def _why(error: Any) -> str:
    kind = error.kind
    if kind.name == "required":
        return f"has no {kind.property!r}, which it needs"
    if kind.name == "type":
        return f"is not {'text' if 'string' in kind.types else _KINDS[kind.types[0]]}"
    if kind.name == "oneOf":
        return "needs one of exact, regex and file"
    if kind.name == "maxProperties":
        return "can have one of header, content and file only"
    return f"cannot be {error.instance!r}: {error.message}"
