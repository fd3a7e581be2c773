"""The text of cases as a tree that knows its lines: YAML, and the same tree made of protobuf's text format."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

from wasmnb.errors import ConfigError, Place

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["Tree", "read_yaml"]


@dataclass(frozen=True)
class Tree:
    """A parsed text.

    Parameters
    ----------
    source : str
        What the text is called.
    text : str
    value : object
        Plain JSON values.
    lines : dict
        By path (keys and indices): the 1-based line of a value.
    first : int
        Line of the text's first line in what the user sees: 2 in a cell below its magic.
    """

    source: str
    text: str
    value: Any
    lines: dict[tuple[str | int, ...], int]
    first: int = 1

    def line(self, path: Sequence[str | int]) -> int:
        """Give the line of a value, or of the nearest one around it."""
        key = tuple(path)
        while key not in self.lines and key:
            key = key[:-1]
        return self.lines.get(key, self.first)

    def place(self, path: Sequence[str | int]) -> Place:
        """Give the place of a value in the user's text."""
        line = self.line(path)
        quoted = self.text.splitlines()[line - self.first : line - self.first + 1]
        return Place(self.source, line, 0, quoted[0] if quoted else "")


def read_yaml(text: str, source: str, *, first: int = 1) -> Tree:
    """Read YAML.

    Raises
    ------
    ConfigError
        It is none, or has a key twice.
    """
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + first if mark else 0
        quoted = text.splitlines()[mark.line : mark.line + 1] if mark else []
        where = Place(source, line, mark.column + 1 if mark and quoted else 0, quoted[0] if quoted else "")
        raise ConfigError(f"{source} is not valid YAML: {error.problem}.", where=where) from None
    except yaml.YAMLError as error:
        raise ConfigError(f"{source} is not valid YAML: {error}.", where=Place(source)) from None
    lines: dict[tuple[str | int, ...], int] = {}
    tree = Tree(source, text, None, lines, first)
    value = None if node is None else _value(node, (), tree)
    return Tree(source, text, value, lines, first)


def _value(node: yaml.Node, path: tuple[str | int, ...], tree: Tree) -> Any:
    tree.lines.setdefault(path, node.start_mark.line + tree.first)
    if isinstance(node, yaml.MappingNode):
        return dict(_pairs(node, path, tree))
    if isinstance(node, yaml.SequenceNode):
        return [_value(item, (*path, index), tree) for index, item in enumerate(node.value)]
    if node.tag in ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float", "tag:yaml.org,2002:timestamp"):
        return _number(str(node.value))
    return yaml.SafeLoader("").construct_object(node)


def _pairs(node: yaml.MappingNode, path: tuple[str | int, ...], tree: Tree) -> Iterator[tuple[str, Any]]:
    seen: set[str] = set()
    for key, item in node.value:
        name = str(key.value)
        here = (*path, name)
        tree.lines[here] = key.start_mark.line + tree.first
        if name in seen:
            raise ConfigError(f"{name!r} is there twice.", where=tree.place(here))
        seen.add(name)
        yield name, _value(item, here, tree)


def _number(text: str) -> int | float | str:
    """Read a number that is written back as it was; anything else (007, 1e3, a date) stays text."""
    for kind in (int, float):
        try:
            found = kind(text)
        except ValueError:
            continue
        if str(found) == text:
            return found
    return text
