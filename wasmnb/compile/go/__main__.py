"""``python -m wasmnb.compile.go``: download the SDK and compile Go's runtime, so that no cell waits for them.

With ``--language-server`` it builds gopls, which knows a cell's names while it is written.
"""

from __future__ import annotations

import sys

from wasmnb.compile.go import gopls
from wasmnb.compile.go.toolchain import GoToolchain
from wasmnb.errors import WasmnbError
from wasmnb.progress import Lines

if __name__ == "__main__":
    try:
        if sys.argv[1:] == ["--language-server"]:
            print(gopls.build(Lines()))  # noqa: T201 - where it is
        else:
            GoToolchain().prepare(Lines())
    except WasmnbError as problem:
        sys.exit("\n".join(problem.lines()))
