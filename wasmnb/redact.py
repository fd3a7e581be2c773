"""Where secrets are taken out of what is shown: one place for configurations, addresses and free text.

`wasmnb.traffic.masking` does the same for headers and bodies.
"""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, unquote_plus

if TYPE_CHECKING:
    from wasmnb.errors import Explained, Place

__all__ = [
    "MASK",
    "config",
    "error",
    "is_secret",
    "place",
    "secrets_in",
    "secrets_in_url",
    "short_secrets_in",
    "text",
    "under_keys",
    "url",
]

MASK = "***"

_SECRET_WORDS = frozenset({"password", "passwd", "passphrase", "pwd", "token", "jwt", "secret", "secrets"}) | frozenset(
    {"authorization", "apikey", "credential", "credentials", "cookie"}
)
_SECRET_PAIRS = frozenset({("api", "key"), ("private", "key"), ("access", "key"), ("auth", "key"), ("signing", "key")})
# The words of a key: ``clientSecret``, ``client_secret`` and ``client-secret`` are the same two.
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
# ``key: value`` in text that need not be JSON (it may be what is wrong with it): the value, quoted or bare, to the end
# when its quote is never closed.
_PAIR = re.compile(
    r"""["']?(?<![\w.-])(?P<key>[A-Za-z_][\w.-]*)["']?\s*[:=]\s*"""
    r"""(?P<value>"(?:[^"\\]|\\.)*(?:"|$)|'(?:[^'\\]|\\.)*(?:'|$)|(?:(?:Basic|Bearer)\s+)?[^\s,;&}\]"'{\[]+)""",
    re.IGNORECASE,
)
_QUERY = re.compile(r"([?&])([^=&#\s]+)=([^&#\s]*)")
_CREDENTIALS = re.compile(r"(?:(?<=^)|(?<=//))[^/@\s]+(?=@)")
# Elements of a list in YAML, one a line, perhaps of a comparison.
_ELEMENTS = re.compile(r"[^\n]*(?:\n[+-]? *- [^\n]*)*")
_ESCAPES = re.compile(r"[\\%&+']")
_ESCAPE = r"\\(?:\\){0,14}"  # of three levels of JSON within JSON
# The same behind backslashes of the value, which take those of the escape, too: shared out, they had many ways.
_ESCAPE_BEHIND = rf"(?:(?<=\\)|(?<!\\){_ESCAPE})"
_FOLDS = re.compile(r"[ \n]")
_PARTS = re.compile(r"\\+(?![ \n\\])|[ \n]*\\[\\ \n]*|[ \n]+|[^\\ \n]+")
# JSON's, and those of YAML.
_NAMED = {"\n": "n", "\t": "t", "\r": "r", "\b": "b", "\f": "f", "\0": "0", "\a": "a", "\v": "v", "\x1b": "e"}
_NAMED |= {"\x85": "N", "\xa0": "_", "\u2028": "L", "\u2029": "P"}
_FOLDED = r"\n[+\-]? *(?! )"  # the end of a line in YAML, perhaps in a comparison, with all of the indentation
_IN_BASE64 = 8  # characters of it; fewer may be there by chance
_LONG = 512
"""Characters of a value from which on nobody is expected to write letters and digits as escapes: it takes time."""
_SHORTEST = 4  # a shorter value is a word of the language as often as it is the secret


def is_secret(key: str) -> bool:
    """Say whether a value under this key is to be kept out of every output."""
    words = [word.lower() for word in _WORD.findall(key)]
    return any(word in _SECRET_WORDS for word in words) or any(pair in _SECRET_PAIRS for pair in pairwise(words))


