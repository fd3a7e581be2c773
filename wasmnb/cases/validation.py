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
_RULES = {
    "oneOf": "needs one of exact, regex and file",
    "maxProperties": "can have one of header, content and file only",
    "minLength": "is empty",
}


@cache
def _validator() -> Any:
    import jsonschema_rs  # noqa: PLC0415 - for those who have cases only

    return jsonschema_rs.validator_for(schema(), offline=True)


def validate(tree: Tree) -> None:
    """Refuse what is not a file of cases.

    Raises
    ------
    ConfigError
        At the first line that is wrong.
    """
    value = {} if tree.value is None else tree.value
    found = [_told(_deepest(error)) for error in _validator().iter_errors(value)]
    if found:
        what, path, hint = min(found, key=lambda one: tree.line(one[1]))
        raise ConfigError(what, where=tree.place(path), hint=hint)


def _deepest(error: Any) -> Any:
    """Give that part of an "any of these" that says most: the one furthest inside."""
    while error.kind.name == "anyOf":
        parts = [part for branch in error.kind.context for part in branch]
        error = max(parts, key=lambda one: (len(one.instance_path), one.kind.name != "type"))
    return error


def _told(error: Any) -> tuple[str, tuple[str | int, ...], str]:
    path = tuple(error.instance_path)
    name = next((part for part in reversed(path) if isinstance(part, str)), "The top level of the cases")
    kind = error.kind
    if kind.name == "additionalProperties":
        known = _schema_at(error.schema_path[:-1])["properties"]
        unknown = kind.unexpected[0]
        near = did_you_mean(unknown, known)
        return f"{name} has no {unknown!r}.", (*path, unknown), near or f"it has {', '.join(known)}"
    if kind.name == "enum":
        words = ", ".join(dict.fromkeys(str(word).lower() for word in kind.options))
        return f"{name} cannot be {error.instance!r}.", path, f"it is one of {words}"
    hint = "" if path else "begin with 'test:', and with a list of cases below it"
    return f"{name} {_why(error)}.", path, hint


def _why(error: Any) -> str:
    if error.kind.name == "required":
        return f"has no {error.kind.property!r}, which it needs"
    if error.kind.name == "type":
        return f"is not {'text' if 'string' in error.kind.types else _KINDS[error.kind.types[0]]}"
    return _RULES.get(error.kind.name) or f"cannot be {error.instance!r}"


def _schema_at(path: list[str | int]) -> Any:
    found: Any = schema()
    for step in path:
        found = found[step]
    return found
