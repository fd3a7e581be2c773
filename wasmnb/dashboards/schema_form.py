"""A filter's configuration as the fields of a form, read from its JSON Schema, or as JSON text that is checked."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from wasmnb import redact
from wasmnb.errors import ConfigError, Place

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

__all__ = ["Field", "assembled", "checked", "fields", "parsed", "problems"]

_KINDS = {"string": "text", "integer": "integer", "number": "number", "boolean": "switch"}
_LISTED = ("text", "integer", "number")
_TYPES = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "object": "an object",
    "array": "a list",
    "null": "null",
}
_BOUNDS = {
    "minimum": "be at least {}",
    "maximum": "be at most {}",
    "exclusiveMinimum": "be more than {}",
    "exclusiveMaximum": "be less than {}",
    "minLength": "have at least {} characters",
    "maxLength": "have at most {} characters",
    "minItems": "have at least {} lines",
    "maxItems": "have at most {} lines",
    "pattern": "match {}",
    "const": "be {}",
}
"""How rules with a bound are said (JSON Schema, Validation, section 6)."""


@dataclass(frozen=True)
class Field:
    """One property of a configuration.

    Parameters
    ----------
    name, title, help : str
    kind : str
        ``text``, ``integer``, ``number``, ``switch``, ``choice``, ``list`` of any of the first three, or ``json`` for
        what has no simpler form.
    default : object
        What the schema says; None when it says nothing.
    choices : tuple
    required : bool
    path : tuple of str
        Where it stands in the configuration: the names of the objects around it, and its own.
    items : str
        The kind of what a list holds.
    """

    name: str
    title: str
    help: str = ""
    kind: str = "text"
    default: Any = None
    choices: tuple[Any, ...] = ()
    required: bool = False
    path: tuple[str, ...] = ()
    items: str = ""

    @property
    def secret(self) -> bool:
        """Whether its value is to be kept out of every output."""
        return self.kind == "text" and redact.is_secret(self.name)


def fields(schema: Mapping[str, Any] | None) -> tuple[Field, ...]:
    """Give a field for each property of an object's schema, and of the objects in it; nothing for any other schema."""
    return tuple(_fields(schema or {}, (), "", needed=True))


def _fields(schema: Mapping[str, Any], path: tuple[str, ...], before: str, *, needed: bool) -> Iterator[Field]:
    properties = schema.get("properties")
    required = schema.get("required") or ()
    for name, about in properties.items() if isinstance(properties, dict) else ():
        about_it = about if isinstance(about, dict) else {}
        title = f"{before}{about_it.get('title') or name}"
        wanted = needed and name in required
        if isinstance(about_it.get("properties"), dict) and about_it.get("default") is None:
            yield from _fields(about_it, (*path, name), f"{title}: ", needed=wanted)
        else:
            yield _field(name, title, about_it, (*path, name), wanted)


def _field(name: str, title: str, about: Mapping[str, Any], path: tuple[str, ...], required: bool) -> Field:
    choices = tuple(about.get("enum") or ())
    kind, items = "choice" if choices else _KINDS.get(str(about.get("type")), "json"), ""
    held = about.get("items")
    if about.get("type") == "array" and isinstance(held, dict) and not held.get("enum"):
        items = _KINDS.get(str(held.get("type")), "")
        kind = "list" if items in _LISTED else "json"
    told = str(about.get("description") or "")
    return Field(name, title, told, kind, about.get("default"), choices, required, path, items)


def assembled(values: Iterable[tuple[Field, Any]]) -> dict[str, Any]:
    """Put the values of fields at their places; of what was not said only the objects around it, if required."""
    made: dict[str, Any] = {}
    for field, value in values:
        if value is None and not field.required:
            continue
        at = made
        for name in field.path[:-1]:
            at = at.setdefault(name, {})
        if value is not None:
            at[field.path[-1]] = value
    return made


