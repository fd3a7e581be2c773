"""Shift-Tab in a program below a magic's line: what a language server says of the name there."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from wasmnb.errors import Explained

if TYPE_CHECKING:
    from collections.abc import Callable

    from IPython.core.interactiveshell import InteractiveShell

    from wasmnb.compile import Filter

__all__ = ["Inspector"]

_HANDLER = "do_inspect"


class Inspector:
    """Answers a kernel's ``inspect_request`` about our programs; others are answered as before.

    IPython looks a name up, and has no hook for a place in a cell: so the kernel's own method is stood before.

    Parameters
    ----------
    own : callable
        The kernel's method.
    program : callable
        Gives what is written in a cell's text; raises one of our errors where that cannot be told.
    """

    def __init__(self, own: Callable[..., Any], program: Callable[[str], Filter]) -> None:
        self._own, self._program = own, program

    @classmethod
    def attach(cls, shell: InteractiveShell, program: Callable[[str], Filter]) -> None:
        """Stand before the method of a shell's kernel; a terminal's shell has none."""
        kernel = getattr(shell, "kernel", None)
        if hasattr(kernel, _HANDLER):
            setattr(kernel, _HANDLER, cls(getattr(kernel, _HANDLER), program))

    @staticmethod
    def detach(shell: InteractiveShell) -> None:
        """Give a kernel its own method back."""
        kernel = getattr(shell, "kernel", None)
        if isinstance(getattr(kernel, _HANDLER, None), Inspector):
            delattr(kernel, _HANDLER)

    def __call__(self, code: str, cursor_pos: int, detail_level: int = 0, omit_sections: Any = ()) -> Any:
        from wasmnb.magics._complete import in_body  # noqa: PLC0415 - brings the verbs' values

        before = code[:cursor_pos]
        if in_body(code, before.count("\n")):
            said = self._said(code, before)
            if said is not None:
                return _reply(said)
        return self._own(code, cursor_pos, detail_level, omit_sections)

    def _said(self, code: str, before: str) -> str | None:
        """Give what is said of a place; None where nobody knows the language."""
        begun = time.monotonic()
        from wasmnb.compile.language_server.servers import LOOK  # noqa: PLC0415
        from wasmnb.session import default  # noqa: PLC0415

        try:
            written = self._program(code)
        except (Explained, SyntaxError):
            return None
        servers, column = default().language_servers, len(before) - (before.rfind("\n") + 1)
        # To bring what reads a cell takes the first look a part of its time.
        left = max(0.0, LOOK - (time.monotonic() - begun))
        return servers.inspect(written, before.count("\n"), column, within=left)


def _reply(markdown: str) -> dict[str, Any]:
    """Make the content of an ``inspect_reply``."""
    from wasmnb.compile.language_server.answers import plain  # noqa: PLC0415

    data = {"text/plain": plain(markdown), "text/markdown": markdown} if markdown else {}
    return {"status": "ok", "found": bool(markdown), "data": data, "metadata": {}}
