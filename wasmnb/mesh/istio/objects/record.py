"""What we keep with an object, as the text of an annotation: each configuration and environment once, by its digest.

Ten versions of a plugin mostly have one configuration between them, which may be large, or hold a secret. Kubernetes
lets all annotations of an object be 256 KiB together; the object itself may be six times as large.
"""

from __future__ import annotations

import base64
import hashlib
import json
import zlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["packed", "unpacked"]

_VALUES, _MEMBERS, _DIGEST = "values", ("config", "env"), "$digest"
_MOST_HISTORY = 10
_MOST_BYTES = 200 * 1024
_PLAIN = 4096  # bytes up to which a person may read it with kubectl


def packed(record: Mapping[str, Any]) -> str:
    """Write a record down.

    What does not fit is left out, the oldest versions first. The configuration of the present one, which is in the
    object as well, is then read there.
    """
    present = record.get("plugin") or {}
    values: dict[str, Any] = {}
    plugin, own = _by_digest(present)
    if _size(own) <= _MOST_BYTES:
        values |= own
    history: list[Any] = []
    for one in list(record.get("history") or ())[:_MOST_HISTORY]:
        entry, more = _by_digest(one)
        new = {digest: value for digest, value in more.items() if digest not in own}
        if _size({**values, **new}) + sum(len(_json(other)) for other in history) > _MOST_BYTES:
            break
        values |= new
        history.append(entry)
    return _json({**record, "plugin": plugin, "history": history, _VALUES: _encoded(values)})


def unpacked(text: str, there: Iterable[Any] = ()) -> dict[str, Any]:
    """Read a record; empty when it is none.

    Parameters
    ----------
    text : str
    there : iterable
        Configurations that the object has itself, in any of their forms.
    """
    try:
        record = json.loads(text)
    except ValueError:
        return {}
    if not isinstance(record, dict):
        return {}
    if _VALUES not in record:
        return record
    values = {**{_digest(one): one for one in there}, **_decoded(record.pop(_VALUES))}
    record["plugin"] = _whole(record.get("plugin") or {}, values)
    # A version whose configuration is lost cannot be put back.
    past = [one for one in record.get("history") or () if all(_known(one.get(name), values) for name in _MEMBERS)]
    record["history"] = [_whole(one, values) for one in past]
    return record


def _by_digest(plugin: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    values = {_digest(plugin[name]): plugin[name] for name in _MEMBERS if plugin.get(name)}
    return {**plugin, **{name: {_DIGEST: _digest(plugin[name])} for name in _MEMBERS if plugin.get(name)}}, values


def _whole(plugin: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    named = {name: plugin[name] for name in _MEMBERS if isinstance(plugin.get(name), dict) and _DIGEST in plugin[name]}
    return {**plugin, **{name: values.get(one[_DIGEST]) for name, one in named.items()}}


def _known(value: Any, values: Mapping[str, Any]) -> bool:
    return not isinstance(value, dict) or _DIGEST not in value or value[_DIGEST] in values


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def _encoded(values: Mapping[str, Any]) -> Any:
    text = _json(values).encode()
    return dict(values) if len(text) <= _PLAIN else base64.b64encode(zlib.compress(text)).decode()


def _decoded(values: Any) -> dict[str, Any]:
    found = json.loads(zlib.decompress(base64.b64decode(values))) if isinstance(values, str) else values
    return dict(found)


def _size(values: Mapping[str, Any]) -> int:
    return len(_json(_encoded(values)).encode())


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
