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
    from jsonschema import Draft202012Validator  # noqa: PLC0415 - slow to import

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
    while error.validator == "anyOf" and error.context:
        error = max(error.context, key=lambda one: (len(one.absolute_path), one.validator != "type"))
    return error


def _told(error: Any) -> tuple[str, tuple[str | int, ...], str]:
    path = tuple(error.absolute_path)
    name = next((part for part in reversed(path) if isinstance(part, str)), "the file")
    if error.validator == "additionalProperties":
        known = error.schema["properties"]
        unknown = next(key for key in error.instance if key not in known)
        near = did_you_mean(unknown, known)
        return f"{name} has no {unknown!r}.", (*path, unknown), near or f"it has {', '.join(known)}"
    if error.validator == "enum":
        words = ", ".join(dict.fromkeys(str(word).lower() for word in error.validator_value))
        return f"{name} cannot be {error.instance!r}.", path, f"it is one of {words}"
    return f"{name} {_why(error)}.", path, ""


def _why(error: Any) -> str:
    if error.validator == "required":
        return f"has no {next(key for key in error.validator_value if key not in error.instance)!r}, which it needs"
    if error.validator == "type":
        kinds = error.validator_value if isinstance(error.validator_value, list) else [error.validator_value]
        return f"is not {'text' if 'string' in kinds else _KINDS[kinds[0]]}"
    if error.validator == "oneOf":
        return "needs one of exact, regex and file"
    if error.validator == "maxProperties":
        return "can have one of header, content and file only"
    return f"cannot be {error.instance!r}: {error.message}"
