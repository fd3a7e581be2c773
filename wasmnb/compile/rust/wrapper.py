"""What cargo starts in place of rustc: it names files as the project's manifest does, wherever the project is built."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wasmnb.compile.cache import digest, io_errors
from wasmnb.paths import cache_dir, write_atomically

if TYPE_CHECKING:
    from pathlib import Path

    from wasmnb.compile.tree import Tree

__all__ = ["wrapper"]

_PATHS = "WASMNB_RUSTC_PATHS"
# The last words count, and words of a line each may have blanks in them.
_PROGRAM = f"""#!/bin/sh
set -f
IFS='
'
exec "$@" ${_PATHS}
"""


def wrapper(tree: Tree) -> dict[str, str]:
    """Give the variables that have cargo start it.

    A panic's message names a file, and the tree's place follows from the user's folder: with it in a module, the same
    project in another folder would be another module. What cargo is told itself (``RUSTFLAGS``) counts for every crate
    that it keeps, so each project would compile all of them anew.

    Raises
    ------
    ToolchainError
        The disk is full.
    """
    folder = tree.folder.resolve()
    height = len(tree.folder.relative_to(tree.top).parts)
    # Outermost first: rustc takes the last that fits.
    places = [(above, "/".join([".."] * level)) for level, above in enumerate(folder.parents[:height], 1)]
    words = [f"--remap-path-prefix={place}={name}" for place, name in [*reversed(places), (folder, ".")]]
    return {"RUSTC_WRAPPER": str(_program()), _PATHS: "\n".join(words)}


def _program() -> Path:
    with io_errors():
        path = cache_dir("rust-wrapper", digest(_PROGRAM.encode())[:16]) / "rustc"
        if not path.is_file():
            write_atomically(path, _PROGRAM.encode(), mode=0o755)
    return path
