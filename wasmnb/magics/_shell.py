"""Where the magics meet IPython: registering, and what goes with it."""

from __future__ import annotations

import ast
import re
from functools import partial
from typing import TYPE_CHECKING

from IPython.core.completer import context_matcher
from IPython.core.inputtransformer2 import TransformerManager

from wasmnb import lab, redact
from wasmnb.errors import Place, UsageError
from wasmnb.magics._cells import Magics
from wasmnb.magics._inspect import Inspector
from wasmnb.magics._one_line import BehindColon, Continued
from wasmnb.magics._run import magic
from wasmnb.magics._tidy import begins, tidied
from wasmnb.views import register, unregister
from wasmnb.wording import Front

if TYPE_CHECKING:
    from collections.abc import Mapping

    from IPython.core.completer import CompletionContext, SimpleMatcherResult
    from IPython.core.interactiveshell import InteractiveShell

    from wasmnb.ahead import Draft
    from wasmnb.commands.command import Command
    from wasmnb.compile import Filter

__all__ = ["attach", "detach"]

_MARK = "wasmnb"


def attach(shell: InteractiveShell, commands: Mapping[str, Command]) -> None:
    """Give a shell the magics, Tab for them, how results look, and an error of ours for a cell without a body."""
    detach(shell, commands)
    register(shell)
    lab.attach(shell, partial(_draft, shell, commands))
    for name in commands:
        shell.register_magic_function(magic(commands, name, shell), "line_cell", name)  # type: ignore[arg-type]

    program = partial(_program, shell, commands)

    @context_matcher(identifier=_MARK, priority=100)  # type: ignore[untyped-decorator]
    def wasm_matcher(context: CompletionContext) -> SimpleMatcherResult:
        from wasmnb.magics._complete import complete  # noqa: PLC0415 - brings the session, and only for Tab
        from wasmnb.session import default  # noqa: PLC0415

        return complete(context, commands, default(), program)

    shell.Completer.custom_matchers.append(wasm_matcher)
    # Behind IPython's own, which take blank lines away from the front of a cell; cell magics are looked for after all.
    shell.input_transformer_manager.cleanup_transforms += _TRANSFORMS
    shell.input_transformer_manager.token_transformers += _TOKENS
    shell.ast_transformers.append(Magics(commands, shell))
    Inspector.attach(shell, program)


def detach(shell: InteractiveShell, commands: Mapping[str, Command]) -> None:
    """Take away what `attach` gave."""
    unregister(shell)
    lab.detach(shell)
    Inspector.detach(shell)
    for kind in shell.magics_manager.magics.values():
        for name in commands:
            kind.pop(name, None)
    matchers = shell.Completer.custom_matchers
    matchers[:] = [known for known in matchers if getattr(known, "matcher_identifier", "") != _MARK]
    transforms = shell.input_transformer_manager.cleanup_transforms
    transforms[:] = [known for known in transforms if known not in _TRANSFORMS]
    tokens = shell.input_transformer_manager.token_transformers
    tokens[:] = [known for known in tokens if known not in _TOKENS]
    shell.ast_transformers[:] = [known for known in shell.ast_transformers if not isinstance(known, Magics)]


def _draft(shell: InteractiveShell, commands: Mapping[str, Command], source: str) -> Draft:
    from wasmnb.compile.process import go_on  # noqa: PLC0415 - for those who type in JupyterLab
    from wasmnb.magics._draft import draft  # noqa: PLC0415
    from wasmnb.session import default  # noqa: PLC0415

    # Once the extension is gone, nobody would end what begins here: either it goes on no more, or these are closed.
    servers = default().language_servers
    found = draft(shell, commands, source)
    go_on()
    # Who types will press Tab.
    servers.prepare(found.filter)
    return found


def _program(shell: InteractiveShell, commands: Mapping[str, Command], source: str) -> Filter:
    from wasmnb.magics._draft import program  # noqa: PLC0415 - for those who press Tab

    return program(shell, commands, source)


