"""From a line to a result: parse, and one call of the session."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from wasmnb import redact
from wasmnb.errors import Explained, UsageError
from wasmnb.magics._tidy import head
from wasmnb.wording import Front, words_for

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from IPython.core.interactiveshell import InteractiveShell

    from wasmnb.commands.command import Command
    from wasmnb.session import Session

__all__ = ["lines_above", "magic", "names_of"]


def magic(commands: Mapping[str, Command], name: str, shell: InteractiveShell) -> Callable[..., Any]:
    """Make what IPython calls for a magic.

    Parameters
    ----------
    commands : mapping of str to Command
    name : str
        Of the magic, and of its command, which is not looked up before it is needed.
    shell : InteractiveShell
        Where its variables are looked up, and the filter is bound.
    """
    from IPython.core.magic import needs_local_scope, no_var_expand  # noqa: PLC0415

    made: Callable[..., Any] = no_var_expand(needs_local_scope(_Magic(commands, name, shell)))
    return made


class _Magic:
    """Parses a line, and calls one function with what it says."""

    def __init__(self, commands: Mapping[str, Command], name: str, shell: InteractiveShell) -> None:
        self.__name__ = name
        self._commands = commands
        self._shell = shell

    @property
    def __doc__(self) -> str:  # type: ignore[override]
        """The help, which is laid out when somebody wants to read it."""
        return self._commands[self.__name__].help()

    def __call__(self, line: str, cell: str | None = None, local_ns: Mapping[str, Any] | None = None) -> Any:
        try:
            with words_for(Front.NOTEBOOK):
                return self._run(line, cell, local_ns)
        except Explained as error:
            error.front = Front.NOTEBOOK
            # A place without a line is in the magic's own words.
            if cell is not None and error.where is not None and error.where.line:
                hint = _no_program(error.where.quote)
                if hint:
                    error.advise(hint)
            raise

    def _run(self, line: str, cell: str | None, local_ns: Mapping[str, Any] | None) -> Any:
        command = self._commands[self.__name__]
        parsed = command.parse(line, names_of(self._shell, local_ns), "%" if cell is None else "%%")
        if parsed.help:
            print(command.help())  # noqa: T201 - what was asked for
            return None
        keywords = parsed.keywords
        if cell is not None:
            if not command.body:
                raise UsageError(
                    f"%%{command.name} takes no cell.",
                    hint=f"write it with one %, in a line: %{command.name}"
                    + ("" if command.private else f" {redact.config(line)}"),
                )
            keywords["source"] = "\n" * _lines_above(self._shell) + cell
        own = {key: keywords.pop(key) for key in command.own if key in keywords}
        result = _call(command, keywords)
        if command.after is not None:
            result = command.after(result, own, self._shell.user_ns)
        if command.cell is not None and (text := command.cell(_session(), keywords)):
            self._shell.set_next_input(text)
        if hasattr(result, "_ipython_display_"):
            # What lives is shown where it is made, whether or not it is the cell's last word.
            from IPython.display import display  # noqa: PLC0415 - only for views

            display(result)  # type: ignore[no-untyped-call]
            return None
        return None if parsed.silent else result


def _no_program(quote: str) -> str:
    """Say what to do about a line that no language has, and that notebooks and pages have; empty for others."""
    # A program's condition may go on with ``!done &&`` in a line of its own.
    if re.match(r"\s*(?:%%?[A-Za-z]\w+(?:\s|$)|!\w[\w./-]*\s+-{0,2}\w)|!\w+\s*$", quote):
        return "a line with a magic is no part of the program: put it into a cell of its own"
    if re.match(r"\s*(?:```|~~~)", quote):
        return "take out the lines with ```, which Markdown puts around a program"
    return ""


def _lines_above(shell: InteractiveShell) -> int:
    """Count the cell's lines above the body, so that the compiler's line numbers are the cell's own.

    They are the line of the magic, and what stands in front of it, which is taken away before a magic sees them.
    """
    parent = shell.get_parent() if hasattr(shell, "get_parent") else {}
    return lines_above(str(parent.get("content", {}).get("code", "")))


def lines_above(code: str) -> int:
    """Count the lines above the body of a cell's text."""
    place = head(code.splitlines(keepends=True))
    if place is not None:
        return place[1]
    blank = code[: len(code) - len(code.lstrip())]
    return 1 + (blank.count("\n") if code.lstrip().startswith("%%") else 0)


def names_of(shell: InteractiveShell, local: Mapping[str, Any] | None) -> dict[str, Any]:
    """Give the notebook's variables, without those that IPython put there itself."""
    hidden = shell.user_ns_hidden
    own = {name: value for name, value in shell.user_ns.items() if name not in hidden or hidden[name] is not value}
    return {**own, **(local or {})}


def _session() -> Session:
    from wasmnb.session import default  # noqa: PLC0415 - only when a magic runs

    return default()


def _call(command: Command, keywords: dict[str, Any]) -> Any:
    if not command.slow:
        return command.call(_session(), **keywords)
    from wasmnb.views.progress import LiveProgress  # noqa: PLC0415 - only for long work

    with LiveProgress() as progress:
        return command.call(_session(), progress=progress, **keywords)
