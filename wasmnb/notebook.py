"""Who is there: a kernel, a front end with somebody before it, or nobody."""

from __future__ import annotations

import os
import sys
from typing import Any

__all__ = ["attended", "in_kernel", "noninteractive", "shell"]


def shell() -> Any:
    """Give the IPython shell that runs this; None where none does. IPython is not imported for it."""
    ipython = sys.modules.get("IPython")
    return ipython.get_ipython() if ipython is not None else None


def in_kernel() -> bool:
    """Say whether this is a kernel; a terminal shows no widgets."""
    return hasattr(shell(), "kernel")


def noninteractive() -> bool:
    """Say whether the environment asks for no live output (``WASMNB_NONINTERACTIVE``)."""
    return os.environ.get("WASMNB_NONINTERACTIVE", "") not in {"", "0"}


def attended() -> bool:
    """Say whether somebody is before a front end, who can be shown widgets and asked.

    A front end says with each cell whether its user can answer; papermill, nbclient and nbmake say no (Jupyter's
    messages, ``execute_request``, ``allow_stdin``).
    """
    if not in_kernel() or noninteractive():
        return False
    parent: dict[str, Any] = getattr(shell(), "get_parent", dict)()
    return parent.get("content", {}).get("allow_stdin") is not False
