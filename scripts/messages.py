"""Write labextension/src/messages.ts from `wasmnb.live.messages`; with ``--check``, say whether it is up to date."""

from __future__ import annotations

import sys
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints, is_typeddict

from wasmnb.live import messages

TARGET = Path(__file__).parent.parent / "labextension" / "src" / "messages.ts"
_PLAIN = {str: "string", int: "number", float: "number", bool: "boolean", NoneType: "null"}


def text() -> str:
    """Give the messages as TypeScript."""
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


def main() -> int:
    """Write the file, or compare."""
    if "--check" in sys.argv:
        return 0 if TARGET.read_text("utf-8") == text() else 1
    TARGET.write_text(text(), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
