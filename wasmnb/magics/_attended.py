"""Whether somebody is there to be asked."""

from __future__ import annotations

from typing import Any

__all__ = ["attended"]


def attended() -> bool:
    """Tell whether somebody sits before a front end.

    papermill and nbclient say with each cell that nobody can be asked (Jupyter's messages, ``execute_request``,
    ``allow_stdin``); a terminal's shell has no such messages, and shows no widgets.
    """
    from IPython.core.getipython import get_ipython  # noqa: PLC0415

    parent: Any = getattr(get_ipython(), "get_parent", dict)()
    return bool(parent.get("content", {}).get("allow_stdin", False))