def config(value: Any) -> Any:
    """Give a configuration (JSON value or JSON text) with its secret values masked."""
    if isinstance(value, Mapping):
        return {key: MASK if is_secret(str(key)) else config(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [config(item) for item in value]
    if isinstance(value, str):
        try:
            parsed = json.loads(value)
        except ValueError:
            return _pairs(value)
        if isinstance(parsed, dict | list):
            return value if config(parsed) == parsed else json.dumps(config(parsed), ensure_ascii=False)
    return value


def secrets_in(value: Any) -> set[str]:
    """List the strings of a configuration that stand under a secret key, to be masked wherever they turn up."""
    return {found for _, found in _secrets(value) if len(found) >= _SHORTEST}


def short_secrets_in(value: Any) -> set[tuple[str, str]]:
    """List the secrets of a configuration that are too short to be masked wherever they turn up, with their keys."""
    return {(key, found) for key, found in _secrets(value) if 0 < len(found) < _SHORTEST}


def under_keys(words: str, secrets: Iterable[tuple[str, str]]) -> str:
    """Give text with these values masked where they stand behind their keys, alone or in a list.

    That is in JSON, JSON within JSON, YAML, or ``key=value``.
    """
    for key, value in secrets:
        before = rf"""(?<![\w.-]){re.escape(key)}(?:\\*["'])?\s*[:=]\s*(?:\\*["'])?"""
        words = re.sub(rf"({before}){_alone(value)}", rf"\g<1>{MASK}", words)
        for found in reversed([*re.finditer(rf"{before}\+? *(?=\[|- )", words)]):
            end = _end_of_list(words, found.end())
            masked = re.sub(rf"""(?<![^\s,\["'\\]){_alone(value)}""", MASK, words[found.end() : end])
            words = words[: found.end()] + masked + words[end:]
    return words


def _alone(value: str) -> str:
    return rf"""{_written(value).pattern}(?![^\s,;&}}\]"'\\])"""


@lru_cache(maxsize=1024)
def _written(value: str) -> re.Pattern[str]:
    """Find a value as JSON, JSON within JSON, YAML, a log, an address or HTML may write it: each writer has its way.

    Go writes ``&`` as an escape in JSON, Envoy what is no ASCII as octal bytes, and others a slash with a backslash.
    """
    long = len(value) > _LONG
    found: list[str] = []
    escape = _ESCAPE
    for part in _PARTS.findall(value):
        if part[0] == "\\" and not part.strip("\\"):
            found.append(_backslashes(part, begins=not found))
        elif "\\" in part:
            found.append(_backslashes_and_blanks(part))
        elif part[0] in " \n":
            found.append(_blanks(part, escape))
        else:
            escapes = [escape, *(len(part) - 1) * [_ESCAPE]]
            plain = (long and one.isalnum() and one.isascii() for one in part)
            found += [one if so else _character(one, by) for one, by, so in zip(part, escapes, plain, strict=True)]
        escape = _ESCAPE_BEHIND if "\\" in part else _ESCAPE
    return re.compile("".join(found))


def _backslashes(run: str, *, begins: bool) -> str:
    """Find what is backslashes alone, of which each level of JSON makes twice as many: with all that stand there."""
    first = r"(?<!\\)" if begins else ""
    return rf"(?:{first}\\{{{len(run)},}}(?!\\)|(?:{'|'.join(_escaped(run[0]))}){{{len(run)}}})"


def _backslashes_and_blanks(run: str) -> str:
    """Find a run of both, by how many there are: a blank behind a backslash may be an escape of the blank."""
    ways = [r"\\", _FOLDED, " ", r"(?<!\n)\+", r"(?<=\\)n"]
    ways += [way for one in sorted(set(run)) for way in _escaped(one, r"(?<=\\)")]
    backslashes = run.count("\\")
    return rf"(?:{'|'.join(ways)}){{{backslashes + 1},{16 * len(run)}}}(?!\\)"


def _blanks(run: str, escape: str = _ESCAPE) -> str:
    """Find what is blanks and ends of lines alone, which YAML folds: as one, or nobody could say which is which."""
    # No two of them match the same: what has n blanks would else be tried in 2 ** n ways.
    ways = [rf"\\?{_FOLDED}(?:\\ )?"]
    for one in sorted(set(run)):
        ways += [" ", r"(?<!\n)\+"] if one == " " else [rf"{escape}{_NAMED[one]}"]
        ways += [_behind_one(escape) + re.escape(one), *_escaped(one, escape)]
    most = len(run) + run.count("\n") + 1  # YAML has one more where it folds
    return f"(?:{'|'.join(ways)}){{1,{most}}}"


def _character(one: str, escape: str = _ESCAPE) -> str:
    # Each begins with a character that is no pattern, by which `re` looks for the first of a value ten times as fast.
    ways = [re.escape(one), _behind_one(escape) + re.escape(one), *_escaped(one, escape)]
    if one in _NAMED:
        ways.append(rf"{escape}{_NAMED[one]}")
    if (entity := html.escape(one)) != one:
        ways.append(entity)
    if one == "'":
        ways.insert(0, "''")
    return f"(?:{'|'.join(ways)})"


def _behind_one(escape: str) -> str:
    """Give the escape before a character that also stands as it is: not none, or it would match in two ways."""
    return rf"(?<!\\){_ESCAPE}" if escape == _ESCAPE_BEHIND else escape


def _escaped(one: str, escape: str = _ESCAPE) -> Iterator[str]:
    """Give the escapes that any character may have."""
    number, units = ord(one), one.encode("utf-16-be", "surrogatepass")
    data = one.encode("utf-8", "surrogatepass")
    yield "".join(rf"{_ESCAPE if at else escape}u(?i:{units[at : at + 2].hex()})" for at in range(0, len(units), 2))
    yield rf"{escape}U(?i:{number:08x})"
    yield "".join(rf"{_ESCAPE if at else escape}x(?i:{byte:02x})" for at, byte in enumerate(data))
    yield "".join(rf"{_ESCAPE if at else escape}{byte:03o}" for at, byte in enumerate(data))
    yield "".join(rf"%(?:25)*(?i:{byte:02x})" for byte in data)
    yield rf"&\#(?:0*{number}|[xX]0*(?i:{number:x}));"
    if number <= 0xFF:  # noqa: PLR2004 - a character that has such an escape
        yield rf"{escape}x(?i:{number:02x})"


@lru_cache(maxsize=1024)
def _in_base64(value: str) -> tuple[str, ...]:
    """Give what base64 makes of a value wherever it stands in what is encoded: three ways, without the ends."""
    data, found = value.encode("utf-8", "surrogatepass"), []
    for before in range(3):
        encoded = base64.b64encode(bytes(before) + data).decode()
        # A character holds six bits: the first and the last may hold some of what stands beside.
        first, last = -(-before * 8 // 6), (before + len(data)) * 8 // 6
        found += [encoded[first:last], encoded[first:last].replace("+", "-").replace("/", "_")]
    return tuple(dict.fromkeys(one for one in found if len(one) >= _IN_BASE64))


def _end_of_list(words: str, start: int) -> int:
    """Say where a list ends: at the bracket that closes it, or before the first line that is no element."""
    if words[start] != "[":
        elements = _ELEMENTS.match(words, start)
        return elements.end() if elements else start
    depth = 0
    for at in range(start, len(words)):
        depth += {"[": 1, "]": -1}.get(words[at], 0)
        if not depth:
            return at
    return len(words)


def url(address: str) -> str:
    """Give ``host:port/path`` without a password before the host and without secret query values."""
    address = _CREDENTIALS.sub(MASK, address)
    return _QUERY.sub(lambda found: f"{found[1]}{found[2]}={MASK}" if is_secret(found[2]) else found[0], address)


def secrets_in_url(address: str) -> set[str]:
    """List the secret query values of an address, and the credentials before its host."""
    found = {value for _, key, value in _QUERY.findall(address) if is_secret(key)}
    found.update(_CREDENTIALS.findall(address))
    # Who gets such an address decodes it.
    found.update([read(one) for one in found for read in (unquote, unquote_plus)])
    return {value for value in found if len(value) >= _SHORTEST}


def text(words: str, secrets: Iterable[str] = ()) -> str:
    """Give free text with these strings masked, longest first, however they are written in it."""
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        words = words.replace(secret, MASK)
        if _ESCAPES.search(words) or (_FOLDS.search(secret) and "\n" in words):
            words = _written(secret).sub(MASK, words)
        for encoded in _in_base64(secret):
            words = words.replace(encoded, MASK)
    return words


def place(where: Place) -> Place:
    """Give a place in a command or a configuration: its quote masked, its column still at the same character."""
    quote, column = where.quote, where.column
    for start, end, *_ in sorted(_spans(quote), reverse=True):
        if column - 1 >= end:
            column += len(MASK) - (end - start)
        elif column - 1 > start:
            column = start + 1
        quote = quote[:start] + MASK + quote[end:]
    return replace(where, quote=quote, column=column)


def error(raised: Explained, secrets: Iterable[str]) -> None:
    """Mask these strings in every part of a message, in place.

    Only what is known to be a secret: a compiler's quote of ``token = next();`` must stay readable.
    """
    known = tuple(secrets)
    raised.change(lambda words: text(words, known))


def _secrets(value: Any) -> Iterator[tuple[str, str]]:
    """Give the values of a configuration under secret keys, each with the key that stands before it."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            yield from ((key, found) for _, _, key, found in _spans(value))
            return
    yield from _below("", value)


def _below(key: str, value: Any) -> Iterator[tuple[str, str]]:
    """Give the values below a key, which is empty where it is none of a secret; a list's elements have the list's."""
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield from _below(str(name) if key or is_secret(str(name)) else "", item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _below(key, item)
    elif key and value is not None and not isinstance(value, bool):
        yield key, str(value)


def _spans(words: str) -> Iterator[tuple[int, int, str, str]]:
    """Find secret values in text that may be no JSON: start, end, the key, and the value without its quotes."""
    for found in _PAIR.finditer(words):
        if is_secret(found["key"]):
            yield *found.span("value"), found["key"], found["value"].strip("\"'")


def _pairs(words: str) -> str:
    for start, end, *_ in sorted(_spans(words), reverse=True):
        words = words[:start] + MASK + words[end:]
    return words
