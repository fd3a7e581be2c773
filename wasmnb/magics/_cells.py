"""Magics in a cell: each shows what it did, and a misspelt one is an error of ours."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Any, NoReturn

from wasmnb.errors import UsageError, did_you_mean
from wasmnb.wording import Front

if TYPE_CHECKING:
    from collections.abc import Mapping

    from IPython.core.interactiveshell import InteractiveShell

    from wasmnb.commands.command import Command

__all__ = ["Magics", "loaded", "magic_words", "shown", "unknown"]

_CALLS = ("run_line_magic", "run_cell_magic")
_OURS = "wasm_"
_NAME = re.compile(r"([^\s;]*)([\s;]?)(.*)", re.DOTALL)
_WORDS = 3  # that a cell magic is called with


class Magics(ast.NodeTransformer):
    """Has each of our magics that stands as a statement show its result, but the last one of a cell.

    IPython shows the value of a cell's last line only, so that of two magics the first would show nothing, and one in
    a loop or below an ``if`` neither. A value that is assigned stays silent.

    Parameters
    ----------
    commands : mapping of str to Command
        By the names of their magics.
    shell : InteractiveShell
        Whose ``ast_node_interactivity`` says which statements it shows by itself.
    """

    def __init__(self, commands: Mapping[str, Command], shell: InteractiveShell) -> None:
        self.commands = commands
        self.shell = shell

    def visit_Module(self, node: ast.Module) -> ast.Module:
        """Look at a cell."""
        whole = [self._own(statement, last=statement is node.body[-1]) for statement in node.body]
        return ast.fix_missing_locations(ast.Module(whole, node.type_ignores))

    def visit_Expr(self, node: ast.Expr) -> ast.Expr:
        """Look at a statement that is a value."""
        seen: ast.Expr = self.generic_visit(node)  # type: ignore[assignment]
        return ast.copy_location(ast.Expr(_call(shown, seen.value)), node) if self._name(node) else seen

    def visit_Call(self, node: ast.Call) -> ast.expr:
        """Look at a call, which may be of a magic that there is not."""
        name = _magic(node)
        if name is None:
            seen: ast.expr = self.generic_visit(node)  # type: ignore[assignment]
            return seen
        rest = str(node.args[1].value) if isinstance(node.args[1], ast.Constant) else ""
        # To IPython a name ends at a blank, and neither at a tab nor at the sign that silences a line.
        bare, sign, more = _NAME.fullmatch(name).groups()  # type: ignore[union-attr]
        if bare != name and bare in self.commands:
            line = ast.Constant(f"{sign}{more} {rest}".strip())
            known = ast.Call(node.func, [ast.Constant(bare), line, *node.args[2:]], node.keywords)
            return ast.copy_location(known, node)
        meant = _meant(name, rest)
        if meant and not loaded(self.shell, name):
            mark = "%%" if isinstance(node.func, ast.Attribute) and node.func.attr == "run_cell_magic" else "%"
            said = name or f" {rest.split(' ', 1)[0]}"
            # By the time that it runs, a line above may have loaded an extension that has it.
            refused = _call(unknown, *(ast.Constant(word) for word in (said, mark, meant)))
            shell = ast.Call(ast.Name("get_ipython", ast.Load()), [], [])
            return ast.copy_location(ast.IfExp(_call(loaded, shell, ast.Constant(name)), node, refused), node)
        return node

    def _own(self, statement: ast.stmt, *, last: bool) -> ast.stmt:
        which = str(self.shell.ast_node_interactivity)
        by_itself = which in ("all", "none") or (last and which.startswith("last"))
        visit = self.generic_visit if isinstance(statement, ast.Expr) and by_itself else self.visit
        seen: ast.stmt = visit(statement)  # type: ignore[assignment]
        return seen

    def _name(self, node: ast.Expr) -> str:
        name = _magic(node.value) or ""
        return name if name in self.commands else ""


def shown(result: object) -> None:
    """Show what a magic gave."""
    if result is not None:
        from IPython.display import display  # noqa: PLC0415 - only where there is something to show

        display(result)  # type: ignore[no-untyped-call]


def loaded(shell: InteractiveShell, name: str) -> bool:
    """Say whether a shell has a magic of that name by now."""
    return any(name in kind for kind in shell.magics_manager.magics.values())


def unknown(name: str, mark: str, meant: str) -> NoReturn:
    """Refuse a magic that there is not, and propose the one that is near to what may be meant.

    IPython's own error for it is printed as a warning, and the notebook goes on.

    Raises
    ------
    UsageError
    """
    from wasmnb.commands import COMMANDS  # noqa: PLC0415 - for the names only

    near = did_you_mean(f"{mark}{meant}", [f"{mark}{known}" for known in COMMANDS])
    error = UsageError(f"There is no magic {mark}{name}.", hint=near or f"{mark}wasm_ and Tab list the magics")
    error.front = Front.NOTEBOOK
    raise error


def _magic(node: ast.expr) -> str | None:
    """Give the name of the magic that a node of IPython's own code calls; None for anything else."""
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _CALLS):
        return None
    shell = node.func.value
    if not (isinstance(shell, ast.Call) and isinstance(shell.func, ast.Name) and shell.func.id == "get_ipython"):
        return None
    first = node.args[0] if node.args else None
    return str(first.value) if isinstance(first, ast.Constant) else ""


def magic_words(node: ast.AST) -> tuple[str, str, str] | None:
    """Give the name, the line and the body of the cell magic that a node of IPython's own code calls."""
    if not (isinstance(node, ast.Call) and _magic(node) and len(node.args) == _WORDS):
        return None
    name, line, body = (one.value if isinstance(one, ast.Constant) else "" for one in node.args)
    return str(name), str(line), str(body)


def _meant(name: str, rest: str) -> str:
    """Give the magic of ours that is meant by what may be written otherwise; empty for another one.

    People write ``%WASM_list``, ``%wasm-list``, ``%wasm list`` and ``% wasm_list``.
    """
    word = rest.split(" ", 1)[0]
    said = (name or word).lower()
    if said == "wasm":
        said = f"wasm_{word if name else ''}"
    return re.sub(r"^wasm\W*_?", _OURS, said) if said.startswith("wasm") else ""


def _call(function: Any, *arguments: ast.expr) -> ast.Call:
    """Call a function of this module without a name in the notebook."""
    module = ast.Call(
        ast.Name("__import__", ast.Load()),
        [ast.Constant(__name__)],
        [ast.keyword("fromlist", ast.List([ast.Constant("")], ast.Load()))],
    )
    return ast.Call(ast.Attribute(module, function.__name__, ast.Load()), list(arguments), [])
