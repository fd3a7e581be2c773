"""What a user writes in one word, read: configurations, flags, headers, bodies."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

from wasmnb import redact
from wasmnb.errors import ConfigError, Place, UsageError
from wasmnb.wording import Option, Wording

__all__ = ["body", "configuration", "flags", "header_lines", "text_of"]

_TOKEN = re.compile(r"[^\s:\x00-\x1f\x7f]+")


def flags(
    given: Sequence[str], *, include: Sequence[str], libraries: Sequence[str], define: Sequence[str], std: str | None
) -> tuple[str, ...]:
    """Give the compiler flags that several options stand for."""
    standard = () if std is None else (f"-std={std}",)
    folders = (*(f"-I{folder}" for folder in include), *(f"--with={folder}" for folder in libraries))
    return (*given, *folders, *(f"-D{macro}" for macro in define), *standard)


def configuration(value: object) -> str | dict[str, Any] | None:
    """Read a filter's configuration.

    Parameters
    ----------
    value : str, mapping or None
        JSON text, ``@file``, any other text (handed over as it is), or a mapping.

    Raises
    ------
    ConfigError
        The text begins like JSON but is none (the column is pointed at), the file cannot be read, or a mapping holds
        what JSON has no word for.
    """
    if value is None:
        return None
    if isinstance(value, Mapping):
        try:
            json.dumps(value, allow_nan=False)
        except (TypeError, ValueError) as error:
            raise ConfigError(
                "The configuration cannot be written as JSON.",
                why=[str(error)],
                hint="use only text, numbers, true and false, None, lists and dictionaries",
            ) from None
        return dict(value)
    if not isinstance(value, str):
        raise ConfigError(
            f"A configuration is text or a dictionary, not {type(value).__name__}.", hint="give a dict or JSON text"
        )
    if value.startswith("@"):
        return _checked(_file(value[1:]), value[1:])
    return _checked(value, Option("config"))


def header_lines(value: object) -> list[tuple[str, str]]:
    """Read request headers: ``name: value`` lines, pairs, or a mapping.

    Raises
    ------
    UsageError
        A line has no colon, or the name cannot stand in a request.
    """
    if value is None:
        return []
    if isinstance(value, str):
        value = [value]
    pairs: Iterable[Any] = value.items() if isinstance(value, Mapping) else value if isinstance(value, Sequence) else ()
    lines = []
    for item in pairs:
        name, colon, content = item.partition(":") if isinstance(item, str) else (str(item[0]), ":", str(item[1]))
        if not colon or not _TOKEN.fullmatch(name) or re.search(r"[\r\n\0]", content):
            raise UsageError(
                f"{name!r} is not a request header." if colon else "a request header needs a name and a value.",
                where=redact.place(Place(Option("header"), quote=item if isinstance(item, str) else name)),
                hint=Wording("write {} 'name: value'", Option("header"), python="write 'name: value'"),
            )
        lines.append((name, content.strip()))
    return lines


def body(value: str | bytes | None) -> bytes:
    """Read a request body: text, bytes, or ``@file``."""
    if value is None:
        return b""
    if isinstance(value, bytes):
        return value
    return _bytes(value[1:]) if value.startswith("@") else value.encode()


def text_of(path: str | Path) -> str:
    """Read a text file.

    Raises
    ------
    ConfigError
        It cannot be read, or is not UTF-8 text.
    """
    return _file(str(path))


def _checked(text: str, name: str | Option) -> str:
    """Give the text back, unless it wants to be JSON and is none."""
    if not text.lstrip().startswith(("{", "[")):
        return text
    try:
        json.loads(text, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        quote = (text.splitlines() or [""])[error.lineno - 1 :][:1]
        single = "'" in text and '"' not in text
        raise ConfigError(
            f"The configuration is not valid JSON: {error.msg[0].lower()}{error.msg[1:]}.",
            where=redact.place(Place(name, error.lineno, error.colno, quote[0] if quote else "")),
            hint='JSON wants double quotes: \'{"name": "value"}\''
            if single or re.match(r"\s*\{\w", text)
            else Wording(
                "check the text at the caret; around JSON on a magic's line stand single quotes",
                terminal="check the text at the caret; around JSON on a line stand single quotes",
            ),
        ) from None
    except ValueError as error:
        raise ConfigError(
            f"The configuration is not valid JSON: {error}.",
            where=redact.place(Place(name, quote=text.splitlines()[0])),
            hint="JSON cannot say it; use a number, text or null",
        ) from None
    return text


def _no_constant(word: str) -> NoReturn:
    raise ValueError(f"{word} is not a JSON value")


def _bytes(path: str) -> bytes:
    try:
        return Path(path).expanduser().read_bytes()
    except OSError as error:
        raise ConfigError(
            f"The file {path!r} cannot be read.",
            why=[error.strerror or type(error).__name__],
            hint=Wording(
                "paths start at the notebook's folder, {}/",
                Path.cwd().name,
                terminal=Wording("paths start at the folder that you are in, {}/", Path.cwd().name),
            ),
        ) from None


def _file(path: str) -> str:
    try:
        return _bytes(path).decode()
    except UnicodeDecodeError:
        raise ConfigError(f"The file {path!r} is not UTF-8 text.", hint="save it as UTF-8") from None
