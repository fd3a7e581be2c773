"""A filter's configuration as the fields of a form, read from its JSON Schema, or as JSON text that is checked."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from wasmnb.errors import ConfigError, Place

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Field", "checked", "fields", "parsed"]

_KINDS = {"string": "text", "integer": "integer", "number": "number", "boolean": "switch"}


@dataclass(frozen=True)
class Field:
    """One property of a configuration.

    Parameters
    ----------
    name, title, help : str
    kind : str
        ``text``, ``integer``, ``number``, ``switch``, ``choice``, or ``json`` for what has no simpler form.
    default : object
        What the schema says; None when it says nothing.
    choices : tuple
    required : bool
    """

    name: str
    title: str
    help: str = ""
    kind: str = "text"
    default: Any = None
    choices: tuple[Any, ...] = ()
    required: bool = False


def fields(schema: Mapping[str, Any] | None) -> tuple[Field, ...]:
    """Give a field for each property of an object's schema; nothing for any other schema (JSON Schema, Validation)."""
    properties = (schema or {}).get("properties")
    if not isinstance(properties, dict):
        return ()
    required = (schema or {}).get("required") or ()
    return tuple(_field(name, about, name in required) for name, about in properties.items())


def _field(name: str, about: Any, required: bool) -> Field:
    about = about if isinstance(about, dict) else {}
    choices = tuple(about.get("enum") or ())
    kind = "choice" if choices else _KINDS.get(str(about.get("type")), "json")
    title, told = str(about.get("title") or name), str(about.get("description") or "")
    return Field(name, title, told, kind, about.get("default"), choices, required)


def parsed(text: str) -> Any:
    """Read JSON text; nothing at all is no configuration.

    Raises
    ------
    ConfigError
        It is no JSON; the place is pointed at.
    """
    if not text.strip():
        return None
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        quote = text.splitlines()[error.lineno - 1] if text.splitlines()[error.lineno - 1 :] else ""
        raise ConfigError(
            f"The configuration is no JSON: {error.msg[0].lower()}{error.msg[1:]}.",
            where=Place("the configuration", error.lineno, error.colno, quote),
            hint="JSON has double quotes around names and text, and no comma behind the last one",
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
    problems = list(_validator(schema).iter_errors({} if config is None else config))
    if problems:
        raise ConfigError(
            "The configuration is not what the filter's schema allows.",
            why=_reasons(problems, schema),
            hint="the schema beside the filter says what it takes",
        )
    return config


def _validator(schema: Mapping[str, Any]) -> Any:
    import jsonschema_rs  # noqa: PLC0415 - for filters with a schema only

    known = str(schema.get("$schema") or "").startswith(("https://json-schema.org/", "http://json-schema.org/"))
    read = dict(schema) if known else {**schema, "$schema": "https://json-schema.org/draft/2020-12/schema"}
    try:
        # Nothing is fetched for a reference that leads out of the schema.
        return jsonschema_rs.validator_for(read, validate_formats=False, offline=True)
    except ValueError as error:
        raise ConfigError(
            "What lies beside the filter is no JSON Schema.",
            why=[str(error).partition("\n")[0]],
            hint="mend the schema, or take it away",
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
    for step in problem.schema_path:
        schema = schema[step]
    return f"{problem.kind.name} must be {json.dumps(schema, ensure_ascii=False)}"
