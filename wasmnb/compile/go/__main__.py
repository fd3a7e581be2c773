"""``python -m wasmnb.compile.go``: download the SDK and compile Go's runtime, so that no cell waits for them."""

from __future__ import annotations

import sys

from wasmnb.compile.go.toolchain import GoToolchain
from wasmnb.errors import WasmnbError


class _Lines:
    """Progress as lines on standard error."""

    def update(self, stage: str, done: float | None = None, total: float | None = None) -> None:
        del done, total
        sys.stderr.write(f"{stage}\n")


if __name__ == "__main__":
    try:
        GoToolchain().prepare(_Lines())
    except WasmnbError as problem:
        sys.exit("\n".join(problem.lines()))
