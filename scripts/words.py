"""Give docs/words.md: every string that a user may read, from the syntax tree, to be reviewed at a glance.

A string counts that is a sentence or a part of one: two words at least, and neither a docstring nor a pattern. What
stands for a value in it is in braces.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["words"]

ROOT = Path(__file__).parent.parent
_HEAD = """# Words

Made by `make docs` from the syntax tree of `wasmnb/`: each string of two words and more, by the module that says it.
Values are in braces. For reviews: plain English, active voice, one fact per sentence.
"""
_TWO_WORDS = re.compile(r"[A-Za-z][\w'%-]*[,;:.]? +[A-Za-z{'`(%-]")
_NO_WORDS = re.compile(
    r"^\s*[<\[{(#/\\^]|[\\^$]\w?[(\[?]|\(\?|\b(?:float|color|width|border)\b.*:.*;|^%%?wasm_\w+ \S+$"
)
_PATTERNS = {"compile", "search", "match", "fullmatch", "sub", "findall", "finditer", "split"}
_TECHNICAL = {"encode", "getenv", "execute", "run"}


def words() -> str:
    """Give the page as Markdown."""
    lines = [_HEAD]
    for path in sorted((ROOT / "wasmnb").rglob("*.py")):
        found = list(dict.fromkeys(_strings(ast.parse(path.read_text("utf-8")))))
        if found:
            lines += [f"## {path.relative_to(ROOT)}", "", *(f"- {_quoted(text)}" for text in found), ""]
    return "\n".join(lines)


def _strings(node: ast.AST) -> Iterator[str]:
    """Give the sentences below a node, in the order of the text."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FormattedValue) and child.format_spec is not None:
            yield from _strings(ast.Expr(child.value))
            continue
        if isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant):
            # A docstring, or words about a constant.
            continue
        if isinstance(child, ast.Call) and _called(child) in _PATTERNS | _TECHNICAL:
            continue
        if isinstance(child, ast.Constant | ast.JoinedStr) and not isinstance(node, ast.JoinedStr):
            text = _text(child)
            if _TWO_WORDS.search(text) and not _NO_WORDS.search(text):
                yield text
        if not isinstance(child, ast.Constant) and not _is_annotation(node, child):
            yield from _strings(child)


def _called(call: ast.Call) -> str:
    function = call.func
    return (
        function.attr if isinstance(function, ast.Attribute) else function.id if isinstance(function, ast.Name) else ""
    )


def _is_annotation(parent: ast.AST, child: ast.AST) -> bool:
    return child in (getattr(parent, "annotation", None), getattr(parent, "returns", None))


def _text(node: ast.Constant | ast.JoinedStr) -> str:
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    parts = (_text(part) if isinstance(part, ast.Constant) else f"{{{_name(part)}}}" for part in node.values)
    return "".join(parts)


def _name(part: ast.expr) -> str:
    value = part.value if isinstance(part, ast.FormattedValue) else part
    while isinstance(value, ast.Call | ast.Subscript):
        value = value.func if isinstance(value, ast.Call) else value.value
    return value.attr if isinstance(value, ast.Attribute) else value.id if isinstance(value, ast.Name) else "…"


def _quoted(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip().replace("<", "\\<").replace("*", "\\*")