def parsed(text: str) -> Any:
    """Read JSON text; nothing at all is no configuration.

    Raises
    ------
    ConfigError
        It is not valid JSON; the place is pointed at.
    """
    if not text.strip():
        return None
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        quote = text.splitlines()[error.lineno - 1] if text.splitlines()[error.lineno - 1 :] else ""
        raise ConfigError(
            f"The configuration is not valid JSON: {error.msg[0].lower()}{error.msg[1:]}.",
            where=Place("the configuration", error.lineno, error.colno, quote),
            hint="JSON has double quotes around names and text, and no comma after the last one",
        ) from None


def checked(config: Any, schema: Mapping[str, Any] | None) -> Any:
    """Give a configuration back that its schema allows.

    Raises
    ------
    ConfigError
        It does not; each reason names the property. Or the schema is none.
    """
    if schema is None:
        return config
    found = list(_validator(schema).iter_errors({} if config is None else config))
    if found:
        raise ConfigError(
            "The configuration is not what the filter's schema allows.",
            why=_reasons(found, schema),
            hint="its schema says what it takes: in the filter's folder, beside its file, or in its image",
        )
    return config


def problems(config: Any, schema: Mapping[str, Any] | None) -> dict[tuple[str, ...], str]:
    """Say in words what is wrong, by the place of the field; a value may be a secret, and is not quoted.

    Raises
    ------
    ConfigError
        The schema is none.
    """
    if schema is None:
        return {}
    found: dict[tuple[str, ...], str] = {}
    for one in _validator(schema).iter_errors({} if config is None else config):
        path = tuple(str(step) for step in one.instance_path)
        if one.kind.name == "required":
            path = (*path, one.kind.property)
        found.setdefault(path, in_words(one.kind.name, _ruled(one, schema)))
    return found


def in_words(rule: str, bound: Any) -> str:
    """Say what a rule of a schema asks for."""
    if rule == "required":
        return "It is required."
    if rule == "type":
        kinds = bound if isinstance(bound, list) else [bound]
        return f"It must be {' or '.join(_TYPES.get(str(one), str(one)) for one in kinds)}."
    text = json.dumps(bound, ensure_ascii=False)
    if rule == "enum":
        return f"It must be one of: {text[1:-1]}."
    if rule in _BOUNDS:
        return f"It must {_BOUNDS[rule].format(text.strip(chr(34)))}."
    return f"It does not fit the schema: {rule} must be {text}."


def _validator(schema: Mapping[str, Any]) -> Any:
    import jsonschema_rs  # noqa: PLC0415 - for filters with a schema only

    known = str(schema.get("$schema") or "").startswith(("https://json-schema.org/", "http://json-schema.org/"))
    read = dict(schema) if known else {**schema, "$schema": "https://json-schema.org/draft/2020-12/schema"}
    try:
        # Nothing is fetched for a reference that leads out of the schema.
        return jsonschema_rs.validator_for(read, validate_formats=False, offline=True)
    except ValueError as error:
        raise ConfigError(
            "The filter's schema is not a valid JSON Schema.",
            why=[str(error).partition("\n")[0]],
            hint="correct the schema, or remove it",
        ) from None


def _reasons(problems: Sequence[Any], schema: Mapping[str, Any]) -> list[str]:
    """Name what is wrong by its place and rule: a value may be a secret."""
    lacks: dict[str, list[str]] = {}
    rules = []
    for one in problems:
        place = "$" + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in one.instance_path)
        if one.kind.name == "required":
            lacks.setdefault(place, []).append(one.kind.property)
        else:
            rules.append(f"{place}: {_rule(one, schema)}")
    return sorted([*(f"{place}: lacks {', '.join(names)}" for place, names in lacks.items()), *rules])


def _rule(problem: Any, schema: Any) -> str:
    return f"{problem.kind.name} must be {json.dumps(_ruled(problem, schema), ensure_ascii=False)}"


def _ruled(problem: Any, schema: Any) -> Any:
    """Give what the schema says at the place of the rule that was broken."""
    for step in problem.schema_path:
        schema = schema[step]
    return schema
