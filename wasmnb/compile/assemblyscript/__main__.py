"""``python -m wasmnb.compile.assemblyscript``: download the compiler and the SDK, so that no cell waits for them."""

from __future__ import annotations

import sys

from wasmnb.compile.assemblyscript.toolchain import AssemblyScriptToolchain
from wasmnb.errors import WasmnbError
from wasmnb.progress import Lines

if __name__ == "__main__":
    try:
        AssemblyScriptToolchain().prepare(Lines())
    except WasmnbError as problem:
        sys.exit("\n".join(problem.lines()))
