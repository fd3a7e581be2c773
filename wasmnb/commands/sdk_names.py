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
    | {"bool", "for", "void", "std", "constexpr", "export_name", "import_name", "import_module", "visibility"}
)


# A macro that makes names of its parameter: ``#define MAP(Name) Result add##Name(...);``.
_MAKER = re.compile(r"#define (\w+)\((\w+)\)((?:[^\n]*\\\n)+[^\n]*)")


@lru_cache(maxsize=1)
def sdk_names() -> tuple[str, ...]:
    """List the functions, types and enumerators of the SDK's headers, in alphabetical order."""
    found: set[str] = set()
    for header in files("wasmnb.sdk").joinpath("include").iterdir():
        if header.name.endswith(".h"):
            text = _made(_COMMENT.sub("", header.read_text(encoding="utf-8")))
            found.update(name for groups in _NAME.findall(text) for name in groups if name)
    return tuple(sorted(name for name in found - _NOT_NAMES if not name.startswith("_") and not name.endswith("_")))


def _made(text: str) -> str:
    """Add to a header what its name-making macros declare."""
    for macro, parameter, body in _MAKER.findall(text):
        for argument in re.findall(rf"^{macro}\((\w+)\)", text, re.MULTILINE):
            text += re.sub(rf"(?:##)?\b{parameter}\b(?:##)?", argument, body.replace("##", " ## ")).replace(" ## ", "")
    return text
