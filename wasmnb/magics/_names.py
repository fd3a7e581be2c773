"""The names that a filter's source can use, read from the headers that it includes."""

from __future__ import annotations

import re
from functools import lru_cache
from importlib.resources import files

__all__ = ["sdk_names"]

_COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)
# What is declared: a function or macro before its parenthesis, a type or enum after its word, an enumerator before
# its comma.
_NAME = re.compile(
    r"\b([A-Za-z_]\w{2,})\s*(?=\()|\b(?:class|struct|enum|using)\s+(?:class\s+)?(\w{3,})|\b([A-Z]\w{2,})\s*(?=[,=}])"
)
_NOT_NAMES = frozenset(
    {"defined", "sizeof", "static_assert", "return", "while", "switch", "decltype", "noexcept", "alignas", "catch"}
)


@lru_cache(maxsize=1)
def sdk_names() -> tuple[str, ...]:
    """List the functions, types and enumerators of the SDK's headers, in alphabetical order."""
    found: set[str] = set()
    for header in files("wasmnb.sdk").joinpath("include").iterdir():
        if header.name.endswith(".h"):
            text = _COMMENT.sub("", header.read_text(encoding="utf-8"))
            found.update(name for groups in _NAME.findall(text) for name in groups if name)
    return tuple(sorted(name for name in found - _NOT_NAMES if not name.startswith("_")))
