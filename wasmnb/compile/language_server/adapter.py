"""What a language says of its server: how it is started, and what it is to see of a filter."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from wasmnb.errors import ToolchainError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from wasmnb.compile.filter import Filter

__all__ = ["INSTALL", "Adapter", "Program", "Workspace", "refuse_without_extra"]

#: What brings that by which servers are spoken to.
INSTALL = "pip install 'wasmnb[lsp]'"


def refuse_without_extra() -> None:
    """Refuse where what speaks to servers is not installed.

    Raises
    ------
    ToolchainError
    """
    if importlib.util.find_spec("pylsp_jsonrpc") is None:
        raise ToolchainError("The package python-lsp-jsonrpc is not installed.", hint=INSTALL, code="WNB2001")


@dataclass(frozen=True)
class Program:
    """A language server that is installed.

    Parameters
    ----------
    command : tuple of str
        The program's full path, and its arguments.
    version : str
    environment : mapping of str to str
        Variables beside those that every tool has.
    options : mapping
        Its ``initializationOptions``.
    """

    command: tuple[str, ...]
    version: str
    environment: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Workspace:
    """A filter as its compiler gets it.

    Parameters
    ----------
    main : str
        The path of the filter's source.
    text : str
        What the compiler reads there; its lines are those of the cell.
    files : mapping of str to str
        What lies beside it, by path.
    settings : mapping
        What the server is told of it (``workspace/didChangeConfiguration``).
    """

    main: str
    text: str
    files: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)


class Adapter(Protocol):
    """The server of one language."""

    name: str
    language_id: str
    """The language's name in the Language Server Protocol."""

    def program(self) -> Program:
        """Find the server.

        Raises
        ------
        ToolchainError
            It is not installed; the hint says what brings it.
        """

    def workspace(self, filter: Filter, folder: Path) -> Workspace:  # noqa: A002
        """Lay a filter out in a folder, which is empty or holds what this gave for it before.

        Raises
        ------
        UsageError, CompileError, ToolchainError
            The filter cannot be compiled as it is.
        """
