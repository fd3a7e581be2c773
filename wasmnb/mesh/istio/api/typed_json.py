"""JSON read into types that name what is wanted of it: what they do not name makes no objects.

Most of what the API server, istiod and Envoy say of a pod is of no use here, and of thousands of pods it is most of
what a look costs. In the agent's image, which has no compiled code, the whole is read, and what is not wanted dropped.
"""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar, get_args, get_origin, get_type_hints, is_typeddict

if TYPE_CHECKING:
    from collections.abc import Callable

try:
    from msgspec import Raw
except ImportError:

    class Raw(bytes):  # type: ignore[no-redef]
        """Nothing is left unread there."""


__all__ = ["Raw", "decoder", "only", "unread"]

_T = TypeVar("_T")


@cache
def decoder(wanted: type[_T]) -> Callable[[bytes | str], _T]:
    """Give what reads JSON as a `TypedDict`, whose values are such types, lists of them, `Raw`, or anything.

    To what is given, a text that is no JSON, or has other values than the type says, is a `ValueError`.
    """
    try:
        import msgspec  # noqa: PLC0415 - for users of a cluster only
    except ImportError:
        return lambda text: only(wanted, json.loads(text))
    return msgspec.json.Decoder(wanted).decode


def only(wanted: Any, value: Any) -> Any:
    """Give of a JSON value what a type names."""
    if value is None:
        return None
    if is_typeddict(wanted):
        return {name: only(kind, value[name]) for name, kind in _fields(wanted).items() if name in value}
    if get_origin(wanted) is list:
        (kind,) = get_args(wanted)
        return [only(kind, one) for one in value]
    own = [kind for kind in get_args(wanted) if kind is not type(None)]
    # Only "or null" is told apart: a mapping of anything is as it is.
    return only(own[0], value) if type(None) in get_args(wanted) and len(own) == 1 else value


def unread(value: Any) -> Any:
    """Read what was left as it came, under the type `Raw`."""
    return json.loads(bytes(value)) if isinstance(value, Raw) else value


@cache
def _fields(wanted: type) -> dict[str, Any]:
    return get_type_hints(wanted)
