"""The errors of compilers and linkers, which carry what those said."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wasmnb.errors import WasmnbError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from wasmnb.compile.diagnostics import Diagnostic
    from wasmnb.wording import Text

__all__ = ["CompileError", "LinkError"]


class CompileError(WasmnbError):
    """The cell does not compile; ``diagnostics`` has every message with its cell line."""

    code = "WNB2020"

    def __init__(self, what: Text, *, diagnostics: Iterable[Diagnostic] = (), **parts: Any) -> None:
        super().__init__(what, **parts)
        self.diagnostics = tuple(diagnostics)


class LinkError(CompileError):
    """The cell compiles, but names a function that neither it nor the host has."""

    code = "WNB2040"