def _keep_body(lines: list[str]) -> list[str]:
    r"""Give ``%%wasm_filter x`` without a body an empty line as its body.

    Without one, IPython raises its own ``UsageError``, which it prints as a warning: nbmake would call the notebook
    passed. With one, the magic itself says that there is no source.
    """
    if len(lines) == 1 and re.match(r"%%wasm_\w+(?:\s|$)", lines[0]):
        return [lines[0].rstrip("\n") + "\n", "\n"]
    return lines


def _two_signs(lines: list[str]) -> list[str]:
    """Refuse a program below ``%wasm_filter``: Python would call its first line a syntax error."""
    match = _ONE_SIGN.match(lines[0]) if lines else None
    body = "".join(lines[1:])
    if match is not None and body.strip() and not _is_python(body):
        error = UsageError(
            f"What stands below {match[0]} is not Python: a program in a cell needs two signs, %{match[0]}.",
            where=redact.place(Place("cell", 1, 1, lines[0].rstrip())),
            hint=f"begin the cell with %{match[0]}",
        )
        error.front = Front.NOTEBOOK
        raise error
    return lines


def _first(lines: list[str]) -> list[str]:
    """Refuse a cell magic below other lines, which IPython would take for Python."""
    number = begins(lines)
    text = "".join(lines)
    # Below Python, IPython takes it for a magic whose name begins with the other sign.
    if number is None or (_is_python(text) and f"_magic('{_CELL_MAGIC}" not in _transformed(text)):
        return lines
    name = re.split(r"\s", lines[number - 1].strip(), maxsplit=1)[0]
    error = UsageError(
        f"{name} is for a whole cell, and other lines stand above it.",
        where=redact.place(Place("cell", number, 1, lines[number - 1].rstrip())),
        hint="put what stands above it into a cell of its own; comments that begin with # may stay",
    )
    error.front = Front.NOTEBOOK
    raise error


def _within(lines: list[str]) -> list[str]:
    """Refuse a magic within an expression, of which Python says that it is invalid syntax."""
    text = "".join(lines)
    if f"%{_OURS}" not in text or text.startswith("%%"):
        return lines
    wrong = _wrong(text)
    said = wrong.text if wrong is not None else None
    if wrong is None or not said or not wrong.offset:
        return lines
    name = _LINE_MAGIC.match(said, wrong.offset - 1)
    if name is None:
        return lines
    number = next((number for number, line in enumerate(lines, 1) if line.rstrip() == said.rstrip()), 0)
    error = UsageError(
        f"{name[0]} stands within an expression, and a magic is a line of its own.",
        where=redact.place(Place("cell", number, wrong.offset if number else 0, said.rstrip())),
        hint=f"write result = {name[0]} in a line above, and result in its place",
    )
    error.front = Front.NOTEBOOK
    raise error


def _is_python(text: str) -> bool:
    return _wrong(text) is None


def _wrong(text: str) -> SyntaxError | None:
    """Give what Python has to say of a cell's syntax; None where there is nothing."""
    try:
        ast.parse(_transformed(text))
    except SyntaxError as error:
        return error
    return None


def _transformed(text: str) -> str:
    manager = TransformerManager()  # type: ignore[no-untyped-call]
    manager.token_transformers += _TOKENS
    return str(manager.transform_cell(text))


_OURS = "wasm_"
_CELL_MAGIC = f"%{_OURS}"
_LINE_MAGIC = re.compile(r"%wasm_\w+")
_TOKENS = [BehindColon, Continued]
_ONE_SIGN = re.compile(r"%wasm_(?:filter|file)\b")
_TRANSFORMS = [tidied, _keep_body, _two_signs, _first, _within]
for _transform in _TRANSFORMS:
    # So marked, it is not asked whether a cell is complete: a terminal waits for the body below the magic's line.
    _transform.has_side_effects = True  # type: ignore[attr-defined]
