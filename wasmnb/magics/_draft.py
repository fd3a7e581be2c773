"""What a cell that nobody has run would make: its line is parsed, and nothing that it says is done."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from wasmnb.errors import UsageError
from wasmnb.magics._cells import magic_words
from wasmnb.magics._run import lines_above, names_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from IPython.core.interactiveshell import InteractiveShell

    from wasmnb.ahead import Draft
    from wasmnb.commands.command import Command

__all__ = ["draft"]

_FILTER = "wasm_filter"


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
    from wasmnb.session import default  # noqa: PLC0415 - for those who type
    from wasmnb.session.options.build import FilterCall  # noqa: PLC0415

    tree = ast.parse(shell.input_transformer_manager.transform_cell(source))
    name, line, body = next(filter(None, (magic_words(node) for node in ast.walk(tree))), ("", "", ""))
    if name != _FILTER:
        raise UsageError("The cell makes no filter.")
    command = commands[name]
    parsed = command.parse(line, names_of(shell, None), "%%")
    keywords = {key: value for key, value in parsed.keywords.items() if key not in command.own}
    keywords["source"] = "\n" * lines_above(source) + body
    return default().builds.draft(FilterCall(**keywords))
