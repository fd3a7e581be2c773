"""``python -m wasmnb.compile.assemblyscript``: download the compiler and the SDK, so that no cell waits for them."""

from __future__ import annotations

import sys

from wasmnb.compile.assemblyscript.toolchain import AssemblyScriptToolchain
from wasmnb.errors import WasmnbError


class _Lines:
    """Progress as lines on standard error."""

    def update(self, stage: str, done: float | None = None, total: float | None = None) -> None:
        del done, total
        sys.stderr.write(f"{stage}\n")


if __name__ == "__main__":
    try:
        AssemblyScriptToolchain().prepare(_Lines())
    except WasmnbError as problem:
        sys.exit("\n".join(problem.lines()))
