"""What ``%wasm_doctor`` says about the Go toolchain."""

from __future__ import annotations

from wasmnb.check import Check
from wasmnb.compile.go import modules
from wasmnb.compile.go.compiler import find
from wasmnb.errors import ToolchainError
from wasmnb.paths import cache_dir

__all__ = ["checks"]

_PREPARE = "python -m wasmnb.compile.go"


def checks() -> list[Check]:
    """Look at the compiler and the SDK; nothing is downloaded or compiled.

    Returns
    -------
    list of Check
    """
    try:
        go = find()
        compiler = Check("Go compiler", True, go.version)
        warm = (cache_dir("go") / f"warm-{go.version}").exists()
    except ToolchainError as error:
        return [Check("Go compiler", False, " ".join([error.what, *error.why]), error.hint)]
    except OSError as error:
        return [Check("Go compiler", False, str(error), "set WASMNB_CACHE_DIR to a folder that you may write")]
    if not modules.sdk_ready():
        detail = "the first build downloads 0.2 MB and waits about 10 seconds"
        return [compiler, Check("Go SDK", True, detail, _PREPARE, later=True)]
    detail = modules.SDK_VERSION if warm else "the first build compiles it, in about 10 seconds"
    return [compiler, Check("Go SDK", True, detail, "" if warm else _PREPARE, later=not warm)]
