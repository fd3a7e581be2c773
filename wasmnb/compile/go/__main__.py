"""``python -m wasmnb.compile.go``: download the SDK and compile Go's runtime, so that no cell waits for them."""

from __future__ import annotations

import sys

from wasmnb.compile.go.toolchain import GoToolchain
from wasmnb.errors import WasmnbError
from wasmnb.progress import Lines

if __name__ == "__main__":
    try:
        GoToolchain().prepare(Lines())
    except WasmnbError as problem:
        sys.exit("\n".join(problem.lines()))
