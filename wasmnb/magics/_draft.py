"""What a cell that nobody has run would make: its line is parsed, and nothing that it says is done."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from wasmnb.errors import UsageError
from wasmnb.magics._cells import magic_words
from wasmnb.magics._run import lines_above, names_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from IPython.core.interactiveshell import InteractiveShell

    from wasmnb.ahead import Draft
    from wasmnb.commands.command import Command
    from wasmnb.compile import Filter

__all__ = ["draft", "program"]

_FILTER, _FILE = "wasm_filter", "wasm_file"


def draft(shell: InteractiveShell, commands: Mapping[str, Command], source: str) -> Draft:
    """Give what a cell would make.

    Parameters
    ----------
    shell : InteractiveShell
    commands : mapping of str to Command
    source : str
        The cell's text, with its magic.

    Raises
    ------
    UsageError, BadNameError
        The line cannot be read.
    """
    name, keywords = _read(shell, commands, source)
    if name != _FILTER:
        raise UsageError("The cell makes no filter.")
    return _draft(keywords)


def program(shell: InteractiveShell, commands: Mapping[str, Command], source: str) -> Filter:
    """Give what is written in a cell, as the compiler would get it; its lines are those of the cell.

    Parameters
    ----------
    shell : InteractiveShell
    commands : mapping of str to Command
    source : str
        The cell's text, with its magic.

    Raises
    ------
    UsageError, BadNameError
        The line cannot be read, or the cell holds no program.
    """
    from wasmnb.session import default  # noqa: PLC0415 - for those who type

    name, keywords = _read(shell, commands, source)
    if name == _FILTER:
        return _draft(keywords).filter
    if name != _FILE:
        raise UsageError("The cell holds no program.")
    return default().builds.file_draft(keywords["path"], keywords["source"])


def _draft(keywords: Mapping[str, Any]) -> Draft:
    from wasmnb.session import default  # noqa: PLC0415
    from wasmnb.session.options.build import FilterCall  # noqa: PLC0415

    return default().builds.draft(FilterCall(**keywords))


def _read(shell: InteractiveShell, commands: Mapping[str, Command], source: str) -> tuple[str, dict[str, Any]]:
    """Give the magic of a cell, and what its line and its body say."""
    tree = ast.parse(shell.input_transformer_manager.transform_cell(source))
    name, line, body = next(filter(None, (magic_words(node) for node in ast.walk(tree))), ("", "", ""))
    if name not in (_FILTER, _FILE):
        return "", {}
    command = commands[name]
    parsed = command.parse(line, names_of(shell, None), "%%")
    if parsed.help:
        return "", {}
    keywords = {key: value for key, value in parsed.keywords.items() if key not in command.own}
    keywords["source"] = "\n" * lines_above(source) + body
    return name, keywords
