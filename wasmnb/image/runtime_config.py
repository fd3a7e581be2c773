"""The ``runtime-config.json`` of an image: what kind of host, which ABI, which root ids.

Form: the Wasm artifact image specification v0.0.0 as its own tools read it, ``{"type": "envoy_proxy", "abiVersions":
[...], "config": {"rootIds": [...]}}``; the specification's text also prints ``abi_versions`` and ``root_ids``, which
are taken too. Those tools refuse any other field.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wasmnb.errors import ConfigError, Place, did_you_mean
from wasmnb.image.manifest import is_text
from wasmnb.wording import RELATIVE, joined

if TYPE_CHECKING:
    from wasmnb.module.facts import ModuleFacts

__all__ = ["agreed", "canonical", "schema_text", "without_stale_abi"]

_TYPE = "envoy_proxy"
_MAX_SCHEMA = 64 * 1024
_MAX_FILE = 1024 * 1024
_FIELDS = {"type": "type", "abiVersions": "abiVersions", "abi_versions": "abiVersions", "config": "config"}
_CONFIG_FIELDS = {"rootIds": "rootIds", "root_ids": "rootIds"}
_NUMBERED = re.compile(r"v?(\d+\.\d+\.\d+)")


def canonical(value: object) -> bytes:
    """Give the one form of a JSON value: sorted keys, no spaces, UTF-8."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def agreed(source: Mapping[str, Any] | str | Path | None, facts: ModuleFacts) -> dict[str, Any]:
    """Give an image's runtime configuration, read from the module or given by the user.

    Parameters
    ----------
    source : mapping, str, pathlib.Path or None
        The configuration, or the path of a JSON file; None takes everything from the module.
    facts : ModuleFacts
        What the module says itself.

    Raises
    ------
    ConfigError
        The file cannot be read, has not this form, or contradicts the module.
    """
    own_abi = [f"v{facts.abi}"] if facts.abi else []
    if source is None:
        return {"type": _TYPE, "abiVersions": own_abi, "config": {"rootIds": list(facts.root_ids or ())}}
    where = "runtime configuration" if isinstance(source, Mapping) else str(source)
    raw = dict(source) if isinstance(source, Mapping) else _object(_read(Path(source)), where)
    fields = _renamed(raw, _FIELDS, where)
    if fields.get("type", _TYPE) != _TYPE:
        raise _wrong(where, f"its type is {fields['type']!r}", f"the type of a Proxy-Wasm filter is {_TYPE!r}")
    config = fields.get("config") or {}
    if not isinstance(config, Mapping):
        raise _wrong(where, "its config is not an object", 'write "config": {"rootIds": ["..."]}')
    abi = _texts(fields.get("abiVersions"), "abiVersions", where) or own_abi
    given_ids = _renamed(config, _CONFIG_FIELDS, where).get("rootIds")
    root_ids = list(facts.root_ids or ()) if given_ids is None else _texts(given_ids, "rootIds", where)
    _agree(where, abi, root_ids, facts)
    return {"type": _TYPE, "abiVersions": abi, "config": {"rootIds": root_ids}}


def without_stale_abi(path: Path, facts: ModuleFacts) -> tuple[dict[str, Any], str]:
    """Read a file that lies beside a filter's sources, and may have been written for an older build of it.

    Returns
    -------
    dict, str
        The configuration without ABI versions that the module contradicts, and what is wrong with them.
    """
    raw = _object(_read(path), str(path))
    stale = [key for key in ("abiVersions", "abi_versions") if _denied(raw.get(key), facts)]
    if not stale:
        return raw, ""
    listed = ", ".join(map(str, raw.pop(stale[0])))
    return raw, f"{path.name} lists the ABI {listed}, and the module has v{facts.abi}: the image says that"


def schema_text(schema: Mapping[str, Any] | str) -> str:
    """Give a configuration schema in the one form in which an image carries it.

    Parameters
    ----------
    schema : mapping or str
        A JSON Schema, or its text.

    Raises
    ------
    ConfigError
        It is not a JSON object, or larger than 64 KiB.
    """
    where = "the configuration schema"
    value = _object(schema, where) if isinstance(schema, str) else dict(schema)
    try:
        text = canonical(value)
    except (TypeError, ValueError, RecursionError) as error:
        raise _wrong(where, f"it is not valid JSON: {error}", "use only strings, numbers, lists and objects") from error
    if len(text) > _MAX_SCHEMA:
        raise _wrong(where, f"it has {len(text):,} bytes", f"an image carries at most {_MAX_SCHEMA:,}")
    return text.decode()


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(_MAX_FILE + 1)
    except OSError as error:
        hint = joined("give the path of a runtime-config.json", RELATIVE)
        raise ConfigError(f"{path} cannot be read.", why=[error.strerror or str(error)], hint=hint) from error
    if len(data) > _MAX_FILE:
        raise _wrong(str(path), f"it has more than {_MAX_FILE:,} bytes", "give the path of a runtime-config.json")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _wrong(str(path), "it is not UTF-8 text", "save it as UTF-8") from error


def _parsed(text: str, where: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        quote = (text.splitlines() or [""])[min(error.lineno, len(text.splitlines()) or 1) - 1]
        place = Place(where, error.lineno, error.colno, quote)
        raise ConfigError(
            f"{where} is not valid JSON: {error.msg}.", where=place, hint="correct it at the mark"
        ) from error
    except RecursionError as error:
        raise _wrong(where, "it is nested too deeply", "use fewer levels") from error


def _object(text: str, where: str) -> dict[str, Any]:
    value = _parsed(text, where)
    if not isinstance(value, dict):
        raise _wrong(where, "it is not a JSON object", 'start it with "{"')
    return value


def _renamed(raw: Mapping[str, Any], fields: Mapping[str, str], where: str) -> dict[str, Any]:
    for key in raw:
        if key not in fields:
            known = ", ".join(sorted(set(fields.values())))
            raise _wrong(where, f"it has a field {key!r}", did_you_mean(str(key), fields) or f"its fields are {known}")
    renamed = {fields[key]: value for key, value in raw.items()}
    if len(renamed) < len(raw):
        raise _wrong(where, "it has one field in two spellings", "leave one of them out")
    return renamed


def _texts(value: Any, field: str, where: str) -> list[str]:
    if value is None:
        return []
    if not isinstance(value, (list, tuple)) or not all(map(is_text, value)):
        raise _wrong(where, f"its {field} are not a list of strings", f'write "{field}": ["..."]')
    return list(value)


def _denied(abi: Any, facts: ModuleFacts) -> bool:
    """Tell whether ABI names exclude the module's; those that are hashes of old commits cannot be compared."""
    names = abi if isinstance(abi, list | tuple) else ()
    numbers = [match[1] for match in (_NUMBERED.fullmatch(str(name)) for name in names) if match]
    return bool(facts.abi and numbers and facts.abi not in numbers)


def _agree(where: str, abi: list[str], root_ids: list[str], facts: ModuleFacts) -> None:
    """Refuse what the module itself denies."""
    if _denied(abi, facts):
        raise _wrong(where, f"its abiVersions are {', '.join(abi)}", f"the module says v{facts.abi}: write that")
    if facts.root_ids is not None:
        for root_id in root_ids:
            if root_id not in facts.root_ids:
                known = ", ".join(map(repr, facts.root_ids)) or "none"
                raise _wrong(where, f"it names the root id {root_id!r}", f"the module registers {known}")


def _wrong(where: str, why: str, hint: str) -> ConfigError:
    return ConfigError(f"{where} does not fit the image: {why}.", hint=hint)
