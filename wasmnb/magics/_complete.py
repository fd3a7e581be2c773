"""Tab on a magic's line, and in the cell below it."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING

from wasmnb.cell_magic import ABOVE, line_end, one_line
from wasmnb.commands.completion import candidates
from wasmnb.errors import Explained

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from IPython.core.completer import CompletionContext, SimpleMatcherResult

    from wasmnb.commands.command import Command
    from wasmnb.compile import Filter
    from wasmnb.session import Session

__all__ = ["complete", "in_body"]

_LINE = re.compile(
    r"^(?P<before>\s*(?:[A-Za-z_]\w*\s*=\s*)?)(?P<percent>%%?)(?P<name>wasm_\w+)(?P<rest>\s.*)$", re.DOTALL
)
_NAME = re.compile(r"^\s*(?P<before>[A-Za-z_]\w*\s*=\s*)?(?P<word>%%?wasm\w*)$")
_PROGRAM = re.compile(ABOVE + r"%%wasm_(?:filter|file)\b")
_IDENTIFIER = re.compile(r"[A-Za-z_]\w*$")


def complete(
    context: CompletionContext,
    commands: Mapping[str, Command],
    session: Session,
    program: Callable[[str], Filter],
) -> SimpleMatcherResult:
    """Answer IPython at Tab (Matcher API v2); its own proposals are suppressed where there are ours.

    Parameters
    ----------
    context : CompletionContext
    commands : mapping of str to Command
    session : Session
    program : callable
        Gives what is written in a cell's text; raises one of our errors where that cannot be told.
    """
    from IPython.core.completer import SimpleCompletion  # noqa: PLC0415

    if in_body(context.full_text, context.cursor_line):
        found, fragment = _in_program(context, session, program)
    else:
        texts, fragment, kind = _ask(context, commands, session)
        found = [(text, kind) for text in texts]
    return {
        "completions": [SimpleCompletion(text=text, type=kind) for text, kind in found],
        "matched_fragment": fragment,
        "suppress": bool(found),
        "do_not_suppress": set(),
        "ordered": True,
    }


def in_body(cell: str, line: int) -> bool:
    """Tell whether a line of a cell, from 0, is one of a program below a magic's line."""
    match = _PROGRAM.match(cell)
    return match is not None and line > cell.count("\n", 0, line_end(cell, match.end()))


def _ask(context: CompletionContext, commands: Mapping[str, Command], session: Session) -> tuple[list[str], str, str]:
    name = _NAME.match(context.text_until_cursor.rpartition("\n")[2])
    if name is not None:
        first_line = context.cursor_line == 0 and not name["before"]
        return _names(commands, name["word"], cells=first_line), name["word"], "magic"
    found = _LINE.match(_typed(context))
    command = commands.get(found["name"]) if found else None
    if found is None or command is None:
        return [], "", "text"
    texts, fragment = candidates(command, found["rest"], session)
    return texts, fragment, "option" if fragment.startswith("-") else "value"


def _typed(context: CompletionContext) -> str:
    """Give the line up to the cursor as one that may have begun in lines above."""
    above = context.full_text.splitlines(keepends=True)[: context.cursor_line]
    first = len(above)
    while first and one_line(above[first - 1]) != above[first - 1]:
        first -= 1
    text = "".join(above[first:]) + context.text_until_cursor
    return one_line(text) if line_end(text) == len(text) else context.text_until_cursor


def _names(commands: Mapping[str, Command], word: str, *, cells: bool) -> list[str]:
    """Offer each magic as what it is: with two signs where it takes a cell, which begins with it, else with one."""
    names = sorted(name for name in commands if name.startswith(word.lstrip("%")))
    over_cells = [f"%%{name}" for name in names if cells and commands[name].body]
    if word.startswith("%%") and over_cells:
        return over_cells
    return [*over_cells, *(f"%{name}" for name in names)]


def _in_program(
    context: CompletionContext, session: Session, program: Callable[[str], Filter]
) -> tuple[list[tuple[str, str]], str]:
    """Offer what a language server knows to fit, or else words; each with its kind."""
    # A line that is half written is no line of a magic, and IPython's reader may refuse what it takes for Python.
    with suppress(Explained, SyntaxError):
        written = program(context.full_text)
        found = session.language_servers.complete(written, context.cursor_line, context.cursor_position)
        if found.proposals:
            return [(one.text, one.kind) for one in found.proposals], found.fragment
    texts, fragment = _words(context)
    return [(text, "text") for text in texts], fragment


def _words(context: CompletionContext) -> tuple[list[str], str]:
    """Offer the SDK's names and the cell's own words; IPython would offer Python's."""
    from wasmnb.commands.sdk_names import sdk_names  # noqa: PLC0415 - reads the headers

    found = _IDENTIFIER.search(context.text_until_cursor)
    fragment = found[0] if found else ""
    if not fragment:
        return [], ""
    body = context.full_text.partition("\n")[2]
    own = sorted(set(re.findall(r"[A-Za-z_]\w{2,}", body)) - {fragment})
    return [name for name in dict.fromkeys([*own, *sdk_names()]) if name.startswith(fragment)], fragment
