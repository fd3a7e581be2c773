"""What ``%wasm_doctor`` says about the AssemblyScript toolchain."""

from __future__ import annotations

from wasmnb.check import Check
from wasmnb.compile.assemblyscript.node import find, installed
from wasmnb.errors import ToolchainError

__all__ = ["checks"]

_PREPARE = "python -m wasmnb.compile.assemblyscript"


def checks() -> list[Check]:
    """Look at Node.js, the compiler and the SDK; nothing is downloaded or started for long.

    Returns
    -------
    list of Check
    """
    try:
        node = Check("Node.js", True, find().version)
    except ToolchainError as error:
        return [Check("Node.js", False, " ".join([error.what, *error.why]), error.hint)]
    except OSError as error:
        return [Check("Node.js", False, str(error), "set WASMNB_CACHE_DIR to a folder that you may write")]
    ready = installed() is not None
    detail = "installed" if ready else "the first build downloads 20 MB"
    return [node, Check("AssemblyScript compiler", True, detail, "" if ready else _PREPARE, later=not ready)]
