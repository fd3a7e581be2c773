"""What language servers answer, read: proposals at a cursor, and text about a name."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Completions", "Proposal", "about", "completions", "plain", "position", "signatures"]

_IDENTIFIER = re.compile(r"\w*$")
_MOST_SIGNATURES = 6
# CompletionItemKind of the protocol, in the words that Jupyter's front ends have signs for.
_KINDS = {
    1: "text",
    2: "function",
    3: "function",
    4: "class",
    5: "instance",
    6: "instance",
    7: "class",
    8: "class",
    9: "module",
    10: "property",
    13: "class",
    14: "keyword",
    17: "path",
    19: "path",
    20: "instance",
    21: "instance",
    22: "class",
    25: "class",
}


@dataclass(frozen=True)
class Proposal:
    """What may stand at a cursor.

    Parameters
    ----------
    text : str
    kind : str
        ``function``, ``class``, ``instance``, ``keyword``: as Jupyter's front ends call it.
    """

    text: str
    kind: str


@dataclass(frozen=True)
class Completions:
    """Proposals, the likeliest first.

    Parameters
    ----------
    fragment : str
        What stands before the cursor, and each of them begins anew.
    proposals : tuple of Proposal
    """

    fragment: str = ""
    proposals: tuple[Proposal, ...] = ()


def position(text: str, line: int, column: int) -> dict[str, int]:
    """Give a place of a text, whose columns count characters, as the protocol has it: in units of UTF-16."""
    lines = text.split("\n")
    before = lines[line][:column] if line < len(lines) else ""
    return {"line": line, "character": len(before.encode("utf-16-le", "surrogatepass")) // 2}


def completions(answer: Any, before: str) -> Completions:
    """Read what can stand behind the text before a cursor in its line."""
    items: Sequence[Mapping[str, Any]] = (answer.get("items") if isinstance(answer, dict) else answer) or ()
    items = sorted(items, key=lambda item: item.get("sortText") or item["label"])
    fragment = next((_replaced(item, before) for item in items), "")
    found = dict.fromkeys(
        Proposal(_text(item), _KINDS.get(item.get("kind", 1), "text"))
        for item in items
        # What changes other places too, or other characters here, is more than Tab can do.
        if not item.get("additionalTextEdits") and _replaced(item, before) == fragment
    )
    starting = tuple(one for one in found if one.text.startswith(fragment))
    return Completions(fragment, starting or tuple(found))


def _replaced(item: Mapping[str, Any], before: str) -> str:
    """Give what of the text before the cursor an item takes the place of."""
    edit = item.get("textEdit") or {}
    place = edit.get("range") or edit.get("insert")
    if place is None:
        match = _IDENTIFIER.search(before)
        return match[0] if match is not None else ""
    units = before.encode("utf-16-le", "surrogatepass")
    return units[2 * place["start"]["character"] :].decode("utf-16-le", "surrogatepass")


def _text(item: Mapping[str, Any]) -> str:
    edit = item.get("textEdit") or {}
    return str(edit.get("newText") or item.get("insertText") or item["label"].strip())


def about(answer: Any) -> str:
    """Read what a server says of a name, as Markdown; empty when it says nothing."""
    if not isinstance(answer, dict):
        return ""
    said = answer.get("contents") or ""
    parts = said if isinstance(said, list) else [said]
    return "\n\n".join(filter(None, (_marked(part).strip() for part in parts)))


def signatures(answer: Any, language: str) -> str:
    """Read which functions may be called here, and how, as Markdown; that which is most likely meant comes first."""
    if not isinstance(answer, dict) or not answer.get("signatures"):
        return ""
    found: list[Mapping[str, Any]] = list(answer["signatures"])
    active = answer.get("activeSignature") or 0
    found = [*found[active : active + 1], *found[:active], *found[active + 1 :]]
    said = []
    for one in found[:_MOST_SIGNATURES]:
        text = _marked(one.get("documentation") or "").strip()
        said.append(f"```{language}\n{one['label']}\n```" + (f"\n\n{text}" if text else ""))
    return "\n\n".join(dict.fromkeys(said))


def _marked(said: Any) -> str:
    if isinstance(said, str):
        return said
    if "language" in said:
        return f"```{said['language']}\n{said['value']}\n```"
    return str(said.get("value", ""))


def plain(markdown: str) -> str:
    """Give Markdown as text for front ends that show no other."""
    lines = [line for line in markdown.splitlines() if not line.startswith("```")]
    text = "\n".join(re.sub(r"^#+ |\\(?=[^\w\s])", "", line).replace("`", "") for line in lines)
    return re.sub(r"\n{3,}", "\n\n", text).strip()
