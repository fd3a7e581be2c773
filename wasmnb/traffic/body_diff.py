"""Two bodies of JSON, value by value: what was added, changed and removed, by its path."""

from __future__ import annotations

import json
from difflib import SequenceMatcher
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from wasmnb import redact
from wasmnb.traffic.header_diff import Row

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wasmnb.traffic.exchange import Exchange

__all__ = ["body_rows"]

_MOST_BYTES = 100_000
_MOST_ITEMS = 200  # of a list; the time it takes to pair them grows with the square
_MISSING = object()


def body_rows(before: Exchange, after: Exchange) -> list[Row] | None:
    """Compare the bodies of two responses as JSON.

    Returns
    -------
    list of Row or None
        A row per value that is another, with its path as name (``reviews[0].stars``), values written as JSON, those
        of secret keys masked. Empty where only the writing differs. None where the bodies are the same, are not both
        objects or arrays, or are too large to compare.
    """
    old, new = before.response.body, after.response.body
    if old == new or max(len(old), len(new)) > _MOST_BYTES:
        return None
    try:
        was, now = json.loads(old), json.loads(new)
        if not (isinstance(was, dict | list) and isinstance(now, dict | list)):
            return None
        return list(_compared("", was, now, secret=False))
    except (ValueError, RecursionError):
        return None


def _compared(path: str, was: Any, now: Any, *, secret: bool) -> Iterator[Row]:
    if isinstance(was, dict) and isinstance(now, dict):
        for key in dict.fromkeys([*was, *now]):
            hidden = secret or redact.is_secret(key)
            yield from _compared(_member(path, key), was.get(key, _MISSING), now.get(key, _MISSING), secret=hidden)
    elif isinstance(was, list) and isinstance(now, list):
        yield from _items(path, was, now, secret=secret)
    elif was is _MISSING or now is _MISSING or _written(was) != _written(now):
        yield _row(path or "all of it", was, now, secret=secret)


def _items(path: str, was: list[Any], now: list[Any], *, secret: bool) -> Iterator[Row]:
    """Compare lists: what is equal is paired first, so that an item more in front changes no others."""
    steps = [("replace", 0, len(was), 0, len(now))]
    if max(len(was), len(now)) <= _MOST_ITEMS:
        written = ([_written(one) for one in was], [_written(one) for one in now])
        steps = list(SequenceMatcher(None, *written, autojunk=False).get_opcodes())
    for step, old, old_end, new, new_end in steps:
        if step == "equal":
            continue
        pairs = zip_longest(range(old, old_end), range(new, new_end))
        for there, here in pairs:
            place = f"{path}[{there if here is None else here}]"
            item = _MISSING if there is None else was[there]
            other = _MISSING if here is None else now[here]
            yield from _compared(place, item, other, secret=secret)


def _member(path: str, key: str) -> str:
    if not key.isidentifier() and not key.replace("-", "_").isidentifier():
        return f"{path}[{json.dumps(key, ensure_ascii=False)}]"
    return f"{path}.{key}" if path else key


def _row(path: str, was: Any, now: Any, *, secret: bool) -> Row:
    before, after = _shown(was, secret=secret), _shown(now, secret=secret)
    if before is not None and before == after:
        after += " (another value)"
    return Row(path, before, after, "added" if before is None else "removed" if after is None else "changed")


def _shown(value: Any, *, secret: bool) -> str | None:
    if value is _MISSING:
        return None
    return redact.MASK if secret else json.dumps(redact.config(value), ensure_ascii=False)


def _written(value: Any) -> str:
    """Give what is equal for equal JSON alone: in Python 1, 1.0 and true are equal."""
    return json.dumps(value, sort_keys=True)
