"""JSON read into types that name what is wanted of it: what they do not name makes no objects.

Most of what the API server, istiod and Envoy say of a pod is of no use here, and of thousands of pods it is most of
what a look costs. In the agent's image, which has no compiled code, the whole is read, and what is not wanted dropped.
"""

from __future__ import annotations

import json
import types
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar, Union, get_args, get_origin, get_type_hints, is_typeddict

if TYPE_CHECKING:
    from collections.abc import Callable

try:
    from msgspec import Raw
except ImportError:

    class Raw(bytes):  # type: ignore[no-redef]
        """Nothing is left unread there."""


__all__ = ["Raw", "decoder", "only", "unread"]

_T = TypeVar("_T")
_UNIONS = (Union, types.UnionType)
_MISSING = object()
"""What is not as its type says."""


@cache
def decoder(wanted: type[_T]) -> Callable[[bytes | str], _T]:
    """Give what reads JSON as a `TypedDict`, whose values are such types, lists of them, `Raw`, or anything.

    A value of another kind than its type says counts as missing, and so does null where nothing says that it may be:
    what reads JSON in Go takes it so. To what is given, a text that is no JSON, or another kind of value, is a
    `ValueError`.
    """
    try:
        import msgspec  # noqa: PLC0415 - for users of a cluster only
    except ImportError:
        return lambda text: _checked(wanted, json.loads(text))
    fast = msgspec.json.Decoder(wanted).decode

    def read(text: bytes | str) -> _T:
        try:
            return fast(text)
        except msgspec.ValidationError:
            return _checked(wanted, json.loads(text))

    return read


def _checked(wanted: type[_T], value: Any) -> _T:
    found: _T = only(wanted, value)
    if found is _MISSING:
        raise ValueError(f"it is no {get_origin(wanted) or wanted}, but {type(value).__name__}")
    return found


def only(wanted: Any, value: Any) -> Any:
    """Give of a JSON value what a type names."""
    allowed = get_args(wanted) if get_origin(wanted) in _UNIONS else (wanted,)
    if value is None and type(None) in allowed:
        return None
    # Only "or null" is told apart.
    (kind,) = (one for one in allowed if one is not type(None))
    if is_typeddict(kind) and isinstance(value, dict):
        return _there({name: only(one, value[name]) for name, one in _fields(kind).items() if name in value})
    inner = get_args(kind)
    if get_origin(kind) is list and isinstance(value, list):
        return [one for one in (only(inner[0], one) for one in value) if one is not _MISSING]
    if get_origin(kind) is dict and isinstance(value, dict):
        return _there({name: only(inner[1], one) for name, one in value.items()})
    return _plain(kind, value)


def _plain(kind: Any, value: Any) -> Any:
    """Give a value that is not taken apart: a number may stand for text, and text for a number."""
    if kind is str and isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    if kind is int and isinstance(value, float | str):
        return _number(value)
    fits = kind in (Any, Raw) or (isinstance(kind, type) and not is_typeddict(kind) and isinstance(value, kind))
    return value if fits else _MISSING


def _there(found: dict[str, Any]) -> dict[str, Any]:
    return {name: one for name, one in found.items() if one is not _MISSING}


def _number(value: float | str) -> Any:
    try:
        return int(value)
    except (ValueError, OverflowError):
        return _MISSING


def unread(value: Any) -> Any:
    """Read what was left as it came, under the type `Raw`."""
    return json.loads(bytes(value)) if isinstance(value, Raw) else value


@cache
def _fields(wanted: type) -> dict[str, Any]:
    return get_type_hints(wanted)
