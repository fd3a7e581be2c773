"""Write the TypeScript that is made of Python into labextension/src; with ``--check``, say whether it is up to date."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints, is_typeddict

from wasmnb.compile.languages import LANGUAGES
from wasmnb.live import messages

SOURCES = Path(__file__).parent.parent / "labextension" / "src"
_PLAIN = {str: "string", int: "number", float: "number", bool: "boolean", NoneType: "null"}


def texts() -> dict[Path, str]:
    """Give the files as they should be."""
    return {SOURCES / "messages.ts": _messages(), SOURCES / "lab" / "languages.ts": _languages()}


def _messages() -> str:
    lines = ["// Made by `make docs` from wasmnb/live/messages.py."]
    for found in vars(messages).values():
        if is_typeddict(found) and found.__module__ == messages.__name__:
            lines += ["", f"/** {(found.__doc__ or '').splitlines()[0]} */", *_interface(found)]
    return "\n".join([*lines, ""])


def _interface(message: Any) -> list[str]:
    own = [f"  {name}: {_type(kind)};" for name, kind in get_type_hints(message).items()]
    return [f"export interface {message.__name__} {{", *own, "}"]


def _type(kind: Any) -> str:
    origin, parts = get_origin(kind), get_args(kind)
    if origin is Literal:
        return " | ".join(f'"{part}"' for part in parts)
    if origin in (Union, UnionType):
        return " | ".join(map(_type, parts))
    if origin is list:
        return f"{_type(parts[0])}[]"
    if origin is dict:
        return f"Record<{_type(parts[0])}, {_type(parts[1])}>"
    return _PLAIN.get(kind) or kind.__name__


def _languages() -> str:
    """Give the languages of ours; those that other packages register are not known when this is written."""
    found = [LANGUAGES.load(word) for word in ("cpp", "rust", "go", "assemblyscript")]
    lines = [
        "// Made by `make docs` from the languages of wasmnb/compile.",
        "",
        "/** The languages of filters: how lines and files name them, and what their sources alone have. */",
        "export const LANGUAGES = [",
    ]
    for one in found:
        fields = {
            "word": one.word,
            "name": one.name,
            "spellings": list(one.spellings),
            "suffixes": list(one.suffixes),
            "signs": list(one.signs),
        }
        lines.append(f"  {json.dumps(fields, ensure_ascii=False)},")
    return "\n".join([*lines, "] as const;", ""])


def main() -> int:
    """Write the files, or compare."""
    if "--check" in sys.argv:
        return 0 if all(path.exists() and path.read_text("utf-8") == text for path, text in texts().items()) else 1
    for path, text in texts().items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
